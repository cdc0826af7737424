/**
 * Numbers as they are written. A double rounds int64 ids, wei amounts and long decimals, and drops the zero of `1.50`. A
 * number that a double would print differently is kept as raw JSON, which `JSON.stringify` writes out unchanged
 * (https://github.com/tc39/proposal-json-parse-with-source); every other number stays a plain number.
 */
export type ExactNumber = { readonly rawJSON: string }

const withSource = JSON as typeof JSON & {
  rawJSON: (text: string) => ExactNumber
  isRawJSON: (value: unknown) => value is ExactNumber
}

export function isExact(value: unknown): value is ExactNumber {
  return withSource.isRawJSON(value)
}

/** The number that this JSON text says. */
export function exactNumber(text: string): number | ExactNumber {
  const value = Number(text)
  return String(value) === text ? value : withSource.rawJSON(text)
}

/** Whether a JSON text may hold a number that a double prints differently: fractions, exponents, many digits, and -0. */
export function mayHoldExact(text: string): boolean {
  return /\d[.eE]|\d{16}|-0/.test(text)
}

/** `JSON.parse`, with every number as it is written. @throws SyntaxError, as `JSON.parse` does. */
export function parseJson(text: string): unknown {
  if (!mayHoldExact(text)) return JSON.parse(text)
  const revive = (_key: string, value: unknown, { source }: { source?: string }) =>
    typeof value === 'number' && source !== undefined ? exactNumber(source) : value
  return JSON.parse(text, revive as Parameters<typeof JSON.parse>[1])
}

/** The value with every number rounded to a double, for code that knows no other. */
export function plain(value: unknown): unknown {
  if (isExact(value)) return Number(value.rawJSON)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]))
}
