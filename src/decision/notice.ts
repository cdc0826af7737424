import { z } from 'zod'
import { momentKinds } from './release-day.ts'

/**
 * Notices to people, as plain data: a notice is a job of its own queue (`queue.enqueueNotice`), so that a broken Slack never
 * delays a check. Names, titles and reasons are kept as people wrote them; `notice-text.ts` escapes them.
 *
 * `key` identifies what happened, so that it is posted only once however often it is enqueued; each kind documents its key.
 * Written as zod schemas, since a job may have been stored by an older version: one that does not fit is rejected.
 */

const instant = z.iso.datetime({ offset: true })
const key = z.string().min(1).max(300)
const login = z.string().min(1)

/** The ids count; the names are for display. The channel is that of this repository's policy. */
const repository = z.object({
  installationId: z.int().positive(),
  repositoryId: z.int().positive(),
  owner: z.string().min(1),
  repo: z.string().min(1),
})

const link = z.url({ protocol: /^https?$/ })

const pull = z.object({
  number: z.int().positive(),
  title: z.string(),
  /** Undefined: the account is gone. */
  author: login.optional(),
  url: link,
})

/** A row of the records; `url` where the bot shows it to people. */
const record = z.object({ seq: z.int().positive(), url: link.optional() })

/** The gate's check on the merged head. */
const check = z.object({ url: link })

/** Why it could be merged at that time. */
const timing = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('window'), closesAt: instant, zone: z.string() }),
  z.object({
    kind: z.literal('urgent'),
    by: login,
    at: instant,
    zone: z.string(),
    reason: z.string().optional(),
  }),
  /** The policy has no window. */
  z.object({ kind: z.literal('any time') }),
])

/** A merge that the policy allowed. Key: `merged/<repositoryId>/<number>`. */
const merged = z.object({
  kind: z.literal('merged'),
  key,
  repository,
  pull,
  mergedBy: login.optional(),
  approvedBy: z.array(login),
  timing,
  check: check.optional(),
  record: record.optional(),
})

/**
 * Something reached a protected branch without passing the gate: a merge of a head that had not passed by then, or a push
 * without a pull request. Key: `exception/<repositoryId>/#<number>`, and for a push `exception/<repositoryId>/<commit>/<activity>`.
 */
const exception = z.object({
  kind: z.literal('exception'),
  key,
  repository,
  how: z.enum(['merged', 'pushed']),
  branch: z.string(),
  /** Who merged or pushed. */
  by: login.optional(),
  commit: z.object({ sha: z.string(), url: link }),
  /** What was bypassed, one line each: the titles of the findings, or that there was no check. */
  bypassed: z.array(z.string()).min(1),
  pull: pull.optional(),
  /** The issue that was opened for the review. */
  issue: z.object({ number: z.int().positive(), url: link }).optional(),
  check: check.optional(),
  record: record.optional(),
})

/**
 * What `doctor` found: how the gate is not enforced, and what has been fixed since. Key: `drift/<repositoryId>/<digest of the
 * problems>/<day>`, chosen by the finder, so that drift that comes back is announced again.
 */
const drift = z.object({
  kind: z.literal('drift'),
  key,
  repository,
  /** What has drifted; the enforcement of the gate where it is left out. */
  subject: z.literal('row-level security').optional(),
  problems: z.array(z.string()),
  /** What has been fixed since. */
  fixed: z.array(z.string()).optional(),
})

/**
 * The audit chain is broken, or anchors of it are no longer on GitHub. Key: `records/<installationId>/<seq>`, and for the anchors
 * `anchors/<installationId>/<issue>/<seq>`. Goes to every channel of the installation.
 */
const records = z.object({
  kind: z.literal('records'),
  key,
  installationId: z.int().positive(),
  seq: z.int().positive(),
  why: z.string(),
  of: z.literal('anchors').optional(),
})

/**
 * What an organization's policy locks changed, or its locking policy did otherwise. Key: `organization-policy/<installationId>/<seq>`
 * with the record of it. Goes to every channel of the installation.
 */
const organizationPolicy = z.object({
  kind: z.literal('organization policy'),
  key,
  installationId: z.int().positive(),
  seq: z.int().positive(),
  organization: z.string(),
  /** Who accepted another repository as the one that the policy comes from, and what let them. */
  acceptedBy: z.string().optional(),
  /** What is locked, separated by commas. `after` is null where the policy is invalid. */
  before: z.string(),
  after: z.string().nullable(),
})

/** A job was given up after all its retries. Key: `dead-letter/<queue>/<job>`. Never sent for a job of the notices. */
const deadLetter = z.object({
  kind: z.literal('dead letter'),
  key,
  repository,
  queue: z.string(),
  /** The pull request that the job was about, where it was about one. */
  number: z.int().positive().optional(),
  problem: z.string(),
})

/**
 * What happened to an incident. `repository` is the one whose policy names the channel. Key: `incident/<repositoryId>/<number>/<seq>`
 * with the record of it, or another last part where nothing was recorded.
 */
