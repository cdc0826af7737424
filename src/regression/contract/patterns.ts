import { RE2JS } from 're2js'

/**
 * Whether a pattern finds itself in a text; undefined when it cannot be read. RE2 takes linear time whatever the pattern, where
 * JavaScript's own engine could be made to hang by a hostile server.
 */
export function matches(pattern: string, text: string): boolean | undefined {
  try {
    return RE2JS.compile(RE2JS.translateRegExp(pattern)).matcher(text).find()
  } catch {
    return undefined
  }
}
