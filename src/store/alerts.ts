import { type Alert, firedAt } from '../decision/incidents/alert.ts'
import type { RepositoryRef } from '../decision/merge-task.ts'
import type { Queryable, Transaction } from './database.ts'

type Repository = Pick<RepositoryRef, 'installationId' | 'repositoryId'>

/** The incident repository by its name: its id is asked for by the job. */
type Place = Omit<RepositoryRef, 'repositoryId'>

/** An alert as it was taken in. `opens`: it opens an incident; otherwise it belongs to one that is open. */
export type AlertDelivery = {
  repository: Place
  alert: Alert
  receivedAt: Date
  reopened: number | null
  opens: boolean | null
  doneAt: Date | null
}

/** Stores what was taken in. False: it was sent before. */
export async function storeAlert(
  tx: Transaction,
  delivery: string,
  repository: Place,
  alert: Alert,
  at: Date,
): Promise<boolean> {
  const rows = await tx.query(
    `INSERT INTO release_gate.alert_deliveries (source, delivery, repository, alert, received_at)
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING 1`,
    [alert.source, delivery, JSON.stringify(repository), JSON.stringify(alert), at],
  )
  return rows.length > 0
}

export async function alertDelivery(
  db: Queryable,
  source: string,
  delivery: string,
): Promise<AlertDelivery | undefined> {
  const [row] = await db.query<AlertDelivery>(
    `SELECT repository, alert, received_at AS "receivedAt", reopened, opens, done_at AS "doneAt"
     FROM release_gate.alert_deliveries WHERE source = $1 AND delivery = $2`,
    [source, delivery],
  )
  return row
}

/** Dead letters are kept so long. */
const keptFor = 30 * 24 * 3_600_000

/**
 * Every alert that was taken in and that no job has finished, the oldest first. One whose repository is gone is a dead letter, which an
 * operator starts again; once that is no longer kept, it becomes another one.
 */
export function unfinishedAlerts(db: Queryable, now: Date): Promise<{ source: string; delivery: string }[]> {
  return db.query(
    `SELECT source, delivery FROM release_gate.alert_deliveries
     WHERE done_at IS NULL AND (gone_at IS NULL OR gone_at < $1) ORDER BY received_at, delivery`,
    [new Date(now.getTime() - keptFor)],
  )
}

/** Notes that the repository of an alert is gone for good, or by null that it is not, as far as anyone knows. */
export async function saveAlertGone(
  db: Queryable,
  source: string,
  delivery: string,
  at: Date | null,
): Promise<void> {
  await db.query(
    `UPDATE release_gate.alert_deliveries SET gone_at = $3 WHERE source = $1 AND delivery = $2 AND gone_at IS DISTINCT FROM $3`,
    [source, delivery, at],
  )
}

/** The newest incident of an alert; `state` null: it has not been read yet; `isGone`: its issue was deleted or moved. */
export type AlertIncident = {
  reopened: number
  number: number | null
  state: string | null
  isGone: boolean
}

export async function newestOfAlert(
  db: Queryable,
  repository: Repository,
  { source, id }: Pick<Alert, 'source' | 'id'>,
): Promise<AlertIncident | undefined> {
  const [row] = await db.query<AlertIncident>(
    `SELECT a.reopened, a.number, i.state, a.gone_at IS NOT NULL AS "isGone" FROM release_gate.alerts a
     LEFT JOIN release_gate.incidents i
       ON i.installation_id = a.installation_id AND i.repository_id = a.repository_id AND i.number = a.number
     WHERE a.installation_id = $1 AND a.repository_id = $2 AND a.source = $3 AND a.source_id = $4
     ORDER BY a.reopened DESC LIMIT 1`,
    [repository.installationId, repository.repositoryId, source, id],
  )
  return row
}

