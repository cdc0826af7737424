import type { FindingState } from '../decision/gate.ts'
import type { Queryable } from './database.ts'

/** The commit that a check run belongs to. */
export type Head = { installationId: number; repositoryId: number; owner: string; repo: string; sha: string }

/** What we last posted on a commit. `runId` is null while it is not known whether GitHub has taken it. */
export type PostedRun = {
  externalId: string
  runId: number | null
  state: FindingState
  title: string
  digest: string
  postedAt: Date
}

/** `outstanding`: a green one may stand there, and let a merge through. */
export async function postedRun(
  db: Queryable,
  head: Head,
): Promise<(PostedRun & { outstanding: boolean }) | undefined> {
  const rows = await db.query<{
    outstanding: boolean
    external_id: string
    check_run_id: number | null
    state: FindingState
    title: string
    digest: string
    posted_at: Date
  }>(
    `SELECT external_id, check_run_id, state, title, digest, posted_at, outstanding FROM release_gate.check_runs
     WHERE installation_id = $1 AND repository_id = $2 AND head_sha = $3`,
    [head.installationId, head.repositoryId, head.sha],
  )
  const [row] = rows
  if (!row) return undefined
  return {
    externalId: row.external_id,
    runId: row.check_run_id,
    state: row.state,
    title: row.title,
    digest: row.digest,
    postedAt: row.posted_at,
    outstanding: row.outstanding,
  }
}

/** `reportOnly`: a green check of a policy that only reports lets through nothing that it would have to block in time. */
export type RunToSave = PostedRun & { reportOnly: boolean }

/** Writes down what stands on a commit, or is about to; `at` is now. */
export async function savePostedRun(db: Queryable, head: Head, run: RunToSave, at: Date): Promise<void> {
  await db.query(
    `INSERT INTO release_gate.check_runs AS stored
       (installation_id, repository_id, owner, repo, head_sha, external_id, check_run_id, state, title, digest, posted_at,
        outstanding)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
     ON CONFLICT (installation_id, repository_id, head_sha) DO UPDATE SET
       external_id = excluded.external_id, check_run_id = excluded.check_run_id, state = excluded.state,
       title = excluded.title, digest = excluded.digest, posted_at = excluded.posted_at,
       -- While it is not known whether a green check has been revoked, it counts as green.
       outstanding = excluded.outstanding OR (excluded.check_run_id IS NULL AND stored.outstanding),
       left_green_at = CASE WHEN stored.outstanding AND NOT excluded.outstanding AND excluded.check_run_id IS NOT NULL
         THEN $13 ELSE stored.left_green_at END`,
    [
      head.installationId,
      head.repositoryId,
      head.owner,
      head.repo,
      head.sha,
      run.externalId,
      run.runId,
      run.state,
      run.title,
      run.digest,
      run.postedAt,
      run.state === 'passed' && !run.reportOnly,
      at,
    ],
  )
}

/** The green checks of an installation: those that can still let a merge through, and those that did until lately. */
export async function greensOf(
  db: Queryable,
  installationId: number,
  since: Date,
): Promise<{ outstanding: number; leftLately: number }> {
  const [row] = await db.query<{ outstanding: number; left: number }>(
    `SELECT (SELECT count(*) FROM release_gate.check_runs WHERE installation_id = $1 AND outstanding) AS outstanding,
            (SELECT count(*) FROM release_gate.check_runs WHERE installation_id = $1 AND left_green_at > $2) AS left`,
    [installationId, since],
  )
  return { outstanding: Number(row?.outstanding ?? 0), leftLately: Number(row?.left ?? 0) }
}

/** A green check of a commit that is already merged, so that it lets nothing else through. */
export async function markGreenAsMerged(db: Queryable, head: Head, at: Date): Promise<undefined> {
  await db.query(
    `UPDATE release_gate.check_runs SET outstanding = false, left_green_at = $4
     WHERE installation_id = $1 AND repository_id = $2 AND head_sha = $3 AND outstanding`,
    [head.installationId, head.repositoryId, head.sha, at],
  )
}

/** A green check that was taken for one that lets nothing through, and may do so. */
export async function markOutstanding(db: Queryable, head: Head): Promise<void> {
  await db.query(
    `UPDATE release_gate.check_runs SET outstanding = true
     WHERE installation_id = $1 AND repository_id = $2 AND head_sha = $3 AND state = 'passed'`,
    [head.installationId, head.repositoryId, head.sha],
  )
}

/** A commit whose check may not be what its verdicts say, and the pull requests that these are on. */
export type HeadToWrite = Head & {
  /** All that count have passed, and it is not known to be green. */
  turnsGreen: boolean
  /** A green check may stand there already. */
  outstanding: boolean
  /** Those that passed were read since the time that was given, and no change of them was noted since. */
  fresh: boolean
  /** Its check says already that it waits for its turn. */
  queued: boolean
  numbers: number[]
}

