import { vi } from 'vitest'

/** Waits until `check` does not throw, as long as that takes: just below vitest's own net, so that what is missing is told. */
export function eventually<Result>(check: () => Result | Promise<Result>): Promise<Result> {
  return vi.waitFor(check, { timeout: 290_000, interval: 20 })
}
