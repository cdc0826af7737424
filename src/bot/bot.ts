import { type Clock, systemClock, TestClock } from 'pg-boss'
import type { Logger } from 'pino'
import type { PullRef } from '../decision/snapshot.ts'
import { createAppProbot } from '../services/github/app-client.ts'
import type { Settings } from '../settings/settings.ts'
import { openDatabase } from '../store/database/open.ts'
import { releaseLeases } from '../store/leases.ts'
import { openQueue } from '../store/queue.ts'
import { touch } from '../store/verdicts.ts'
import { startChores } from './chores.ts'
import { loadEvents } from './events.ts'
import { startWork } from './jobs.ts'
import { closeServer, startServer } from './pages.ts'
import type { Parts } from './parts.ts'

/** The running bot. */
export type Bot = {
  url: string
  /** True when nothing that is due is still to be done. */
  idle: () => Promise<boolean>
  /** Moves a story's clock; refused under the system's clock. */
  setTime: (at: Date) => Promise<void>
  stop: () => Promise<void>
}

/** Starts the bot: state, jobs, GitHub's client, the inbox. Everything is put together here and in `bot/`, nowhere else. */
export async function startBot(settings: Settings, log: Logger): Promise<Bot> {
  const parts = await assemble(settings, log)
  const { clock } = parts
  const { database, queue, now } = parts.shell
  await loadEvents(parts)
  await startWork(parts)
  const { server, url } = await startServer(parts)
  // What the calendar changed while the process was down is caught up first.
  await queue.enqueueTransition(now())
  const chores = startChores(parts)
  return {
    url,
    idle: async () => {
      const idle = chores.every((chore) => chore.idle()) && (await queue.idle())
      // A story's clock fires no poll: of jobs that became due together, each nudge lets the workers take some.
      if (!idle && clock instanceof TestClock) queue.nudge()
      return idle
    },
    setTime: async (at) => {
      if (!(clock instanceof TestClock)) throw new Error('Only the clock of a story can be moved.')
      await clock.setTime(at)
      queue.nudge()
    },
    stop: async () => {
      for (const chore of chores) chore.stop()
      await closeServer(server)
      await queue.stop()
      await database.close()
    },
  }
}

async function assemble(settings: Settings, log: Logger): Promise<Parts> {
  const clock: Clock = settings.storyClock ? new TestClock(settings.storyClock) : systemClock
  const now = () => new Date(clock.now())
  const database = await openDatabase({ ...settings.database, log })
  if (database.kind === 'pglite') await releaseLeases(database)
  const queue = await openQueue({ database, clock, log })
  const probot = createAppProbot(settings, log)
  const shell = { database, queue, now, log, github: (installationId: number) => probot.auth(installationId) }
  const serves = (account: string) => settings.allowedAccounts?.includes(account.toLowerCase()) ?? true
  const enqueue = async (pull: PullRef, sha?: string) => {
    if (!serves(pull.owner)) return
    const green = await touch(database, pull, sha)
    // What may have to be taken back is looked at first.
    await queue.enqueueEvaluate(pull, green ? { priority: 5 } : {})
  }
  return { settings, log, clock, shell, probot, serves, enqueue }
}
