import type { Logger } from 'pino'

/** A periodic task. `stop` resolves when the round that runs has ended. */
export type Chore = { stop: () => Promise<void>; idle: () => boolean }

export const minute = 60 * 1000

/** Runs a task now and then at an interval, never twice at once. A failure is logged and retried at the next interval. */
export function repeatedly(
  what: string,
  every: number,
  task: () => Promise<void>,
  log: Pick<Logger, 'error'>,
): Chore {
  let running = true
  const once = async () => {
    running = true
    await task().catch((error: unknown) => log.error({ problem: String(error) }, `${what} failed`))
    running = false
  }
  let round = once()
  const timer = setInterval(() => {
    if (!running) round = once()
  }, every)
  const stop = () => {
    clearInterval(timer)
    return round
  }
  return { stop, idle: () => !running }
}
