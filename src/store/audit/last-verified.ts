import type { Queryable } from '../database.ts'
import { factStore } from '../facts.ts'
import type { Verified } from './verify.ts'

/** The last time that every chain was verified as a whole, which the bot does once a day, and what came out for each. */
export type LastVerified = { at: string; results: Verified[] }

const key = 'audit/last-verified'

export async function lastVerified(db: Queryable, now: () => Date): Promise<LastVerified | undefined> {
  // An earlier version kept one result for all chains.
  const kept = await factStore(db, now).get<LastVerified | { at: string; result: Verified }>(key)
  return kept && 'result' in kept ? { at: kept.at, results: [kept.result] } : kept
}

export function saveVerified(db: Queryable, results: Verified[], now: () => Date): Promise<void> {
  const verified: LastVerified = { at: now().toISOString(), results }
  return factStore(db, now).put(key, verified)
}
