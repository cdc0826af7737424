import bytes from 'bytes'
import parseJsonPath from 'jsonpath-rfc9535/parser'
import ms from 'ms'
import { RE2JS } from 're2js'
import { z } from 'zod'
import { ratio } from './ratio.ts'

/** `500ms`, `10s`, `5m`, `2h`, `3d` → milliseconds. */
export const duration = z
  .string('write a duration such as 500ms, 10s, 5m or 3d')
  .regex(/^\d+(\.\d+)?(ms|s|m|h|d)$/, 'write a duration such as 500ms, 10s, 5m or 3d')
  .transform((text) => ms(text as ms.StringValue))

/** How long something is waited for. No longer, since a suite comes from a pull request and keeps its turn on staging meanwhile. */
export const patience = duration.refine((milliseconds) => milliseconds <= ms('10m'), 'write 10m or less')

/** `200kB`, `1MB` → bytes. */
export const size = z
  .string('write a size such as 200kB or 1MB')
  .regex(/^\d+(\.\d+)?(B|kB|KB|MB)$/, 'write a size such as 200kB or 1MB')
  .transform((text) => bytes.parse(text) ?? 0)
  .refine((count) => count <= 64 * 1024 * 1024, 'write 64MB or less')

/** `2%` → 2 of 100, exactly. */
export const percentage = z
  .string('write a percentage such as 2%')
  .regex(/^\d{1,2}(\.\d+)?%$|^100%$/, 'write a percentage such as 2%')
  .transform((text) => ratio(text))

/** A calendar day in ISO 8601 format. */
export const day = z.iso.date('write a day such as 2026-12-15')

/** A regular expression in RE2 syntax: patterns of a pull request cannot hang the run. */
export const pattern = z
  .string()
  .max(500)
  .refine(isPattern, 'this is not a regular expression that RE2 supports')

/** Long, and with most of what an expression could exclude. */
const anyText =
  `\n${Array.from({ length: 95 }, (_, code) => String.fromCharCode(32 + code)).join('')}é日`.repeat(30)

/** Whether a pattern is found in an empty text and in one with everything: `.*` and `(total)?` say nothing of a text. */
export function matchesEveryText(pattern: string): boolean {
  if (areKnown || !isPattern(pattern)) return false
  const compiled = RE2JS.compile(pattern)
  return ['', anyText].every((text) => compiled.matcher(text).find())
}

/** Quotations, escapes and classes, each as a whole. */
const unfit = /\\Q.*?(?:\\E|$)|\\(?:\$\{[^}]*\}|.)|\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]?/gs

/** A pattern whose variables are filled in as quotations. In these places they would mean something else, and `not_matches` pass. */
export const filledPattern = pattern.refine(
  (text) => !(text.match(unfit) ?? []).some((part) => /\$\{[^}]*\}/.test(part)),
  'a variable cannot be within [...] or \\Q...\\E, or after a backslash: its value already stands for itself',
)

/** A JSONPath by RFC 9535. */
export const jsonPath = z
  .string()
  .max(500)
  .refine(isJsonPath, 'this is not a JSONPath (RFC 9535) such as $.reward_id')
  // It would look for the name instead of the value, find nothing, and meet `absent`.
  .refine((path) => !/\$\{[^}]*\}/.test(path), 'a JSONPath cannot read a variable; compare with it instead')

let areKnown = false

/**
 * Reads a suite that was valid when it ran, without compiling its patterns: each can take half a second, and a file has room for
 * sixty. Zod passes no context to a schema, hence the variable; reading is synchronous.
 */
export function withKnownPatterns<Value>(read: () => Value): Value {
  areKnown = true
  try {
    return read()
  } finally {
    areKnown = false
  }
}

function isPattern(text: string): boolean {
  if (areKnown) return true
  try {
    RE2JS.compile(text)
    return true
  } catch {
    return false
  }
}

function isJsonPath(text: string): boolean {
  try {
    parseJsonPath(text)
    return true
  } catch {
    return false
  }
}