/**
 * The commits whose check may not be what their verdicts say; which of several pull requests counts is decided when it
 * is written. Green ones first that must not be, those that no open pull request has anymore among them, then those that may
 * turn green, of which those come first whose last write is in doubt.
 */
export async function headsToWrite(
  db: Queryable,
  { readSince, queued }: { readSince: Date; queued: string },
): Promise<HeadToWrite[]> {
  const rows = await db.query<{
    installation_id: number
    repository_id: number
    owner: string
    repo: string
    head_sha: string
    turns_green: boolean
    outstanding: boolean
    fresh: boolean
    queued: boolean
    numbers: number[]
  }>(
    `SELECT v.installation_id, v.repository_id, min(v.owner) AS owner, min(v.repo) AS repo, v.head_sha,
            bool_and(v.state = 'passed') AND coalesce(c.state <> 'passed' OR c.check_run_id IS NULL, true) AS turns_green,
            coalesce(c.outstanding, false) AS outstanding,
            coalesce(bool_and(v.generation > coalesce(v.heard, 0) AND coalesce(facts.read_at >= $1, false))
              FILTER (WHERE v.state = 'passed'), false) AS fresh,
            coalesce(c.title = $2, false) AS queued, json_agg(v.number) AS numbers
     FROM release_gate.speaking v
     JOIN (SELECT installation_id, repository_id, number, read_at FROM release_gate.verdicts) facts
       USING (installation_id, repository_id, number)
     LEFT JOIN release_gate.check_runs c USING (installation_id, repository_id, head_sha)
     WHERE v.counts
     GROUP BY v.installation_id, v.repository_id, v.head_sha, c.state, c.check_run_id, c.outstanding, c.title
     HAVING CASE WHEN c.state = 'passed' THEN NOT bool_and(v.state = 'passed') ELSE bool_or(v.state = 'passed') END
       OR c.check_run_id IS NULL
     UNION ALL
     SELECT c.installation_id, c.repository_id, c.owner, c.repo, c.head_sha, false, true, false, false, '[]'::json
     FROM release_gate.check_runs c
     WHERE c.outstanding AND NOT EXISTS (
       SELECT 1 FROM release_gate.speaking v
       WHERE v.counts AND v.installation_id = c.installation_id AND v.repository_id = c.repository_id
         AND v.head_sha = c.head_sha
     )
     ORDER BY turns_green, outstanding DESC`,
    [readSince, queued],
  )
  return rows.map((row) => ({
    installationId: row.installation_id,
    repositoryId: row.repository_id,
    owner: row.owner,
    repo: row.repo,
    sha: row.head_sha,
    turnsGreen: row.turns_green,
    outstanding: row.outstanding,
    fresh: row.fresh,
    queued: row.queued,
    numbers: row.numbers,
  }))
}

/** Whether a commit waits for its turn to be green. */
export async function isAnyQueued(db: Queryable, queued: string): Promise<boolean> {
  const rows = await db.query(
    `SELECT 1 FROM release_gate.check_runs c JOIN release_gate.speaking v USING (installation_id, repository_id, head_sha)
     WHERE c.state = 'waiting' AND c.title = $1 AND v.counts AND v.state = 'passed' LIMIT 1`,
    [queued],
  )
  return rows.length > 0
}

/** Whether a green check still has to be revoked since a time. */
export async function isRevoking(db: Queryable, installationId: number, since: Date): Promise<boolean> {
  const rows = await db.query(
    `SELECT 1 FROM release_gate.check_runs c JOIN release_gate.speaking v USING (installation_id, repository_id, head_sha)
     WHERE c.installation_id = $1 AND c.outstanding AND v.counts AND v.state <> 'passed' AND v.decided_at > $2 LIMIT 1`,
    [installationId, since],
  )
  return rows.length > 0
}

/** How many commits could turn green and do not show yet that they wait for their turn. */
export async function readyNotQueued(db: Queryable, installationId: number, queued: string): Promise<number> {
  const [row] = await db.query<{ ready: number }>(
    `SELECT count(DISTINCT (v.repository_id, v.head_sha)) AS ready FROM release_gate.speaking v
     LEFT JOIN release_gate.check_runs c USING (installation_id, repository_id, head_sha)
     WHERE v.installation_id = $1 AND v.counts AND v.state = 'passed'
       AND (c.state IS NULL OR (c.state <> 'passed' AND c.title <> $2))`,
    [installationId, queued],
  )
  return Number(row?.ready ?? 0)
}
