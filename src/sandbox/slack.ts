import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { callSlackMethod, callWebhook, scopeHeaders } from './slack-methods.ts'
import { createSlackWorkspace, type SlackMessage } from './slack-workspace.ts'

export type { SlackMessage } from './slack-workspace.ts'

export type SlackOptions = {
  /** Milliseconds since 1970, for message times and the limit of a channel; the real clock when absent. */
  clock?: () => number
  /** Channels by name, the bot being in those whose `isMember` is not false. `general` and `releases` when absent. */
  channels?: { name: string; isMember?: boolean; isArchived?: boolean }[]
  /** One message a second for each channel, and 50 updates a minute, as in Slack; off when absent. */
  channelLimit?: boolean
  /** Member IDs by email address; nobody when absent. */
  people?: Record<string, string>
  /** What the bot's token may do; only `chat:write` when absent. */
  scopes?: string[]
}

export type Slack = {
  /** The `slackApiUrl` of `@slack/web-api`. */
  url: string
  /** An incoming webhook for the first channel. */
  webhookUrl: string
  /** A bot token that is accepted, as is any other that begins with `xoxb-`. */
  token: string
  /** Every message, oldest first, as it reads now: an update changes it in place. */
  messages: SlackMessage[]
  /** Replies to a message that is not there: Slack accepts them and shows them nowhere. */
  lost: SlackMessage[]
  /** The methods that were called, oldest first, those that failed included. */
  calls: string[]
  /**
   * The next `times` calls fail: a number is an HTTP status (429 with `retryAfter` seconds, 1 when absent), a word one of
   * Slack's errors, answered with 200 as Slack does.
   */
  fail(times: number, failure: number | string, retryAfter?: number): void
  /** The next `times` calls of a method are carried out, and their answers are lost. */
  loseAnswers(times: number, method: string): void
  /**
   * Somebody presses a button and confirms it: the press goes to an address, signed with a secret. Gives the status of its answer. The
   * message that answers the person is in `answers`.
   */
  press(press: SlackPress): Promise<number>
  /** What was said to whoever pressed a button, oldest first. */
  answers: { text: string; response_type?: string }[]
  /** Somebody archives a channel, removes the bot from it, or undoes that. */
  change(channel: string, to: { isArchived?: boolean; isMember?: boolean }): void
  /** Somebody deletes a message. */
  remove(message: SlackMessage): void
  close(): Promise<void>
}

const WEBHOOK_PATH = '/services/T0000000001/B0000000001/sandbox-webhook'

/** `button`: its text. `at`: when Slack signs it; now when absent. */
export type SlackPress = {
  url: string
  secret: string
  message: SlackMessage
  button: string
  user: string
  at?: Date
}

/** https://docs.slack.dev/reference/interaction-payloads/block_actions-payload/ */
async function pressButton(press: SlackPress, responseUrl: string, now: number): Promise<number> {
  const { url, secret, message, button, user, at = new Date(now) } = press
  const blocks = message.blocks as { type: string; elements?: Button[] }[]
  const found = blocks
    .filter(({ type }) => type === 'actions')
    .flatMap(({ elements = [] }) => elements)
    .find(({ text }) => text.text === button)
  if (!found) throw new Error(`The message has no button "${button}".`)
  const { action_id, value } = found
  const payload = {
    type: 'block_actions',
    user: { id: user },
    channel: { id: message.channel },
    message: { ts: message.ts },
    response_url: responseUrl,
    actions: [{ type: 'button', action_id, value }],
  }
  const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString()
  const timestamp = String(Math.floor(at.getTime() / 1000))
  const signature = `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex')}`
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    'x-slack-request-timestamp': timestamp,
    'x-slack-signature': signature,
  }
  return (await fetch(url, { method: 'POST', headers, body })).status
}

type Button = { text: { text: string }; action_id: string; value: string }

type Failure = { left: number; failure: number | string; retryAfter: number }

/**
 * A local Slack with one workspace and one bot: the methods in `slack-methods.ts`, with form or JSON bodies. Permalinks lead to the message as JSON.
 * https://docs.slack.dev/apis/web-api/
 */
