import type { Notice, NoticeOf } from '../decision/notice.ts'
import { readinessOf } from '../decision/readiness.ts'
import { isSameOpening, momentsAround, nextMoment, type ReleaseDayEvent } from '../decision/release-day.ts'
import { type DayPull, type ReleaseDay, releaseDayText } from '../decision/release-day-text.ts'
import { withButtons } from '../decision/slack-buttons.ts'
import { WEBHOOK_CHANNEL } from '../services/slack-webhook.ts'
import type { Database } from '../store/database.ts'
import { activeFreezes, type Freeze, frozenFact } from '../store/freezes.ts'
import { type Landing, landingsWithin } from '../store/landings.ts'
import { dropRequest, takeRequest } from '../store/notices.ts'
import type { Queue } from '../store/queue.ts'
import { openVerdicts, type StoredVerdict } from '../store/verdicts.ts'
import type { CardShell } from './cards.ts'
import { type ChannelWindow, channelWindows } from './channel-windows.ts'
import { dayKey, withDayLease } from './day-thread.ts'
import { mentionFor } from './people.ts'
import { postOnce, threadOf } from './posting.ts'

type PlanShell = {
  database: Database
  now: () => Date
  queue: Pick<Queue, 'enqueueNotice' | 'enqueueTransition'>
}

/**
 * Enqueues what is to be posted in the channels about their release days by now, each moment once, and asks to be run again when the next one is
 * due. A moment that was missed is posted as long as it is true.
 */
export async function planReleaseDays(shell: PlanShell): Promise<void> {
  const { database, queue, now } = shell
  const at = now()
  const freezes = await activeFreezes(database, at)
  const next: number[] = []
  for (const [channel, windows] of await channelWindows(database)) {
    for (const { settings } of windows) {
      const time = nextMoment(settings, at)
      if (time) next.push(time.getTime())
    }
    for (const notice of dueNotices(channel, windows, freezes, at)) await enqueueOnce(shell, notice)
  }
  if (next.length > 0) await queue.enqueueTransition(new Date(Math.min(...next)))
}

function dueNotices(channel: string, windows: ChannelWindow[], freezes: Freeze[], at: Date): Notice[] {
  const due = windows.flatMap((window) =>
    momentsAround(window.settings, at)
      .filter((moment) => moment.due <= at && at < moment.until && isTrue(moment, [window], freezes))
      .map((moment) => noticeOf(channel, window, moment)),
  )
  return [...new Map(due.map((notice) => [notice.key, notice])).values()]
}

/** An opening that is frozen has not happened; the look ahead and the summary say that it was. */
function isTrue({ kind }: ReleaseDayEvent, windows: ChannelWindow[], freezes: Freeze[]): boolean {
  return kind === 'before' || kind === 'closed' || windows.some((window) => !freezeOf(window, freezes))
}

function noticeOf(
  channel: string,
  { settings }: ChannelWindow,
  moment: ReleaseDayEvent,
): NoticeOf<'release day'> {
  const { kind, opensAt, closesAt } = moment
  const span = [opensAt, ...(closesAt ? [closesAt] : [])].map((time) => time.toISOString()).join('/')
  return {
    kind: 'release day',
    key: `${dayKey(channel, opensAt, settings.time_zone)}/${kind}/${span}`,
    channel,
    moment: kind,
    opensAt: opensAt.toISOString(),
    ...(closesAt ? { closesAt: closesAt.toISOString() } : {}),
  }
}

function enqueueOnce({ database, queue, now }: PlanShell, notice: Notice): Promise<void> {
  return database.transaction(async (tx) => {
    if (await takeRequest(tx, notice.key, now())) await queue.enqueueNotice(notice, { tx })
  })
}

/**
 * Tells a channel of a moment of its release day, in the thread of the day; the first one begins it. What is not true anymore, since a freeze
 * or another policy came between, is not told, and may be later.
 */
