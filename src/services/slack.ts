import { type Logger, LogLevel, WebAPIPlatformError, WebAPIRateLimitedError, WebClient } from '@slack/web-api'
import { retryAfter } from '../store/retry-later.ts'

export type SlackMessage = { text: string; blocks: object[] }

/** A message by the names that Slack gave: the channel's id and, within it, the time of the message. */
export type Posted = { channel: string; ts: string }

export type Slack = {
  /** Posts to a channel, by id or by `#name`. */
  post: (channel: string, message: SlackMessage, signal: AbortSignal) => Promise<Posted>
  /** The address at which people open the message. */
  permalink: (posted: Posted, signal: AbortSignal) => Promise<string>
}

/** Well under a job's expiry of 60 s. */
const TIMEOUT = 15_000

/**
 * Slack's Web API. The library would wait and retry for half an hour. Here each call is made once, and the queue waits instead:
 * a 429 becomes `retryAfter` with the time that Slack names, anything else an error that says how to fix it. `post` and
 * `permalink` are two calls of Slack, and two functions, so that a message is noted before its address is asked for, and a
 * failure of the second does not post it again.
 */
export function createSlack(options: {
  token: string
  apiUrl?: string | undefined
  now?: () => Date
}): Slack {
  const { now = () => new Date() } = options
  const call = async <Answer>(signal: AbortSignal, ask: (client: WebClient) => Promise<Answer>) => {
    signal.throwIfAborted()
    try {
      return await ask(clientFor(options, signal))
    } catch (error) {
      throw explained(error, now)
    }
  }
  return {
    post: async (channel, { text, blocks }, signal) => {
      const answer = await call(signal, (client) =>
        client.chat.postMessage({ channel, text, blocks: blocks as never[], ...PLAIN }),
      )
      return { channel: given(answer.channel), ts: given(answer.ts) }
    },
    permalink: async ({ channel, ts }, signal) => {
      const answer = await call(signal, (client) => client.chat.getPermalink({ channel, message_ts: ts }))
      return given(answer.permalink)
    },
  }
}

/** Slack adds no formatting or links to the text, and fetches no page that a title mentions. */
const PLAIN = { parse: 'none', link_names: false, unfurl_links: false, unfurl_media: false } as const

function clientFor(
  { token, apiUrl }: { token: string; apiUrl?: string | undefined },
  signal: AbortSignal,
): WebClient {
  return new WebClient(token, {
    ...(apiUrl === undefined ? {} : { slackApiUrl: apiUrl }),
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    allowAbsoluteUrls: false,
    logger: silent,
    fetch: (url, init) =>
      fetch(url, { ...init, signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT)]) }),
  })
}

/** Slack's errors by name, each with what to do: https://docs.slack.dev/reference/methods/chat.postMessage#errors */
const mending: Record<string, string> = {
  channel_not_found: 'correct `slack.channel` in the policy, or invite the bot to the private channel',
  not_in_channel: 'invite the bot to the channel, with /invite',
  is_archived: 'the channel is archived; name another one as `slack.channel` in the policy',
  invalid_auth: 'set SLACK_BOT_TOKEN to the bot token of the installed app',
  not_authed: 'set SLACK_BOT_TOKEN to the bot token of the installed app',
  account_inactive:
    'the token belongs to a removed app or workspace; install the app again and set SLACK_BOT_TOKEN',
  token_revoked: 'the token was revoked; install the app again and set SLACK_BOT_TOKEN',
  missing_scope: 'give the app the scope chat:write and install it again',
}

/** The library's errors contain the whole answer, including headers, so only our own words go to the log and the queue. */
function explained(error: unknown, now: () => Date): unknown {
  if (error instanceof WebAPIRateLimitedError) {
    return retryAfter(new Date(now().getTime() + error.retryAfter * 1000), 'Slack asks to wait')
  }
  if (error instanceof WebAPIPlatformError) {
    const name = String(error.data.error).replace(/[^a-z_]/g, '')
    return new Error(`Slack refused: ${name}; ${mending[name] ?? 'see the list of errors of the method'}`)
  }
  return new Error(`Slack could not be reached: ${error instanceof Error ? error.message : String(error)}`)
}

function given(value: string | undefined): string {
  if (value === undefined) throw new Error('Slack did not answer as documented')
  return value
}

const nothing = () => undefined
const silent: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  setLevel: nothing,
  setName: nothing,
  getLevel: () => LogLevel.ERROR,
}
