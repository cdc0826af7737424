import type { PullRef, Snapshot } from '../decision/snapshot.ts'
import type { Queryable, Transaction } from './database.ts'

/** An order that freezes do not apply to a pull request, for one head. `confirmedBy`: the second person, once there is one. */
export type Exemption = {
  /** What a confirmation names. */
  id: number
  head: string
  /** The branch to merge into. Null: ordered by an earlier version, which kept none. */
  base: string | null
  reason: string
  by: string
  byId: number
  at: Date
  until: Date
  confirmedBy: string | null
  confirmedAt: Date | null
}

type Pull = Pick<PullRef, 'installationId' | 'repositoryId' | 'number'>

const columns = `id::int, head_sha AS head, base_ref AS base, reason, ordered_by AS by, ordered_by_id::float8 AS "byId", ordered_at AS at, until,
  confirmed_by AS "confirmedBy", confirmed_at AS "confirmedAt"`

/** The fact for a snapshot: the exemption that stood at a time, confirmed or not, and had not ended by `to`. */
export async function exemptionFact(
  db: Queryable,
  { installationId, repositoryId, number }: Pull,
  at: Date,
  to = at,
): Promise<Pick<Snapshot, 'exemption'>> {
  const [row] = await db.query<Exemption>(
    `SELECT ${columns} FROM release_gate.exemptions
     WHERE installation_id = $1 AND repository_id = $2 AND number = $3
       AND ordered_at <= $4 AND until > $4 AND (ended_at IS NULL OR ended_at > $5) ORDER BY id DESC LIMIT 1`,
    [installationId, repositoryId, number, at, to],
  )
  if (!row) return {}
  const { id: order, head, base, reason, by, confirmedBy, confirmedAt } = row
  const times = { at: row.at.toISOString(), until: row.until.toISOString() }
  const confirmed =
    confirmedBy !== null && confirmedAt !== null
      ? { confirmed: { by: confirmedBy, at: confirmedAt.toISOString() } }
      : {}
  return { exemption: { order, head, ...(base !== null && { base }), reason, by, ...times, ...confirmed } }
}

/** The exemption of a pull request that nobody revoked. Held until the transaction ends, so that it is confirmed once. */
export async function heldExemption(tx: Transaction, pull: Pull, at: Date): Promise<Exemption | undefined> {
  const [row] = await tx.query<Exemption>(
    `SELECT ${columns} FROM release_gate.exemptions WHERE installation_id = $1 AND repository_id = $2 AND number = $3
       AND ended_at IS NULL AND until > $4 FOR UPDATE`,
    [pull.installationId, pull.repositoryId, pull.number, at],
  )
  return row
}

/** Orders one in place of any that was there, and gives its number. */
export async function orderExemption(
  tx: Transaction,
  pull: Pull,
  order: Pick<Exemption, 'head' | 'reason' | 'at' | 'until'> & {
    base: string
    by: { id: number; login: string }
  },
): Promise<number> {
  await endExemption(tx, pull, order.at)
  const [row] = await tx.query<{ id: number }>(
    `INSERT INTO release_gate.exemptions
       (installation_id, repository_id, number, head_sha, base_ref, reason, ordered_by, ordered_by_id, ordered_at, until)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id::int`,
    [
      pull.installationId,
      pull.repositoryId,
      pull.number,
      order.head,
      order.base,
      order.reason,
      order.by.login,
      order.by.id,
      order.at,
      order.until,
    ],
  )
  return row?.id ?? 0
}

export async function confirmExemption(
  tx: Transaction,
  id: number,
  { by, at }: { by: { id: number; login: string }; at: Date },
): Promise<void> {
  await tx.query(
    `UPDATE release_gate.exemptions SET confirmed_by = $2, confirmed_by_id = $3, confirmed_at = $4 WHERE id = $1`,
    [id, by.login, by.id, at],
  )
}

export async function endExemption(tx: Transaction, pull: Pull, at: Date): Promise<void> {
  await tx.query(
    `UPDATE release_gate.exemptions SET ended_at = $4
     WHERE installation_id = $1 AND repository_id = $2 AND number = $3 AND ended_at IS NULL`,
    [pull.installationId, pull.repositoryId, pull.number, at],
  )
}
