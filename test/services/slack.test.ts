import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import nock from 'nock'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { type SlackOptions, startSlack } from '../../src/sandbox/slack.ts'
import { createSlack } from '../../src/services/slack.ts'
import { retryTimeOf } from '../../src/store/retry-after-error.ts'

const NOW = new Date('2026-11-25T18:00:00Z')
const TOKEN = 'xoxb-canary-2f1d9c'
const message = { text: 'Merged', blocks: [{ type: 'section', text: { type: 'mrkdwn', text: 'Merged' } }] }
const signal = () => new AbortController().signal

/** All that an error would bring into a log or into the queue's tables. */
function told(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return [error.stack, JSON.stringify(error), Object.values(error).map(String), told(error.cause ?? '')].join(
    '\n',
  )
}

async function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => expect.unreachable('it did not fail'),
    (error: unknown) => error,
  )
}

describe('Slack, against the local one', () => {
  const start = async (options: SlackOptions = {}) => {
    const slack = await startSlack({ clock: () => NOW.getTime(), ...options })
    onTestFinished(() => slack.close())
    return { slack, client: createSlack({ token: TOKEN, apiUrl: slack.url, now: () => NOW }) }
  }

  test('posts text and blocks to a channel by its name, and tells where people find the message', async () => {
    const { slack, client } = await start()
    const posted = await client.post('#releases', message, signal())
    expect(slack.messages).toMatchObject([{ channelName: 'releases', ...message }])
    expect(posted).toEqual({ channel: slack.messages[0]?.channel, ts: slack.messages[0]?.ts })
    expect(await client.permalink(posted, signal())).toBe(slack.messages[0]?.permalink)
  })

  test('a 429 becomes the time that Slack names, after one call', async () => {
    const { slack, client } = await start()
    slack.fail(1, 429, 30)
    const error = await failure(client.post('#releases', message, signal()))
    expect(retryTimeOf(error)).toEqual(new Date(NOW.getTime() + 30_000))
    expect(slack.messages).toEqual([])
    await client.post('#releases', message, signal())
    expect(slack.messages).toHaveLength(1)
  })

  test('the limit of a channel is a 429 too', async () => {
    const { client } = await start({ channelLimit: true })
    await client.post('#releases', message, signal())
    const error = await failure(client.post('#releases', message, signal()))
    expect(retryTimeOf(error)).toEqual(new Date(NOW.getTime() + 1_000))
  })

  test.each([
    ['not_in_channel', /invite the bot/],
    ['channel_not_found', /slack\.channel/],
    ['invalid_auth', /SLACK_BOT_TOKEN/],
    ['token_revoked', /install the app again/],
    ['missing_scope', /chat:write/],
    ['fatal_error', /fatal_error/],
  ])('the error %s says how to fix it, and is not a time to wait for', async (name, says) => {
    const { slack, client } = await start()
    slack.fail(1, name)
    const error = await failure(client.post('#releases', message, signal()))
    expect(String(error)).toMatch(says)
    expect(retryTimeOf(error)).toBeUndefined()
  })

  test.each([500, 503])(
    'a %i is an error after one call: the queue tries again, not the library',
    async (status) => {
      const { slack, client } = await start()
      slack.fail(1, status)
      const error = await failure(client.post('#releases', message, signal()))
      expect(String(error)).toContain(`statusCode = ${status}`)
      expect(slack.messages).toEqual([])
      await client.post('#releases', message, signal())
      expect(slack.messages).toHaveLength(1)
    },
  )

  test('a call whose signal aborts ends at once, and one that has aborted is never made', async () => {
    let calls = 0
    const server = createServer(() => void calls++).listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    const apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/`
    const client = createSlack({ token: TOKEN, apiUrl })
    const controller = new AbortController()
    const arrived = once(server, 'request')
    const ends = failure(client.post('#releases', message, controller.signal))
    await arrived
    controller.abort()
    expect(String(await ends)).toContain('could not be reached')
    await failure(client.post('#releases', message, AbortSignal.abort()))
    expect(calls).toBe(1)
  })

  test('an update whose text is longer than Slack takes is shortened, and cuts no entity or link in two', async () => {
    const { slack, client } = await start()
    const posted = await client.post('#releases', message, signal())
    for (const part of ['&amp;', '<https://a.example|b>', 'x']) {
      const text = part.repeat(5_000)
      await client.update(posted, { ...message, text }, signal())
      const shown = slack.messages[0]?.text ?? ''
      expect(shown.length).toBeGreaterThan(3_900)
      expect(shown.length).toBeLessThanOrEqual(4_000)
      expect(shown.slice(0, -1).replaceAll(part, '')).toBe('')
    }
  })

  test('the token stands in no error', async () => {
    const { slack, client } = await start()
    for (const how of [429, 500, 'invalid_auth'] as const) {
      slack.fail(1, how)
      expect(told(await failure(client.post('#releases', message, signal())))).not.toContain(TOKEN)
    }
    const nowhere = createSlack({ token: TOKEN, apiUrl: 'http://127.0.0.1:1/api/' })
    expect(told(await failure(nowhere.post('#releases', message, signal())))).not.toContain(TOKEN)
  })
})

describe('Slack, at its edge', () => {
  beforeEach(() => nock.disableNetConnect())
  afterEach(() => {
    expect(nock.pendingMocks()).toEqual([])
    nock.cleanAll()
    nock.enableNetConnect()
  })
  const api = () => nock('https://slack.com', { reqheaders: { authorization: `Bearer ${TOKEN}` } })
  const client = createSlack({ token: TOKEN, now: () => NOW })

  test('asks Slack to parse nothing, to name nobody and to unfold no link', async () => {
    let body = new URLSearchParams()
    api()
      .post('/api/chat.postMessage', (sent: Record<string, string>) => {
        body = new URLSearchParams(sent)
        return true
      })
      .reply(200, { ok: true, channel: 'C1', ts: '1.2' })
    expect(await client.post('C1', message, signal())).toEqual({ channel: 'C1', ts: '1.2' })
    expect(Object.fromEntries(body)).toMatchObject({
      channel: 'C1',
      text: 'Merged',
      parse: 'none',
      link_names: 'false',
      unfurl_links: 'false',
      unfurl_media: 'false',
    })
    expect(body.has('token')).toBe(false)
  })

  test('follows no redirect: the token goes to no other host', async () => {
    api().post('/api/chat.postMessage').reply(302, undefined, { location: 'https://evil.example/' })
    expect(String(await failure(client.post('C1', message, signal())))).toMatch(/Slack could not be reached/)
  })

  test.each([
    ['without what it documents', 200, { ok: true }],
    ['with a page instead of JSON', 200, '<html>maintenance</html>'],
    ['with 429 and no time', 429, ''],
  ])('an answer %s is an error, not a sent notice', async (_, status, body) => {
    api().post('/api/chat.postMessage').reply(status, body)
    const error = await failure(client.post('C1', message, signal()))
    expect(error).toBeInstanceOf(Error)
    expect(retryTimeOf(error)).toBeUndefined()
  })

  test('a connection that is refused is an error', async () => {
    api().post('/api/chat.postMessage').replyWithError('connect ECONNREFUSED')
    expect(String(await failure(client.post('C1', message, signal())))).toContain('could not be reached')
  })
})
