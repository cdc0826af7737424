import { RE2JS } from 're2js'

/**
 * Whether a pattern matches a text; undefined if it cannot be read. RE2 takes linear time for any pattern, while a hostile
 * server could make JavaScript's own engine hang.
 */
export function matches(pattern: string, text: string): boolean | undefined {
  try {
    return RE2JS.compile(RE2JS.translateRegExp(pattern)).matcher(text).find()
  } catch {
    return undefined
  }
}
