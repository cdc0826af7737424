import type { PullRef } from '../../decision/snapshot.ts'
import type { Queryable } from '../database.ts'
import { type PullColumns, pullOf, type StoredVerdict } from './rows.ts'

/** How an open pull request looks from outside, without reading it. */
export type SeenPull = {
  head: string
  base: string
  draft: boolean
  updatedAt: string
  defaultBranch: string
}

/**
 * GitHub's times have no parts of a second, and what answers may lag behind the events: a pull request that was read within
 * this time of its last change is read once more at the next look. So is one whose pusher GitHub does not list yet.
 */
const settlesIn = 60_000

export function isSettled(
  { updatedAt }: SeenPull,
  { decidedAt, snapshot }: Pick<StoredVerdict, 'decidedAt' | 'snapshot'>,
): boolean {
  const isListed = !snapshot.unattributed.some(({ field }) => field === 'pusher')
  return isListed && decidedAt.getTime() - Date.parse(updatedAt) > settlesIn
}

export function versionOf({ head, base, draft, updatedAt, defaultBranch }: SeenPull): string {
  return JSON.stringify([head, base, draft, Date.parse(updatedAt), defaultBranch])
}

/** What is known of a pull request that was open when it was last evaluated. */
export type KnownPull = {
  number: number
  /** `owner/name` at that time. */
  repository: string
  /** Of `versionOf`; undefined where it has to be read again whatever it looks like. */
  seen: string | undefined
  readAt: Date | undefined
  /** When what its check says stops being true without any event. */
  staleAt: Date | undefined
  /** When its check was posted, where it is incomplete: GitHub lets it expire. */
  waitingSince: Date | undefined
  /** The blob of the policy that it was evaluated by, and where that stands. */
  policy: { blob: string; where: string }
  /** Something changed that its verdict does not know yet. */
  changed: boolean
  /** Its check may be green. */
  green: boolean
}

type Row = Pick<KnownPull, 'number' | 'repository' | 'changed' | 'green'> & {
  repositoryId: number
  seen: string | null
  readAt: Date | null
  staleAt: Date | null
  waitingSince: Date | null
  blob: string
  where: string
}

/** The open pull requests of some repositories, by repository. */
export async function knownOpenPulls(
  db: Queryable,
  installationId: number,
  repositoryIds: number[],
): Promise<Map<number, KnownPull[]>> {
  const rows = await db.query<Row>(
    `SELECT v.repository_id AS "repositoryId", v.number, v.owner || '/' || v.repo AS repository, v.seen, v.read_at AS "readAt", v.stale_at AS "staleAt",
       CASE WHEN c.state = 'waiting' THEN c.posted_at END AS "waitingSince", v.source->>'blob' AS blob,
       v.source->>'where' AS where, v.changed_at IS NOT NULL AS changed,
       v.state = 'passed' OR coalesce(c.outstanding, false) AS green
     FROM release_gate.verdicts v LEFT JOIN release_gate.check_runs c USING (installation_id, repository_id, head_sha)
     WHERE v.installation_id = $1 AND v.repository_id = ANY ($2::bigint[]) AND v.counts`,
    [installationId, repositoryIds],
  )
  const known = rows.map(({ repositoryId, blob, where, ...row }) => ({
    repositoryId,
    pull: {
      ...row,
      seen: row.seen ?? undefined,
      readAt: row.readAt ?? undefined,
      staleAt: row.staleAt ?? undefined,
      waitingSince: row.waitingSince ?? undefined,
      policy: { blob, where },
    },
  }))
  const grouped = Map.groupBy(known, ({ repositoryId }) => Number(repositoryId))
  return new Map([...grouped].map(([id, pulls]) => [id, pulls.map(({ pull }) => pull)]))
}

/** The open pull requests whose check may be green on facts that were read by a time, of some installations. */
export function greensReadBy(db: Queryable, installationIds: number[], at: Date): Promise<PullRef[]> {
  return greens(
    db,
    `AND v.installation_id = ANY ($1::bigint[]) AND (v.read_at IS NULL OR v.read_at <= $2)
     ORDER BY v.read_at NULLS FIRST`,
    [installationIds, at],
  )
}

/** All whose check is green, or may be. */
export function allGreens(db: Queryable): Promise<PullRef[]> {
  return greens(db)
}

async function greens(db: Queryable, which = '', values: unknown[] = []): Promise<PullRef[]> {
  const rows = await db.query<PullColumns>(
    `SELECT v.installation_id, v.repository_id, v.owner, v.repo, v.number
     FROM release_gate.verdicts v LEFT JOIN release_gate.check_runs c USING (installation_id, repository_id, head_sha)
     WHERE v.counts AND (v.state = 'passed' OR c.outstanding) ${which}`,
    values,
  )
  return rows.map(pullOf)
}

/** How many open pull requests an installation has that a policy covers. */
export async function countOpen(db: Queryable, installationId: number): Promise<number> {
  const [row] = await db.query<{ open: number }>(
    'SELECT count(*)::int AS open FROM release_gate.verdicts WHERE installation_id = $1 AND counts',
    [installationId],
  )
  return row?.open ?? 0
}

/** Those whose facts were read while the clock was known to be wrong. */
export async function pullsReadByWrongClock(db: Queryable): Promise<PullRef[]> {
  const rows = await db.query<PullColumns>(
    `SELECT installation_id, repository_id, owner, repo, number FROM release_gate.verdicts
     WHERE counts AND snapshot->'clockAhead' IS NOT NULL`,
  )
  return rows.map(pullOf)
}

/** Has pull requests read at the next look, whatever they look like. */
export async function forgetSeen(
  db: Queryable,
  { installationId, repositoryId }: { installationId: number; repositoryId: number },
  headSha: string,
): Promise<void> {
  await db.query(
    `UPDATE release_gate.verdicts SET seen = NULL WHERE installation_id = $1 AND repository_id = $2 AND head_sha = $3`,
    [installationId, repositoryId, headSha],
  )
}
