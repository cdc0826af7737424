import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { events } from '../app.ts'
import type { FeedEntry } from '../calendar-feed.ts'
import { calendarPath } from '../calendar-link.ts'
import { carryOutFreeze } from '../freeze.ts'
import { parsePolicy } from '../policy-file.ts'
import { calendarHandler } from '../server/calendar.ts'
import { freezeHandler, freezePath } from '../server/freeze.ts'
import { statusHandler, statusPath } from '../server/status.ts'
import { createServer, type Handler, type Readiness } from '../server.ts'
import type { Database } from '../services/database.ts'
import { storeDelivery } from '../services/inbox.ts'
import { keptPolicies } from '../services/policies.ts'
import type { Queue } from '../services/queue.ts'
import { statusOf } from '../status.ts'
import type { Parts } from './parts.ts'

/** Listens: the webhook inbox, health, the calendar feed, and orders of the command line. */
export async function startServer({ settings, shell, log }: Parts): Promise<{ server: Server; url: string }> {
  const { database, queue, now } = shell
  const secrets = settings.webhookSecrets
  const pages: Record<string, Handler> = {
    [`GET ${calendarPath}`]: calendarHandler({ entries: () => windows(database), secrets, now }),
    [`POST ${freezePath}`]: freezeHandler({ secrets, order: (wish) => carryOutFreeze(shell, wish) }),
    [`POST ${statusPath}`]: statusHandler({ secrets, status: () => statusOf(shell) }),
  }
  const server = createServer({
    inbox: async (received) => {
      await storeDelivery(database, received, now(), (id, tx) => queue.enqueueDelivery(id, { tx }))
    },
    events,
    secrets,
    ready: () => readiness(database, queue),
    routes: (method, path) => pages[`${method} ${path}`],
    log,
  })
  return { server, url: await listen(server, settings) }
}

export async function closeServer(server: Server): Promise<void> {
  server.closeIdleConnections()
  await new Promise((resolve) => server.close(resolve))
}

async function listen(server: Server, { host, port }: { host: string; port: number }): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const { port: taken } = server.address() as AddressInfo
  return `http://${host.includes(':') ? `[${host}]` : host}:${taken}`
}

async function readiness(database: Database, queue: Queue): Promise<Readiness> {
  const [db, jobs] = await Promise.allSettled([database.query('SELECT 1'), queue.ping()])
  const say = (result: PromiseSettledResult<unknown>) =>
    result.status === 'fulfilled' ? 'ok' : 'does not answer'
  const checks = { database: say(db), queue: say(jobs) }
  return { ok: Object.values(checks).every((check) => check === 'ok'), checks }
}

/** The release window of every repository whose policy has one. */
async function windows(database: Database): Promise<FeedEntry[]> {
  return (await keptPolicies(database)).flatMap(({ owner, repo, text }) => {
    const read = parsePolicy(text)
    const window = read.ok ? read.policy.gates.release_window : undefined
    return window ? [{ name: `${owner}/${repo}`, window }] : []
  })
}
