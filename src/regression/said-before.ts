const LONGEST = 300
const LAST_LINES = 3

/**
 * The line of a command's stderr that tells best why it died, as an end for a sentence; nothing where it said nothing.
 * Programs print the error first and then where it happened, Node its version at the very end. The text must be redacted
 * already, since what is cut through can no longer be recognised as a secret.
 */
export function saidBefore(stderr: string): string {
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
