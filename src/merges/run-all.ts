import { retryTimeOf } from '../store/retry-after-error.ts'

/**
 * Waits for all of it, whatever becomes of the rest, and throws a failure only then: one that the queue tries again at once
 * before one that names a later time, since a job gives only one of them back.
 */
export async function runAll(work: Promise<unknown>[]): Promise<void> {
  const settled = await Promise.allSettled(work)
  const failures = settled.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []))
  if (failures.length > 0) throw failures.find((failure) => !retryTimeOf(failure)) ?? failures[0]
}
