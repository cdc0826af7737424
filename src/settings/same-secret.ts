import { createHmac, timingSafeEqual } from 'node:crypto'

/** Whether two secrets are the same, in a time that tells nothing of either, not even its length. */
export function isSameSecret(given: string, expected: string): boolean {
  const digest = (text: string) => createHmac('sha256', 'compare').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}
