export type SecondaryLimits = {
  contentPerMinute: number
  contentPerHour: number
  pointsPerMinute: number
  concurrent: number
}

/** What one owner has used lately. The caller counts `inFlight`. */
export type SecondaryUse = {
  inFlight: number
  /** Admits the request and counts it, or refuses it uncounted; `retryAfter` is in seconds. */
  admit(
    request: { now: number; write: boolean; content: boolean },
    limits: SecondaryLimits,
  ): { status: 403 | 429; retryAfter: number } | undefined
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const READ_POINTS = 1
const WRITE_POINTS = 5

/** https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits */
export function createSecondaryUse(): SecondaryUse {
  const points = slidingSum(MINUTE)
  const contentMinute = slidingSum(MINUTE)
  const contentHour = slidingSum(HOUR)

  const use: SecondaryUse = {
    inFlight: 0,
    admit({ now, write, content }, limits) {
      const cost = write ? WRITE_POINTS : READ_POINTS
      if (use.inFlight >= limits.concurrent) return { status: 429, retryAfter: 60 }
      if (points.at(now) + cost > limits.pointsPerMinute) {
        return { status: 429, retryAfter: points.secondsUntilRoom(now) }
      }
      if (content) {
        for (const [sum, limit] of [
          [contentHour, limits.contentPerHour],
          [contentMinute, limits.contentPerMinute],
        ] as const) {
          if (sum.at(now) + 1 > limit) return { status: 403, retryAfter: sum.secondsUntilRoom(now) }
        }
        contentMinute.add(now, 1)
        contentHour.add(now, 1)
      }
      points.add(now, cost)
      return undefined
    },
  }
  return use
}

/** The sum of what was added during the last `span` milliseconds. */
function slidingSum(span: number) {
  const entries: { at: number; amount: number }[] = []
  let total = 0
  function at(now: number): number {
    for (let oldest = entries[0]; oldest && oldest.at <= now - span; oldest = entries[0]) {
      total -= oldest.amount
      entries.shift()
    }
    return total
  }
  return {
    at,
    add(now: number, amount: number) {
      entries.push({ at: now, amount })
      total += amount
    },
    secondsUntilRoom(now: number): number {
      return Math.max(1, Math.ceil(((entries[0]?.at ?? now) + span - now) / 1000))
    },
  }
}
