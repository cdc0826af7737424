import type { Logger } from 'pino'
import { isClockWrong } from '../decision/clock-offset.ts'
import type { Database } from '../store/database.ts'
import type { Queue } from '../store/queue.ts'
import { allGreens, pullsReadByWrongClock } from '../store/verdicts/seen.ts'

export type ClockShell = {
  database: Database
  queue: Pick<Queue, 'enqueueAll'>
  clockAhead?: () => number
}

/**
 * Has the green checks evaluated again once the clock is found to be wrong, since nobody else would revoke them in time, and what was
 * read by a wrong clock once it is right. Gives one round.
 */
export function clockCheck(
  { database, queue, clockAhead = () => 0 }: ClockShell,
  log: Pick<Logger, 'error' | 'info'>,
): () => Promise<void> {
  let wasWrong: boolean | undefined
  return async () => {
    const ahead = clockAhead()
    const isWrong = isClockWrong(ahead)
    if (isWrong === wasWrong) return
    const pulls = await (isWrong ? allGreens(database) : pullsReadByWrongClock(database))
    await queue.enqueueAll(pulls.map((pull) => ({ pull, green: isWrong })))
    if (isWrong) log.error({ ahead, alert: true }, "The clock of this machine is not GitHub's")
    else if (wasWrong) log.info("The clock of this machine is GitHub's again")
    wasWrong = isWrong
  }
}
