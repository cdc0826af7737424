import type { Queryable } from '../database.ts'
import { factStore } from '../facts.ts'
import type { Verified } from './verify.ts'

/** The last time that every chain was verified as a whole, which the bot does once a day. */
export type LastVerified = { at: string; result: Verified }

const key = 'audit/last-verified'

export function lastVerified(db: Queryable, now: () => Date): Promise<LastVerified | undefined> {
  return factStore(db, now).get<LastVerified>(key)
}

export function saveVerified(db: Queryable, result: Verified, now: () => Date): Promise<void> {
  const verified: LastVerified = { at: now().toISOString(), result }
  return factStore(db, now).put(key, verified)
}
