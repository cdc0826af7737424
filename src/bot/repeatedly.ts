import type { Logger } from 'pino'

/** Something that is done again and again while the bot runs. */
export type Chore = { stop: () => void; idle: () => boolean }

export const minute = 60 * 1000

/** Does a chore now and then again and again, never twice at a time. A failure is told, and tried again next time. */
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
