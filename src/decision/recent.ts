/**
 * Whether something was at most so many milliseconds ago. What lies further ahead than that is not recent either: this machine's clock was
 * wrong then or is wrong now, so nobody knows how old it is. Times are dates, or milliseconds since 1970.
 */
export function isRecent(at: Date | number, now: Date | number, within: number): boolean {
  return Math.abs(Number(now) - Number(at)) <= within
}
