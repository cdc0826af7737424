import { formatTime } from '../../decision/calendar.ts'
import type { ChangeRecord } from '../../decision/change-record.ts'
import type { FindingState } from '../../decision/gate.ts'
import { code, list, oneLine, plural, short } from '../../decision/markdown.ts'
import type { AuditRecord } from '../../store/audit.ts'

/**
 * One moment of a change, from one record. `what` and `details` are Markdown in which everything that people wrote is code.
 * `isDecision`: it can be decided again from the record.
 */
export type TimelineEntry = {
  at: Date
  seq: number
  kind: string
  what: string
  details: string[]
  state: FindingState | undefined
  isDecision: boolean
  link: { text: string; url: string } | undefined
}

type Parts = Partial<Omit<TimelineEntry, 'at' | 'seq' | 'kind' | 'what'>>

export function entry(
  { at, seq }: AuditRecord,
  kind: string,
  what: string,
  parts: Parts = {},
): TimelineEntry {
  return { at, seq, kind, what, details: [], state: undefined, isDecision: false, link: undefined, ...parts }
}

/** What a record says; undefined for one of a kind that is not told. */
export function entryOf(record: AuditRecord, zone: string): TimelineEntry | undefined {
  return Object.hasOwn(tellers, record.kind)
    ? tellers[record.kind]?.(record, record.body as never, zone)
    : undefined
}

type Published = { head: string; state: FindingState; title: string }
type Regression = {
  head: string
  verdict: string
  summary: string
  run: string
  why?: unknown
  server?: { name?: string }
}
type Unverified = { problem: string; request?: string; status?: number }
type Exemption = {
  head?: string
  reason?: string
  until?: string
  by: string
  authority: string
  orderedBy?: string
}
type CommentCommand = {
  command: string
  by: string
  role: string
  label: string
  reason?: string
  tooLate?: object
}
type Watched = { verdict: string; why: string; looks?: unknown[]; change?: { seq: number } }
type Reviewed = { issue: number; ended: boolean; by: string | null }

const watchWords: Record<string, string> = {
  passed: 'passed',
  failed: 'failed',
  inconclusive: 'was inconclusive',
}

/** How each kind of record but a verdict is described. */
const tellers: Record<string, (record: AuditRecord, body: never, zone: string) => TimelineEntry> = {
  published: (record, { head, state, title }: Published) =>
    entry(record, 'published', `The check on ${short(head)} says ${code(title, 140)}.`, { state }),
  'exemption ordered': exemptionEntry,
  'exemption confirmed': exemptionEntry,
  'exemption revoked': exemptionEntry,
  'comment command': (record, { command, by, role, label, reason, tooLate }: CommentCommand) =>
    entry(
      record,
      'command',
      `${code(by)} (${code(role, 60)}) wrote ${code(command, 20)} in a comment, for the label ${code(label)}.`,
      {
        details: [
          ...(reason ? [`Reason: ${code(reason, 200)}`] : []),
          ...(tooLate ? ['Written before the merge, but too late to stop it.'] : []),
        ],
      },
    ),
  regression: regressionEntry,
  unverified: unverifiedEntry,
  merged: mergedEntry,
  exception: (record, { bypassed = [] }: { bypassed?: string[] }) =>
    entry(record, 'exception', 'The merge bypassed the gate.', {
      state: 'failed',
      details: bypassed.map(shown),
    }),
  watched: (record, { verdict, why, looks = [], change }: Watched) =>
    entry(
      record,
      'watched',
      `The watch after the release ${watchWords[verdict] ?? 'ended'}: ${code(why, 300)}.`,
      {
        state: regressionStates[verdict],
        details: [
          `${plural(looks.length, 'check')} of the monitors`,
          ...(change ? [`Names record ${change.seq}`] : []),
        ],
      },
    ),
  announced: (record, { permalink }: { permalink: string | null }) =>
    entry(record, 'announced', 'The merge was announced.', {
      link: permalink === null ? undefined : { text: 'The message', url: permalink },
    }),
  reviewed: (record, { issue, ended, by }: Reviewed) =>
    entry(
      record,
      'reviewed',
      ended
        ? `${by === null ? 'An unknown user' : code(by)} closed the review #${issue}.`
        : `The review #${issue} was reopened.`,
    ),
}

