import type { Queryable } from './database.ts'

/** Answers vary with the installation whose token asked, and with the media type. */
export type CacheKey = { installationId: number; url: string; accept: string }

/** An answer of GitHub; `link` is its pagination header, which a 304 does not repeat reliably. */
export type CachedAnswer = { etag: string; body: string; link: string | null; fetchedAt: Date }

const HOUR = 3_600_000

/**
 * Looks up an answer to ask again with its ETag: a 304 costs nothing of the hourly limit (rules/ingest.md, "Limits of
 * GitHub"). Its use is noted at most once an hour, so that reading does not write each time.
 */
export async function getCached(db: Queryable, key: CacheKey, now: Date): Promise<CachedAnswer | undefined> {
  const [row] = await db.query<CachedAnswer & { lastUsedAt: Date }>(
    `SELECT etag, body, link, fetched_at AS "fetchedAt", last_used_at AS "lastUsedAt"
     FROM release_gate.http_cache WHERE ${BY_KEY}`,
    keyOf(key),
  )
  if (!row) return undefined
  const { lastUsedAt, ...answer } = row
  if (now.getTime() - lastUsedAt.getTime() >= HOUR) {
    await db.query(`UPDATE release_gate.http_cache SET last_used_at = $4 WHERE ${BY_KEY}`, [
      ...keyOf(key),
      now,
    ])
  }
  return answer
}

/** Keeps an answer in place of the one before. */
export async function putCached(db: Queryable, key: CacheKey, answer: CachedAnswer): Promise<void> {
  await db.query(
    `INSERT INTO release_gate.http_cache (installation_id, url, accept, etag, body, link, fetched_at, last_used_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
     ON CONFLICT (installation_id, url, accept) DO UPDATE SET etag = excluded.etag, body = excluded.body,
       link = excluded.link, fetched_at = excluded.fetched_at, last_used_at = excluded.last_used_at`,
    [...keyOf(key), answer.etag, answer.body, answer.link, answer.fetchedAt],
  )
}

/** Forgets all answers of an installation, as when its permissions were changed or it was removed. */
export async function forgetInstallation(db: Queryable, installationId: number): Promise<void> {
  await db.query('DELETE FROM release_gate.http_cache WHERE installation_id = $1', [installationId])
}

/** Removes answers that were last used before a time, and tells how many. */
export async function pruneCache(db: Queryable, before: Date): Promise<number> {
  const rows = await db.query(
    'DELETE FROM release_gate.http_cache WHERE last_used_at < $1 RETURNING 1 AS gone',
    [before],
  )
  return rows.length
}

const BY_KEY = 'installation_id = $1 AND url = $2 AND accept = $3'

function keyOf(key: CacheKey): [number, string, string] {
  return [key.installationId, key.url, key.accept]
}
