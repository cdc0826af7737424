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
  digest: string
  postedAt: Date
}

export async function postedRun(db: Queryable, head: Head): Promise<PostedRun | undefined> {
  const rows = await db.query<{
    external_id: string
    check_run_id: number | null
    state: FindingState
    digest: string
    posted_at: Date
  }>(
    `SELECT external_id, check_run_id, state, digest, posted_at FROM release_gate.check_runs
     WHERE installation_id = $1 AND repository_id = $2 AND head_sha = $3`,
    [head.installationId, head.repositoryId, head.sha],
  )
  const [row] = rows
  if (!row) return undefined
  return {
    externalId: row.external_id,
    runId: row.check_run_id,
    state: row.state,
    digest: row.digest,
    postedAt: row.posted_at,
  }
}

/** Writes down what stands on a commit, or is about to. */
export async function savePostedRun(db: Queryable, head: Head, run: PostedRun): Promise<void> {
  await db.query(
    `INSERT INTO release_gate.check_runs
       (installation_id, repository_id, head_sha, external_id, check_run_id, state, digest, posted_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
     ON CONFLICT (installation_id, repository_id, head_sha) DO UPDATE SET
       external_id = excluded.external_id, check_run_id = excluded.check_run_id, state = excluded.state,
       digest = excluded.digest, posted_at = excluded.posted_at`,
    [
      head.installationId,
      head.repositoryId,
      head.sha,
      run.externalId,
      run.runId,
      run.state,
      run.digest,
      run.postedAt,
    ],
  )
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
