import { retryAfterError } from '../store/retry-after-error.ts'
import { callTimeout } from './http.ts'
import { markRefusal, type Posted, type Slack, type SlackMessage } from './slack.ts'

/** The channel that messages of a webhook are noted under: only Slack knows which one it is. */
export const WEBHOOK_CHANNEL = 'incoming webhook'

/**
 * An incoming webhook of Slack: it posts to the one channel that it was made for, and that is all. It tells no time of a message, so there are
 * no threads, updates or links, and it can't look anybody up.
 * https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/
 */
export function createWebhook({ url, now }: { url: string; now: () => Date }): Slack {
  const unable = () => Promise.reject(new Error('An incoming webhook can only post messages'))
  let count = 0
  return {
    threads: false,
    post: async (_channel, message, signal) => {
      await send(url, message, now, signal)
      count += 1
      return { channel: WEBHOOK_CHANNEL, ts: `${now().getTime()}.${count}` } satisfies Posted
    },
    update: unable,
    permalink: unable,
    find: async () => undefined,
    memberOf: async () => undefined,
  }
}

/** The URL is the secret, so no error names it. */
async function send(
  url: string,
  { text, blocks }: SlackMessage,
  now: () => Date,
  signal: AbortSignal,
): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text, blocks, unfurl_links: false, unfurl_media: false }),
    redirect: 'error',
    signal: AbortSignal.any([signal, AbortSignal.timeout(callTimeout)]),
  }).catch((error: unknown) => {
    throw new Error(`The incoming webhook of Slack could not be reached: ${causeOf(error)}`)
  })
  const answer = (await response.text()).slice(0, 60).replace(/[^a-z_]/g, '')
  if (response.ok) return
  if (response.status === 429) {
    const seconds = Number(response.headers.get('retry-after') ?? 1)
    throw retryAfterError(
      new Date(now().getTime() + (seconds > 0 ? seconds : 1) * 1000),
      'Slack asks to wait',
    )
  }
  const problem = `The incoming webhook of Slack answered ${response.status}${answer ? ` ${answer}` : ''}`
  if (response.status >= 500) throw new Error(problem)
  throw markRefusal(new Error(`${problem}; ${fixFor(answer)}`), answer || 'refused')
}

function causeOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'no answer'
}

function fixFor(answer: string): string {
  if (answer.startsWith('invalid'))
    return 'see https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/'
  return 'create a new webhook for a channel that is not archived, and set SLACK_WEBHOOK_URL to its URL'
}
