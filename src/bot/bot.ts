import { type Clock, systemClock, TestClock } from 'pg-boss'
import type { Logger } from 'pino'
import { createAppProbot } from '../services/github/app-client.ts'
import { createClockOffset } from '../services/github/clock-offset.ts'
import { createBudget } from '../services/github/hourly-quota.ts'
import { webUrl } from '../services/github/web-url.ts'
import { processRole } from '../services/metrics.ts'
import { doesWork, type Role } from '../settings/role.ts'
import type { Settings } from '../settings/settings.ts'
import { openDatabase } from '../store/database/open.ts'
import { releaseLeases } from '../store/leases.ts'
import { inOneProcess } from '../store/one-process.ts'
import { createPauses } from '../store/pauses.ts'
import { openQueue } from '../store/queue.ts'
import { startServer } from './http-server.ts'
import { startWork } from './jobs.ts'
import type { Parts } from './parts.ts'
import { startPeriodicTasks } from './periodic-tasks.ts'

/** The running bot. */
export type Bot = {
  url: string
  /** True when no due work is left. */
  idle: () => Promise<boolean>
  /** Moves a simulated clock. Fails under the system clock. */
  setTime: (at: Date) => Promise<void>
  /** Runs one of the periodic tasks now, since no interval ends under a simulated clock. False if another process runs them. */
  runPeriodicTask: (what: string) => Promise<boolean>
  /** Returns the jobs of processes that died to the queue, since pg-boss's timers stand still under a simulated clock. */
  supervise: () => Promise<void>
  stop: () => Promise<void>
}

/** Starts the bot: database, queue, GitHub client, server. Everything is wired together in this folder. */
export async function startBot(
  settings: Settings,
  log: Logger,
  role: Role = 'all',
  more: Pick<Parts, 'threads'> = {},
): Promise<Bot> {
  const parts = { ...(await assemble(settings, log)), ...more }
  processRole.set({ role }, 1)
  const { clock } = parts
  const { database, queue } = parts.shell
  const { url, close } = await startServer(parts, role)
  const periodicTasks = doesWork(role) ? await startWorker(parts) : undefined
  let nudgedAt = 0
  return {
    url,
    idle: async () => {
      const idle = (periodicTasks?.running()?.idle() ?? true) && (await queue.idle())
      // A simulated clock triggers no polling, so nudge the workers to take the next due jobs. While a job runs, that is rarely
      // needed, and a story asks a hundred times a second.
      if (!idle && clock instanceof TestClock && !(queue.busy() && performance.now() - nudgedAt < 200)) {
        nudgedAt = performance.now()
        await queue.nudge()
      }
      return idle
    },
    setTime: async (at) => {
      if (!(clock instanceof TestClock)) throw new Error('Only a simulated clock can be moved.')
      await clock.setTime(at)
      await queue.nudge()
    },
    runPeriodicTask: async (what) => {
      const running = periodicTasks?.running()
      await running?.run(what)
      return running !== undefined
    },
    supervise: queue.supervise,
    stop: async () => {
      await periodicTasks?.leave()
      await close()
      await queue.stop()
      await database.close()
    },
  }
}

async function startWorker(parts: Parts) {
  const { database, queue, now, log } = parts.shell
  await startWork(parts)
  // First apply the calendar changes that happened while no process ran.
  await queue.enqueueTransition(now())
  return inOneProcess(database, 'periodic tasks', () => startPeriodicTasks(parts), { log })
}

async function assemble(settings: Settings, log: Logger): Promise<Parts> {
  const clock: Clock = settings.storyClock ? new TestClock(settings.storyClock) : systemClock
  const now = () => new Date(clock.now())
  const database = await openDatabase({ ...settings.database, log })
  if (database.kind === 'pglite') await releaseLeases(database)
  const queue = await openQueue({ database, clock, log })
  const pauses = createPauses(database, now)
  const budget = createBudget(now)
  const offset = createClockOffset()
  const probot = createAppProbot(settings, log, { now, pauses, budget }, offset)
  const github = async (installationId: number) => {
    await pauses.refresh(installationId)
    return probot.auth(installationId)
  }
  const board = settings.client && settings.publicUrl
  const web = webUrl(settings.apiUrl)
  const operator = { servers: settings.servers, datadog: settings.datadog !== undefined }
  const shell = { database, queue, now, clockAhead: offset.ahead, log, github, board, web, operator }
  const serves = (account: string) => settings.allowedAccounts?.includes(account.toLowerCase()) ?? true
  return { settings, log, clock, shell, probot, budget, serves }
}
