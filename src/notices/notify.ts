import type { Logger } from 'pino'
import { stateOfCard } from '../decision/change-card.ts'
import { type Notice, type NoticeOf, noticeSchema } from '../decision/notice.ts'
import type { SlackMessageText } from '../decision/notice-blocks.ts'
import type { Announced } from '../decision/notice-parts.ts'
import { noticeText } from '../decision/notice-text.ts'
import { timeZoneOf } from '../decision/window-settings.ts'
import { parsePolicy } from '../policy/policy-file.ts'
import { createRedactor } from '../regression/redaction.ts'
import type { Slack } from '../services/slack.ts'
import { WEBHOOK_CHANNEL } from '../services/slack-webhook.ts'
import { appendCardLine, changeCard, saveCard } from '../store/change-cards.ts'
import type { Database } from '../store/database.ts'
import { keptPolicies, lastValidPolicy } from '../store/policies.ts'
import { retryTimeOf } from '../store/retry-after-error.ts'
import { type CardShell, mergedCard, showChange, type Target, updateCard, withCardLease } from './cards.ts'
import { dayThread, postMergeToDayThread } from './day-thread.ts'
import { isThere, postOnce, type Sent, withPermalink } from './posting.ts'
import { tellReleaseDay } from './release-day.ts'

export type { Sent } from './posting.ts'

export type NotifyShell = {
  database: Database
  /** Undefined: no token is set, so nothing is sent. */
  slack: Slack | undefined
  now: () => Date
  log: Pick<Logger, 'info' | 'error'>
  /** Values to redact, wherever they appear. */
  secrets: string[]
  /** Where people read GitHub, and where they open the board. */
  web: string
  board?: string | undefined
  /** Whether presses of buttons are taken. */
  buttons?: boolean | undefined
}

/**
 * The job of the queue `notices`: posts a notice once to the channel in the repository's policy and returns where. A
 * second run for the same key posts nothing and returns the same answer, so the caller can safely fail after it.
 *
 * @returns one place per channel: none without a token or a channel, several only for what concerns several repositories.
 * @throws `retryAfterError` while the channel has had a message within the last second, or when Slack asks to wait; any other
 *   failure unchanged. Only the queue waits.
 */
export async function notify(shell: NotifyShell, data: object, signal: AbortSignal): Promise<Sent[]> {
  const { slack, secrets } = shell
  if (!slack) return []
  const redact = <Value>(value: Value) => createRedactor(secrets).value(value) as Value
  const connected = { ...shell, slack, redact }
  const notice = redact(noticeSchema.parse(data))
  switch (notice.kind) {
    case 'change':
      // What can't be updated would not stay true.
      if (!slack.threads) return []
      await withTarget(connected, notice, notice.number, (target) => showChange(connected, target, signal))
      return []
    case 'release day':
      await tellReleaseDay(connected, notice, signal)
      return []
    case 'violation':
      return []
    case 'merged':
    case 'exception':
      return tellLanding(connected, notice, signal)
    case 'watched':
      return (await tellWatch(connected, notice, signal)) ?? tellAll(connected, notice, signal)
    default:
      return tellAll(connected, notice, signal)
  }
}

type NotifyingShell = CardShell & Pick<NotifyShell, 'log'>

