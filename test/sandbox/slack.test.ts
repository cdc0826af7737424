import { type Logger, LogLevel, WebClient, type WebClientOptions } from '@slack/web-api'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type SlackOptions, startSlack } from '../../src/sandbox/slack.ts'

const START = Date.UTC(2026, 10, 24, 18)

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

/** Slack and a client that neither retries nor waits. */
async function aSlack(options: SlackOptions = {}, clientOptions: WebClientOptions = {}) {
  const time = { now: START }
  const slack = await startSlack({ clock: () => time.now, ...options })
  onTestFinished(() => slack.close())
  const connect = (token?: string) =>
    new WebClient(token, {
      slackApiUrl: slack.url,
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
      logger: silent,
      ...clientOptions,
    })
  return { slack, time, client: connect(slack.token), connect }
}

const section = (text: string) => ({ type: 'section' as const, text: { type: 'mrkdwn' as const, text } })
const slackError = (error: string) => ({ code: 'slack_webapi_platform_error', data: { ok: false, error } })

describe('posting a message', () => {
  it('records it with its blocks and answers as Slack does', async () => {
    const { slack, client } = await aSlack()
    const blocks = [section('Merged *One*')]
    const answer = await client.chat.postMessage({ channel: '#releases', text: 'Merged One', blocks })
    expect(answer).toMatchObject({
      ok: true,
      channel: expect.stringMatching(/^C\d{10}$/),
      ts: expect.stringMatching(/^1795543200\.\d{6}$/),
      message: { type: 'message', text: 'Merged One', ts: answer.ts, blocks },
    })
    expect(slack.messages).toMatchObject([
      {
        channel: answer.channel,
        channelName: 'releases',
        ts: answer.ts,
        text: 'Merged One',
        blocks,
        edits: 0,
      },
    ])
  })

  it('takes the name or the id of a channel, and a JSON body', async () => {
    const { slack, client } = await aSlack()
    const { channel } = await client.chat.postMessage({ channel: 'general', text: 'one' })
    const answer = await fetch(`${slack.url}chat.postMessage`, {
      method: 'POST',
      headers: { authorization: `Bearer ${slack.token}`, 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify({ channel, text: 'two', blocks: [section('two')] }),
    })
    expect(await answer.json()).toMatchObject({ ok: true, channel })
    expect(slack.messages.map(({ text, blocks }) => [text, blocks.length])).toEqual([
      ['one', 0],
      ['two', 1],
    ])
  })

  it('gives messages of the same second different times', async () => {
    const { slack, client } = await aSlack()
    for (const text of ['one', 'two']) await client.chat.postMessage({ channel: 'general', text })
    expect(new Set(slack.messages.map(({ ts }) => ts)).size).toBe(2)
  })

  it('keeps the thread', async () => {
    const { slack, client } = await aSlack()
    const { ts = '' } = await client.chat.postMessage({ channel: 'general', text: 'one' })
    await client.chat.postMessage({ channel: 'general', text: 'two', thread_ts: ts })
    expect(slack.messages.map(({ threadTs }) => threadTs)).toEqual([undefined, ts])
  })

  it('cuts text off after 40,000 characters', async () => {
    const { slack, client } = await aSlack()
    await client.chat.postMessage({ channel: 'general', text: 'x'.repeat(40_001) })
    expect(slack.messages[0]?.text).toHaveLength(40_000)
  })

  it.each([
    ['channel_not_found', 'an unknown channel', { channel: 'nowhere', text: 'one' }],
    ['no_text', 'neither text nor blocks', { channel: 'general', text: '' }],
    [
      'invalid_blocks',
      '51 blocks',
      { channel: 'general', text: 'one', blocks: Array.from({ length: 51 }, () => section('x')) },
    ],
    [
      'invalid_blocks',
      'a section of 3,001 characters',
      { channel: 'general', text: 'one', blocks: [section('x'.repeat(3001))] },
    ],
  ])('answers %s to %s and records nothing', async (error, _, message) => {
    const { slack, client } = await aSlack()
    await expect(client.chat.postMessage(message)).rejects.toMatchObject(slackError(error))
    expect(slack.messages).toEqual([])
  })

  it('takes 50 blocks, and sections of 3,000 characters', async () => {
    const { slack, client } = await aSlack()
    const blocks = Array.from({ length: 50 }, () => section('x'.repeat(3000)))
    await client.chat.postMessage({ channel: 'general', text: 'one', blocks })
    expect(slack.messages[0]?.blocks).toHaveLength(50)
  })

  it('answers invalid_blocks_format to blocks that are not JSON', async () => {
    const { slack } = await aSlack()
    const body = new URLSearchParams({ token: slack.token, channel: 'general', text: 'one', blocks: '{' })
    const answer = await fetch(`${slack.url}chat.postMessage`, { method: 'POST', body })
    expect([answer.status, await answer.json()]).toEqual([200, { ok: false, error: 'invalid_blocks_format' }])
  })
})

describe('who may call', () => {
  it.each([
    ['not_authed', 'no token', undefined],
    ['invalid_auth', "a token that is no bot's", 'ghp_1'],
  ])('answers %s to %s', async (error, _, token) => {
    const { slack, connect } = await aSlack()
    const posted = connect(token).chat.postMessage({ channel: 'general', text: 'one' })
    await expect(posted).rejects.toMatchObject(slackError(error))
    expect(slack.messages).toEqual([])
  })

  it('tells a bot who it is', async () => {
    const { client } = await aSlack()
    expect(await client.auth.test()).toMatchObject({
      ok: true,
      user: 'release-gate',
      team: expect.any(String),
      bot_id: expect.stringMatching(/^B/),
      user_id: expect.stringMatching(/^U/),
    })
  })

  it('answers unknown_method to a method that it does not have', async () => {
    const { client } = await aSlack()
    for (const method of ['chat.delete', 'toString']) {
      await expect(client.apiCall(method)).rejects.toMatchObject(slackError('unknown_method'))
    }
  })
})

describe('updating a message', () => {
  it('changes it in place', async () => {
    const { slack, client } = await aSlack()
    const { channel = '', ts = '' } = await client.chat.postMessage({ channel: 'general', text: 'one' })
    const answer = await client.chat.update({ channel, ts, text: 'two' })
    expect(answer).toMatchObject({ ok: true, channel, ts, text: 'two' })
    expect(slack.messages).toMatchObject([{ ts, text: 'two', edits: 1 }])
  })

  it('refuses an unknown message, an unknown channel and a text past 4,000 characters', async () => {
    const { slack, client } = await aSlack()
    const { channel = '', ts = '' } = await client.chat.postMessage({ channel: 'general', text: 'one' })
    const update = (changes: object) => client.chat.update({ channel, ts, text: 'two', ...changes })
    await expect(update({ ts: '1.000001' })).rejects.toMatchObject(slackError('message_not_found'))
    await expect(update({ channel: 'general' })).rejects.toMatchObject(slackError('channel_not_found'))
    await expect(update({ text: 'x'.repeat(4001) })).rejects.toMatchObject(slackError('msg_too_long'))
    expect(slack.messages).toMatchObject([{ text: 'one', edits: 0 }])
  })
})

describe('a permalink', () => {
  it('names channel and message, and leads to it', async () => {
    const { client } = await aSlack()
    const { channel = '', ts = '' } = await client.chat.postMessage({ channel: 'general', text: 'one' })
    const { permalink = '' } = await client.chat.getPermalink({ channel, message_ts: ts })
    expect(permalink).toMatch(new RegExp(`/archives/${channel}/p${ts.replace('.', '')}$`))
    expect(await (await fetch(permalink)).json()).toMatchObject({ text: 'one', ts })
    expect((await fetch(`${permalink}9`)).status).toBe(404)
  })

  it('does not exist for an unknown message', async () => {
    const { slack, client } = await aSlack()
    await client.chat.postMessage({ channel: 'general', text: 'one' })
    const channel = slack.messages[0]?.channel ?? ''
    const asked = client.chat.getPermalink({ channel, message_ts: '1.000001' })
    await expect(asked).rejects.toMatchObject(slackError('message_not_found'))
  })
})

describe('channels', () => {
  it('are listed, and one that the bot has not joined takes no message until it has', async () => {
    const { slack, client } = await aSlack({
      channels: [{ name: 'ops', isMember: false }, { name: 'all' }],
      scopes: ['chat:write', 'channels:read', 'channels:join'],
    })
    const { channels = [] } = await client.conversations.list()
    expect(channels.map(({ name, is_member }) => [name, is_member])).toEqual([
      ['ops', false],
      ['all', true],
    ])
    const post = () => client.chat.postMessage({ channel: 'ops', text: 'one' })
    await expect(post()).rejects.toMatchObject(slackError('not_in_channel'))
    const joined = await client.conversations.join({ channel: channels[0]?.id ?? '' })
    expect(joined).toMatchObject({ ok: true, channel: { name: 'ops', is_member: true } })
    await post()
    expect(slack.messages).toHaveLength(1)
    await expect(client.conversations.join({ channel: 'C9' })).rejects.toMatchObject(
      slackError('channel_not_found'),
    )
  })
})

describe('limits and failures', () => {
  it('allow one message a second for each channel when turned on', async () => {
    const { slack, client, time } = await aSlack({ channelLimit: true })
    const post = (channel: string) => client.chat.postMessage({ channel, text: 'one' })
    await post('general')
    await expect(post('general')).rejects.toMatchObject({
      code: 'slack_webapi_rate_limited_error',
      retryAfter: 1,
    })
    await post('releases')
    time.now += 999
    await expect(post('general')).rejects.toMatchObject({ retryAfter: 1 })
    time.now += 1
    await post('general')
    expect(slack.messages).toHaveLength(3)
  })

  it('allow any number of messages otherwise', async () => {
    const { slack, client } = await aSlack()
    for (let index = 0; index < 5; index += 1)
      await client.chat.postMessage({ channel: 'general', text: 'one' })
    expect(slack.messages).toHaveLength(5)
  })

  it('fail as often as told, with a status, an error or 429, one after the other', async () => {
    const { slack, client } = await aSlack()
    const post = () => client.chat.postMessage({ channel: 'general', text: 'one' })
    slack.fail(1, 503)
    slack.fail(1, 'fatal_error')
    slack.fail(2, 429, 30)
    await expect(post()).rejects.toMatchObject({ code: expect.stringContaining('error') })
    await expect(post()).rejects.toMatchObject(slackError('fatal_error'))
    for (let time = 0; time < 2; time += 1) await expect(post()).rejects.toMatchObject({ retryAfter: 30 })
    expect(slack.messages).toEqual([])
    await post()
    expect(slack.messages).toHaveLength(1)
  })

  it('are survived by a client that retries', async () => {
    const { slack, client } = await aSlack({}, { retryConfig: { retries: 2, minTimeout: 1 } })
    slack.fail(2, 500)
    await client.chat.postMessage({ channel: 'general', text: 'one' })
    expect(slack.messages).toHaveLength(1)
  })
})

describe('what the token may do', () => {
  it.each([
    ['users.lookupByEmail', { email: 'ben@acme.example' }, 'users:read.email'],
    ['conversations.history', { channel: 'C0000000001' }, 'channels:history'],
    ['conversations.replies', { channel: 'C0000000001', ts: '1.000001' }, 'channels:history'],
    ['conversations.list', {}, 'channels:read'],
  ])('%s needs its scope', async (method, args, needed) => {
    const { client } = await aSlack({ people: { 'ben@acme.example': 'U1' } })
    await expect(client.apiCall(method, args)).rejects.toMatchObject({
      data: { error: 'missing_scope', needed, provided: 'chat:write' },
    })
  })
})

describe('a thread', () => {
  it('takes replies to a message of the channel, and shows a reply to anything else nowhere', async () => {
    const { slack, client } = await aSlack()
    const { ts = '' } = await client.chat.postMessage({ channel: 'general', text: 'one' })
    const reply = await client.chat.postMessage({ channel: 'general', text: 'two', thread_ts: ts })
    for (const thread of ['1.000001', reply.ts ?? ''])
      await client.chat.postMessage({ channel: 'general', text: 'lost', thread_ts: thread })
    await client.chat.postMessage({ channel: 'releases', text: 'lost', thread_ts: ts })
    expect(slack.messages.map(({ text }) => text)).toEqual(['one', 'two'])
    expect(slack.lost).toHaveLength(3)
  })

  it('refuses what is not the time of a message', async () => {
    const { client } = await aSlack()
    await expect(
      client.chat.postMessage({ channel: 'general', text: 'x', thread_ts: '0' }),
    ).rejects.toMatchObject(slackError('invalid_thread_ts'))
  })

  it('is left out of the history of its channel, unless a reply was broadcast, and metadata is given on request', async () => {
    const { client } = await aSlack({ scopes: ['chat:write', 'channels:history'] })
    const metadata = { event_type: 'a', event_payload: { key: 'k' } }
    const { ts = '', channel = '' } = await client.chat.postMessage({
      channel: 'general',
      text: 'one',
      metadata,
    })
    await client.chat.postMessage({ channel, text: 'two', thread_ts: ts })
    await client.chat.postMessage({ channel, text: 'three', thread_ts: ts, reply_broadcast: true })
    const history = await client.conversations.history({ channel })
    expect(history.messages?.map(({ text }) => text)).toEqual(['three', 'one'])
    expect(history.messages?.at(-1)).not.toHaveProperty('metadata')
    const replies = await client.conversations.replies({ channel, ts, include_all_metadata: true })
    expect(replies.messages?.map(({ text }) => text)).toEqual(['one', 'two', 'three'])
    expect(replies.messages?.[0]).toMatchObject({ metadata })
    await expect(client.conversations.history({ channel: 'general' })).rejects.toMatchObject(
      slackError('channel_not_found'),
    )
  })
})

describe('more refusals', () => {
  const text = (length: number) => ({ type: 'mrkdwn' as const, text: 'x'.repeat(length) })
  it.each([
    ['an empty section', [{ type: 'section', text: text(0) }]],
    ['eleven fields', [{ type: 'section', fields: Array.from({ length: 11 }, () => text(1)) }]],
    ['a field of 2,001 characters', [{ type: 'section', fields: [text(2_001)] }]],
    ['an unknown block', [{ type: 'marquee', text: text(1) }]],
    ['a context without elements', [{ type: 'context', elements: [] }]],
    ['a button of 76 characters', [{ type: 'actions', elements: [{ type: 'button', text: text(76) }] }]],
  ])('%s', async (_, blocks) => {
    const { slack, client } = await aSlack()
    const posted = client.apiCall('chat.postMessage', { channel: 'general', text: 'x', blocks })
    await expect(posted).rejects.toMatchObject(slackError('invalid_blocks'))
    expect(slack.messages).toEqual([])
  })

  it('a message to an archived channel, and metadata without a type', async () => {
    const { client } = await aSlack({ channels: [{ name: 'old', isArchived: true }, { name: 'general' }] })
    const post = (args: object) => client.apiCall('chat.postMessage', { text: 'x', ...args })
    await expect(post({ channel: 'old' })).rejects.toMatchObject(slackError('is_archived'))
    await expect(post({ channel: 'general', metadata: { event_payload: {} } })).rejects.toMatchObject(
      slackError('invalid_metadata_format'),
    )
  })

  it('the fifty-first update within a minute', async () => {
    const { client, time } = await aSlack({ channelLimit: true })
    const { channel = '', ts = '' } = await client.chat.postMessage({ channel: 'general', text: 'one' })
    for (let count = 0; count < 50; count++) await client.chat.update({ channel, ts, text: `${count}` })
    await expect(client.chat.update({ channel, ts, text: 'x' })).rejects.toMatchObject({ retryAfter: 60 })
    time.now += 60_000
    await client.chat.update({ channel, ts, text: 'x' })
  })

  it('what the token may do and what the method needs, in headers of the answer', async () => {
    const { client, connect } = await aSlack({ scopes: ['chat:write', 'users:read.email'] })
    const scopesOf = async (asked: Promise<{ response_metadata?: object }>) => (await asked).response_metadata
    expect(await scopesOf(client.auth.test())).toEqual({ scopes: ['chat:write', 'users:read.email'] })
    expect(await scopesOf(client.chat.postMessage({ channel: 'general', text: 'x' }))).toMatchObject({
      scopes: ['chat:write', 'users:read.email'],
      acceptedScopes: ['chat:write'],
    })
    const refused = await fetch(`${connect().slackApiUrl}auth.test`, { method: 'POST' })
    expect(refused.headers.get('x-oauth-scopes')).toBeNull()
  })

  it('an address that is nobody’s', async () => {
    const { client } = await aSlack({ scopes: ['users:read.email'], people: { 'ben@acme.example': 'U1' } })
    expect(await client.users.lookupByEmail({ email: 'ben@acme.example' })).toMatchObject({
      user: { id: 'U1' },
    })
    for (const email of ['eva@acme.example', 'toString'])
      await expect(client.users.lookupByEmail({ email })).rejects.toMatchObject(slackError('users_not_found'))
  })

  it('an update keeps the blocks that it leaves out', async () => {
    const { slack, client } = await aSlack()
    const blocks = [section('x')]
    const { channel = '', ts = '' } = await client.chat.postMessage({
      channel: 'general',
      text: 'one',
      blocks,
    })
    await client.chat.update({ channel, ts, text: 'two' })
    expect(slack.messages).toMatchObject([{ text: 'two', blocks }])
  })

  it('an answer that is lost after the message was taken', async () => {
    const { slack, client } = await aSlack()
    slack.loseAnswers(1, 'chat.postMessage')
    await expect(client.chat.postMessage({ channel: 'general', text: 'one' })).rejects.toThrow()
    expect(slack.messages).toHaveLength(1)
  })
})
