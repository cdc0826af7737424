import { type Content, failed, readContent, type SlackError } from './slack-content.ts'
import type { SlackChannel, SlackMessage, SlackWorkspace } from './slack-workspace.ts'

type Arguments = Record<string, unknown>
type Answer = { ok: true; [field: string]: unknown } | SlackError | { retryAfter: number }
type Method = {
  /** What the token needs. */
  scope?: string
  answer: (workspace: SlackWorkspace, args: Arguments) => Answer
}

const LONGEST_TEXT = 40_000
const LONGEST_UPDATE = 4_000
const BOT = { bot_id: 'B0000000001', app_id: 'A0000000001', team: 'T0000000001', user: 'U0000000001' }

const METHODS: Record<string, Method> = {
  'auth.test': {
    answer: (workspace) => ({
      ok: true,
      url: `${workspace.origin()}/`,
      team: 'Sandbox',
      user: 'release-gate',
      team_id: BOT.team,
      user_id: BOT.user,
      bot_id: BOT.bot_id,
      is_enterprise_install: false,
    }),
  },
  'chat.postMessage': { scope: 'chat:write', answer: postMessage },
  'chat.update': { scope: 'chat:write', answer: updateMessage },
  'chat.getPermalink': { answer: permalink },
  'conversations.list': {
    scope: 'channels:read',
    answer: ({ channels }) => ({
      ok: true,
      channels: channels.map(shapeChannel),
      response_metadata: { next_cursor: '' },
    }),
  },
  'conversations.join': { scope: 'channels:join', answer: join },
  'conversations.history': { scope: 'channels:history', answer: history },
  'conversations.replies': { scope: 'channels:history', answer: replies },
  'users.lookupByEmail': {
    scope: 'users:read.email',
    answer: ({ people }, { email }) => {
      const id = typeof email === 'string' && Object.hasOwn(people, email) ? people[email] : undefined
      return id === undefined
        ? failed('users_not_found')
        : { ok: true, user: { id, deleted: false, profile: { email } } }
    },
  },
}

/** One call of a Web API method; `retryAfter` in the answer means 429. Errors are named as in Slack's reference. */
export function callSlackMethod(
  workspace: SlackWorkspace,
  call: { method: string; token: string | undefined; args: Arguments },
): Answer {
  const method = Object.hasOwn(METHODS, call.method) ? METHODS[call.method] : undefined
  if (!method) return failed('unknown_method')
  if (call.token === undefined) return failed('not_authed')
  if (!call.token.startsWith('xoxb-')) return failed('invalid_auth')
  const { scope } = method
  if (scope !== undefined && !workspace.scopes.includes(scope))
    return { ...failed('missing_scope'), needed: scope, provided: workspace.scopes.join(',') }
  return method.answer(workspace, call.args)
}

/** What a token may do, and what the method needs: https://docs.slack.dev/authentication/installing-with-oauth/ */
export function scopeHeaders(
  { scopes }: SlackWorkspace,
  method: string,
  token: string | undefined,
): Record<string, string> {
  if (!token?.startsWith('xoxb-')) return {}
  const scope = Object.hasOwn(METHODS, method) ? METHODS[method]?.scope : undefined
  return {
    'x-oauth-scopes': scopes.join(','),
    ...(scope !== undefined && { 'x-accepted-oauth-scopes': scope }),
  }
}

/** https://docs.slack.dev/reference/methods/chat.postMessage: text past 40,000 characters is cut off, not refused. */
function postMessage(workspace: SlackWorkspace, args: Arguments): Answer {
  const channel = workspace.channel(String(args.channel ?? ''))
  if (!channel) return failed('channel_not_found')
  if (channel.isArchived) return failed('is_archived')
  if (!channel.isMember) return failed('not_in_channel')
  const content = readContent(args)
  if ('error' in content) return content
  const thread = threadIn(args)
  if ('ok' in thread) return thread
  const retryAfter = workspace.secondsUntilRoom(channel.id)
  if (retryAfter > 0) return { retryAfter }
  const message = workspace.post(channel, {
    ...content,
    text: content.text.slice(0, LONGEST_TEXT),
    blocks: content.blocks ?? [],
    ...thread,
  })
  return { ok: true, channel: channel.id, ts: message.ts, message: shapeMessage(message, true) }
}

/**
 * A message to an incoming webhook, which goes to its own channel whatever the message names:
 * https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/
 */
export function callWebhook(
  workspace: SlackWorkspace,
  body: Arguments | undefined,
): { status: 200 | 400 | 410 | 429; text: string; retryAfter?: number } {
  const [channel] = workspace.channels
  if (!body || !channel) return { status: 400, text: 'invalid_payload' }
  if (channel.isArchived) return { status: 410, text: 'channel_is_archived' }
  const content = readContent(body)
  if ('error' in content) return { status: 400, text: content.error }
  const retryAfter = workspace.secondsUntilRoom(channel.id)
  if (retryAfter > 0) return { status: 429, text: 'rate_limited', retryAfter }
  workspace.post(channel, { text: content.text, blocks: content.blocks ?? [] })
  return { status: 200, text: 'ok' }
}

