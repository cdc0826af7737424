import type { Logger } from 'pino'

/** A periodic task. */
export type Chore = { stop: () => void; idle: () => boolean }

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
  void once()
  const timer = setInterval(() => void (running || once()), every)
  return { stop: () => clearInterval(timer), idle: () => !running }
}
