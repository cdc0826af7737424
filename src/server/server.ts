import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { webhookSecretProblems } from './secrets.ts'
import { type WebhookOptions, webhookHandler } from './webhook.ts'

export type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

/** The state of each thing that the bot cannot work without, by its name. */
export type Readiness = { ok: boolean; checks: Record<string, 'ok' | string> }

export type ServerOptions = WebhookOptions & {
  ready: () => Promise<Readiness>
  /** Further pages, by method and path without the query; nothing for what is not there. */
  routes?: (method: string, path: string) => Handler | undefined
}

export const WEBHOOK_PATH = '/api/github/webhooks'

/**
 * Our HTTP front: the webhook inbox, `/healthz` (the process lives) and `/readyz` (database and queue answer). All else is
 * 404, Probot's `/probot/setup` and `/probot/import` among it, unless `routes` knows it.
 *
 * Probot's own middleware is not used: rules/ingest.md, "Webhooks", says why.
 *
 * @throws when a webhook secret is missing or short.
 */
export function createServer(options: ServerOptions): Server {
  const problems = webhookSecretProblems(options.secrets)
  if (problems.length > 0) throw new Error(problems.join(' '))
  const webhook = webhookHandler(options)
  const own: Record<string, Handler> = {
    [`POST ${WEBHOOK_PATH}`]: webhook,
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
  return server
}

/** A sender that trickles its headers is cut off as well; Node looks at the connections each second. */
const LIMITS = {
  headersTimeout: 5_000,
  requestTimeout: 15_000,
  connectionsCheckingInterval: 1_000,
  maxHeaderSize: 16_384,
}

const notFound: Handler = (request, response) => {
  // The body of what nobody asked for is not read.
  if (!request.complete) response.setHeader('connection', 'close')
  sendJson(response, 404, { error: 'Not found.' })
}

async function sendReadiness(response: ServerResponse, options: ServerOptions): Promise<void> {
  const readiness = await options.ready().catch((error): Readiness => {
    options.log.error({ problem: String(error) }, 'Readiness could not be found out')
    return { ok: false, checks: { readiness: 'failed' } }
  })
  sendJson(response, readiness.ok ? 200 : 503, readiness)
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(`${JSON.stringify(body)}\n`)
}
