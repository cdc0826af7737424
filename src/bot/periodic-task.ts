import type { Logger } from 'pino'

/**
 * A periodic task. `stop` resolves when the round that runs has ended. `run` begins one now unless one runs already, for a
 * simulated clock, under which no interval ends.
 */
export type PeriodicTask = {
  what: string
  run: () => Promise<void>
  stop: () => Promise<void>
  idle: () => boolean
}

export const minute = 60 * 1000

/** Runs a task now and then at an interval, never twice at once. A failure is logged and retried at the next interval. */
export function startPeriodicTask(
  what: string,
  every: number,
  task: () => Promise<void>,
  log: Pick<Logger, 'error'>,
): PeriodicTask {
  let running = false
  const once = async () => {
    running = true
    await task().catch((error: unknown) => log.error({ problem: String(error) }, `${what} failed`))
    running = false
  }
  let round = once()
  const run = () => {
    if (!running) round = once()
    return round
  }
  const timer = setInterval(() => void run(), every)
  const stop = () => {
    clearInterval(timer)
    return round
  }
  return { what, run, stop, idle: () => !running }
}
