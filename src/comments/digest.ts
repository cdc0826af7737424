import { createHash } from 'node:crypto'

/** The digest of a comment's text. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
