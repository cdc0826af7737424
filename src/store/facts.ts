import { type LabelOrder, labelOrders } from './comment-commands.ts'
import type { Queryable } from './database.ts'

/** What was found out about commits, by a key that names every commit it depends on. */
export type FactStore = {
  get: <Value>(key: string) => Promise<Value | undefined>
  put: (key: string, value: unknown) => Promise<void>
  /** The labels of a pull request that the App put on for people. */
  labelOrders: (pull: { repositoryId: number; number: number }) => Promise<LabelOrder[]>
}

/** Facts about commits never become wrong; a use is noted at most once a day, so that those nobody asks for can go. */
export function factStore(db: Queryable, now: () => Date): FactStore {
  return {
    get: async <Value>(key: string) => {
      const [row] = await db.query<{ value: Value; lastUsedAt: Date }>(
        'SELECT value, last_used_at AS "lastUsedAt" FROM release_gate.facts WHERE key = $1',
        [key],
      )
      if (row && now().getTime() - row.lastUsedAt.getTime() > 86_400_000) {
        await db.query('UPDATE release_gate.facts SET last_used_at = $2 WHERE key = $1', [key, now()])
      }
      return row?.value
    },
    put: async (key, value) => {
      await db.query(
        `INSERT INTO release_gate.facts (key, value, last_used_at) VALUES ($1, $2, $3)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value, last_used_at = excluded.last_used_at`,
        [key, JSON.stringify(value), now()],
      )
    },
    labelOrders: (pull) => labelOrders(db, pull),
  }
}

/** Removes the facts that were last used before a time, and tells how many. */
export async function pruneFacts(db: Queryable, before: Date): Promise<number> {
  const rows = await db.query('DELETE FROM release_gate.facts WHERE last_used_at < $1 RETURNING key', [
    before,
  ])
  return rows.length
}
