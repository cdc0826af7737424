import { datadogKeysUnset } from '../decision/gates/production-health.ts'
import type { RepositoryRef } from '../decision/merge-task.ts'
import { allGates } from '../decision/overrides.ts'
import { staleMonitors } from '../gate/may-turn-green.ts'
import { parsePolicy } from '../policy/policy-file.ts'
import { type Datadog, readMonitor } from '../services/datadog.ts'
import type { Transaction } from '../store/database.ts'
import { claimReading, monitorsOf, openIncidentsOfMonitors, saveMonitor } from '../store/monitors.ts'
import { keptPolicies } from '../store/policies.ts'
import { retryAfterError } from '../store/retry-after-error.ts'
import { markChanged } from '../store/verdicts/changes.ts'
import type { IncidentShell } from './shell.ts'

type Shell = Pick<IncidentShell, 'database' | 'log' | 'now'> & {
  queue: Pick<IncidentShell['queue'], 'enqueueAll' | 'enqueueIncident'>
  datadog: Datadog | undefined
}

/**
 * Reads the monitors that policies name and those whose alerts opened an incident, each at most once a minute. Where one changed, pull
 * requests are read again, and its incident, where a comment says it. A monitor that cannot be read is unreachable, which is a state in which
 * nothing passes.
 */
export async function readMonitors(shell: Shell, signal: AbortSignal): Promise<void> {
  for (const [id, repositories] of await monitorsToRead(shell)) await read(shell, id, repositories, signal)
}

/**
 * Reads the monitors that checks wait for to turn green, and has these written. Nothing of the pull requests is read again where
 * their monitors say what they said before.
 * @throws `retryAfterError` while another process reads one of them.
 */
export async function readMonitorsForGreen(
  shell: Shell & { queue: Pick<IncidentShell['queue'], 'enqueueTransition'> },
  ids: number[],
  signal: AbortSignal,
): Promise<void> {
  const named = await monitorsToRead(shell)
  await Promise.all(ids.map((id) => read(shell, id, named.get(id) ?? [], signal)))
  const stale = staleMonitors(await monitorsOf(shell.database, ids), shell.now())
  if (stale.length > 0)
    throw retryAfterError(new Date(shell.now().getTime() + 2_000), `the monitor ${stale[0]} is being read`)
  await shell.queue.enqueueTransition(shell.now())
}

/** Old is what a monitor said when it was asked, not when it answered. */
async function read(shell: Shell, id: number, repositories: RepositoryRef[], signal: AbortSignal) {
  const at = shell.now()
  if (!(await claimReading(shell.database, id, at))) return
  const state = await stateOf(shell, id, signal)
  await saveMonitor(shell.database, id, state, at, async (tx) => {
    await readAgain(shell, tx, repositories)
    for (const { repository, number } of await openIncidentsOfMonitors(tx, id))
      await shell.queue.enqueueIncident({ task: 'look', repository, number }, { tx })
  })
}

async function stateOf({ datadog, log, now }: Shell, id: number, signal: AbortSignal): Promise<string> {
  if (!datadog) return datadogKeysUnset
  try {
    return await readMonitor(datadog, id, { signal, now })
  } catch (error) {
    log.warn({ monitor: id, problem: String(error) }, 'A monitor could not be read')
    return 'Unreachable'
  }
}

/** By their ids, with the repositories whose policies name them. */
async function monitorsToRead({ database, datadog }: Shell): Promise<Map<number, RepositoryRef[]>> {
  const alerted = datadog ? await openIncidentsOfMonitors(database) : []
  const named = new Map<number, RepositoryRef[]>(alerted.map(({ id }) => [id, []]))
  for (const { text, blob: _, ...repository } of await keptPolicies(database)) {
    if (!text.includes('production_health')) continue
    const read = parsePolicy(text)
    const monitors = read.ok
      ? allGates(read.policy).flatMap((gates) => gates.production_health?.monitors ?? [])
      : []
    for (const { id } of monitors) named.set(id, [...(named.get(id) ?? []), repository])
  }
  return named
}

/** In the transaction of the reading: no check can turn green on what the monitor said before. */
async function readAgain({ queue }: Shell, tx: Transaction, repositories: RepositoryRef[]): Promise<void> {
  for (const { installationId, repositoryId } of repositories)
    await queue.enqueueAll(await markChanged(tx, { installationId, repositoryId }), { tx })
}
