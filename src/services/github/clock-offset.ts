/** How far the clock of this machine is from GitHub's, as far as GitHub's answers tell. */
export type ClockOffset = {
  /** Seconds by which ours is ahead; negative: behind. 0 where the answers tell no difference, or are too few. */
  ahead: () => number
  /** A `fetch` that looks at the `Date` of each answer. */
  comparing: (base: typeof fetch) => typeof fetch
}

/** A single answer may be one that a proxy kept, so the smallest difference of so many answers counts. */
const compared = 3

/** `now` gives milliseconds since 1970 by the clock that is compared. Kept in memory: each process has a machine's clock of its own. */
export function createClockOffset(now: () => number = Date.now): ClockOffset {
  const newest: number[] = []
  return {
    ahead: () => (newest.length < compared ? 0 : newest.reduce(smaller)),
    comparing: (base) => async (input, init) => {
      const sentAt = now()
      const answer = await base(input, init)
      const date = answer.headers.has('age') ? Number.NaN : Date.parse(answer.headers.get('date') ?? '')
      if (Number.isNaN(date)) return answer
      newest.push(aheadOf(date, sentAt, now()))
      if (newest.length > compared) newest.shift()
      return answer
    },
  }
}

/** GitHub wrote the date, which has no fractions of a second, after we asked and before we had the answer. */
function aheadOf(date: number, sentAt: number, answeredAt: number): number {
  const atLeast = sentAt - (date + 1_000)
  const atMost = answeredAt - date
  const milliseconds = atLeast > 0 ? atLeast : Math.min(atMost, 0)
  return Math.trunc(milliseconds / 1_000)
}

function smaller(one: number, other: number): number {
  return Math.abs(other) < Math.abs(one) ? other : one
}
