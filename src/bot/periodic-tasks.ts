import { setTimeout } from 'node:timers/promises'
import type { DoctorClients } from '../doctor/gather.ts'
import { hourlyCheckProbe } from '../doctor/hourly-check-probe.ts'
import type { Probe } from '../doctor/probes.ts'
import { refusedChannelsProbe } from '../doctor/refused-channels-probe.ts'
import { slackProbe } from '../doctor/slack-probe.ts'
import { stagingProbes } from '../doctor/staging-probes.ts'
import { revokeOverdue } from '../gate/unverified.ts'
import { hourlyIncidentCheck } from '../incidents/hourly.ts'
import { readMonitors } from '../incidents/monitors.ts'
import { followUpUnfinished } from '../merges/following-up.ts'
import { failOpenGroupsEverywhere } from '../merges/open-groups.ts'
import { runAll } from '../merges/run-all.ts'
import { periodicTasks } from '../services/metrics.ts'
import { hourlyCheckAges } from '../store/hourly-checks.ts'
import { refusedChannels } from '../store/notices.ts'
import { keptShared } from '../store/policies.ts'
import { clockCheck } from './clock-check.ts'
import { runDailyCheck } from './daily.ts'
import { checkEvery, hourlyCheck } from './hourly-check.ts'
import { requestMissed } from './missed-deliveries.ts'
import type { Parts } from './parts.ts'
import { minute, type PeriodicTask, startPeriodicTask } from './periodic-task.ts'
import { postReleaseNotes } from './release-notes.ts'

/** So long a stop waits for the tasks that run. Each is done again by the process that runs them next. */
const patience = 10_000

/** The periodic tasks. `run` starts a round of one of them. */
export type PeriodicTasks = Pick<PeriodicTask, 'idle' | 'stop'> & { run: (what: string) => Promise<void> }

/** Starts the periodic tasks. Each also runs at the start. One process at a time runs them. */
export function startPeriodicTasks(parts: Parts): PeriodicTasks {
  const stopping = new AbortController()
  const tasks = allPeriodicTasks(parts, stopping.signal)
  periodicTasks.set(1)
  return {
    idle: () => tasks.every((task) => task.idle()),
    run: async (what) => tasks.find((task) => task.what === what)?.run(),
    stop: async () => {
      periodicTasks.set(0)
      stopping.abort(new Error('the periodic tasks were stopped'))
      const stopped = Promise.all(tasks.map((task) => task.stop()))
      const waited = new AbortController()
      await Promise.race([stopped, setTimeout(patience, undefined, waited)])
      waited.abort()
    },
  }
}

function allPeriodicTasks(parts: Parts, signal: AbortSignal): PeriodicTask[] {
  const { log, shell, settings } = parts
  const { recordsMonths, servers, paging, jira, datadog } = settings
  const startedAt = shell.now()
  const checkIncidents = hourlyIncidentCheck({ ...shell, paging, jira, datadog }, parts.serves)
  return [
    startPeriodicTask('The hourly check', checkEvery, hourlyCheck(parts, signal), log),
    // More often than each is read, so that no reading is a round late.
    startPeriodicTask('Reading the monitors', 20_000, () => readMonitors({ ...shell, datadog }, signal), log),
    startPeriodicTask('The hourly incident check', 5 * minute, () => checkIncidents(signal), log),
    startPeriodicTask(
      'Posting release notes',
      5 * minute,
      () => postReleaseNotes({ ...shell, log }, startedAt),
      log,
    ),
    startPeriodicTask(
      'Revoking what could not be verified',
      10_000,
      () => runAll([failOpenGroupsEverywhere(shell), revokeOverdue(shell, signal)]),
      log,
    ),
    startPeriodicTask('Comparing the clock with GitHub', minute, clockCheck(shell, log), log),
    startPeriodicTask('Following up merges and pushes', 60 * minute, () => followUpUnfinished(shell), log),
    startPeriodicTask('Requesting missed deliveries', 5 * minute, () => fetchMissed(parts), log),
    startPeriodicTask(
      'The daily check',
      60 * minute,
      async () => runDailyCheck({ ...shell, recordsMonths, servers, log, clients: await clients(parts) }),
      log,
    ),
  ]
}

async function fetchMissed({ shell, probot, log }: Parts): Promise<void> {
  const { asked, refused } = await requestMissed(shell, await probot.auth())
  if (asked.length + refused.length > 0) log.info({ asked, refused }, 'Requested missed deliveries again')
}

/** The clients and probes of the daily check. */
async function clients({ settings, shell, probot, serves }: Parts): Promise<DoctorClients> {
  const { database, queue, github, now } = shell
  const answers = (asked: Promise<unknown>) => asked.then(() => 'It answers.')
  const probes: Probe[] = [
    { name: 'database', run: () => answers(database.query('SELECT 1')) },
    { name: 'queue', run: () => answers(queue.ping()) },
    hourlyCheckProbe(() => hourlyCheckAges(database), now),
    ...(settings.slack || settings.slackWebhook
      ? [refusedChannelsProbe(async () => (await refusedChannels(database, now())).length)]
      : []),
    ...(settings.slack ? [slackProbe(settings.slack)] : []),
    ...stagingProbes(settings.servers),
  ]
  const kept = (installationId: number) => keptShared(database, installationId)
  return { app: await probot.auth(), installation: github, serves, probes, keptShared: kept, now }
}
