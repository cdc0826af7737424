import type { FindingState } from '../../decision/gate.ts'
import type { Queryable } from '../database.ts'
import { fromRow, type Row, type StoredVerdict } from '../verdicts/rows.ts'

/** A repository that something is known of. The id decides; the name is the last known one. */
export type KnownRepository = { installationId: number; repositoryId: number; owner: string; repo: string }

/** An open pull request without its facts, which are the larger part of a row by far. */
export type OpenPull = KnownRepository & {
  number: number
  headSha: string
  state: FindingState
  /** Changes whenever the verdict or the facts below it do. */
  version: string
  /** What stands on its head on GitHub. */
  check: { state: FindingState; title: string; postedAt: Date } | undefined
}

/** Every repository with a current policy, an open pull request, or a change that reached a covered branch. */
export function knownRepositories(db: Queryable): Promise<KnownRepository[]> {
  return db.query<KnownRepository>(
    `SELECT DISTINCT ON (installation_id, repository_id) installation_id AS "installationId", repository_id AS "repositoryId", owner, repo
     FROM (
       SELECT 1 AS rank, installation_id, repository_id, owner, repo FROM release_gate.policies
       WHERE owner IS NOT NULL AND repo IS NOT NULL AND standing = 'current'
       UNION ALL SELECT 2, installation_id, repository_id, max(owner), max(repo) FROM release_gate.verdicts GROUP BY 2, 3
       UNION ALL SELECT 3, installation_id, repository_id, max(owner), max(repo) FROM release_gate.landings GROUP BY 2, 3
     ) AS known ORDER BY installation_id, repository_id, rank`,
  )
}

type OpenRow = Omit<OpenPull, 'check'> & {
  checkState: FindingState | null
  checkTitle: string | null
  postedAt: Date | null
}

/** The open pull requests of some repositories, by repository and number. */
export async function openPulls(db: Queryable, repositoryIds: number[]): Promise<OpenPull[]> {
  const rows = await db.query<OpenRow>(
    `SELECT v.installation_id AS "installationId", v.repository_id AS "repositoryId", v.owner, v.repo, v.number,
       v.head_sha AS "headSha", v.state, v.generation || ' ' || v.digest || ' ' || v.decided_at AS version,
       c.state AS "checkState", c.title AS "checkTitle", c.posted_at AS "postedAt"
     FROM release_gate.verdicts v
     LEFT JOIN release_gate.check_runs c USING (installation_id, repository_id, head_sha)
     WHERE v.counts AND v.repository_id = ANY ($1::bigint[]) ORDER BY v.owner, v.repo, v.number`,
    [repositoryIds],
  )
  return rows.map(({ checkState: state, checkTitle: title, postedAt, ...pull }) => ({
    ...pull,
    check: state !== null && title !== null && postedAt ? { state, title, postedAt } : undefined,
  }))
}

/** The whole verdicts of some pull requests, by repository and number. */
export async function verdictsOf(
  db: Queryable,
  pulls: Pick<OpenPull, 'repositoryId' | 'number'>[],
): Promise<StoredVerdict[]> {
  if (pulls.length === 0) return []
  const rows = await db.query<Row>(
    `SELECT v.* FROM release_gate.verdicts v
     JOIN unnest($1::bigint[], $2::integer[]) AS wanted (repository_id, number) USING (repository_id, number)`,
    [pulls.map(({ repositoryId }) => repositoryId), pulls.map(({ number }) => number)],
  )
  return rows.map(fromRow)
}

/** Open pull requests that have no verdict yet; `problem`: why their evaluation failed. */
export type PendingPull = KnownRepository & { number: number; problem: string | undefined }

export async function pendingPulls(db: Queryable, repositories: KnownRepository[]): Promise<PendingPull[]> {
  const byId = new Map(repositories.map((repository) => [repository.repositoryId, repository]))
  const rows = await db.query<{ repositoryId: number; number: number; problem: { problem: string } | null }>(
    `SELECT repository_id AS "repositoryId", number, problem FROM release_gate.unjudged
     WHERE repository_id = ANY ($1::bigint[]) ORDER BY repository_id, number`,
    [[...byId.keys()]],
  )
  return rows.flatMap(({ repositoryId, number, problem }) => {
    const repository = byId.get(repositoryId)
    return repository ? [{ ...repository, number, problem: problem?.problem }] : []
  })
}

/** A regression whose check is not completed, and the open pull request that it runs for. */
export type RunningRegression = KnownRepository & { number: number; headSha: string; url: string | undefined }

export async function runningRegressions(
  db: Queryable,
  repositoryIds: number[],
): Promise<RunningRegression[]> {
  const rows = await db.query<Omit<RunningRegression, 'url'> & { url: string | null }>(
    `SELECT v.installation_id AS "installationId", v.repository_id AS "repositoryId", v.owner, v.repo, v.number,
       v.head_sha AS "headSha", r.url
     FROM release_gate.regression_checks r JOIN release_gate.verdicts v USING (installation_id, repository_id, head_sha)
     WHERE NOT r.completed AND v.counts AND v.repository_id = ANY ($1::bigint[]) ORDER BY v.owner, v.repo, v.number`,
    [repositoryIds],
  )
  return rows.map(({ url, ...run }) => ({ ...run, url: url ?? undefined }))
}

/** When the facts of a pull request were read last; the calendar may have decided on them since. */
export async function factsReadAt(
  db: Queryable,
  { installationId, repositoryId, number }: { installationId: number; repositoryId: number; number: number },
): Promise<Date | undefined> {
  const [row] = await db.query<{ readAt: Date | null }>(
    `SELECT read_at AS "readAt" FROM release_gate.verdicts
     WHERE installation_id = $1 AND repository_id = $2 AND number = $3`,
    [installationId, repositoryId, number],
  )
  return row?.readAt ?? undefined
}