function threadIn({
  thread_ts: ts,
  reply_broadcast: broadcast,
}: Arguments): SlackError | { threadTs?: string; broadcast?: boolean } {
  if (ts === undefined || ts === '') return {}
  if (typeof ts !== 'string' || !/^\d+\.\d{6}$/.test(ts)) return failed('invalid_thread_ts')
  return { threadTs: ts, ...(String(broadcast) === 'true' ? { broadcast: true } : {}) }
}

/**
 * https://docs.slack.dev/reference/methods/chat.update: here text past 4,000 characters is refused. Blocks that are left out stay, and a channel
 * is named by its id alone.
 */
function updateMessage(workspace: SlackWorkspace, args: Arguments): Answer {
  const message = findMessage(workspace, args, 'ts')
  if ('error' in message) return message
  const content: Content | SlackError = readContent(args)
  if ('error' in content) return content
  if (content.text.length > LONGEST_UPDATE) return failed('msg_too_long')
  const retryAfter = workspace.secondsUntilUpdate()
  if (retryAfter > 0) return { retryAfter }
  Object.assign(message, { text: content.text, edits: message.edits + 1 })
  if (content.blocks) message.blocks = content.blocks
  const { channel, ts, text } = message
  return { ok: true, channel, ts, text, message: shapeMessage(message, true) }
}

function permalink(workspace: SlackWorkspace, args: Arguments): Answer {
  const message = findMessage(workspace, args, 'message_ts')
  return 'error' in message ? message : { ok: true, channel: message.channel, permalink: message.permalink }
}

function join(workspace: SlackWorkspace, args: Arguments): Answer {
  const channel = workspace.channels.find(({ id }) => id === args.channel)
  if (!channel) return failed('channel_not_found')
  const already = channel.isMember
  channel.isMember = true
  return { ok: true, channel: shapeChannel(channel), ...(already && { warning: 'already_in_channel' }) }
}

/** https://docs.slack.dev/reference/methods/conversations.history: the newest first, without the replies in threads. */
function history(workspace: SlackWorkspace, args: Arguments): Answer {
  const shown = ({ threadTs, broadcast }: SlackMessage) => threadTs === undefined || broadcast === true
  return listed(workspace, args, (messages) => messages.filter(shown).reverse())
}

/** https://docs.slack.dev/reference/methods/conversations.replies: the parent and its replies, the oldest first. */
function replies(workspace: SlackWorkspace, args: Arguments): Answer {
  const parent = findMessage(workspace, args, 'ts')
  if ('error' in parent) return parent.error === 'message_not_found' ? failed('thread_not_found') : parent
  return listed(workspace, args, (messages) =>
    messages.filter(({ ts, threadTs }) => ts === parent.ts || threadTs === parent.ts),
  )
}

function listed(
  { channels, messages }: SlackWorkspace,
  args: Arguments,
  select: (messages: SlackMessage[]) => SlackMessage[],
): Answer {
  const channel = channels.find(({ id }) => id === args.channel)
  if (!channel) return failed('channel_not_found')
  if (!channel.isMember) return failed('not_in_channel')
  const oldest = Number(args.oldest ?? 0)
  const found = select(
    messages.filter((message) => message.channel === channel.id && Number(message.ts) > oldest),
  )
  const limit = Number(args.limit ?? 100)
  const withMetadata = String(args.include_all_metadata) === 'true'
  return {
    ok: true,
    messages: found.slice(0, limit).map((message) => shapeMessage(message, withMetadata)),
    has_more: found.length > limit,
  }
}

function findMessage(workspace: SlackWorkspace, args: Arguments, key: 'ts' | 'message_ts') {
  const channel = workspace.channels.find(({ id }) => id === args.channel)
  if (!channel) return failed('channel_not_found')
  return workspace.message(channel.id, String(args[key] ?? '')) ?? failed('message_not_found')
}

function shapeMessage(message: SlackMessage, withMetadata: boolean) {
  const { text, ts, blocks, threadTs, edits, metadata } = message
  return {
    type: 'message',
    subtype: 'bot_message',
    text,
    ts,
    ...BOT,
    ...(blocks.length > 0 && { blocks }),
    ...(threadTs !== undefined && { thread_ts: threadTs }),
    ...(edits > 0 && { edited: { user: BOT.user, ts } }),
    ...(metadata && withMetadata && { metadata }),
  }
}

function shapeChannel({ id, name, isMember, isArchived }: SlackChannel) {
  return { id, name, is_channel: true, is_private: false, is_archived: isArchived, is_member: isMember }
}
