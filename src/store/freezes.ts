import type { Snapshot } from '../decision/snapshot.ts'
import type { Queryable, Transaction } from './database.ts'

/** A freeze as it holds now. `scope` is `owner/name` in lower case, `owner/*` for an organization, or `*` for every repository. */
export type Freeze = { scope: string; reason: string; by: string; since: Date; until: Date | null }

/** An order to freeze (`reason` given) or to unfreeze. */
export type FreezeOrder = {
  scope: string
  by: string
  /** When it was signed. */
  issuedAt: Date
  /** When it is carried out. */
  at: Date
  freeze?: { reason: string; until: Date | null }
}

export const everywhere = '*'

export function scopeOf(repository: string): string {
  return repository.toLowerCase()
}

export function scopeOfOrganization(owner: string): string {
  return `${owner.toLowerCase()}/*`
}

/** The scopes that a scope lies in, itself first: what holds for them holds for it. */
export function scopesOver(scope: string): string[] {
  const organization = scope.replace(/\/.*$/, '/*')
  return [...new Set([scope, ...(scope === everywhere ? [] : [organization]), everywhere])]
}

/** Whether a repository, as SQL `owner` and `repo`, lies in the scope $1. */
const inScope = `($1 = '*' OR lower(owner || '/' || repo) = $1 OR lower(owner) || '/*' = $1)`

/**
 * Orders and verdicts are kept one after the other: a verdict that began before an order and is kept after it would
 * otherwise stand for as long as the order holds.
 */
export async function lockFreezes(tx: Transaction, by: 'order' | 'verdict'): Promise<void> {
  const lock = by === 'order' ? 'pg_advisory_xact_lock' : 'pg_advisory_xact_lock_shared'
  await tx.query(`SELECT ${lock}(hashtextextended('release-gate freezes', 0))`)
}

/** The freezes that hold at a time. */
export function activeFreezes(db: Queryable, at: Date): Promise<Freeze[]> {
  return db.query<Freeze>(
    `SELECT scope, reason, by, since, until FROM release_gate.freezes
     WHERE ended_at IS NULL AND (until IS NULL OR until > $1) ORDER BY scope`,
    [at],
  )
}

/** The freezes that were in force at any instant of a range that is past, `to` excluded, including those lifted since. */
export function freezesWithin(
  db: Queryable,
  { from, to }: { from: Date; to: Date },
): Promise<(Freeze & { endedAt: Date | null })[]> {
  return db.query<Freeze & { endedAt: Date | null }>(
    `SELECT scope, reason, by, since, until, ended_at AS "endedAt" FROM release_gate.freezes
     WHERE since < $2 AND (until IS NULL OR until > $1) AND (ended_at IS NULL OR ended_at > $1) ORDER BY scope, since DESC`,
    [from, to],
  )
}

/** The fact for a snapshot: the freeze of the repository itself before those of its organization and for all. */
export function frozenFact(
  freezes: Freeze[],
  { owner, repo }: { owner: string; repo: string },
): Pick<Snapshot, 'frozen'> {
  const [freeze] = scopesOver(scopeOf(`${owner}/${repo}`)).flatMap((over) =>
    freezes.filter(({ scope }) => scope === over),
  )
  if (!freeze) return {}
  const { reason, by, since, until } = freeze
  return {
    frozen: { reason, by, since: since.toISOString(), ...(until ? { until: until.toISOString() } : {}) },
  }
}

/**
 * Carries an order out. False: a newer one has been there already, so this one is old or sent again. Every open pull
 * request in its scope becomes due, to be evaluated again from its stored facts, and is read at the next hourly look, which
 * writes the freeze to the checks that are not green anyway.
 */
export async function saveFreezeOrder(
  tx: Transaction,
  { scope, by, issuedAt, at, freeze }: FreezeOrder,
): Promise<boolean> {
  await lockFreezes(tx, 'order')
  const taken = await tx.query(
    `INSERT INTO release_gate.freeze_orders AS last (scope, at) VALUES ($1, $2)
     ON CONFLICT (scope) DO UPDATE SET at = excluded.at WHERE last.at < excluded.at RETURNING 1`,
    [scope, issuedAt],
  )
  if (taken.length === 0) return false
  await tx.query('UPDATE release_gate.freezes SET ended_at = $2 WHERE scope = $1 AND ended_at IS NULL', [
    scope,
    at,
  ])
  if (freeze) {
    await tx.query(
      'INSERT INTO release_gate.freezes (scope, reason, by, since, until) VALUES ($1, $2, $3, $4, $5)',
      [scope, freeze.reason, by, at, freeze.until],
    )
  }
  await tx.query(`UPDATE release_gate.verdicts SET next_at = $2, seen = NULL WHERE counts AND ${inScope}`, [
    scope,
    at,
  ])
  return true
}

/** The installations that an order reaches, whose chains record it. */
export async function installationsIn(db: Queryable, scope: string): Promise<number[]> {
  const rows = await db.query<{ id: number }>(
    `SELECT DISTINCT installation_id AS id FROM release_gate.policies
     WHERE ${inScope} ORDER BY 1`,
    [scope],
  )
  return rows.map(({ id }) => id)
}
