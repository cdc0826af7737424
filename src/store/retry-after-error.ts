const MARK = Symbol.for('release-gate.retry-after')

type RetryAfter = Error & { [MARK]: true; at: Date }

/**
 * Thrown by a handler whose work must wait until a given time, such as the end of a rate limit: its job completes, and the same
 * work is enqueued again for `at`. `why` goes to the log.
 */
export function retryAfterError(at: Date, why: string): Error {
  return Object.assign(new Error(`${why}; again at ${at.toISOString()}`), { [MARK]: true as const, at })
}

/** The time that `retryAfterError` named, or nothing for any other error; also through `cause`. */
export function retryTimeOf(error: unknown): Date | undefined {
  for (let at = error; at instanceof Error; at = at.cause) if (MARK in at) return (at as RetryAfter).at
  return undefined
}
