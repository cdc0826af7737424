const secondsIn = { d: 86_400, h: 3_600, m: 60, s: 1 }

/** Days, hours, minutes and seconds, in this order, each at most once: "60s", "2m", "24h", "1h30m", "14d". */
export const durationPattern = /^(?=\d)(\d{1,4}d)?(\d{1,6}h)?(\d{1,6}m)?(\d{1,7}s)?$/

/**
 * The length of a duration of the policy in milliseconds. A day is always 24 hours here: a duration runs on the
 * clock of the machine, not on that of a time zone. Throws a RangeError for a text that `durationPattern` refuses;
 * the policy's schema lets none through.
 */
export function parseDuration(text: string): number {
  if (!durationPattern.test(text)) throw new RangeError(`${JSON.stringify(text)} is not a duration`)
  const parts = text.matchAll(/(\d+)([dhms])/g)
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * secondsIn[unit as 'd'] * 1000, 0)
}

const units = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const

/** A duration in words, in units up to the largest: "4 hours", "1 hour 30 minutes", "7 days". */
export function durationInWords(milliseconds: number, largest: 'day' | 'hour' = 'day'): string {
  let rest = Math.round(milliseconds / 1000)
  const parts: string[] = []
  for (const [unit, seconds] of largest === 'hour' ? units.slice(1) : units) {
    const count = Math.floor(rest / seconds)
    rest -= count * seconds
    if (count > 0) parts.push(`${count} ${unit}${count === 1 ? '' : 's'}`)
  }
  return parts.join(' ') || '0 seconds'
}
