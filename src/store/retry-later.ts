const MARK = Symbol.for('release-gate.retry-after')

type RetryAfter = Error & { [MARK]: true; at: Date }

/**
 * What a handler throws when the work must wait until a time that somebody else named (a limit of GitHub): its job
 * completes, and the same work is asked for again at `at`. `why` goes to the log.
 */
export function retryAfter(at: Date, why: string): Error {
  return Object.assign(new Error(`${why}; again at ${at.toISOString()}`), { [MARK]: true as const, at })
}

/** The time that `retryAfter` named, or nothing for any other error; also through `cause`. */
export function retryTime(error: unknown): Date | undefined {
  for (let at = error; at instanceof Error; at = at.cause) if (MARK in at) return (at as RetryAfter).at
  return undefined
}
