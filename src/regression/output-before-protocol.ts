const LONGEST = 300
const LAST_LINES = 3

/**
 * The line of a command's stderr that best explains why it exited, as the end of a sentence; empty if stderr was empty.
 * Programs print the error first and then its location, and Node prints its version last. The text must already be redacted,
 * since a truncated secret can no longer be recognized.
 */
export function outputBeforeProtocol(stderr: string): string {
  const lines = stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const telling =
    lines.find((line) => /^\S*Error\b/.test(line)) ??
    lines.find((line) => line.includes('Error')) ??
    lines.slice(-LAST_LINES).join(' / ')
  if (telling === '') return ''
  return ` (it said: ${telling.length > LONGEST ? `${telling.slice(0, LONGEST)}…` : telling})`
}