/** Takes a delivery on: which incident it is for, and whether it opens it. One at a time for each alert. */
export async function takeAlert(
  tx: Transaction,
  delivery: string,
  { repository, alert }: { repository: Repository; alert: Alert },
): Promise<{ reopened: number; opens: boolean }> {
  await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, [
    `release-gate alert ${alert.source} ${alert.id}`,
  ])
  const last = await newestOfAlert(tx, repository, alert)
  const opens = last === undefined || last.state === 'resolved' || last.isGone
  const reopened = last === undefined ? 0 : opens ? last.reopened + 1 : last.reopened
  if (opens)
    await tx.query(
      `INSERT INTO release_gate.alerts (installation_id, repository_id, source, source_id, reopened, started_at, severity)
       VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [
        repository.installationId,
        repository.repositoryId,
        alert.source,
        alert.id,
        reopened,
        new Date(firedAt(alert, reopened)),
        alert.severity,
      ],
    )
  await tx.query(
    `UPDATE release_gate.alert_deliveries SET reopened = $3, opens = $4, repository_id = $5
     WHERE source = $1 AND delivery = $2`,
    [alert.source, delivery, reopened, opens, repository.repositoryId],
  )
  return { reopened, opens }
}

/** Gives a delivery back: the incident that it was taken on for is gone. */
export async function releaseAlert(db: Queryable, source: string, delivery: string): Promise<void> {
  await db.query(
    `UPDATE release_gate.alert_deliveries SET reopened = NULL, opens = NULL, repository_id = NULL
     WHERE source = $1 AND delivery = $2 AND NOT opens`,
    [source, delivery],
  )
}

/** Notes the issue of an alert. */
export async function saveAlertIncident(
  db: Queryable,
  repository: Repository,
  { source, id }: Pick<Alert, 'source' | 'id'>,
  reopened: number,
  number: number,
): Promise<void> {
  await db.query(
    `UPDATE release_gate.alerts SET number = $6
     WHERE installation_id = $1 AND repository_id = $2 AND source = $3 AND source_id = $4 AND reopened = $5`,
    [repository.installationId, repository.repositoryId, source, id, reopened, number],
  )
}

export async function markAlertDone(
  db: Queryable,
  source: string,
  delivery: string,
  at: Date,
): Promise<void> {
  await db.query(
    `UPDATE release_gate.alert_deliveries SET done_at = $3 WHERE source = $1 AND delivery = $2`,
    [source, delivery, at],
  )
}

/** Notes that the issue of an incident is gone: another alert cannot be added to it. */
export async function noteAlertsGone(
  db: Queryable,
  repository: Repository,
  number: number,
  at: Date,
): Promise<void> {
  await db.query(
    `UPDATE release_gate.alerts SET gone_at = $4
     WHERE installation_id = $1 AND repository_id = $2 AND number = $3 AND gone_at IS NULL`,
    [repository.installationId, repository.repositoryId, number, at],
  )
}

/** What opened an incident, where an alert did: when it fired, and who ordered it, where a person did. */
export type OpeningAlert = { startedAt: Date; by: string | null; byId: number | null }

export async function alertOfIncident(
  db: Queryable,
  repository: Repository,
  number: number,
): Promise<OpeningAlert | undefined> {
  const [row] = await db.query<OpeningAlert>(
    `SELECT a.started_at AS "startedAt", d.alert->>'by' AS by, (d.alert->>'byId')::bigint AS "byId"
     FROM release_gate.alerts a LEFT JOIN release_gate.alert_deliveries d
       ON d.source = a.source AND d.alert->>'id' = a.source_id AND d.reopened = a.reopened AND d.opens
     WHERE a.installation_id = $1 AND a.repository_id = $2 AND a.number = $3 ORDER BY a.started_at LIMIT 1`,
    [repository.installationId, repository.repositoryId, number],
  )
  return row
}

/** What the alerts of an incident say of its severity, each with when it was received first. No more of it gets into the records. */
export function severitiesOfAlerts(
  db: Queryable,
  repository: Repository,
  number: number,
): Promise<{ severity: string; at: Date }[]> {
  return db.query(
    `SELECT left(d.alert->>'severity', 60) AS severity, min(d.received_at) AS at
     FROM release_gate.alerts a JOIN release_gate.alert_deliveries d
       ON d.source = a.source AND d.alert->>'id' = a.source_id AND d.reopened = a.reopened
         AND d.repository_id = a.repository_id
     WHERE a.installation_id = $1 AND a.repository_id = $2 AND a.number = $3 AND d.alert->>'severity' IS NOT NULL
     GROUP BY 1 ORDER BY 2, 1`,
    [repository.installationId, repository.repositoryId, number],
  )
}
