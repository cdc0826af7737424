import pino from 'pino'
import type { HourlyCheckParts } from '../../src/bot/check-repositories.ts'
import type { Lookup } from '../../src/bot/events/reading.ts'
import { hourlyCheck } from '../../src/bot/hourly-check.ts'
import { lookUp } from '../../src/bot/lookups.ts'
import type { Parts } from '../../src/bot/parts.ts'
import type { PullRef } from '../../src/decision/snapshot.ts'
import { evaluate } from '../../src/gate/evaluate.ts'
import type { Shell } from '../../src/gate/shell.ts'
import type { SandboxGitHub } from '../../src/sandbox/github/start.ts'
import { createAppProbot } from '../../src/services/github/app-client.ts'
import { createBudget } from '../../src/services/github/hourly-quota.ts'
import type { Database } from '../../src/store/database.ts'
import { createPauses } from '../../src/store/pauses.ts'
import { retryTimeOf } from '../../src/store/retry-after-error.ts'

export type LogLine = { msg: string; problem?: string; repository?: string; enqueued?: number }

/** The hourly check and the evaluations that it asks for, without any event and without a queue. */
export async function aRepositoryChecker(
  github: SandboxGitHub,
  database: Database,
  more: Pick<HourlyCheckParts, 'smallUpTo'> = {},
) {
  const now = () => new Date(github.clock())
  const lines: LogLine[] = []
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const settings = {
    appId: github.app.id,
    privateKey: github.app.privateKey,
    webhookSecrets: [github.app.webhookSecret] as [string],
    apiUrl: github.url,
  }
  const budget = createBudget(now)
  const pauses = createPauses(database, now)
  const probot = createAppProbot(settings, pino({ level: 'silent' }), { now, pauses, budget })
  const client = async (installationId: number) => {
    await pauses.refresh(installationId)
    return probot.auth(installationId)
  }
  const asked: { pull: PullRef; green: boolean }[] = []
  const notices: object[] = []
  const enqueueNotice = async (notice: object) => void notices.push(notice)
  const queue: HourlyCheckParts['shell']['queue'] = {
    enqueueAll: async (pulls) => void asked.push(...pulls),
    enqueueNotice,
  }
  const parts: HourlyCheckParts = {
    shell: { database, now, github: client, queue },
    log,
    probot,
    budget,
    serves: () => true,
    ...more,
  }
  const nothing = async () => undefined
  const shell: Shell = {
    database,
    now,
    log,
    github: client,
    queue: {
      enqueueEvaluate: async (pull) => void asked.push({ pull, green: false }),
      enqueueRecheck: nothing,
      enqueueTransition: nothing,
      enqueueIncident: nothing,
      enqueueMerging: nothing,
      enqueueNotice,
      enqueueRegression: nothing,
    },
  }
  const start = () => hourlyCheck(parts, new AbortController().signal)
  let look = start()
  const names = () => asked.map(({ pull }) => `${pull.owner}/${pull.repo}#${pull.number}`).sort()
  return {
    database,
    budget,
    log: lines,
    notices,
    /** Checks, and gives what is to be read, as `owner/name#number`; nothing is read yet. */
    look: async (): Promise<string[]> => {
      await look()
      return names()
    },
    /** Asks GitHub what an event concerns, and gives what is to be read, also where that failed. */
    lookUp: async (lookup: Lookup): Promise<{ toRead: string[]; problem: string | undefined }> => {
      const problem = await lookUp(parts as Parts, lookup, 'delivery').then(() => undefined, String)
      return { toRead: names(), problem }
    },
    /** Reads everything that was asked for until nothing more is. `wait` lets the time of a limit pass. */
    read: async (wait?: () => void) => {
      for (let next = asked.shift(); next; next = asked.shift()) {
        try {
          await evaluate(shell, next.pull)
        } catch (error) {
          if (!wait || retryTimeOf(error) === undefined) throw error
          wait()
          asked.unshift(next)
        }
      }
    },
    /** What a restart of the bot does to the check: it begins anew, on what is stored. */
    restart: () => {
      look = start()
    },
  }
}