function unverifiedEntry(record: AuditRecord, { problem, request, status }: Unverified): TimelineEntry {
  const answer = status === undefined ? '' : ` answered ${status}`
  return entry(record, 'unverified', `It could not be verified: ${code(problem, 300)}.`, {
    state: 'failed',
    details: request ? [`${code(request, 300)}${answer}`] : [],
  })
}

/** An exemption from freezes: `kind` says what somebody did with it. */
function exemptionEntry(
  record: AuditRecord,
  { head, reason, until, by, authority, orderedBy }: Exemption,
  zone: string,
): TimelineEntry {
  const [, did = ''] = record.kind.split(' ')
  const whose = orderedBy && orderedBy !== by ? ` that ${code(orderedBy)} requested` : ''
  const which = did === 'ordered' ? 'an exemption' : 'the exemption'
  const what = `${code(by)} (${oneLine(authority, 60)}) ${did === 'ordered' ? 'requested' : oneLine(did, 20)} ${which} from freezes${whose}.`
  const details = [
    head ? `For ${short(head)}` : '',
    until ? `Until ${formatTime(new Date(until), zone)}` : '',
    reason ? `Reason: ${code(reason, 200)}` : '',
  ]
  return entry(record, 'exemption', what, { details: details.filter((line) => line !== '') })
}

/** A sentence of a record, in which people's text may stand without being marked as code. */
function shown(line: string): string {
  return /[`*]/.test(line) ? line : code(line, 300)
}

const regressionStates: Record<string, FindingState> = {
  passed: 'passed',
  failed: 'failed',
  inconclusive: 'waiting',
}

function regressionEntry(
  record: AuditRecord,
  { head, verdict, summary, run, server }: Regression,
): TimelineEntry {
  const where = server?.name ? ` on ${code(server.name)}` : ''
  return entry(
    record,
    'regression',
    `The staging regression of ${short(head)}${where}: ${oneLine(verdict, 20)}.`,
    {
      state: regressionStates[verdict],
      details: [code(summary, 300), `Run ${code(run.slice(0, 8))}`],
    },
  )
}

function mergedEntry(record: AuditRecord, change: ChangeRecord): TimelineEntry {
  const { mergedBy, mergeCommit, base, approvers, urgent, regression, policy, window } = change
  const commit = mergeCommit === null ? '' : ` as ${short(mergeCommit)}`
  const approved = approvers.map(
    ({ login, role, commit }) =>
      `${code(login)} (${oneLine(role, 30)}) at ${commit ? short(commit) : 'no known commit'}`,
  )
  const details = [
    approved.length > 0 ? `Approved by ${list(approved)}` : 'Approved by nobody',
    windowText(window),
    urgent
      ? `Marked as urgent by ${code(urgent.by)}: ${urgent.reason ? code(urgent.reason, 200) : 'no reason given'}`
      : '',
    regression
      ? `Staging regression ${oneLine(regression.verdict, 20)}, report ${code(regression.hash.slice(0, 12))}`
      : '',
    policy ? `Policy ${code(policy.where)} at ${short(policy.blob)}` : '',
  ]
  const who = mergedBy ? code(mergedBy.login) : 'An unknown user'
  return entry(record, 'merged', `${who} merged it into ${code(base.ref)}${commit}.`, {
    details: details.filter((line) => line !== ''),
    isDecision: true,
    state: change.exception ? 'failed' : 'passed',
  })
}

const windowWords: Record<ChangeRecord['window']['state'], string> = {
  'any time': 'No release window applied',
  unknown: 'Whether the release window was open is not known',
  closed: 'The release window was closed',
  window: 'The release window was open',
  urgent: 'The change was urgent',
}

function windowText({ state }: ChangeRecord['window']): string {
  return windowWords[state]
}