export async function startSlack(options: SlackOptions = {}): Promise<Slack> {
  const { clock = Date.now, channels = [{ name: 'general' }, { name: 'releases' }] } = options
  const { channelLimit = false, people = {}, scopes = ['chat:write'] } = options
  const workspace = createSlackWorkspace({ clock, channels, channelLimit, people, scopes })
  const calls: string[] = []
  const answers: Slack['answers'] = []
  const losses: { left: number; method: string }[] = []
  const failures: Failure[] = []
  const app = new Hono()

  app.post('/api/:method', async (c) => {
    calls.push(c.req.param('method'))
    const failure = failures.find(({ left }) => left > 0)
    if (failure) {
      failure.left -= 1
      return answerFailure(c, failure)
    }
    const { token, args } = await readCall(c)
    const answer = callSlackMethod(workspace, { method: c.req.param('method'), token, args })
    if (!('ok' in answer)) return rateLimited(c, answer.retryAfter)
    const loss = losses.find(({ left, method }) => left > 0 && method === c.req.param('method'))
    if (loss) {
      loss.left -= 1
      return c.text('the sandbox lost the answer', 502)
    }
    return c.json(answer, 200, scopeHeaders(workspace, c.req.param('method'), token))
  })
  app.post(WEBHOOK_PATH, async (c) => {
    calls.push('webhook')
    const failure = failures.find(({ left }) => left > 0)
    if (failure) {
      failure.left -= 1
      return answerFailure(c, failure)
    }
    const { status, text, retryAfter } = callWebhook(workspace, await c.req.json().catch(() => undefined))
    return c.text(text, status, retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) })
  })
  app.post('/actions/:id', async (c) => {
    answers.push(await c.req.json())
    return c.text('ok')
  })
  app.post('/services/*', (c) => c.text('no_service', 404))
  app.get('/archives/:channel/:message', (c) => {
    const message = workspace.byPermalink(c.req.path)
    return message ? c.json(message) : c.notFound()
  })

  const server = createAdaptorServer({ fetch: app.fetch })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  workspace.setOrigin(origin)

  return {
    url: `${origin}/api/`,
    webhookUrl: `${origin}${WEBHOOK_PATH}`,
    token: 'xoxb-sandbox',
    messages: workspace.messages,
    lost: workspace.lost,
    calls,
    answers,
    press: (press) => pressButton(press, `${origin}/actions/1`, clock()),
    fail: (times, failure, retryAfter = 1) => void failures.push({ left: times, failure, retryAfter }),
    loseAnswers: (left, method) => void losses.push({ left, method }),
    change: (name, to) => void Object.assign(workspace.channel(name) ?? {}, to),
    remove: (message) => void workspace.messages.splice(workspace.messages.indexOf(message), 1),
    close: async () => {
      server.close()
      if ('closeAllConnections' in server) server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

/** A call's arguments come as a form, in which structured ones are JSON text, or as a JSON body; the token may be among them. */
async function readCall(c: Context): Promise<{ token: string | undefined; args: Record<string, unknown> }> {
  const isJson = c.req.header('content-type')?.startsWith('application/json')
  const args: Record<string, unknown> = isJson
    ? await c.req.json().catch(() => ({}))
    : await c.req.parseBody()
  const bearer = /^Bearer (.+)$/i.exec(c.req.header('authorization') ?? '')?.[1]
  return { token: bearer ?? (typeof args.token === 'string' ? args.token : undefined), args }
}

function answerFailure(c: Context, { failure, retryAfter }: Failure) {
  if (typeof failure === 'string') return c.json({ ok: false, error: failure })
  if (failure === 429) return rateLimited(c, retryAfter)
  return c.text('the sandbox is set to fail', failure as ContentfulStatusCode)
}

function rateLimited(c: Context, retryAfter: number) {
  return c.json({ ok: false, error: 'ratelimited' }, 429, { 'retry-after': String(retryAfter) })
}
