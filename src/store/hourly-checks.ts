import type { Queryable } from './database.ts'

/** A repository that an installation lists, and when it was checked last. `problem`: what kept it from being checked since. */
export type RepositoryToCheck = {
  repositoryId: number
  nodeId: string
  owner: string
  repo: string
  listedAt: Date
  checkedAt: Date | undefined
  triedAt: Date | undefined
  problem: string | undefined
}

type Listed = Pick<RepositoryToCheck, 'repositoryId' | 'nodeId' | 'owner' | 'repo'>
type Row = Omit<RepositoryToCheck, 'checkedAt' | 'triedAt' | 'problem'> & {
  checkedAt: Date | null
  triedAt: Date | null
  problem: string | null
}

/** The repositories of an installation; whichever waits longest comes first. One that could not be checked waits from then. */
export async function repositoriesToCheck(
  db: Queryable,
  installationId: number,
): Promise<RepositoryToCheck[]> {
  const rows = await db.query<Row>(
    `SELECT repository_id AS "repositoryId", node_id AS "nodeId", owner, repo, listed_at AS "listedAt", looked_at AS "checkedAt",
       tried_at AS "triedAt", problem
     FROM release_gate.looks WHERE installation_id = $1 ORDER BY coalesce(tried_at, looked_at) NULLS FIRST, repository_id`,
    [installationId],
  )
  return rows.map(({ checkedAt, triedAt, problem, ...row }) => ({
    ...row,
    checkedAt: checkedAt ?? undefined,
    triedAt: triedAt ?? undefined,
    problem: problem ?? undefined,
  }))
}

/**
 * Keeps the repositories that an installation lists.
 * @returns those that were kept before and are not listed anymore; they are dropped.
 */
export async function keepListed(
  db: Queryable,
  installationId: number,
  listed: Listed[],
  at: Date,
): Promise<Listed[]> {
  const rows = listed.map(({ repositoryId, nodeId, owner, repo }) => ({
    repository_id: repositoryId,
    node_id: nodeId,
    owner,
    repo,
  }))
  await db.query(
    `INSERT INTO release_gate.looks (installation_id, repository_id, node_id, owner, repo, listed_at)
     SELECT $1, repository_id, node_id, owner, repo, $3
     FROM json_to_recordset($2::json) AS t(repository_id bigint, node_id text, owner text, repo text)
     ON CONFLICT (installation_id, repository_id) DO UPDATE SET node_id = excluded.node_id, owner = excluded.owner,
       repo = excluded.repo, listed_at = excluded.listed_at`,
    [installationId, JSON.stringify(rows), at],
  )
  return db.query<Listed>(
    `DELETE FROM release_gate.looks WHERE installation_id = $1 AND listed_at < $2
     RETURNING repository_id AS "repositoryId", node_id AS "nodeId", owner, repo`,
    [installationId, at],
  )
}

type Key = { installationId: number; repositoryId: number }

export async function recordChecked(
  db: Queryable,
  { installationId, repositoryId }: Key,
  at: Date,
): Promise<void> {
  await db.query(
    `UPDATE release_gate.looks SET looked_at = $3, tried_at = NULL, problem = NULL
     WHERE installation_id = $1 AND repository_id = $2`,
    [installationId, repositoryId, at],
  )
}

export async function recordCheckFailed(
  db: Queryable,
  { installationId, repositoryId }: Key,
  problem: string,
  at: Date,
): Promise<void> {
  await db.query(
    `UPDATE release_gate.looks SET tried_at = $4, problem = $3 WHERE installation_id = $1 AND repository_id = $2`,
    [installationId, repositoryId, problem.slice(0, 300), at],
  )
}

/**
 * How old the checks are. `never`: repositories that were listed and not checked yet; `unseen`: those that something kept from
 * being checked since. Of all repositories, or of some.
 */
export type HourlyCheckAges = {
  repositories: number
  oldest: Date | undefined
  never: number
  unseen: number
}

export async function hourlyCheckAges(db: Queryable, repositoryIds?: number[]): Promise<HourlyCheckAges> {
  const [ages] = await db.query<Omit<HourlyCheckAges, 'oldest'> & { oldest: Date | null }>(
    `SELECT count(*)::int AS repositories, min(looked_at) AS oldest, (count(*) FILTER (WHERE looked_at IS NULL))::int AS never,
       (count(*) FILTER (WHERE problem IS NOT NULL))::int AS unseen FROM release_gate.looks
     WHERE $1::bigint[] IS NULL OR repository_id = ANY ($1::bigint[])`,
    [repositoryIds ?? null],
  )
  const { repositories = 0, oldest, never = 0, unseen = 0 } = ages ?? {}
  return { repositories, oldest: oldest ?? undefined, never, unseen }
}

/** Forgets the checks of installations that are gone, suspended or not served. */
export async function forgetChecksExcept(db: Queryable, installationIds: number[]): Promise<void> {
  await db.query('DELETE FROM release_gate.looks WHERE NOT installation_id = ANY ($1::bigint[])', [
    installationIds,
  ])
}

/** The installations that list a repository, or any repository where none is named. */
export async function installationsOf(db: Queryable, repository: string | undefined): Promise<number[]> {
  const rows = await db.query<{ id: number }>(
    `SELECT DISTINCT installation_id AS id FROM release_gate.looks
     WHERE $1::text IS NULL OR lower(owner || '/' || repo) = lower($1) ORDER BY id`,
    [repository ?? null],
  )
  return rows.map(({ id }) => Number(id))
}
