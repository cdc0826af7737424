import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { Socket } from 'node:net'
import { webhookSecretProblems } from './secrets.ts'
import { type Began, type WebhookOptions, webhookHandler } from './webhook.ts'

export type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

/** The state of each required dependency, by name. */
export type Readiness = {
  ok: boolean
  checks: Record<string, 'ok' | string>
  /** How old the hourly check is, for `doctor`; late ones do not make the bot unready. */
  looks?: object
  /** For how many channels notices wait, since Slack takes nothing for them; nor does that. Their names are not for everyone. */
  refusedChannels?: number
}

export type ServerOptions = Omit<WebhookOptions, 'inbox'> & {
  /** Without it, no webhooks are taken. */
  inbox?: WebhookOptions['inbox'] | undefined
  ready: () => Promise<Readiness>
  /** More routes, by method and path without the query. Undefined: 404. */
  routes?: (method: string, path: string) => Handler | undefined
}

export const WEBHOOK_PATH = '/api/github/webhooks'

/**
 * The HTTP server: the webhook inbox, `/healthz` (the process is alive), `/readyz` (database and queue work) and `routes`.
 * Everything else is 404, including Probot's `/probot/setup` and `/probot/import`.
 *
 * Probot's own middleware is not used: it would answer before a delivery is stored, and serve the setup pages.
 *
 * @throws when a webhook secret is missing or short.
 */
export function createServer(options: ServerOptions): Server {
  const problems = webhookSecretProblems(options.secrets)
  if (problems.length > 0) throw new Error(problems.join(' '))
  const { inbox } = options
  const { began, note } = connectionTimes()
  const own: Record<string, Handler> = {
    ...(inbox && { [`POST ${WEBHOOK_PATH}`]: webhookHandler({ ...options, inbox }, began) }),
    'GET /healthz': (_, response) => sendJson(response, 200, { ok: true }),
    'GET /readyz': (_, response) => sendReadiness(response, options),
  }
  const find = (method: string, path: string) => own[`${method} ${path}`] ?? options.routes?.(method, path)
  const server = createHttpServer(LIMITS, (request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/'
    const handler = find(request.method ?? 'GET', path) ?? notFound
    Promise.resolve(handler(request, response)).catch((error) => {
      options.log.error({ problem: String(error), path }, 'A request failed')
      if (!response.headersSent) sendJson(response, 500, { error: 'Something went wrong.' })
      else response.destroy()
    })
  })
  return server.on('connection', note)
}

/** GitHub's patience begins with the connection, before the headers are there. A connection that is kept begins anew with each request. */
function connectionTimes(): { began: Began; note: (socket: Socket) => void } {
  const fresh = new WeakMap<Socket, number>()
  return {
    note: (socket) => void fresh.set(socket, performance.now()),
    began: ({ socket }) => {
      const at = fresh.get(socket) ?? performance.now()
      fresh.delete(socket)
      return at
    },
  }
}

/** Also disconnects senders that trickle their headers. Node checks connections once a second. */
const LIMITS = {
  headersTimeout: 5_000,
  requestTimeout: 15_000,
  connectionsCheckingInterval: 1_000,
  maxHeaderSize: 16_384,
}

const notFound: Handler = (request, response) => {
  // The body of an unknown route is not read.
  if (!request.complete) response.setHeader('connection', 'close')
  sendJson(response, 404, { error: 'Not found.' })
}

async function sendReadiness(response: ServerResponse, options: ServerOptions): Promise<void> {
  const readiness = await options.ready().catch((error): Readiness => {
    options.log.error({ problem: String(error) }, 'The readiness check failed')
    return { ok: false, checks: { readiness: 'failed' } }
  })
  sendJson(response, readiness.ok ? 200 : 503, readiness)
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(`${JSON.stringify(body)}\n`)
}
