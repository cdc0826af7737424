import { type ExactNumber, isExact } from '../services/mcp.ts'
import { compareRatios, type Ratio, ratio } from './ratio.ts'

/** Comparing JSON values with their numbers as they are written: two ids that differ in the last digit are not equal. */

export type JsonNumber = number | ExactNumber

export function isJsonNumber(value: unknown): value is JsonNumber {
  return typeof value === 'number' || isExact(value)
}

/** The number as text: as it was written where a double would print it differently. */
export function numberText(value: JsonNumber): string {
  return isExact(value) ? value.rawJSON : String(value)
}

/** The exact value; undefined for an exponent beyond ±999, whose digits nobody could hold. */
export function exactValue(value: JsonNumber): Ratio | undefined {
  const text = numberText(value)
  return /^-?\d+(\.\d+)?(e[+-]?0*\d{1,3})?$/i.test(text) ? ratio(text) : undefined
}

/** Negative, zero or positive, as `left` is below, at or above `right`; undefined where that cannot be told. */
export function compareNumbers(left: JsonNumber, right: JsonNumber): number | undefined {
  if (typeof left === 'number' && typeof right === 'number') return left - right
  const [one, other] = [exactValue(left), exactValue(right)]
  return one && other && compareRatios(one, other)
}

/** Equality of JSON values, whatever the order of keys. */
export function sameJson(left: unknown, right: unknown): boolean {
  if (isJsonNumber(left) && isJsonNumber(right)) {
    return (compareNumbers(left, right) ?? Number(numberText(left) !== numberText(right))) === 0
  }
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null)
    return left === right
  if (isExact(left) || isExact(right) || Array.isArray(left) !== Array.isArray(right)) return false
  const [own, other] = [Object.entries(left), right as Record<string, unknown>]
  if (own.length !== Object.keys(right).length) return false
  return own.every(([key, value]) => Object.hasOwn(other, key) && sameJson(value, other[key]))
}
