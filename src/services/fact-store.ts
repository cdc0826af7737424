import type { Queryable } from './database.ts'

/** What was found out about commits, by a key that names every commit it depends on. */
export type FactStore = {
  get: <Value>(key: string) => Promise<Value | undefined>
  put: (key: string, value: unknown) => Promise<void>
}

/** Facts about commits do not grow old, so they are kept until nobody has asked for them for long. */
export function factStore(db: Queryable): FactStore {
  return {
    get: async <Value>(key: string) => {
      const [row] = await db.query<{ value: Value }>('SELECT value FROM release_gate.facts WHERE key = $1', [key])
      return row?.value
    },
    put: async (key, value) => {
      await db.query(
        `INSERT INTO release_gate.facts (key, value, last_used_at) VALUES ($1, $2, now())
         ON CONFLICT (key) DO UPDATE SET value = excluded.value, last_used_at = excluded.last_used_at`,
        [key, JSON.stringify(value)],
      )
    },
  }
}
