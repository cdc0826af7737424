import type { Alert } from '../decision/incidents/alert.ts'
import type { RepositoryRef } from '../decision/merge-task.ts'
import type { Queryable, Transaction } from './database.ts'

type Repository = Pick<RepositoryRef, 'installationId' | 'repositoryId'>

/** The repository of incidents by its name: its id is asked for by the job. */
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

/** The newest incident of an alert; `state` null: it has not been read yet. */
export type AlertIncident = { reopened: number; number: number | null; state: string | null }

export async function newestOfAlert(
  db: Queryable,
  repository: Repository,
  { source, id }: Pick<Alert, 'source' | 'id'>,
): Promise<AlertIncident | undefined> {
  const [row] = await db.query<AlertIncident>(
    `SELECT a.reopened, a.number, i.state FROM release_gate.alerts a
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
  const opens = last === undefined || last.state === 'resolved'
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
        new Date(alert.at),
        alert.severity,
      ],
    )
  await tx.query(
    `UPDATE release_gate.alert_deliveries SET reopened = $3, opens = $4 WHERE source = $1 AND delivery = $2`,
    [alert.source, delivery, reopened, opens],
  )
  return { reopened, opens }
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

/** What opened an incident, where an alert did. */
export async function alertOfIncident(
  db: Queryable,
  repository: Repository,
  number: number,
): Promise<
  { startedAt: Date; severity: string | null; source: string; id: string; reopened: number } | undefined
> {
  const [row] = await db.query<{
    startedAt: Date
    severity: string | null
    source: string
    id: string
    reopened: number
  }>(
    `SELECT started_at AS "startedAt", severity, source, source_id AS id, reopened FROM release_gate.alerts
     WHERE installation_id = $1 AND repository_id = $2 AND number = $3 ORDER BY started_at LIMIT 1`,
    [repository.installationId, repository.repositoryId, number],
  )
  return row
}
