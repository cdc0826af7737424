import type { Queryable } from '../store/database.ts'
import { factStore } from '../store/facts.ts'
import type { Diagnosis } from './diagnosis.ts'

/**
 * When the daily check ran last, and what it found, with earlier findings of repositories that it could not read. `planned`: it has not
 * run yet, and `at` only sets when it will.
 */
export type LastRun = { at: string; remember: Diagnosis[]; planned?: true }

const key = 'daily/last-run'

export function lastRun(db: Queryable, now: () => Date): Promise<LastRun | undefined> {
  return factStore(db, now).get<LastRun>(key)
}

export function saveLastRun(db: Queryable, run: LastRun, now: () => Date): Promise<void> {
  return factStore(db, now).put(key, run)
}
