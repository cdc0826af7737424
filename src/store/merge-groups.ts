import type { Policy } from '../decision/policy.ts'
import type { Snapshot } from '../decision/snapshot.ts'
import type { Queryable } from './database.ts'

/** A pull request of a group, as it was evaluated; `policy` is undefined where it was broken. */
export type Member = { snapshot: Snapshot; policy?: Policy | undefined }

export type OpenGroup = {
  repository: { installationId: number; repositoryId: number; owner: string; repo: string }
  headSha: string
  headRef: string
  baseRef: string
  state: 'passed' | 'failed'
  members: Member[]
  /** Taken before its pull requests were read: a verdict on one of them with a higher one is newer. */
  generation: number
}

export async function saveGroup(db: Queryable, group: OpenGroup): Promise<void> {
  const { repository } = group
  await db.query(
    `INSERT INTO release_gate.merge_groups
       (installation_id, repository_id, head_sha, owner, repo, head_ref, base_ref, state, members, generation)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
     ON CONFLICT (installation_id, repository_id, head_sha) DO UPDATE SET
       owner = excluded.owner, repo = excluded.repo, state = excluded.state, members = excluded.members,
       generation = excluded.generation`,
    [
      repository.installationId,
      repository.repositoryId,
      group.headSha,
      repository.owner,
      repository.repo,
      group.headRef,
      group.baseRef,
      group.state,
      JSON.stringify(group.members),
      group.generation,
    ],
  )
}

export async function forgetGroup(
  db: Queryable,
  { installationId, repositoryId }: OpenGroup['repository'],
  headSha: string,
): Promise<void> {
  await db.query(
    'DELETE FROM release_gate.merge_groups WHERE installation_id = $1 AND repository_id = $2 AND head_sha = $3',
    [installationId, repositoryId, headSha],
  )
}

/** The groups of a repository that passed and that GitHub has not told the end of: all, or the one with a head. */
export async function passedGroups(
  db: Queryable,
  { installationId, repositoryId }: { installationId: number; repositoryId: number },
  headSha?: string,
): Promise<OpenGroup[]> {
  const rows = await db.query<Row>(
    `SELECT * FROM release_gate.merge_groups
     WHERE installation_id = $1 AND repository_id = $2 AND state = 'passed' AND ($3::text IS NULL OR head_sha = $3)
     ORDER BY head_sha`,
    [installationId, repositoryId, headSha ?? null],
  )
  return rows.map((row) => ({
    repository: { installationId, repositoryId, owner: row.owner, repo: row.repo },
    headSha: row.head_sha,
    headRef: row.head_ref,
    baseRef: row.base_ref,
    state: row.state,
    members: row.members,
    generation: row.generation,
  }))
}

/**
 * The numbers of the members that something changed about after the group's generation was taken; with `forMs`, those alone
 * that have not been evaluated for so many milliseconds since they changed.
 */
export async function changedMembers(
  db: Queryable,
  { repository, members, generation }: Pick<OpenGroup, 'repository' | 'members' | 'generation'>,
  forMs?: number,
): Promise<number[]> {
  const rows = await db.query<{ number: number }>(
    `SELECT number FROM release_gate.verdicts
     WHERE installation_id = $1 AND repository_id = $2 AND number = ANY ($3::integer[]) AND heard > $4
       AND ($5::integer IS NULL OR changed_at <= clock_timestamp() - make_interval(secs => $5::integer / 1000.0))`,
    [
      repository.installationId,
      repository.repositoryId,
      members.map(({ snapshot }) => snapshot.pull.number),
      generation,
      forMs ?? null,
    ],
  )
  return rows.map(({ number }) => number)
}

/** The repositories in which a group has passed and is still open. */
export function repositoriesWithPassedGroups(
  db: Queryable,
): Promise<{ installationId: number; repositoryId: number }[]> {
  return db.query(
    `SELECT DISTINCT installation_id AS "installationId", repository_id AS "repositoryId"
     FROM release_gate.merge_groups WHERE state = 'passed' ORDER BY 1, 2`,
  )
}

type Row = {
  owner: string
  repo: string
  head_sha: string
  head_ref: string
  base_ref: string
  state: 'passed' | 'failed'
  members: Member[]
  generation: number
}
