import type { Logger } from 'pino'
import type { SlackMessageText } from '../decision/notice-blocks.ts'
import { isChannelRefused, isNotTaken, type Posted, refusal, type Slack } from '../services/slack.ts'
import type { Database, Queryable } from '../store/database.ts'
import { factStore } from '../store/facts.ts'
import { tryWithLease } from '../store/leases.ts'
import {
  acceptChannel,
  attemptSince,
  endAttempt,
  forgetSent,
  pauseChannel,
  refuseChannel,
  reserveMessage,
  saveAttempt,
  savePermalink,
  saveSent,
  sentNotice,
} from '../store/notices.ts'
import { retryAfterError, retryTimeOf } from '../store/retry-after-error.ts'

/** What sending to Slack needs. */
export type Connected = { database: Database; slack: Slack; now: () => Date; log: Pick<Logger, 'error'> }

/** A posted notice. The check and the change record link to it. */
export type Sent = Posted & { permalink: string }

/**
 * `key` identifies what happened, `also` what else the message tells. `begins`: the key of the thread that it begins, in place of a first
 * message that is gone. `thread`: the message to reply to, whose channel is given by id.
 */
export type Posting = {
  key: string
  also?: string[]
  begins?: string | undefined
  channel: string
  message: SlackMessageText
  thread?: string | undefined
  broadcast?: boolean
}

/**
 * Posts a message once, however often it is called. One run at a time per key, since a job that outlived its expiry can overlap with
 * its successor.
 *
 * Slack accepts no idempotency key. So it is noted before a message is sent and after Slack has taken it. Where the second note is
 * missing, since the process died or the answer was lost, the message is searched for in the channel by its key before it is sent
 * again. A bot that may not read the channel sends it again: a duplicate notice is better than a missing one.
 */
export async function postOnce(shell: Connected, posting: Posting, signal: AbortSignal): Promise<Posted> {
  return withNoticeLease(shell, `notice ${posting.key}`, async () => {
    const before = await sentNotice(shell.database, posting.key)
    if (before) return { channel: before.channel, ts: before.ts }
    const posted = (await lostMessage(shell, posting, signal)) ?? (await post(shell, posting, signal))
    await shell.database.transaction(async (tx) => {
      const { key: own, also = [], begins } = posting
      if (begins !== undefined) await forgetSent(tx, begins)
      for (const key of [own, ...also, ...(begins === undefined ? [] : [begins])])
        await saveSent(tx, { key, ...posted, sentAt: shell.now() })
      await endAttempt(tx, posting.key)
      await acceptChannel(tx, [posting.channel, posted.channel])
      await rememberChannel(tx, shell.now, posting.channel, posted.channel)
    })
    return posted
  })
}

/** So long a message counts as there without Slack being asked again, so that a merge costs no call for it. */
const seenFor = 15 * 60_000

/** The message that was posted with a key, to reply to. Undefined where somebody has deleted it: a reply would be shown nowhere. */
export async function threadOf(
  { database, slack, now }: Connected,
  key: string,
  signal: AbortSignal,
): Promise<Posted | undefined> {
  const sent = await sentNotice(database, key)
  if (!sent || !slack.threads) return sent
  const facts = factStore(database, now)
  const seenAt = await facts.get<string>(`slack thread ${key}`)
  if (seenAt !== undefined && now().getTime() - Date.parse(seenAt) <= seenFor) return sent
  if (!(await isThere(slack, sent, signal))) return undefined
  await facts.put(`slack thread ${key}`, now().toISOString())
  return sent
}

/** Whether a message has not been deleted. Needs no scope and has no pace. */
export async function isThere(slack: Slack, { channel, ts }: Posted, signal: AbortSignal): Promise<boolean> {
  try {
    await slack.permalink({ channel, ts }, signal)
    return true
  } catch (error) {
    if (refusal(error) === 'message_not_found') return false
    throw error
  }
}

/** @throws `retryAfterError` while another process does the same work. */
export async function withNoticeLease<Result>(
  { database, now }: Pick<Connected, 'database' | 'now'>,
  key: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const lease = await tryWithLease(database, key, now, work)
  if (!lease) throw retryAfterError(new Date(now().getTime() + 5_000), 'another job is sending this notice')
  return lease.result
}