const incident = z.object({
  kind: z.literal('incident'),
  key,
  repository,
  issue: z.object({ number: z.int().positive(), title: z.string(), url: link }),
  severity: z.string(),
  state: z.string(),
  /** What happened, one line each. */
  lines: z.array(z.string()).min(1),
  /** The due times that are not met, one line each. */
  due: z.array(z.string()),
  /** Whether a clock ran out. */
  late: z.boolean(),
})

/**
 * A policy of the database refused a row. Only mailed: its incident is announced as well. Key: `violation/<table>/<hour>`, since an attack
 * is thousands of them.
 */
const violation = z.object({
  kind: z.literal('violation'),
  key,
  title: z.string(),
  at: instant,
  /** Where its incident is kept, `owner/name`. */
  incidents: z.string(),
})

/** Release notes were posted as an issue. Key: `release-notes/<repositoryId>/<end of the period>/<issue>`. */
const releaseNotes = z.object({
  kind: z.literal('release notes'),
  key,
  repository,
  title: z.string(),
  url: link,
  lines: z.array(z.string()).min(1),
})

/** The verdict of the watch after a release. Key: `watched/` and the key of its merge. */
const watched = z.object({
  kind: z.literal('watched'),
  key,
  repository,
  release: z.object({ summary: z.string(), url: link }),
  verdict: z.enum(['passed', 'failed', 'inconclusive']),
  why: z.string(),
  /** Its record, and that of the change. */
  record: z.int().positive().optional(),
  change: z.int().positive().optional(),
})

/** The one message of a change has something else to say, whatever that is by now. Key: `change/<repositoryId>/<number>`. */
const change = z.object({ kind: z.literal('change'), key, repository, number: z.int().positive() })

/** The label for urgent changes counts, whether or not a window is open. Key: `urgent/<repositoryId>/<number>/<when it was set>`. */
const urgent = z.object({
  kind: z.literal('urgent'),
  key,
  repository,
  pull,
  by: login,
  at: instant,
  until: instant,
  zone: z.string(),
  reason: z.string().optional(),
})

/** `/hold` was written before a merge, and read after it. Key: `late-hold/<repositoryId>/<comment>`. */
const lateHold = z.object({
  kind: z.literal('late hold'),
  key,
  repository,
  pull,
  by: login,
  /** The comment. */
  url: link,
  at: instant,
  mergedAt: instant,
  zone: z.string(),
  reason: z.string().optional(),
})

/** An order to freeze or to unfreeze. Key: `freeze/<scope>/<when it was sent>`. Goes to every channel in its scope. */
const freeze = z.object({
  kind: z.literal('freeze'),
  key,
  action: z.enum(['freeze', 'unfreeze']),
  /** `owner/name`, `owner/*`, or `*`, as orders are stored. */
  scope: z.string().min(1),
  by: z.string().min(1),
  at: instant,
  reason: z.string().optional(),
  until: instant.optional(),
  /** Of the channel's policies; UTC without it. */
  zone: z.string().optional(),
  /** A wider freeze, or narrower ones, that an order to unfreeze leaves in place. */
  still: z.array(z.string()),
})

/**
 * An exemption of a pull request from freezes was requested, confirmed by a second person, or revoked. Key:
 * `exemption/<repositoryId>/<number of the exemption>/<action>`.
 */
const exemption = z.object({
  kind: z.literal('exemption'),
  key,
  repository,
  pull,
  action: z.enum(['requested', 'confirmed', 'revoked']),
  /** What a confirmation names. */
  order: z.int().positive(),
  /** Who did it, and what let them. */
  by: z.string().min(1),
  /** Who had requested it; undefined where that is what happened. */
  requestedBy: login.optional(),
  until: instant,
  zone: z.string(),
  reason: z.string(),
})

/**
 * A moment of a release day in a channel: what there is to say is read when it is sent. Key: `day/<channel>/<date>/<moment>/<opening>`.
 */
const releaseDay = z.object({
  kind: z.literal('release day'),
  key,
  channel: z.string().min(1),
  moment: z.enum(momentKinds),
  opensAt: instant,
  closesAt: instant.optional(),
})

const anyNotice = z.discriminatedUnion('kind', [
  change,
  releaseDay,
  urgent,
  lateHold,
  freeze,
  exemption,
  merged,
  exception,
  drift,
  records,
  organizationPolicy,
  deadLetter,
  incident,
  violation,
  watched,
  releaseNotes,
])

export const noticeSchema = z.preprocess(withCurrentNames, anyNotice)

/** An earlier version named `fixed` differently, and its notices may still be queued. */
function withCurrentNames(notice: unknown): unknown {
  if (typeof notice !== 'object' || notice === null || !('mended' in notice)) return notice
  const { mended: fixed, ...rest } = notice
  return { fixed, ...rest }
}

export type Notice = z.infer<typeof noticeSchema>

export type NoticeOf<Kind extends Notice['kind']> = Extract<Notice, { kind: Kind }>
