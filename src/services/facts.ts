import type { Queryable } from './database.ts'

/**
 * Facts that never change, such as the comparison of two commits, by a key that names all that they depend on: the
 * repository's id and the full commit ids, never a branch. What is stored first stays.
 */
export async function putFact(db: Queryable, key: string, value: unknown, now: Date): Promise<void> {
  await db.query(
    `INSERT INTO release_gate.facts (key, value, last_used_at) VALUES ($1, $2, $3) ON CONFLICT (key) DO NOTHING`,
    [key, JSON.stringify(value), now],
  )
}

/**
 * Looks up a fact; `undefined` when it is not known, while a stored `null` is a fact. The caller checks its shape: an
 * older version may have written it. Its use is noted at most once a day.
 */
export async function getFact(db: Queryable, key: string, now: Date): Promise<unknown> {
  const [row] = await db.query<{ value: unknown; lastUsedAt: Date }>(
    'SELECT value, last_used_at AS "lastUsedAt" FROM release_gate.facts WHERE key = $1',
    [key],
  )
  if (!row) return undefined
  const DAY = 86_400_000
  if (now.getTime() - row.lastUsedAt.getTime() >= DAY) {
    await db.query('UPDATE release_gate.facts SET last_used_at = $2 WHERE key = $1', [key, now])
  }
  return row.value
}

/** Removes facts that were last used before a time, and tells how many. */
export async function pruneFacts(db: Queryable, before: Date): Promise<number> {
  const rows = await db.query('DELETE FROM release_gate.facts WHERE last_used_at < $1 RETURNING key', [
    before,
  ])
  return rows.length
}