/** A message of its own, in each channel that it concerns. */
async function tellAll(shell: NotifyingShell, notice: Announced, signal: AbortSignal): Promise<Sent[]> {
  const channels = await channelsFor(shell, notice)
  if (channels.length === 0) shell.log.info({ notice: notice.key }, 'No policy names a channel for a notice')
  const sent: Sent[] = []
  if (!shell.slack.threads) return tellByWebhook(shell, notice, channels, signal)
  const failures: unknown[] = []
  for (const { channel, zone } of channels) {
    // A repository's notice is sent once, even where its policy has named another channel since.
    const key = 'repository' in notice ? notice.key : `${notice.key} ${channel}`
    try {
      const posted = await postOnce(shell, { key, channel, message: textIn(zone, notice) }, signal)
      sent.push(await withPermalink(shell, key, posted, signal))
    } catch (error) {
      // One channel that takes nothing keeps it from no other.
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures.find((error) => !retryTimeOf(error)) ?? failures[0]
  return sent
}

/** A webhook has one channel, whatever the policies name, and its messages have no address. */
async function tellByWebhook(
  shell: NotifyingShell,
  notice: Announced,
  channels: Channel[],
  signal: AbortSignal,
): Promise<Sent[]> {
  if (channels.length === 0) return []
  const message = textIn(sharedZone(channels), notice)
  await postOnce(shell, { key: notice.key, channel: WEBHOOK_CHANNEL, message }, signal)
  return []
}

/** A merge, as the message of its change; one that bypassed the gate has a message of its own as well. */
async function tellLanding(
  shell: NotifyingShell,
  notice: NoticeOf<'merged'> | NoticeOf<'exception'>,
  signal: AbortSignal,
): Promise<Sent[]> {
  const alone = notice.kind === 'exception' || !shell.slack.threads
  const own = alone ? await tellAll(shell, notice, signal) : []
  const { pull } = notice
  if (!pull || !shell.slack.threads) return own
  const told = await withTarget(shell, notice, pull.number, (target) =>
    withCardLease(shell, target.pull, () => landChange(shell, target, notice, signal)),
  )
  if (notice.kind === 'exception') return own
  return told ? [told] : []
}

/** Updates the message of the change, or posts it where there is none: then of a merge that the policy allowed alone. */
async function landChange(
  shell: NotifyingShell,
  target: Target,
  notice: NoticeOf<'merged'> | NoticeOf<'exception'>,
  signal: AbortSignal,
): Promise<Sent | undefined> {
  const { database, now } = shell
  const { pull, slack } = target
  const day = await dayThread(shell, target)
  const before = await changeCard(database, pull)
  const card = mergedCard(notice, before?.after ?? [])
  if (!card) return undefined
  if (before?.ts) await updateCard(shell, target, { card, row: before, silent: day !== undefined }, signal)
  else if (notice.kind === 'merged') {
    const message = noticeText(notice)
    const posted = await postOnce(shell, { key: notice.key, channel: slack.channel, message }, signal)
    await saveCard(database, pull, { ...posted, shown: stateOfCard(card), at: now() })
  }
  if (day) await postMergeToDayThread(shell, day, signal)
  const row = await changeCard(database, pull)
  if (notice.kind === 'exception' || !row?.channel || !row.ts) return undefined
  return withPermalink(shell, notice.key, { channel: row.channel, ts: row.ts }, signal)
}

/** The verdict of a watch, in the thread of the message of its merge; a failed one is shown in the channel too. */
async function tellWatch(
  shell: NotifyingShell,
  notice: NoticeOf<'watched'>,
  signal: AbortSignal,
): Promise<Sent[] | undefined> {
  const number = Number(/^watched\/merged\/\d+\/(\d+)$/.exec(notice.key)?.[1])
  if (!Number.isInteger(number) || !shell.slack.threads) return undefined
  const record = notice.record === undefined ? '' : `, record ${notice.record}`
  return withTarget(shell, notice, number, (target) =>
    withCardLease(shell, target.pull, async () => {
      const row = await changeCard(shell.database, target.pull)
      if (!row?.channel || !row.ts) return undefined
      const { channel, ts } = row
      if (!(await isThere(shell.slack, { channel, ts }, signal))) return undefined
      const place = { channel, thread: ts, broadcast: notice.verdict === 'failed' }
      await postOnce(shell, { key: notice.key, ...place, message: noticeText(notice) }, signal)
      await appendCardLine(shell.database, target.pull, `Watch after the release: ${notice.verdict}${record}`)
      return []
    }),
  ).then(async (told) => {
    if (told) await withTarget(shell, notice, number, (target) => showChange(shell, target, signal))
    return told
  })
}

/** Does something for a change whose policy names a channel. */
async function withTarget<Result>(
  { database, log }: NotifyingShell,
  { key, repository }: Pick<NoticeOf<'merged'>, 'key' | 'repository'>,
  number: number,
  work: (target: Target) => Promise<Result>,
): Promise<Result | undefined> {
  const text = await lastValidPolicy(database, repository)
  const read = text === undefined ? undefined : parsePolicy(text)
  if (read?.ok && read.policy.slack) {
    const { slack, gates } = read.policy
    return work({ pull: { ...repository, number }, slack, zone: timeZoneOf(gates) })
  }
  log.info({ notice: key }, 'No policy names a channel for a notice')
  return undefined
}

/** A channel, and the time zone of the policies that name it. */
type Channel = { channel: string; zone: string }

/** A repository's notice goes to its own channel. A notice about several goes to all of theirs. */
async function channelsFor({ database }: NotifyingShell, notice: Announced): Promise<Channel[]> {
  const policies = await policiesFor(database, notice)
  const named = policies.flatMap((text) => channelIn(text, notice.kind))
  const byChannel = Map.groupBy(named, ({ channel }) => channel)
  return [...byChannel].map(([channel, same]) => ({ channel, zone: sharedZone(same) }))
}

/** Readers in several zones have UTC in common. */
function sharedZone(channels: Channel[]): string {
  const zones = new Set(channels.map(({ zone }) => zone))
  const [first = 'UTC'] = zones
  return zones.size === 1 ? first : 'UTC'
}

/** A freeze is ordered for repositories that may have several zones; any other notice has its own. */
function textIn(zone: string, notice: Announced): SlackMessageText {
  return noticeText(notice.kind === 'freeze' ? { ...notice, zone } : notice)
}

async function policiesFor(database: Database, notice: Announced): Promise<(string | undefined)[]> {
  if (notice.kind === 'freeze') return policiesIn(database, notice.scope)
  if ('repository' in notice) return [await lastValidPolicy(database, notice.repository)]
  const kept = await keptPolicies(database, notice.installationId, ['current', 'absent'])
  return kept.map(({ text }) => text)
}

async function policiesIn(database: Database, scope: string): Promise<string[]> {
  const isIn = (name: string) => scope === '*' || name === scope || `${name.split('/')[0]}/*` === scope
  return (await keptPolicies(database))
    .filter(({ owner, repo }) => isIn(`${owner}/${repo}`.toLowerCase()))
    .map(({ text }) => text)
}

/** Incidents may have a channel of their own. */
function channelIn(text: string | undefined, kind: Notice['kind']): Channel[] {
  const read = text === undefined ? undefined : parsePolicy(text)
  if (!read?.ok) return []
  const { slack, incidents, gates } = read.policy
  const channel = (kind === 'incident' ? incidents?.channel : undefined) ?? slack?.channel
  return channel === undefined ? [] : [{ channel, zone: timeZoneOf(gates) }]
}
