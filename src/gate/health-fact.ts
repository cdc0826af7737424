import { namesOf } from '../decision/incidents/naming.ts'
import { isUnresolvedAt } from '../decision/incidents/resolution.ts'
import type { Policy } from '../decision/policy.ts'
import type { Snapshot } from '../decision/snapshot.ts'
import type { Queryable, Transaction } from '../store/database.ts'
import { listIncidents } from '../store/incidents.ts'
import { incidentsOfMonitors, monitorsOf, statesBefore } from '../store/monitors.ts'
import type { Queue } from '../store/queue.ts'

type Place = { installationId: number }

/** What the gate `production_health` needs: the states that the bot keeps, and the incidents that the alerts opened. */
export async function healthFact(
  db: Queryable,
  { installationId }: Place,
  policy: Policy | undefined,
): Promise<Pick<Snapshot, 'health'>> {
  const ids = policy?.gates.production_health?.monitors.map(({ id }) => id)
  if (!ids) return {}
  const known = await monitorsOf(db, ids)
  const names = await namesByMonitor(db, installationId, ids)
  return {
    health: {
      monitors: known.map(({ id, state, readAt }) => ({
        id,
        state,
        readAt: readAt?.toISOString() ?? null,
        incidents: names.get(id) ?? [],
      })),
    },
  }
}

/** As of a time that is past. A monitor that had not been read shortly before it counts as unknown, as it did then. */
export async function healthFactAt(
  db: Queryable,
  { installationId }: Place,
  policy: Policy | undefined,
  at: Date,
): Promise<Pick<Snapshot, 'health'>> {
  const ids = policy?.gates.production_health?.monitors.map(({ id }) => id)
  if (!ids) return {}
  const states = await statesBefore(db, ids, at)
  const lastRead = new Map((await monitorsOf(db, ids)).map(({ id, readAt }) => [id, readAt]))
  const names = await namesByMonitor(db, installationId, ids, at)
  return {
    health: {
      monitors: ids.map((id) => ({
        id,
        state: states[String(id)] ?? 'Unknown',
        readAt: earlier(lastRead.get(id) ?? null, at)?.toISOString() ?? null,
        incidents: names.get(id) ?? [],
      })),
    },
  }
}

/** The history names each gap between two readings, so only the time since the last reading is left to tell. */
function earlier(readAt: Date | null, at: Date): Date | null {
  return readAt !== null && readAt > at ? at : readAt
}

/** The names of the incidents that their alerts opened and that are open, or were at a time. */
async function namesByMonitor(
  db: Queryable,
  installationId: number,
  ids: number[],
  at?: Date,
): Promise<Map<number, string[][]>> {
  const rows = await incidentsOfMonitors(db, installationId, ids)
  const listed = rows.length > 0 ? await listIncidents(db, { open: at === undefined }) : []
  const incidents = listed.filter(({ facts }) => at === undefined || isUnresolvedAt(facts, at.getTime()))
  const found = rows.flatMap(({ id, repositoryId, number }) => {
    const incident = incidents.find(
      (one) => one.number === number && one.repository.repositoryId === repositoryId,
    )
    return incident ? [{ id, names: namesOf(incident) }] : []
  })
  return new Map(ids.map((id) => [id, found.filter((one) => one.id === id).map(({ names }) => names)]))
}

/** Requests that monitors be read for checks that would turn green. */
export async function requestMonitors(
  queue: Pick<Queue, 'enqueueIncident'>,
  monitors: number[],
  options: { tx?: Transaction } = {},
): Promise<void> {
  const ids = [...new Set(monitors)].sort((a, b) => a - b)
  if (ids.length > 0) await queue.enqueueIncident({ task: 'monitors', ids }, options)
}
