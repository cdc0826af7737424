import { exec, type JsonValue } from 'jsonpath-rfc9535'
import { exactNumber, isExact, plain } from '../services/mcp.ts'
import { compareNumbers, exactValue, isJsonNumber, type JsonNumber, numberText } from './exact.ts'

/** The values that a JSONPath (RFC 9535) finds, with exact numbers. */
export function queryJson(body: unknown, path: string): unknown[] {
  return pathsIn(body, path).map((keys) =>
    keys.reduce<unknown>((value, key) => (value as Record<string | number, unknown>)[key], body),
  )
}

/** The keys that lead to each value that a JSONPath finds. */
export function pathsIn(body: unknown, path: string): (string | number)[][] {
  const found: (string | number)[][] = []
  const { document, expression } = inDoubles(body, path)
  exec(document as JsonValue, expression, (_value, keys) => void found.push(keys.map(plainKey)))
  return found
}

/**
 * The library compares only doubles. If a double would round a number of the document or the expression, all numbers are
 * replaced by doubles in the same order, so that each comparison of a filter gives the exact result.
 */
function inDoubles(body: unknown, path: string): { document: unknown; expression: string } {
  const literals = [...path.matchAll(tokens)].flatMap(([text]) =>
    isLiteral(text) ? [exactNumber(text)] : [],
  )
  const numbers = [...numbersIn(body), ...literals]
  if (!numbers.some(isRounded)) return { document: plain(body), expression: path }
  const doubles = distinctDoubles(numbers)
  const doubleOf = (number: JsonNumber) => doubles.get(numberText(number)) ?? Number(numberText(number))
  const expression = path.replace(tokens, (text) =>
    isLiteral(text) && isRounded(exactNumber(text)) ? String(doubleOf(exactNumber(text))) : text,
  )
  return { document: replaced(body, doubleOf), expression }
}

/** Quoted texts, names and numbers. Digits within the first two are not numbers. */
const tokens =
  /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[A-Za-z_\u0080-\u{10FFFF}][\w\u0080-\u{10FFFF}]*|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/gu

function isLiteral(token: string): boolean {
  return /^[-\d]/.test(token)
}

function isRounded(number: JsonNumber): boolean {
  return isExact(number) && compareNumbers(number, Number(number.rawJSON)) !== 0
}

function numbersIn(value: unknown): JsonNumber[] {
  if (isJsonNumber(value)) return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(numbersIn)
}

/** Maps the text of each number to a double: equal for equal numbers, otherwise in the same order. */
function distinctDoubles(numbers: JsonNumber[]): Map<string, number> {
  const doubles = new Map<string, number>()
  let last: { number: JsonNumber; double: number } | undefined
  for (const number of numbers.filter(exactValue).sort((one, other) => compareNumbers(one, other) ?? 0)) {
    const nearest = Number(numberText(number))
    const isSame = last !== undefined && compareNumbers(last.number, number) === 0
    const double: number = !last ? nearest : isSame ? last.double : Math.max(nearest, nextAbove(last.double))
    doubles.set(numberText(number), double)
    last = { number, double }
  }
  return doubles
}

function nextAbove(double: number): number {
  if (!Number.isFinite(double)) return double
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, double === 0 ? 0 : double)
  view.setBigInt64(0, view.getBigInt64(0) + (double < 0 ? -1n : 1n))
  return view.getFloat64(0)
}

function replaced(value: unknown, doubleOf: (number: JsonNumber) => number): unknown {
  if (isJsonNumber(value)) return doubleOf(value)
  if (Array.isArray(value)) return value.map((item) => replaced(item, doubleOf))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replaced(item, doubleOf)]))
}

/** Keys are in normalized path notation, with control characters, quotes and backslashes escaped. */
function plainKey(key: string | number): string | number {
  if (typeof key === 'number') return key
  return key.replace(/\\(u[0-9a-f]{4}|.)/g, (_all, code) => unescaped(code))
}

function unescaped(code: string): string {
  if (code.startsWith('u') && code.length > 1) return String.fromCharCode(Number.parseInt(code.slice(1), 16))
  return { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }[code] ?? code
}
