import { beginningOf } from '../decision/markdown.ts'
/**
 * Truncates a text for a report. It must already be redacted, since a truncated secret can no longer be recognized. Postgres stores
 * no NUL, so that is replaced.
 */
export function cut(given: string, longest: number): string {
  const text = given.replaceAll('\0', '\uFFFD')
  return text.length > longest ? `${beginningOf(text, longest)}… (${text.length} characters)` : text
}