export async function tellReleaseDay(
  shell: CardShell,
  notice: NoticeOf<'release day'>,
  signal: AbortSignal,
): Promise<void> {
  const { database, now } = shell
  const all = (await channelWindows(database)).get(notice.channel) ?? []
  const freezes = await activeFreezes(database, now())
  const found = all.flatMap((window) => {
    const moment = momentIn(window, notice, now())
    return moment ? [{ window, moment }] : []
  })
  const [first] = found
  if (
    !first ||
    !isTrue(
      first.moment,
      found.map(({ window }) => window),
      freezes,
    )
  )
    return dropRequest(database, notice.key)
  const windows = found.map(({ window }) => window)
  await withDayLease(shell, notice.channel, async () => {
    const { moment, window } = first
    const root = dayKey(notice.channel, moment.opensAt, window.settings.time_zone)
    const begun = await threadOf(shell, root, signal)
    const context = { moment, windows, freezes, alone: all.length === 1, first: !begun }
    const day = await readDay(shell, context)
    const people = Object.assign({}, ...windows.map((each) => each.people))
    const mention = await mentionFor(shell, people, awaitedIn(day), signal)
    const message = releaseDayText(day, mention)
    if (!message) return
    const place = shell.slack.threads
      ? { channel: begun?.channel ?? notice.channel, thread: begun?.ts }
      : { channel: WEBHOOK_CHANNEL }
    const freezable = shell.buttons && shell.slack.threads && moment.kind !== 'closed' ? windows : []
    const actions = freezable.map(({ owner, repo }) => ({
      kind: 'freeze' as const,
      repository: `${owner}/${repo}`,
    }))
    const shown = withButtons(message, actions)
    await postOnce(
      shell,
      { key: notice.key, begins: begun ? undefined : root, ...place, message: shown },
      signal,
    )
  })
}

function momentIn(
  { settings }: ChannelWindow,
  { moment: kind, opensAt, closesAt }: NoticeOf<'release day'>,
  at: Date,
): ReleaseDayEvent | undefined {
  const opening = {
    opensAt: new Date(opensAt),
    closesAt: closesAt === undefined ? undefined : new Date(closesAt),
  }
  return momentsAround(settings, at).find(
    (moment) =>
      moment.kind === kind && isSameOpening(moment, opening) && moment.due <= at && at < moment.until,
  )
}

type Context = {
  moment: ReleaseDayEvent
  windows: ChannelWindow[]
  freezes: Freeze[]
  alone: boolean
  first: boolean
}

async function readDay(shell: CardShell, context: Context): Promise<ReleaseDay> {
  const { database, now, web, redact } = shell
  const { moment, windows, freezes, first } = context
  const pulls: DayPull[] = []
  for (const window of windows)
    pulls.push(
      ...(await openVerdicts(database, window)).filter(isShown).map((verdict) => dayPull(verdict, web)),
    )
  const landings = moment.kind === 'closed' ? await landedIn(database, windows, moment) : []
  const names = windows.map(({ owner, repo }) => `${owner}/${repo}`)
  return {
    moment,
    at: now(),
    zone: windows[0]?.settings.time_zone ?? 'UTC',
    repositories: context.alone ? [] : names,
    frozen: redact(windows.flatMap((window) => freezeOf(window, freezes) ?? [])),
    pulls: redact(pulls),
    merged: redact(landings.flatMap(({ notice }) => (notice.kind === 'merged' ? [notice] : []))),
    exceptions: redact(
      landings.flatMap(({ notice }) =>
        notice.kind === 'exception' ? [{ ...notice, what: `a push to ${notice.branch}` }] : [],
      ),
    ),
    first,
  }
}

/** A draft blocks nobody, and waits for nobody but its author. */
function isShown({ snapshot }: StoredVerdict): boolean {
  return !snapshot.draft
}

function dayPull(verdict: StoredVerdict, web: string): DayPull {
  const { installationId, repositoryId, owner, repo, number } = verdict.pull
  const { title, author } = verdict.snapshot
  return {
    repository: { installationId, repositoryId, owner, repo },
    pull: {
      number,
      title,
      url: `${web}/${owner}/${repo}/pull/${number}`,
      ...(author ? { author: author.login } : {}),
    },
    readiness: readinessOf(verdict),
  }
}

function landedIn(
  database: Database,
  windows: ChannelWindow[],
  { opensAt, due }: ReleaseDayEvent,
): Promise<Landing[]> {
  const ids = windows.map(({ repositoryId }) => repositoryId)
  return landingsWithin(database, ids, { from: opensAt, to: due })
}

function awaitedIn({ pulls }: ReleaseDay): string[] {
  return pulls.flatMap(({ readiness }) => (readiness.ready ? [] : readiness.awaited))
}

/** The freeze that was ordered, or the one that the policy names until it is removed. */
function freezeOf(window: ChannelWindow, freezes: Freeze[]): ReleaseDay['frozen'][number] | undefined {
  const { owner, repo, settings } = window
  const repository = `${owner}/${repo}`
  const { frozen } = frozenFact(freezes, window)
  if (frozen) return { repository, by: frozen.by, reason: frozen.reason, until: frozen.until }
  if (settings.frozen === undefined) return undefined
  return { repository, by: 'the policy', reason: settings.frozen, until: undefined }
}
