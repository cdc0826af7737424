import type { Logger } from 'pino'
import { type Notice, noticeSchema } from '../decision/notice.ts'
import { noticeText } from '../decision/notice-text.ts'
import { parsePolicy } from '../policy/policy-file.ts'
import { createRedactor } from '../regression/redaction.ts'
import type { Slack } from '../services/slack.ts'
import type { Database } from '../store/database.ts'
import { withLease } from '../store/leases.ts'
import { pauseChannel, reserveMessage, savePermalink, saveSent, sentNotice } from '../store/notices.ts'
import { keptPolicies, lastValidPolicy } from '../store/policies.ts'
import { retryAfter, retryTime } from '../store/retry-later.ts'

export type NotifyShell = {
  database: Database
  /** Undefined: no token is set, so nothing is sent. */
  slack: Slack | undefined
  now: () => Date
  log: Pick<Logger, 'info'>
  /** Values to redact, wherever they appear. */
  secrets: string[]
}

/** A posted notice. The check and the change record link to it. */
export type Sent = { channel: string; ts: string; permalink: string }

/**
 * The job of the queue `notices`: posts a notice once to the channel in the repository's policy and returns where. A
 * second run for the same key posts nothing and returns the same answer, so the caller can safely fail after it.
 *
 * Slack accepts no idempotency key. If the process dies or the answer is lost between Slack's accepting a message and our
 * saving it, the next run posts it again. A duplicate notice is better than a missing one.
 *
 * @returns one place per channel: none without a token or a channel, several only for a notice about an installation.
 * @throws `retryAfter` while the channel has had a message within the last second, or when Slack asks to wait; any other
 *   failure unchanged. Only the queue waits.
 */
export async function notify(shell: NotifyShell, data: object, signal: AbortSignal): Promise<Sent[]> {
  const { slack, database } = shell
  if (!slack) return []
  const notice = createRedactor(shell.secrets).value(noticeSchema.parse(data)) as Notice
  const channels = await channelsFor(database, notice)
  if (channels.length === 0) shell.log.info({ notice: notice.key }, 'No policy names a channel for a notice')
  const sent: Sent[] = []
  for (const channel of channels) {
    // A repository's notice is sent once, even where its policy has named another channel since.
    const key = 'installationId' in notice ? `${notice.key} ${channel}` : notice.key
    sent.push(await postOnce({ ...shell, slack }, { key, channel, notice }, signal))
  }
  return sent
}

/** A repository's notice goes to its own channel. A notice about an installation goes to all of its channels. */
async function channelsFor(database: Database, notice: Notice): Promise<string[]> {
  const policies =
    'installationId' in notice
      ? (await keptPolicies(database, notice.installationId)).map(({ text }) => text)
      : [await lastValidPolicy(database, notice.repository)]
  return [...new Set(policies.flatMap((text) => channelIn(text, notice.kind)))]
}

/** Incidents may have a channel of their own. */
function channelIn(text: string | undefined, kind: Notice['kind']): string[] {
  const read = text === undefined ? undefined : parsePolicy(text)
  if (!read?.ok) return []
  const { slack, incidents } = read.policy
  const channel = (kind === 'incident' ? incidents?.channel : undefined) ?? slack?.channel
  return channel === undefined ? [] : [channel]
}

type Posting = { key: string; channel: string; notice: Notice }
type Connected = NotifyShell & { slack: Slack }

/** One run at a time per key, since a job that outlived its expiry can overlap with its successor. */
async function postOnce(shell: Connected, posting: Posting, signal: AbortSignal): Promise<Sent> {
  const lease = await withLease(shell.database, `notice ${posting.key}`, shell.now, async () => {
    const { database, slack } = shell
    const before = await sentNotice(database, posting.key)
    if (before?.permalink) return { channel: before.channel, ts: before.ts, permalink: before.permalink }
    const { channel, ts } = before ?? (await post(shell, posting, signal))
    const permalink = await slack.permalink({ channel, ts }, signal)
    await savePermalink(database, posting.key, permalink)
    return { channel, ts, permalink }
  })
  if (!lease) throw retryAfter(new Date(shell.now().getTime() + 5_000), 'another job is sending this notice')
  return lease.result
}

async function post({ database, slack, now }: Connected, posting: Posting, signal: AbortSignal) {
  const { key, channel, notice } = posting
  const turn = await reserveMessage(database, channel, now())
  if (turn) throw retryAfter(turn, `only one message per second may go to ${channel}`)
  try {
    const posted = await slack.post(channel, noticeText(notice), signal)
    await saveSent(database, { key, ...posted, sentAt: now() })
    return posted
  } catch (error) {
    const until = retryTime(error)
    if (until) await pauseChannel(database, channel, until)
    throw error
  }
}
