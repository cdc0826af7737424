import type { Logger } from 'pino'
import { type Notice, noticeSchema, noticeText } from '../decision/notice.ts'
import { parsePolicy } from '../policy/policy-file.ts'
import { createRedactor } from '../regression/redaction.ts'
import type { Slack } from '../services/slack.ts'
import type { Database } from '../store/database.ts'
import { withLease } from '../store/leases.ts'
import { holdChannel, savePermalink, saveSent, sentNotice, takeTurn } from '../store/notices.ts'
import { keptPolicies, lastValidPolicy } from '../store/policies.ts'
import { retryAfter, retryTime } from '../store/retry-later.ts'

export type NotifyShell = {
  database: Database
  /** Undefined: no token is set, and nothing is sent. */
  slack: Slack | undefined
  now: () => Date
  log: Pick<Logger, 'info'>
  /** Values that must not be sent, whatever an error's text held. */
  secrets: string[]
}

/** Where people find a notice; the gate's check and the change record hold the permalink. */
export type Sent = { channel: string; ts: string; permalink: string }

/**
 * The job of the queue `notices`: posts a notice to the channel that the repository's policy names, once, and tells where
 * it stands. Run again for the same key, it posts nothing and gives the same answer, so whoever links it may fail after it.
 *
 * The hole that Slack leaves: it takes no key of ours with a message. Where the process dies, or the answer is lost,
 * between Slack's taking a message and our noting it, the next run posts it a second time. A notice that comes twice
 * is better than one that never comes.
 *
 * @returns one place for each channel: one, or none without a token or a channel; several for `records` alone.
 * @throws `retryAfter` while the channel has had a message within the second, or when Slack asks to wait; any other
 *   failure as it is. Both times the queue waits, and nothing else does.
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
    const key = notice.kind === 'records' ? `${notice.key} ${channel}` : notice.key
    sent.push(await postOnce({ ...shell, slack }, { key, channel, notice }, signal))
  }
  return sent
}

/** What a repository has to say goes to its own channel; what concerns its installation goes to all of that one's. */
async function channelsFor(database: Database, notice: Notice): Promise<string[]> {
  const policies =
    notice.kind === 'records'
      ? (await keptPolicies(database, notice.installationId)).map(({ text }) => text)
      : [await lastValidPolicy(database, notice.repository)]
  return [...new Set(policies.flatMap(channelIn))]
}

function channelIn(text: string | undefined): string[] {
  const read = text === undefined ? undefined : parsePolicy(text)
  return read?.ok && read.policy.slack ? [read.policy.slack.channel] : []
}

type Posting = { key: string; channel: string; notice: Notice }
type Connected = NotifyShell & { slack: Slack }

/** One run at a time for each key: a job that outlived its expiry may run beside its successor. */
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
  if (!lease) throw retryAfter(new Date(shell.now().getTime() + 5_000), 'another job sends this notice')
  return lease.result
}

async function post({ database, slack, now }: Connected, posting: Posting, signal: AbortSignal) {
  const { key, channel, notice } = posting
  const turn = await takeTurn(database, channel, now())
  if (turn) throw retryAfter(turn, `one message a second goes to ${channel}`)
  try {
    const posted = await slack.post(channel, noticeText(notice), signal)
    await saveSent(database, { key, ...posted, sentAt: now() })
    return posted
  } catch (error) {
    const until = retryTime(error)
    if (until) await holdChannel(database, channel, until)
    throw error
  }
}
