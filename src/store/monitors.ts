import { readingFreshFor } from '../decision/gates/production-health.ts'
import { type HealthSettings, healthSettings } from '../decision/health-settings.ts'
import type { AlertedMonitor } from '../decision/incidents/monitor-notes.ts'
import type { MonitorStates, WatchCheck, WatchVerdict } from '../decision/incidents/watch.ts'
import type { RepositoryRef } from '../decision/merge-task.ts'
import { isRecent } from '../decision/recent.ts'
import type { Database, Queryable, Transaction } from './database.ts'

export type StoredMonitor = { id: number; state: string; readAt: Date | null }

/** A monitor is read at most this often, for all pull requests and processes together. */
const spacing = 60_000

/** Claims the reading of a monitor. False: it was read, or tried, within the last minute; a time that has not come yet proves nothing. */
export async function claimReading(db: Queryable, id: number, now: Date): Promise<boolean> {
  const rows = await db.query(
    `INSERT INTO release_gate.monitors AS kept (id, state, tried_at) VALUES ($1, 'Unknown', $2)
     ON CONFLICT (id) DO UPDATE SET tried_at = excluded.tried_at WHERE kept.tried_at <= $3 OR kept.tried_at > $4 RETURNING 1`,
    [id, now, new Date(now.getTime() - spacing), new Date(now.getTime() + spacing)],
  )
  return rows.length > 0
}

/**
 * Keeps what was read; `Unreachable` is a state too. Where the reading before was too old for the gate, the history says that
 * nobody knew the state in between. True: it is another one than before, or the last one was too old for the gate, which may wait
 * for it. `onChange` is part of the transaction.
 */
export function saveMonitor(
  database: Database,
  id: number,
  state: string,
  at: Date,
  onChange: (tx: Transaction) => Promise<void> = async () => undefined,
): Promise<boolean> {
  return database.transaction(async (tx) => {
    const [before] = await tx.query<{ state: string; readAt: Date | null }>(
      `SELECT state, read_at AS "readAt" FROM release_gate.monitors WHERE id = $1 FOR UPDATE`,
      [id],
    )
    await tx.query(
      `INSERT INTO release_gate.monitors (id, state, read_at, tried_at) VALUES ($1, $2, $3, $3)
       ON CONFLICT (id) DO UPDATE SET state = excluded.state, read_at = excluded.read_at`,
      [id, state, at],
    )
    const knownUntil = (before?.readAt?.getTime() ?? 0) + readingFreshFor
    const wasUnknown = !before?.readAt || !isRecent(before.readAt, at, readingFreshFor)
    if (before?.readAt && at.getTime() > knownUntil)
      await appendState(tx, id, new Date(knownUntil + 1), 'Unknown')
    const isChanged = wasUnknown || before?.state !== state
    if (isChanged) await appendState(tx, id, at, state)
    if (isChanged) await onChange(tx)
    return isChanged
  })
}

async function appendState(tx: Transaction, id: number, at: Date, state: string): Promise<void> {
  await tx.query(
    `INSERT INTO release_gate.monitor_states (id, at, state) VALUES ($1, $2, $3)
     ON CONFLICT (id, at) DO UPDATE SET state = $3`,
    [id, at, state],
  )
}

export function monitorsOf(db: Queryable, ids: number[]): Promise<StoredMonitor[]> {
  return db.query<StoredMonitor>(
    `SELECT id, state, read_at AS "readAt" FROM release_gate.monitors WHERE id = ANY ($1::bigint[]) ORDER BY id`,
    [ids],
  )
}

/** How monitors were just before a time; one that had not been read shortly before it is left out, or `Unknown`. */
export async function statesBefore(db: Queryable, ids: number[], at: Date): Promise<MonitorStates> {
  const rows = await db.query<{ id: number; state: string }>(
    `SELECT DISTINCT ON (id) id, s.state FROM release_gate.monitor_states s JOIN release_gate.monitors m USING (id)
     WHERE id = ANY ($1::bigint[]) AND at <= $2 AND m.read_at >= $3 ORDER BY id, at DESC`,
    [ids, at, new Date(at.getTime() - readingFreshFor)],
  )
  return Object.fromEntries(rows.map(({ id, state }) => [String(id), state]))
}

