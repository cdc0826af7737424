import type { RepositoryRef } from '../decision/merge-task.ts'
import { allGates } from '../decision/overrides.ts'
import { parsePolicy } from '../policy/policy-file.ts'
import { type Datadog, readMonitor } from '../services/datadog.ts'
import { claimReading, saveMonitor } from '../store/monitors.ts'
import { keptPolicies } from '../store/policies.ts'
import { markChanged } from '../store/verdicts/changes.ts'
import type { IncidentShell } from './shell.ts'

type Shell = Pick<IncidentShell, 'database' | 'log' | 'now' | 'queue'> & { datadog: Datadog | undefined }

/**
 * Reads the monitors that policies name, each at most once a minute, and has pull requests read again where one changed. A
 * monitor that cannot be read is unreachable, which is a state in which nothing passes.
 */
export async function readMonitors(shell: Shell, signal: AbortSignal): Promise<void> {
  for (const [id, repositories] of await namedMonitors(shell)) {
    if (!(await claimReading(shell.database, id, shell.now()))) continue
    const state = await stateOf(shell, id, signal)
    if (await saveMonitor(shell.database, id, state, shell.now())) await readAgain(shell, repositories)
  }
}

async function stateOf({ datadog, log, now }: Shell, id: number, signal: AbortSignal): Promise<string> {
  if (!datadog) return 'Unreachable: DATADOG_API_KEY and DATADOG_APP_KEY are not set'
  try {
    return await readMonitor(datadog, id, { signal, now })
  } catch (error) {
    log.warn({ monitor: id, problem: String(error) }, 'A monitor could not be read')
    return 'Unreachable'
  }
}

async function namedMonitors({ database }: Shell): Promise<Map<number, RepositoryRef[]>> {
  const named = new Map<number, RepositoryRef[]>()
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

async function readAgain({ database, queue }: Shell, repositories: RepositoryRef[]): Promise<void> {
  for (const { installationId, repositoryId } of repositories)
    await database.transaction(async (tx) =>
      queue.enqueueAll(await markChanged(tx, { installationId, repositoryId }), { tx }),
    )
}
