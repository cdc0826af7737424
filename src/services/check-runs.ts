import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
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

export async function postedRun(db: Queryable, head: Head): Promise<PostedRun | undefined> {
  const rows = await db.query<{
    external_id: string
    check_run_id: number | null
    state: FindingState
    title: string
    digest: string
    posted_at: Date
  }>(
    `SELECT external_id, check_run_id, state, title, digest, posted_at FROM release_gate.check_runs
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
  }
}

/** Writes down what stands on a commit, or is about to. */
export async function savePostedRun(db: Queryable, head: Head, run: PostedRun): Promise<void> {
  await db.query(
    `INSERT INTO release_gate.check_runs AS stored
       (installation_id, repository_id, owner, repo, head_sha, external_id, check_run_id, state, title, digest, posted_at,
        outstanding)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
     ON CONFLICT (installation_id, repository_id, head_sha) DO UPDATE SET
       external_id = excluded.external_id, check_run_id = excluded.check_run_id, state = excluded.state,
       title = excluded.title, digest = excluded.digest, posted_at = excluded.posted_at,
       -- While it is not known whether a green check has been taken back, it is taken to stand.
       outstanding = excluded.outstanding OR (excluded.check_run_id IS NULL AND stored.outstanding)`,
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
      run.state === 'passed',
    ],
  )
}

/** How many green checks of an installation can still let a merge through. */
export async function outstandingGreens(db: Queryable, installationId: number): Promise<number> {
  const [row] = await db.query<{ greens: number }>(
    'SELECT count(*) AS greens FROM release_gate.check_runs WHERE installation_id = $1 AND outstanding',
    [installationId],
  )
  return Number(row?.greens ?? 0)
}

/** A green check whose commit has been merged where it could go, and that lets nothing through any more. */
export async function settleGreen(db: Queryable, head: Head): Promise<undefined> {
  await db.query(
    `UPDATE release_gate.check_runs SET outstanding = false
     WHERE installation_id = $1 AND repository_id = $2 AND head_sha = $3`,
    [head.installationId, head.repositoryId, head.sha],
  )
}

/**
 * The commits whose check is not what their verdicts say: green ones first that must not be, those that no open pull
 * request has any more among them, then those that may turn green.
 */
export async function headsToWrite(db: Queryable): Promise<(Head & { turnsGreen: boolean })[]> {
  const rows = await db.query<{
    installation_id: number
    repository_id: number
    owner: string
    repo: string
    head_sha: string
    turns_green: boolean
  }>(
    `SELECT v.installation_id, v.repository_id, min(v.owner) AS owner, min(v.repo) AS repo, v.head_sha,
            bool_and(v.state = 'passed') AS turns_green
     FROM release_gate.verdicts v
     LEFT JOIN release_gate.check_runs c USING (installation_id, repository_id, head_sha)
     WHERE v.counts
     GROUP BY v.installation_id, v.repository_id, v.head_sha, c.state, c.check_run_id
     HAVING bool_and(v.state = 'passed') IS DISTINCT FROM coalesce(c.state = 'passed', false) OR c.check_run_id IS NULL
     UNION ALL
     SELECT c.installation_id, c.repository_id, c.owner, c.repo, c.head_sha, false
     FROM release_gate.check_runs c
     WHERE c.outstanding AND NOT EXISTS (
       SELECT 1 FROM release_gate.verdicts v
       WHERE v.counts AND v.installation_id = c.installation_id AND v.repository_id = c.repository_id
         AND v.head_sha = c.head_sha
     )
     ORDER BY turns_green`,
  )
  return rows.map((row) => ({
    installationId: row.installation_id,
    repositoryId: row.repository_id,
    owner: row.owner,
    repo: row.repo,
    sha: row.head_sha,
    turnsGreen: row.turns_green,
  }))
}

/**
 * Does `work` while no other process does work under the same key; waits a second at most for whoever does. A lease
 * outlives a handler's expiry of 60 s, so it is never taken from one that still runs; it ends by itself when its process died.
 * @returns undefined where somebody else keeps the lease.
 */
export async function withLease<Result>(
  db: Queryable,
  key: string,
  now: () => Date,
  work: () => Promise<Result>,
): Promise<{ result: Result } | undefined> {
  const holder = randomUUID()
  for (let tries = 0; !(await takeLease(db, key, holder, now())); tries++) {
    if (tries === 20) return undefined
    await setTimeout(50)
  }
  try {
    return { result: await work() }
  } finally {
    await db.query(`DELETE FROM release_gate.leases WHERE key = $1 AND holder = $2`, [key, holder])
  }
}

async function takeLease(db: Queryable, key: string, holder: string, now: Date): Promise<boolean> {
  const taken = await db.query(
    `INSERT INTO release_gate.leases AS lease (key, holder, expires_at) VALUES ($1, $2, $4)
     ON CONFLICT (key) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
     WHERE lease.expires_at < $3 RETURNING 1`,
    [key, holder, now, new Date(now.getTime() + 90_000)],
  )
  return taken.length > 0
}

/** For a database that only this process uses: whoever held a lease is dead. */
export async function releaseLeases(db: Queryable): Promise<void> {
  await db.query('DELETE FROM release_gate.leases')
}