/** What was read of the monitors whose alerts belong to an incident, since the first of these fired. */
export async function monitorsOfIncident(
  db: Queryable,
  {
    repository,
    number,
  }: { repository: Pick<RepositoryRef, 'installationId' | 'repositoryId'>; number: number },
): Promise<AlertedMonitor[]> {
  const rows = await db.query<Omit<AlertedMonitor, 'states' | 'toldAt'> & { again: string[] }>(
    `SELECT m.id, m.state, m.read_at AS "readAt", min(a.started_at) AS "startedAt",
            coalesce(json_agg(d.received_at) FILTER (WHERE NOT d.opens), '[]'::json) AS again
     FROM release_gate.alerts a
     JOIN release_gate.monitors m ON m.id::text = split_part(a.source_id, '/', 1)
     LEFT JOIN release_gate.alert_deliveries d
       ON d.source = a.source AND d.alert->>'id' = a.source_id AND d.reopened = a.reopened AND d.repository_id = a.repository_id
     WHERE a.installation_id = $1 AND a.repository_id = $2 AND a.number = $3 AND a.source = 'datadog' AND m.read_at IS NOT NULL
     GROUP BY m.id, m.state, m.read_at ORDER BY m.id`,
    [repository.installationId, repository.repositoryId, number],
  )
  const monitors: AlertedMonitor[] = []
  for (const { again, ...monitor } of rows) {
    const states = await db.query<AlertedMonitor['states'][number]>(
      'SELECT at, state FROM release_gate.monitor_states WHERE id = $1 AND at > $2 ORDER BY at',
      [monitor.id, monitor.startedAt],
    )
    monitors.push({ ...monitor, states, toldAt: again.map((at) => new Date(at)) })
  }
  return monitors
}

/** The incidents that are not resolved and that an alert of a monitor opened; of every monitor where none is named. */
export function openIncidentsOfMonitors(
  db: Queryable,
  id?: number,
): Promise<{ id: number; repository: RepositoryRef; number: number }[]> {
  return db.query(
    `SELECT DISTINCT split_part(a.source_id, '/', 1)::bigint AS id, i.number, json_build_object('installationId', i.installation_id,
       'repositoryId', i.repository_id, 'owner', i.owner, 'repo', i.repo)::jsonb AS repository
     FROM release_gate.alerts a JOIN release_gate.incidents i USING (installation_id, repository_id, number)
     WHERE a.source = 'datadog' AND i.state <> 'resolved' AND a.source_id ~ '^[0-9]{1,15}(/|$)'
       AND ($1::bigint IS NULL OR split_part(a.source_id, '/', 1) = $1::text)
     ORDER BY 1, 2`,
    [id ?? null],
  )
}

/** What was released. */
export type WatchSubject = { repository: RepositoryRef; summary: string; url: string }

export type Watch = {
  key: string
  subject: WatchSubject
  settings: HealthSettings
  mergedAt: Date
  baseline: MonitorStates
  looks: WatchCheck[]
  verdict: WatchVerdict['verdict'] | null
}

/** Begins a watch. False: it was begun before. */
export async function beginWatch(db: Queryable, watch: Omit<Watch, 'looks' | 'verdict'>): Promise<boolean> {
  const rows = await db.query(
    `INSERT INTO release_gate.watches (key, subject, settings, merged_at, baseline, looks)
     VALUES ($1, $2, $3, $4, $5, '[]') ON CONFLICT DO NOTHING RETURNING 1`,
    [
      watch.key,
      JSON.stringify(watch.subject),
      JSON.stringify(watch.settings),
      watch.mergedAt,
      JSON.stringify(watch.baseline),
    ],
  )
  return rows.length > 0
}

export async function watchOf(db: Queryable, key: string): Promise<Watch | undefined> {
  const [row] = await db.query<Watch>(
    `SELECT key, subject, settings, merged_at AS "mergedAt", baseline, looks, verdict FROM release_gate.watches WHERE key = $1`,
    [key],
  )
  return row && { ...row, settings: healthSettings.parse(row.settings) }
}

/** The watches that are not decided. */
export function openWatches(db: Queryable): Promise<Pick<Watch, 'key' | 'subject' | 'mergedAt'>[]> {
  return db.query(
    `SELECT key, subject, merged_at AS "mergedAt" FROM release_gate.watches WHERE verdict IS NULL ORDER BY merged_at, key`,
  )
}

export async function saveChecks(db: Queryable, key: string, looks: WatchCheck[]): Promise<void> {
  await db.query('UPDATE release_gate.watches SET looks = $2 WHERE key = $1', [key, JSON.stringify(looks)])
}

/** False: it was decided before. */
export async function saveWatchVerdict(
  db: Queryable,
  key: string,
  { verdict, why }: WatchVerdict,
): Promise<boolean> {
  const rows = await db.query(
    'UPDATE release_gate.watches SET verdict = $2, why = $3 WHERE key = $1 AND verdict IS NULL RETURNING 1',
    [key, verdict, why],
  )
  return rows.length > 0
}

/** The monitors whose alerts opened incidents, with the numbers of those. */
export function incidentsOfMonitors(
  db: Queryable,
  installationId: number,
  ids: number[],
): Promise<{ id: number; repositoryId: number; number: number }[]> {
  return db.query(
    `SELECT m.id, a.repository_id AS "repositoryId", a.number FROM unnest($2::bigint[]) AS m (id)
     JOIN release_gate.alerts a ON a.source = 'datadog' AND split_part(a.source_id, '/', 1) = m.id::text
     WHERE a.installation_id = $1 AND a.number IS NOT NULL ORDER BY 1, 2, 3`,
    [installationId, ids],
  )
}
