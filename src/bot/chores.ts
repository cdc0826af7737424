import type { PullRef } from '../decision/snapshot.ts'
import type { DoctorClients } from '../doctor/gather.ts'
import type { Probe } from '../doctor/probes.ts'
import { slackProbe } from '../doctor/slack-probe.ts'
import { stagingProbes } from '../doctor/staging-probes.ts'
import { parsePolicy } from '../policy/policy-file.ts'
import { deliveriesClient } from '../services/github/deliveries.ts'
import type { PolicyFile } from '../services/github/policy.ts'
import { recover } from '../services/github/recovery.ts'
import { lastReceivedAt } from '../store/inbox.ts'
import { keepValidPolicy } from '../store/policies.ts'
import { countedPulls } from '../store/verdicts/waiting.ts'
import { events } from './app.ts'
import { runDailyCheck } from './daily.ts'
import type { Parts } from './parts.ts'
import { reconcile } from './reconcile.ts'
import { type Chore, minute, repeatedly } from './repeatedly.ts'

/** How far before the last received delivery to search for missed ones, since deliveries arrive out of order. */
const recoveryMargin = 60 * minute

/** Starts the periodic work. Each task also runs at startup. */
export function startChores(parts: Parts): Chore[] {
  const { log, shell, settings } = parts
  const { recordsMonths } = settings
  return [
    repeatedly('The hourly reconciliation', 60 * minute, () => enqueueEverything(parts), log),
    repeatedly('Requesting missed deliveries', 5 * minute, () => fetchMissed(parts), log),
    repeatedly(
      'The daily check',
      60 * minute,
      async () => runDailyCheck({ ...shell, recordsMonths, log, clients: await clients(parts) }),
      log,
    ),
  ]
}

async function enqueueEverything({ shell, probot, serves, enqueue, log }: Parts): Promise<void> {
  const { database, github } = shell
  // A repository without pull requests still has a channel and a calendar.
  const found = async (repository: Omit<PullRef, 'number'>, file: PolicyFile) => {
    if (parsePolicy(file.text).ok) await keepValidPolicy(database, repository, file)
    // Includes pull requests that were closed or merged while their event was lost.
    for (const pull of await countedPulls(database, repository)) await enqueue(pull)
  }
  const asked = await reconcile({ app: await probot.auth(), github, enqueue, serves, found, log })
  log.info({ pulls: asked }, 'Enqueued every open pull request')
}

async function fetchMissed({ shell, probot, log }: Parts): Promise<void> {
  const last = await lastReceivedAt(shell.database)
  const since = last && new Date(last.getTime() - recoveryMargin)
  const client = deliveriesClient(await probot.auth())
  const { asked, refused } = await recover(client, { now: shell.now(), events, ...(since ? { since } : {}) })
  if (asked.length + refused.length > 0) {
    log.info({ asked, refused }, 'Requested missed deliveries again')
  }
}

/** The clients and probes of the daily check. */
async function clients({ settings, shell, probot, serves }: Parts): Promise<DoctorClients> {
  const { database, queue, github, now } = shell
  const answers = (asked: Promise<unknown>) => asked.then(() => 'It answers.')
  const probes: Probe[] = [
    { name: 'database', run: () => answers(database.query('SELECT 1')) },
    { name: 'queue', run: () => answers(queue.ping()) },
    ...(settings.slack ? [slackProbe(settings.slack)] : []),
    ...stagingProbes(settings.servers),
  ]
  return { app: await probot.auth(), installation: github, serves, probes, now }
}
