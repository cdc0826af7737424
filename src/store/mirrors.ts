import type { StepOutcome } from '../decision/incidents/escalation.ts'
import type { DesiredState, External } from '../decision/incidents/mirror.ts'
import type { RepositoryRef } from '../decision/merge-task.ts'
import type { Queryable } from './database.ts'

type Key = { repository: Pick<RepositoryRef, 'installationId' | 'repositoryId'>; number: number }

const isKey = 'installation_id = $1 AND repository_id = $2 AND number = $3'

function valuesOf({ repository, number }: Key): unknown[] {
  return [repository.installationId, repository.repositoryId, number]
}

/** What became of the steps of an incident, by their keys. */
export async function stepOutcomes(db: Queryable, key: Key): Promise<Record<string, StepOutcome>> {
  const rows = await db.query<StepOutcome & { step: string; why: string | null; at: Date }>(
    `SELECT step, outcome, why, at FROM release_gate.incident_steps WHERE ${isKey}`,
    valuesOf(key),
  )
  return Object.fromEntries(
    rows.map(({ step, outcome, why, at }) => [step, { outcome, why: why ?? undefined, at }]),
  )
}

/** Keeps what became of a step; one that was taken may turn out not to have been possible. False: that was known. */
export async function saveStep(
  db: Queryable,
  key: Key,
  step: string,
  { outcome, why }: StepOutcome,
  at: Date,
): Promise<boolean> {
  const rows = await db.query(
    `INSERT INTO release_gate.incident_steps AS kept (installation_id, repository_id, number, step, outcome, why, at)
     VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (installation_id, repository_id, number, step) DO UPDATE SET outcome = excluded.outcome, why = excluded.why
     WHERE kept.outcome <> excluded.outcome RETURNING 1`,
    [...valuesOf(key), step, outcome, why ?? null, at],
  )
  return rows.length > 0
}

/** One row of a mirror. `done` null: the system has taken nothing of it yet. */
export type MirrorRow = {
  mirror: DesiredState['mirror']
  key: string
  wanted: object
  done: object | null
  external: External | null
  triedAt: Date | null
  refused: string | null
  pending: boolean
}

const isPending = '(wanted::text IS DISTINCT FROM done::text AND refused IS NULL)'

export function mirrorRows(db: Queryable, key: Key, mirror?: DesiredState['mirror']): Promise<MirrorRow[]> {
  return db.query<MirrorRow>(
    `SELECT mirror, key, wanted, done, external, tried_at AS "triedAt", refused, ${isPending} AS pending
     FROM release_gate.mirrors WHERE ${isKey} AND ($4::text IS NULL OR mirror = $4) ORDER BY mirror, key`,
    [...valuesOf(key), mirror ?? null],
  )
}

/** Stores what another system should say, before it is asked. */
export async function saveDesiredState(db: Queryable, key: Key, mirrored: DesiredState): Promise<void> {
  await db.query(
    `INSERT INTO release_gate.mirrors AS kept (installation_id, repository_id, number, mirror, key, wanted)
     VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (installation_id, repository_id, number, mirror, key) DO UPDATE SET wanted = excluded.wanted, refused = NULL
     WHERE kept.wanted::text IS DISTINCT FROM excluded.wanted::text`,
    [...valuesOf(key), mirrored.mirror, mirrored.key, JSON.stringify(mirrored.wanted)],
  )
}

type Row = Pick<MirrorRow, 'mirror' | 'key'>

/** Keeps what a system took. What is wanted meanwhile stays to be done. */
export async function saveMirrored(
  db: Queryable,
  key: Key,
  row: Pick<MirrorRow, 'mirror' | 'key' | 'wanted'>,
  external: External | null,
): Promise<void> {
  await db.query(
    `UPDATE release_gate.mirrors SET done = $6, external = coalesce($7, external), tried_at = NULL
     WHERE ${isKey} AND mirror = $4 AND key = $5`,
    [
      ...valuesOf(key),
      row.mirror,
      row.key,
      JSON.stringify(row.wanted),
      external === null ? null : JSON.stringify(external),
    ],
  )
}

/** Something is about to be created: if the answer is lost, it may be there. */
export async function saveAttempt(db: Queryable, key: Key, row: Row, at: Date): Promise<void> {
  await db.query(
    `UPDATE release_gate.mirrors SET tried_at = $6 WHERE ${isKey} AND mirror = $4 AND key = $5`,
    [...valuesOf(key), row.mirror, row.key, at],
  )
}

export async function noteRefused(db: Queryable, key: Key, row: Row, why: string): Promise<void> {
  await db.query(
    `UPDATE release_gate.mirrors SET refused = $6, tried_at = NULL WHERE ${isKey} AND mirror = $4 AND key = $5`,
    [...valuesOf(key), row.mirror, row.key, why],
  )
}

/** Forgets what no system was ever asked for and is not wanted anymore. */
export async function forgetUnsent(db: Queryable, key: Key, row: Row): Promise<void> {
  await db.query(
    `DELETE FROM release_gate.mirrors WHERE ${isKey} AND mirror = $4 AND key = $5 AND done IS NULL AND tried_at IS NULL`,
    [...valuesOf(key), row.mirror, row.key],
  )
}

/** Every mirror of an incident that is not as it should be. */
export function pendingMirrors(
  db: Queryable,
): Promise<
  { installationId: number; repositoryId: number; number: number; mirror: DesiredState['mirror'] }[]
> {
  return db.query(
    `SELECT DISTINCT installation_id AS "installationId", repository_id AS "repositoryId", number, mirror
     FROM release_gate.mirrors WHERE ${isPending} ORDER BY 1, 2, 3, 4`,
  )
}