async function post(shell: Connected, posting: Posting, signal: AbortSignal): Promise<Posted> {
  const { database, slack, now } = shell
  const { key, channel, message, thread, broadcast = false } = posting
  const line = await lineOf(database, now, channel)
  return paced(shell, line, async () => {
    await saveAttempt(database, key, now())
    try {
      return await slack.post(channel, message, signal, { thread, broadcast, key })
    } catch (error) {
      if (isNotTaken(error)) await endAttempt(database, key)
      if (isChannelRefused(error)) throw await waitForChannel(shell, { line, channel }, error)
      throw error
    }
  })
}

const channelAskedEvery = 5 * 60_000

/** Until someone changes the channel, the bot's place in it or the policy, each try fails: the notice waits, and is not given up. */
async function waitForChannel(
  { database, now, log }: Connected,
  { line, channel }: { line: string; channel: string },
  error: unknown,
): Promise<Error> {
  const at = now()
  const until = new Date(at.getTime() + channelAskedEvery)
  const why = error instanceof Error ? error.message : String(error)
  if (await refuseChannel(database, line, { channel, why, at, until }))
    log.error(
      { channel, problem: why, alert: true },
      'Slack takes no message for a channel; its notices wait',
    )
  return retryAfterError(until, why)
}

/** Changes of messages have a limit of their own in Slack, about one a second for the whole workspace. */
const UPDATES = 'chat.update'

export function update(
  shell: Connected,
  posted: Posted,
  message: SlackMessageText,
  signal: AbortSignal,
): Promise<void> {
  return paced(shell, UPDATES, () => shell.slack.update(posted, message, signal))
}

/** @throws `retryAfterError` while there was a message within the last second, or when Slack asks to wait. Only the queue waits. */
async function paced<Result>(
  { database, now }: Connected,
  line: string,
  send: () => Promise<Result>,
): Promise<Result> {
  const turn = await reserveMessage(database, line, now())
  if (turn) throw retryAfterError(turn, `only one message per second may go to ${line}`)
  try {
    return await send()
  } catch (error) {
    const until = retryTimeOf(error)
    if (until) await pauseChannel(database, line, until)
    throw error
  }
}

/** A message that was sent before and whose answer was lost. Slack's clock may be a little behind ours. */
async function lostMessage(
  { database, slack, now }: Connected,
  { key, channel, thread }: Posting,
  signal: AbortSignal,
): Promise<Posted | undefined> {
  const began = await attemptSince(database, key)
  const id = began && (await channelId(database, now, channel))
  if (!id) return undefined
  return slack.find({ channel: id, thread, since: new Date(began.getTime() - 60_000) }, key, signal)
}

/** The name by which the messages of a channel are paced. */
export async function lineOf(db: Queryable, now: () => Date, channel: string): Promise<string> {
  return (await channelId(db, now, channel)) ?? channel
}

/** Channels are read by their ids; a name becomes one with the first message. */
async function channelId(db: Queryable, now: () => Date, channel: string): Promise<string | undefined> {
  return channel.startsWith('#') ? factStore(db, now).get<string>(idOf(channel)) : channel
}

/** From now on the channel is paced by its id, as replies name it. */
async function rememberChannel(tx: Queryable, now: () => Date, name: string, id: string): Promise<void> {
  if (name === id) return
  if ((await channelId(tx, now, name)) === undefined) await reserveMessage(tx, id, now())
  await factStore(tx, now).put(idOf(name), id)
}

function idOf(channel: string): string {
  return `slack channel ${channel}`
}

/** The posted notice with the address at which people open it. */
export async function withPermalink(
  shell: Connected,
  key: string,
  posted: Posted,
  signal: AbortSignal,
): Promise<Sent> {
  const before = await sentNotice(shell.database, key)
  const permalink = before?.permalink ?? (await permalinkOf(shell, posted, signal))
  if (!before) await saveSent(shell.database, { key, ...posted, sentAt: shell.now() })
  if (!before?.permalink) await savePermalink(shell.database, key, permalink)
  return { ...posted, permalink }
}

/**
 * Slack is asked once for each channel: its addresses differ only in the time of the message. If one ever looks different, Slack is
 * asked each time.
 */
async function permalinkOf(shell: Connected, posted: Posted, signal: AbortSignal): Promise<string> {
  const facts = factStore(shell.database, shell.now)
  const key = `slack permalinks ${posted.channel}`
  const end = `/archives/${posted.channel}/p${posted.ts.replace('.', '')}`
  const base = await facts.get<string>(key)
  if (base !== undefined) return base + end
  const permalink = await shell.slack.permalink(posted, signal)
  if (permalink.endsWith(end)) await facts.put(key, permalink.slice(0, -end.length))
  return permalink
}
