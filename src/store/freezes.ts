import type { PullRef, Snapshot } from '../decision/snapshot.ts'
import type { Queryable, Transaction } from './database.ts'

/**
 * What a freeze is about. `scope` is `owner/name` in lower case, `owner/*` for an organization, or `*` for every repository. An id
 * decides, since a name may become another repository's: of a repository, or of the installation on an organization. Without ids, as
 * earlier versions ordered freezes, the name does.
 */
export type FrozenScope = { scope: string; repositoryId: number | null; installationId: number | null }

/** A freeze as it holds now, under the present name of what is frozen. */
export type Freeze = FrozenScope & { reason: string; by: string; since: Date; until: Date | null }

/** An order to freeze (`reason` given) or to unfreeze. */
export type FreezeOrder = Pick<FrozenScope, 'scope'> &
  Partial<FrozenScope> & {
    by: string
    /** When it was sent. */
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

/** Whether a repository of a row lies in the scope $1 with the repository $2 or the installation $3. */
const inScope = `($1 = '*' OR repository_id = $2 OR installation_id = $3 OR lower(owner) || '/*' = $1
  OR ($2::bigint IS NULL AND lower(owner || '/' || repo) = $1))`

/** The columns of a freeze `f`. Of the names that are known of what is frozen, the one counts that GitHub listed last. */
const columns = `coalesce(
    (SELECT lower(p.owner || '/' || p.repo) FROM release_gate.policies p LEFT JOIN release_gate.looks l USING (installation_id, repository_id)
     WHERE p.repository_id = f.repository_id ORDER BY l.listed_at DESC NULLS LAST LIMIT 1),
    (SELECT lower(p.owner) || '/*' FROM release_gate.policies p LEFT JOIN release_gate.looks l USING (installation_id, repository_id)
     WHERE p.installation_id = f.installation_id ORDER BY l.listed_at DESC NULLS LAST LIMIT 1),
    scope) AS scope,
  repository_id AS "repositoryId", installation_id AS "installationId", reason, by, since, until`

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
    `SELECT ${columns} FROM release_gate.freezes f
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
    `SELECT ${columns}, ended_at AS "endedAt" FROM release_gate.freezes f
     WHERE since < $2 AND (until IS NULL OR until > $1) AND (ended_at IS NULL OR ended_at > $1) ORDER BY scope, since DESC`,
    [from, to],
  )
}

/**
 * The fact for a snapshot. Of several freezes, the one that ends last, so that nothing is promised for the end of another; of those that
 * end at the same time, that of the repository itself before those of its organization and for all.
 */
export function frozenFact(
  freezes: Freeze[],
  { installationId, repositoryId, owner, repo }: Omit<PullRef, 'number' | 'requestedBy'>,
): Pick<Snapshot, 'frozen'> {
  const name = scopeOf(`${owner}/${repo}`)
  // Installed anew, the App has another installation on the same organization, so its present name counts too.
  const [freeze] = [
    ...freezes.filter((one) =>
      one.repositoryId === null ? one.scope === name : one.repositoryId === repositoryId,
    ),
    ...freezes.filter(
      (one) => one.installationId === installationId || one.scope === scopeOfOrganization(owner),
    ),
    ...freezes.filter(({ scope }) => scope === everywhere),
  ].sort((a, b) => endOf(b) - endOf(a))
  if (!freeze) return {}
  const { reason, by, since, until } = freeze
  return {
    frozen: { reason, by, since: since.toISOString(), ...(until ? { until: until.toISOString() } : {}) },
  }
}

function endOf({ until }: Freeze): number {
  return until?.getTime() ?? Number.MAX_SAFE_INTEGER
}

/**
 * Carries an order out. False: a later one has been there already, so it is old or sent again, and it would unfreeze or end a freeze
 * earlier. Any other order to freeze counts whatever was sent before: the clocks of two machines must not keep an emergency from it.
 * Every open pull request in its scope becomes due, to be evaluated again from its stored facts, and is read at the next hourly check,
 * which writes the freeze to the checks that are not green anyway.
 */
export async function saveFreezeOrder(
  tx: Transaction,
  { scope, repositoryId = null, installationId = null, by, issuedAt, at, freeze }: FreezeOrder,
): Promise<boolean> {
  const about = [scope, repositoryId, installationId]
  await lockFreezes(tx, 'order')
  const taken = await tx.query(
    `INSERT INTO release_gate.freeze_orders AS last (scope, at) VALUES ($1, $2)
     ON CONFLICT (scope) DO UPDATE SET at = greatest(last.at, excluded.at)
     WHERE last.at < excluded.at OR ($3 AND NOT EXISTS (
       SELECT 1 FROM release_gate.freezes
       WHERE ended_at IS NULL AND coalesce(until, 'infinity') > greatest($8::timestamptz, coalesce($7::timestamptz, 'infinity'))
         AND (repository_id = $5 OR installation_id = $6 OR (repository_id IS NULL AND installation_id IS NULL AND scope = $4))))
     RETURNING 1`,
    [
      keyOf(scope, { repositoryId, installationId }),
      issuedAt,
      freeze !== undefined,
      ...about,
      freeze?.until ?? null,
      at,
    ],
  )
  if (taken.length === 0) return false
  await tx.query(
    `UPDATE release_gate.freezes SET ended_at = $4 WHERE ended_at IS NULL AND (repository_id = $2 OR installation_id = $3
       OR (repository_id IS NULL AND installation_id IS NULL AND scope = $1))`,
    [...about, at],
  )
  if (freeze) {
    await tx.query(
      `INSERT INTO release_gate.freezes (scope, repository_id, installation_id, reason, by, since, until)
       VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [...about, freeze.reason, by, at, freeze.until],
    )
  }
  await tx.query(`UPDATE release_gate.verdicts SET next_at = $4, seen = NULL WHERE counts AND ${inScope}`, [
    ...about,
    at,
  ])
  return true
}

/** Under what the last order about something is kept. */
function keyOf(scope: string, { repositoryId, installationId }: Omit<FrozenScope, 'scope'>): string {
  if (repositoryId !== null) return `repository ${repositoryId}`
  return installationId === null ? scope : `installation ${installationId}`
}

/**
 * What has a name: a repository with a policy, the installations on an organization, or everything. More than one while a name that
 * changed is not known everywhere; none where nothing has it.
 */
export async function scopesNamed(db: Queryable, scope: string): Promise<FrozenScope[]> {
  if (scope === everywhere) return [{ scope, repositoryId: null, installationId: null }]
  return db.query<FrozenScope>(
    `SELECT DISTINCT $1::text AS scope, CASE WHEN $2 THEN NULL ELSE repository_id END AS "repositoryId",
       CASE WHEN $2 THEN installation_id END AS "installationId"
     FROM release_gate.policies WHERE CASE WHEN $2 THEN lower(owner) || '/*' ELSE lower(owner || '/' || repo) END = $1
     ORDER BY 2, 3`,
    [scope, scope.endsWith('/*')],
  )
}

/** The installations that an order reaches, whose chains record it. */
export async function installationsIn(
  db: Queryable,
  { scope, repositoryId, installationId }: FrozenScope,
): Promise<number[]> {
  if (installationId !== null) return [installationId]
  const rows = await db.query<{ id: number }>(
    `SELECT DISTINCT installation_id AS id FROM release_gate.policies
     WHERE ${inScope} ORDER BY 1`,
    [scope, repositoryId, installationId],
  )
  return rows.map(({ id }) => id)
}
