import type { SlackChannel, SlackMessage, SlackWorkspace } from './slack-workspace.ts'

type Arguments = Record<string, unknown>
type Answer = { ok: true; [field: string]: unknown } | SlackError | { retryAfter: number }
type SlackError = { ok: false; error: string; response_metadata?: { messages: string[] } }
type Content = { text: string; blocks: unknown[] }
type Method = (workspace: SlackWorkspace, args: Arguments) => Answer

const LONGEST_TEXT = 40_000
const LONGEST_UPDATE = 4_000
const MOST_BLOCKS = 50
const LONGEST_SECTION = 3_000
const BOT = { bot_id: 'B0000000001', app_id: 'A0000000001', team: 'T0000000001', user: 'U0000000001' }

const METHODS: Record<string, Method> = {
  'auth.test': (workspace) => ({
    ok: true,
    url: `${workspace.origin()}/`,
    team: 'Sandbox',
    user: 'release-gate',
    team_id: BOT.team,
    user_id: BOT.user,
    bot_id: BOT.bot_id,
    is_enterprise_install: false,
  }),
  'chat.postMessage': postMessage,
  'chat.update': updateMessage,
  'chat.getPermalink': (workspace, args) => {
    const message = findMessage(workspace, args, 'message_ts')
    return 'error' in message ? message : { ok: true, channel: message.channel, permalink: message.permalink }
  },
  'conversations.list': (workspace) => ({
    ok: true,
    channels: workspace.channels.map(shapeChannel),
    response_metadata: { next_cursor: '' },
  }),
  'conversations.join': (workspace, args) => {
    const channel = workspace.channels.find(({ id }) => id === args.channel)
    if (!channel) return failed('channel_not_found')
    const already = channel.isMember
    channel.isMember = true
    return { ok: true, channel: shapeChannel(channel), ...(already && { warning: 'already_in_channel' }) }
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
  return method(workspace, call.args)
}

/** https://docs.slack.dev/reference/methods/chat.postMessage: text past 40,000 characters is cut off, not refused. */
function postMessage(workspace: SlackWorkspace, args: Arguments): Answer {
  const channel = workspace.channel(String(args.channel ?? ''))
  if (!channel) return failed('channel_not_found')
  if (!channel.isMember) return failed('not_in_channel')
  const content = readContent(args)
  if ('error' in content) return content
  const retryAfter = workspace.secondsUntilRoom(channel.id)
  if (retryAfter > 0) return { retryAfter }
  const thread = typeof args.thread_ts === 'string' ? { threadTs: args.thread_ts } : {}
  const message = workspace.post(channel, {
    ...content,
    text: content.text.slice(0, LONGEST_TEXT),
    ...thread,
  })
  return { ok: true, channel: channel.id, ts: message.ts, message: shapeMessage(message) }
}

/** https://docs.slack.dev/reference/methods/chat.update: here text past 4,000 characters is refused. */
function updateMessage(workspace: SlackWorkspace, args: Arguments): Answer {
  const message = findMessage(workspace, args, 'ts')
  if ('error' in message) return message
  const content = readContent(args)
  if ('error' in content) return content
  if (content.text.length > LONGEST_UPDATE) return failed('msg_too_long')
  Object.assign(message, content, { edits: message.edits + 1 })
  const { channel, ts, text } = message
  return { ok: true, channel, ts, text, message: shapeMessage(message) }
}

function findMessage(workspace: SlackWorkspace, args: Arguments, key: 'ts' | 'message_ts') {
  const channel = workspace.channels.find(({ id }) => id === args.channel)
  if (!channel) return failed('channel_not_found')
  return workspace.message(channel.id, String(args[key] ?? '')) ?? failed('message_not_found')
}

function readContent(args: Arguments): Content | SlackError {
  const text = typeof args.text === 'string' ? args.text : ''
  const blocks = readBlocks(args.blocks)
  if (!Array.isArray(blocks)) return failed('invalid_blocks_format')
  if (text === '' && blocks.length === 0) return failed('no_text')
  if (blocks.length > MOST_BLOCKS) {
    return failed('invalid_blocks', [
      `[ERROR] no more than ${MOST_BLOCKS} items allowed [json-pointer:/blocks]`,
    ])
  }
  const tooLong = blocks.findIndex((block) => sectionText(block).length > LONGEST_SECTION)
  if (tooLong >= 0) {
    const pointer = `[json-pointer:/blocks/${tooLong}/text/text]`
    return failed('invalid_blocks', [
      `[ERROR] must be less than ${LONGEST_SECTION + 1} characters ${pointer}`,
    ])
  }
  return { text, blocks }
}

function readBlocks(given: unknown): unknown {
  if (given === undefined || given === '') return []
  if (typeof given !== 'string') return given
  try {
    return JSON.parse(given)
  } catch {
    return undefined
  }
}

function sectionText(block: unknown): string {
  const { type, text } = (block ?? {}) as { type?: string; text?: { text?: unknown } }
  return type === 'section' && typeof text?.text === 'string' ? text.text : ''
}

function shapeMessage({ text, ts, blocks, threadTs, edits }: SlackMessage) {
  return {
    type: 'message',
    subtype: 'bot_message',
    text,
    ts,
    ...BOT,
    ...(blocks.length > 0 && { blocks }),
    ...(threadTs !== undefined && { thread_ts: threadTs }),
    ...(edits > 0 && { edited: { user: BOT.user, ts } }),
  }
}

function shapeChannel({ id, name, isMember }: SlackChannel) {
  return { id, name, is_channel: true, is_private: false, is_archived: false, is_member: isMember }
}

function failed(error: string, messages?: string[]): SlackError {
  return { ok: false, error, ...(messages && { response_metadata: { messages } }) }
}
