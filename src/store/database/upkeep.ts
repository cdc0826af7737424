import { statSync, writeFileSync } from 'node:fs'
import type { DatabaseLog, Query } from '../database.ts'

const FIVE_MINUTES = 5 * 60_000
const DAY = 24 * 60 * 60_000

/**
 * CHECKPOINT every 5 minutes and VACUUM daily: PGlite has no background process for either.
 * The time of the last VACUUM is that of the file `mark`, so that a bot started anew each morning has it done as well.
 *
 * @returns a function that ends the upkeep and waits for the round that runs.
 */
export function startMaintenance(query: Query, mark: string, log?: DatabaseLog): () => Promise<void> {
  let round: Promise<void> = Promise.resolve()
  const timer = setInterval(() => {
    round = round
      .then(() => upkeepRound(query, mark))
      .catch((error) =>
        log?.error({ err: error }, 'The upkeep of the data folder failed; it will be retried'),
      )
  }, FIVE_MINUTES)
  timer.unref()
  return () => {
    clearInterval(timer)
    return round
  }
}

async function upkeepRound(query: Query, mark: string): Promise<void> {
  if (Date.now() - lastVacuum(mark) >= DAY) {
    await query('VACUUM')
    writeFileSync(mark, '')
  }
  await query('CHECKPOINT')
}

function lastVacuum(mark: string): number {
  return statSync(mark, { throwIfNoEntry: false })?.mtimeMs ?? 0
}
