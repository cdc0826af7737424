import { type Logger, LogLevel, WebAPIPlatformError, WebAPIRateLimitedError, WebClient } from '@slack/web-api'
import { retryAfterError, retryTimeOf } from '../store/retry-after-error.ts'

export type SlackMessage = { text: string; blocks: object[] }

/** A message by the names that Slack gave: the channel's id and, within it, the time of the message. */
export type Posted = { channel: string; ts: string }

/**
 * `thread`: the time of the message to reply to; `broadcast`: the reply is shown in the channel too. `key` goes with the message
 * unseen, so that `find` finds it.
 */
export type PostOptions = { thread?: string | undefined; broadcast?: boolean; key?: string }

export type Slack = {
  /** False: messages can only be posted, each on its own. */
  threads: boolean
  /** Posts to a channel, by id or by `#name`. */
  post: (
    channel: string,
    message: SlackMessage,
    signal: AbortSignal,
    options?: PostOptions,
  ) => Promise<Posted>
  /** Changes a message of the bot in place. It notifies nobody. */
  update: (posted: Posted, message: SlackMessage, signal: AbortSignal) => Promise<void>
  /**
   * The message that was posted with a key since a time, in a channel by id or in one of its threads. Needs the scope to read the
   * channel, which is optional: without it nothing is found.
   */
  find: (
    place: { channel: string; thread?: string | undefined; since: Date },
    key: string,
    signal: AbortSignal,
  ) => Promise<Posted | undefined>
  /** The member ID that belongs to an email address; undefined: there is none. */
  memberOf: (email: string, signal: AbortSignal) => Promise<string | undefined>
  /** The address at which people open the message. */
  permalink: (posted: Posted, signal: AbortSignal) => Promise<string>
}

/** Well under a job's expiry of 60 s. */
const TIMEOUT = 15_000

/**
 * Slack's Web API. The library would wait and retry for half an hour. Here each call is made once, and the queue waits instead:
 * a 429 becomes `retryAfterError` with the time that Slack names, anything else an error that says how to fix it. `post` and
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
    threads: true,
    post: async (channel, { text, blocks }, signal, { thread, broadcast, key } = {}) => {
      const reply = thread === undefined ? {} : { thread_ts: thread, reply_broadcast: broadcast === true }
      const metadata = key === undefined ? {} : { metadata: { event_type: EVENT, event_payload: { key } } }
      const content = { channel, text, blocks: blocks as never[], ...PLAIN, ...reply, ...metadata }
      const answer = await call(signal, (client) => client.chat.postMessage(content as never))
      return { channel: given(answer.channel), ts: given(answer.ts) }
    },
    update: async ({ channel, ts }, { text, blocks }, signal) => {
      const content = {
        channel,
        ts,
        text: shortened(text),
        blocks: blocks as never[],
        parse: 'none',
        link_names: false,
      } as const
      await call(signal, (client) => client.chat.update(content))
    },
    find: async ({ channel, thread, since }, key, signal) => {
      const range = {
        channel,
        oldest: String(since.getTime() / 1000),
        limit: 200,
        include_all_metadata: true,
      }
      const ask = async (client: WebClient): Promise<Found> =>
        thread === undefined
          ? client.conversations.history(range)
          : client.conversations.replies({ ...range, ts: thread })
      const { messages = [] } = await call(signal, ask).catch(nothingReadable)
      const ts = messages.find(({ metadata }) => isMarked(metadata, key))?.ts
      return ts === undefined ? undefined : { channel, ts }
    },
    memberOf: async (email, signal) => {
      const asked = call(signal, (client) => client.users.lookupByEmail({ email }))
      const answer = await asked.catch((error: unknown) => {
        if (refusal(error) === 'users_not_found') return undefined
        throw error
      })
      return answer && given(answer.user?.id)
    },
    permalink: async ({ channel, ts }, signal) => {
      const answer = await call(signal, (client) => client.chat.getPermalink({ channel, message_ts: ts }))
      return given(answer.permalink)
    },
  }
}

type Marked = { event_type?: string; event_payload?: { key?: unknown } }
type Found = { messages?: { ts?: string; metadata?: Marked }[] }

/** Names our own messages among those of other apps. */
const EVENT = 'release_gate_notice'

function isMarked(metadata: Marked | undefined, key: string): boolean {
  return metadata?.event_type === EVENT && metadata.event_payload?.key === key
}

/** The bot can do without reading: then it finds nothing. */
function nothingReadable(error: unknown): Found {
  if (unreadable.includes(refusal(error) ?? '')) return {}
  throw error
}

const unreadable = [
  'missing_scope',
  'no_permission',
  'access_denied',
  'not_in_channel',
  'channel_not_found',
  'thread_not_found',
]

/** An update takes 4,000 characters of text, a tenth of a message. It is only what notifications show: readers see the blocks. */
const longestUpdate = 4_000

/** Cut where no entity and no link is cut in two. */
function shortened(text: string): string {
  if (text.length <= longestUpdate) return text
  const cut = text.slice(0, longestUpdate - 1)
  return `${cut.replace(/&[a-z]*$/, '').replace(/<[^>]*$/, '')}…`
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
  missing_scope:
    'give the app the scope chat:write, and users:read.email where the policy names email addresses; then install it again',
}

const REFUSED = Symbol.for('release-gate.slack-refused')

export function markRefusal(error: Error, name: string): Error {
  return Object.assign(error, { [REFUSED]: name })
}

/** Slack failed at something, perhaps after it took the message. */
const uncertain = ['fatal_error', 'internal_error', 'request_timeout', 'service_unavailable']

/** Whether it is certain that Slack has not taken what was sent. */
export function isNotTaken(error: unknown): boolean {
  const name = refusal(error)
  return retryTimeOf(error) !== undefined || (name !== undefined && !uncertain.includes(name))
}

/** The name of the error that Slack answered with. */
export function refusal(error: unknown): string | undefined {
  return error instanceof Error && REFUSED in error ? String(error[REFUSED]) : undefined
}

const refusedPlaces = ['is_archived', 'not_in_channel', 'channel_not_found', 'channel_is_archived']

/** Whether Slack takes no message for the channel until someone changes that. */
export function isChannelRefused(error: unknown): boolean {
  return refusedPlaces.includes(refusal(error) ?? '')
}

/** The message is gone, or nobody may change it anymore. */
export function isUnchangeable(error: unknown): boolean {
  return ['message_not_found', 'cant_update_message', 'edit_window_closed'].includes(refusal(error) ?? '')
}

/** The library's errors contain the whole answer, including headers, so only our own words go to the log and the queue. */
function explained(error: unknown, now: () => Date): unknown {
  if (error instanceof WebAPIRateLimitedError) {
    return retryAfterError(new Date(now().getTime() + error.retryAfter * 1000), 'Slack asks to wait')
  }
  if (error instanceof WebAPIPlatformError) {
    const name = String(error.data.error).replace(/[^a-z_]/g, '')
    const fix = mending[name] ?? 'see the list of errors of the method'
    return markRefusal(new Error(`Slack refused: ${name}; ${fix}`), name)
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
