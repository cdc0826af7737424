import type { Notice } from '../decision/notice.ts'
import type { ReviewIssue } from '../decision/review-issue.ts'
import type { Queryable } from './database.ts'

type Repository = { installationId: number; repositoryId: number; owner: string; repo: string }

/** A change that reached a covered branch, and its follow-ups. */
export type NewLanding = {
  repository: Repository
  /** `#12` for a pull request, the commit and the branch for a push. */
  key: string
  number: number | undefined
  headSha: string | undefined
  landedAt: Date
  /** Left out, the same time. */
  recordedAt?: Date
  recordSeq: number
  exception: boolean
  urgent: boolean
  /** The issue to open. */
  review: ReviewIssue | undefined
  dueAt: Date | undefined
  notice: Notice
}

export type Landing = NewLanding & {
  issue: { number: number; url: string } | undefined
  notified: boolean
}

type Key = { repository: Pick<Repository, 'installationId' | 'repositoryId'>; key: string }

/** Notes a landing. The caller has made sure that it is new: see `landingOf`. */
export async function saveLanding(db: Queryable, landing: NewLanding): Promise<void> {
  const { repository, review } = landing
  await db.query(
    `INSERT INTO release_gate.landings
       (installation_id, repository_id, key, owner, repo, number, head_sha, landed_at, record_seq, exception, urgent, review,
        due_at, notice, recorded_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
    [
      repository.installationId,
      repository.repositoryId,
      landing.key,
      repository.owner,
      repository.repo,
      landing.number ?? null,
      landing.headSha ?? null,
      landing.landedAt,
      landing.recordSeq,
      landing.exception,
      landing.urgent,
      review === undefined ? null : JSON.stringify(review),
      landing.dueAt ?? null,
      JSON.stringify(landing.notice),
      landing.recordedAt ?? landing.landedAt,
    ],
  )
}

export async function landingOf(db: Queryable, { repository, key }: Key): Promise<Landing | undefined> {
  const rows = await db.query<Row>(
    'SELECT * FROM release_gate.landings WHERE installation_id = $1 AND repository_id = $2 AND key = $3',
    [repository.installationId, repository.repositoryId, key],
  )
  return rows.map(fromRow)[0]
}

/** The landing whose review is this issue. */
export async function landingOfIssue(
  db: Queryable,
  repository: Key['repository'],
  issue: number,
): Promise<Landing | undefined> {
  const rows = await db.query<Row>(
    'SELECT * FROM release_gate.landings WHERE installation_id = $1 AND repository_id = $2 AND issue_number = $3',
    [repository.installationId, repository.repositoryId, issue],
  )
  return rows.map(fromRow)[0]
}

/** Stores the issue of a review; null: it is gone, and another one is needed. */
export async function saveIssue(
  db: Queryable,
  { repository, key }: Key,
  issue: { number: number; url: string } | null,
): Promise<void> {
  await db.query(
    `UPDATE release_gate.landings SET issue_number = $4, issue_url = $5
     WHERE installation_id = $1 AND repository_id = $2 AND key = $3`,
    [repository.installationId, repository.repositoryId, key, issue?.number ?? null, issue?.url ?? null],
  )
}

/** Notes when a review ended, or since when it goes on. False: that was known. */
export async function saveIssueState(
  db: Queryable,
  { repository, key }: Key,
  { state, at }: { state: 'open' | 'closed'; at: Date },
): Promise<boolean> {
  const ofLanding = 'installation_id = $1 AND repository_id = $2 AND key = $3'
  const rows = await db.query(
    state === 'closed'
      ? `UPDATE release_gate.landings SET issue_closed_at = $4
         WHERE ${ofLanding} AND issue_closed_at IS DISTINCT FROM $4 RETURNING 1`
      : `UPDATE release_gate.landings SET issue_was_closed_at = issue_closed_at, issue_reopened_at = $4, issue_closed_at = NULL
         WHERE ${ofLanding} AND issue_closed_at IS NOT NULL RETURNING 1`,
    [repository.installationId, repository.repositoryId, key, at],
  )
  return rows.length > 0
}

/** Claims the announcement of a landing. False: it was already announced. */
export async function claimNotification(db: Queryable, { repository, key }: Key): Promise<boolean> {
  const rows = await db.query(
    `UPDATE release_gate.landings SET notified = true
     WHERE installation_id = $1 AND repository_id = $2 AND key = $3 AND NOT notified RETURNING 1`,
    [repository.installationId, repository.repositoryId, key],
  )
  return rows.length > 0
}

/** Claims the record of where a landing was announced, by its notice. Undefined: that was done, or it is not a landing's notice. */
export async function claimAnnouncement(
  db: Queryable,
  repository: Key['repository'],
  noticeKey: string,
): Promise<Landing | undefined> {
  const rows = await db.query<Row>(
    `UPDATE release_gate.landings SET announced = true
     WHERE installation_id = $1 AND repository_id = $2 AND notice->>'key' = $3 AND NOT announced RETURNING *`,
    [repository.installationId, repository.repositoryId, noticeKey],
  )
  return rows.map(fromRow)[0]
}

/** When the merge or the push happened that a notice is about. */
export async function landedAtOfNotice(
  db: Queryable,
  { installationId, repositoryId }: Key['repository'],
  noticeKey: string,
): Promise<Date | undefined> {
  const [landing] = await db.query<{ at: Date }>(
    `SELECT landed_at AS at FROM release_gate.landings
     WHERE installation_id = $1 AND repository_id = $2 AND notice->>'key' = $3`,
    [installationId, repositoryId, noticeKey],
  )
  return landing?.at
}

/** The record of the merge or the push that a notice is about. */
export async function recordOfNotice(
  db: Queryable,
  { installationId, repositoryId }: Key['repository'],
  noticeKey: string,
): Promise<{ seq: number; hash: string } | undefined> {
  const [record] = await db.query<{ seq: number; hash: string }>(
    `SELECT r.seq, r.hash FROM release_gate.landings l
     JOIN release_gate.audit_records r ON r.installation_id = l.installation_id AND r.seq = l.record_seq
     WHERE l.installation_id = $1 AND l.repository_id = $2 AND l.notice->>'key' = $3`,
    [installationId, repositoryId, noticeKey],
  )
  return record
}

/** The urgent merges of a repository whose review was open at a time, the one due first at the front. */
export async function openReviews(
  db: Queryable,
  repository: Key['repository'],
  at: Date,
): Promise<Landing[]> {
  const found = await openReviewsIn(db, [repository.repositoryId], at)
  return found.filter((one) => one.repository.installationId === repository.installationId)
}

/** The same of some repositories. */
export async function openReviewsIn(db: Queryable, repositoryIds: number[], at: Date): Promise<Landing[]> {
  const rows = await db.query<Row>(
    `SELECT * FROM release_gate.landings
     WHERE repository_id = ANY ($1::bigint[]) AND review IS NOT NULL AND urgent AND landed_at <= $2
       AND (issue_closed_at IS NULL OR issue_closed_at > $2)
       AND (issue_reopened_at IS NULL OR issue_was_closed_at > $2 OR issue_reopened_at <= $2)
     ORDER BY due_at, key`,
    [repositoryIds, at],
  )
  return rows.map(fromRow)
}

/** What reached the covered branches of some repositories in a span, `to` included, the oldest first. */
export async function landingsWithin(
  db: Queryable,
  repositoryIds: number[],
  { from, to }: { from: Date; to: Date },
): Promise<Landing[]> {
  const rows = await db.query<Row>(
    `SELECT * FROM release_gate.landings WHERE repository_id = ANY ($1::bigint[]) AND landed_at >= $2 AND landed_at <= $3
     ORDER BY landed_at, key`,
    [repositoryIds, from, to],
  )
  return rows.map(fromRow)
}

/** What was recorded in a span and was not announced, or has no issue for its review. */
export async function unfinishedLandings(
  db: Queryable,
  { from, to }: { from: Date; to: Date },
): Promise<Landing[]> {
  const rows = await db.query<Row>(
    `SELECT * FROM release_gate.landings WHERE coalesce(recorded_at, landed_at) BETWEEN $1 AND $2
       AND (NOT notified OR (review IS NOT NULL AND issue_number IS NULL AND issue_closed_at IS NULL))
     ORDER BY landed_at, key`,
    [from, to],
  )
  return rows.map(fromRow)
}

/** The merges by the rule since a time that were announced, and that the thread of their day does not name. */
export async function mergesToThread(
  db: Queryable,
  repositoryIds: number[],
  since: Date,
): Promise<Landing[]> {
  const rows = await db.query<Row>(
    `SELECT * FROM release_gate.landings l WHERE repository_id = ANY ($1::bigint[]) AND landed_at >= $2 AND notified
       AND NOT exception AND notice->>'kind' = 'merged'
       AND NOT EXISTS (SELECT 1 FROM release_gate.notices n WHERE n.key = (l.notice->>'key') || ' in its day')
     ORDER BY landed_at, key LIMIT 100`,
    [repositoryIds, since],
  )
  return rows.map(fromRow)
}

type Row = {
  installation_id: number
  repository_id: number
  key: string
  owner: string
  repo: string
  number: number | null
  head_sha: string | null
  landed_at: Date
  record_seq: number
  exception: boolean
  urgent: boolean
  review: ReviewIssue | null
  due_at: Date | null
  issue_number: number | null
  issue_url: string | null
  notice: Notice
  notified: boolean
}

function fromRow(row: Row): Landing {
  const { issue_number: number, issue_url: url } = row
  return {
    repository: {
      installationId: row.installation_id,
      repositoryId: row.repository_id,
      owner: row.owner,
      repo: row.repo,
    },
    key: row.key,
    number: row.number ?? undefined,
    headSha: row.head_sha ?? undefined,
    landedAt: row.landed_at,
    recordSeq: row.record_seq,
    exception: row.exception,
    urgent: row.urgent,
    review: row.review ?? undefined,
    dueAt: row.due_at ?? undefined,
    notice: row.notice,
    issue: number === null || url === null ? undefined : { number, url },
    notified: row.notified,
  }
}
