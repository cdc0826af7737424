import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { createTokens } from './auth.ts'
import { tryAutoMerge } from './auto-merge.ts'
import type { GitHubContext, SandboxClock } from './context.ts'
import { createDeliveries, type Deliveries } from './deliveries.ts'
import { etags } from './etags.ts'
import { createFaults, type Faults } from './faults.ts'
import type { HookPayload } from './hookshot.ts'
import { createTurns, type Hub } from './hub.ts'
import { inspection, inspectors } from './inspection.ts'
import { registerApp } from './installations.ts'
import { createLimits, type Limits } from './limits.ts'
import { rebuildQueue } from './merge-queue.ts'
import { createOAuth } from './oauth.ts'
import type { SignInSettings } from './oauth-answers.ts'
import { answerErrors } from './problems.ts'
import { apiRoutes } from './routes/index.ts'
import { createStage, type Stage } from './stage.ts'
import { createWorld, ghost, type World } from './world.ts'

export type SandboxGitHubOptions = { clock?: SandboxClock; folder?: string; port?: number; appSlug?: string }

/** The App under test, with what its process needs to know. */
export type SandboxApp = {
  id: number
  slug: string
  privateKey: string
  webhookSecret: string
  botId: number
  /** May be changed, to play an App that lacks something. */
  permissions: Record<string, 'read' | 'write'>
  events: string[]
}

export type SandboxGitHub = Stage & {
  /** Root of the REST API; the same answers come under `/api/v3`, as on Enterprise Server. */
  url: string
  app: SandboxApp
  clock: SandboxClock
  /** Everything that this GitHub remembers, to be read and never changed. */
  world: World
  /** Answers a request without a socket; rejects where a fault cuts the connection, as `fetch` does. */
  answer(request: Request): Promise<Response>
  requests: Limits
  faults: Faults
  deliveries: Deliveries
  /** How people sign in with the App; the client's ID and secret, and the callback URLs of its settings page. */
  signIn: SignInSettings
  setWebhook(hook: { url: string; secret?: string }): void
  /** Ends when auto-merge, merge queues and deliveries have nothing left to do. */
  settled(): Promise<void>
  close(): Promise<void>
}

/** The App under test has one key in all sandboxes of a process: making one takes 0.1 s. */
let appKeys: ReturnType<typeof makeKeys> | undefined

function makeKeys() {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  })
}

/** Starts a local GitHub on loopback. Time is the clock's; tokens and JWTs live in real time. */
export async function startGitHub(options: SandboxGitHubOptions = {}): Promise<SandboxGitHub> {
  const clock = options.clock ?? Date.now
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'sandbox-github-')))
  appKeys ??= makeKeys()
  const keys = appKeys
  const webhookSecret = randomBytes(24).toString('hex')
  let hook: { url: string; secret: string } | undefined
  const faults = createFaults({ clock })
  const deliveries = createDeliveries({ clock, hook: () => hook, faults: faults.deliveries })
  const limits = createLimits({ clock })
  const turns = createTurns()
  const hub: Hub = {
    url: '',
    world: createWorld(clock()),
    clock,
    folder,
    appId: 0,
    deliver: (event, payload) => {
      for (const inspector of inspectors) inspector.webhook(event, payload)
      deliveries.emit(event, payload as HookPayload)
    },
    ...turns,
    revokeInstallation: (id) => tokens.revokeInstallation(id),
    background: {
      autoMerge: (repository, issue) => tryAutoMerge(hub, repository, issue),
      rebuildQueue: (repository, branch, leaver) =>
        hub.later(repository, () => rebuildQueue(hub, repository, branch, leaver)),
    },
  }
  const app = registerApp(hub, options.appSlug ?? 'release-gate', ghost.id)
  hub.appId = app.id
  const tokens = createTokens({ appId: app.id, publicKey: keys.publicKey })
  const api = new Hono<GitHubContext>()
  api.use(tokens.middleware, limits.middleware, faults.middleware, etags(), inspection())
  api.route('/', deliveries.routes)
  api.route('/', apiRoutes(hub, tokens))
  const oauth = createOAuth(hub, tokens)
  const root = rootOf(api, oauth.routes)
  const { server, url } = await listen(root, options.port ?? 0)
  hub.url = url
  const settled = async () => {
    await turns.settled()
    await deliveries.settled()
  }
  return {
    ...createStage(hub, tokens),
    url,
    app: {
      id: app.id,
      slug: app.slug,
      privateKey: keys.privateKey,
      webhookSecret,
      botId: app.botId,
      permissions: app.permissions,
      events: app.events,
    },
    clock,
    world: hub.world,
    answer: (request) => answerWithoutSocket(root, request),
    requests: limits,
    faults,
    deliveries,
    signIn: oauth.settings,
    setWebhook({ url: target, secret = webhookSecret }) {
      hook = { url: target, secret }
    },
    settled,
    async close() {
      await deliveries.close()
      await turns.settled().catch(() => undefined)
      for (const { git } of hub.world.repositories.values()) git.close()
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        if ('closeAllConnections' in server) server.closeAllConnections()
      })
      if (options.folder === undefined) await rm(folder, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}

type Server = ReturnType<typeof serve>

function rootOf(api: Hono<GitHubContext>, oauth: Hono): Hono<GitHubContext> {
  const root = new Hono<GitHubContext>()
  root.route('/api/v3', oauth)
  root.route('/', oauth)
  root.route('/api/v3', api)
  root.route('/api', api)
  root.route('/', api)
  answerErrors(root)
  return root
}

/** What `fetch` rejects with when the other side closes the connection. */
function cutOff(): TypeError {
  const cause = Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' })
  return new TypeError('fetch failed', { cause })
}

async function answerWithoutSocket(root: Hono<GitHubContext>, request: Request): Promise<Response> {
  let isCut = false
  const destroy = () => {
    isCut = true
  }
  const response = await root.fetch(request, { incoming: { socket: { destroy } } })
  if (isCut) throw cutOff()
  // As every server does, by RFC 9110.
  if (!response.headers.has('date')) response.headers.set('date', new Date().toUTCString())
  return response
}

function listen(root: Hono<GitHubContext>, port: number): Promise<{ server: Server; url: string }> {
  return new Promise((resolve) => {
    const server = serve({ fetch: root.fetch, hostname: '127.0.0.1', port }, (address: AddressInfo) =>
      resolve({ server, url: `http://127.0.0.1:${address.port}` }),
    )
  })
}
