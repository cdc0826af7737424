import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Clock, systemClock, TestClock } from 'pg-boss'
import type { Logger } from 'pino'
import { Probot } from 'probot'
import { events, releaseGate } from './app.ts'
import type { PullRef } from './decision/snapshot.ts'
import { evaluate, type Shell } from './evaluate.ts'
import { openPulls, reconcile } from './reconcile.ts'
import { createServer, type Readiness } from './server.ts'
import { releaseLeases } from './services/check-runs.ts'
import { type Database, openDatabase } from './services/database.ts'
import { GateOctokit, revoked } from './services/github/client.ts'
import { conditionalFetch } from './services/github/conditional-fetch.ts'
import { markFailed, markProcessed, readDelivery, storeDelivery } from './services/inbox.ts'
import { openQueue, type Queue } from './services/queue.ts'
import { verdictsOnHead } from './services/verdicts.ts'
import type { Settings } from './settings.ts'

/** The running bot. */
export type Bot = {
  url: string
  /** True when nothing that is due is still to be done. */
  idle: () => Promise<boolean>
  /** Moves a story's clock; refused under the system's clock. */
  setTime: (at: Date) => Promise<void>
  stop: () => Promise<void>
}

const reconcileEvery = 60 * 60 * 1000

/** Starts the bot: state, jobs, GitHub's client, the inbox. Everything is put together here, and nowhere else. */
export async function startBot(settings: Settings, log: Logger): Promise<Bot> {
  const clock: Clock = settings.storyClock ? new TestClock(settings.storyClock) : systemClock
  const now = () => new Date(clock.now())
  const database = await openDatabase({ ...settings.database, log })
  if (database.kind === 'pglite') await releaseLeases(database)
  const queue = await openQueue({ database, clock, log })
  const probot = createProbot(settings, log)
  const github = (installationId: number) => probot.auth(installationId)
  const shell: Shell = { database, queue, now, log, github }
  const serves = (account: string) => settings.allowedAccounts?.includes(account.toLowerCase()) ?? true
  const enqueue = async (pull: PullRef) => {
    if (serves(pull.owner)) await queue.enqueueEvaluate(pull)
  }
  await probot.load(
    releaseGate(enqueue, {
      openPulls: async (repository) => openPulls(await github(repository.installationId), repository),
      pullsOnHead: async (repository, sha) =>
        (await verdictsOnHead(database, repository, sha)).map(({ pull }) => pull.number),
    }),
  )
  await work(shell, queue, probot)
  const server = createServer({
    inbox: async (received) => {
      await storeDelivery(database, received, now(), (id, tx) => queue.enqueueDelivery(id, { tx }))
    },
    events,
    secrets: settings.webhookSecrets,
    ready: () => readiness(database, queue),
    log,
  })
  const url = await listen(server, settings)
  const lookAtAll = async () => {
    const asked = await reconcile({ app: await probot.auth(), github, enqueue, serves, log })
    log.info({ pulls: asked }, 'Every open pull request is looked at again')
  }
  const looking = repeatedly(lookAtAll, reconcileEvery, log)
  return {
    url,
    idle: async () => looking.idle() && (await queue.idle()),
    setTime: async (at) => {
      if (!(clock instanceof TestClock)) throw new Error('Only the clock of a story can be moved.')
      await clock.setTime(at)
      queue.nudge()
    },
    stop: async () => {
      looking.stop()
      await close(server)
      await queue.stop()
      await database.close()
    },
  }
}

function createProbot(settings: Settings, log: Logger): Probot {
  const [secret] = settings.webhookSecrets
  return new Probot({
    appId: settings.appId,
    privateKey: settings.privateKey,
    secret,
    baseUrl: settings.apiUrl,
    Octokit: GateOctokit,
    request: { fetch: conditionalFetch() },
    // Probot logs whole payloads at its lower levels.
    log: log.child({}, { level: 'warn' }),
  })
}

async function work(shell: Shell, queue: Queue, probot: Probot): Promise<void> {
  const { database, now, log } = shell
  await queue.work({
    delivery: (id) => takeDelivery(database, probot, id, now),
    evaluate: async (pull, signal) => {
      try {
        await evaluate(shell, pull, signal)
      } catch (error) {
        if (!revoked(error)) throw error
        log.warn(
          { installation: pull.installationId },
          'The installation is gone or suspended; nothing can be published for it',
        )
      }
    },
    notice: async () => {},
    dead: async ({ queue: name, data, problem }) => {
      if (name === 'deliveries' && 'id' in data) await markFailed(database, String(data.id), problem, now())
    },
  })
}

/** Hands a stored delivery to Probot, which turns it into the pull requests to look at. */
async function takeDelivery(database: Database, probot: Probot, id: string, now: () => Date): Promise<void> {
  const delivery = await readDelivery(database, id)
  if (delivery?.state !== 'received') return
  const payload = JSON.parse(Buffer.from(delivery.body).toString('utf8'))
  await probot.receive({ id: delivery.guid, name: delivery.event, payload } as Parameters<
    Probot['receive']
  >[0])
  await markProcessed(database, id, now())
}

async function readiness(database: Database, queue: Queue): Promise<Readiness> {
  const [db, jobs] = await Promise.allSettled([database.query('SELECT 1'), queue.ping()])
  const say = (result: PromiseSettledResult<unknown>) =>
    result.status === 'fulfilled' ? 'ok' : 'does not answer'
  const checks = { database: say(db), queue: say(jobs) }
  return { ok: Object.values(checks).every((check) => check === 'ok'), checks }
}

/** Does the work now and then again and again, never twice at a time. A failure is told and tried again next time. */
function repeatedly(
  task: () => Promise<void>,
  every: number,
  log: Logger,
): { stop: () => void; idle: () => boolean } {
  let running = true
  const once = async () => {
    running = true
    await task().catch((error: unknown) =>
      log.error({ problem: String(error) }, 'Looking at all pull requests failed'),
    )
    running = false
  }
  void once()
  const timer = setInterval(() => void (running || once()), every)
  return { stop: () => clearInterval(timer), idle: () => !running }
}

async function listen(server: Server, { host, port }: Settings): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const { port: taken } = server.address() as AddressInfo
  return `http://${host.includes(':') ? `[${host}]` : host}:${taken}`
}

async function close(server: Server): Promise<void> {
  server.closeIdleConnections()
  await new Promise((resolve) => server.close(resolve))
}
