import { type ExactNumber, isExact } from '../services/mcp.ts'
import { compareRatios, isMultiple, type Ratio, ratio } from './ratio.ts'

/** Compares JSON values with exact numbers: two ids that differ in the last digit are not equal. */

export type JsonNumber = number | ExactNumber

export function isJsonNumber(value: unknown): value is JsonNumber {
  return typeof value === 'number' || isExact(value)
}

/** The number as text, in its original form if a double would print differently. */
export function numberText(value: JsonNumber): string {
  return isExact(value) ? value.rawJSON : String(value)
}

/** The exact value; undefined for an exponent beyond ±999, which has too many digits. */
export function exactValue(value: JsonNumber): Ratio | undefined {
  const text = numberText(value)
  return /^-?\d+(\.\d+)?(e[+-]?0*\d{1,3})?$/i.test(text) ? ratio(text) : undefined
}

/** Negative, zero or positive, as `left` is below, at or above `right`; undefined if unknown. */
export function compareNumbers(left: JsonNumber, right: JsonNumber): number | undefined {
  if (typeof left === 'number' && typeof right === 'number') return left - right
  const [one, other] = [exactValue(left), exactValue(right)]
  return one && other && compareRatios(one, other)
}

/** Whether `value` is a whole multiple of `step`; undefined if unknown. */
export function isMultipleOf(value: JsonNumber, step: JsonNumber): boolean | undefined {
  const [one, other] = [exactValue(value), exactValue(step)]
  return one && other && isMultiple(one, other)
}

export function isInteger(value: JsonNumber): boolean {
  if (!isExact(value)) return Number.isInteger(value)
  const digits = digitsOf(value.rawJSON)
  return digits !== undefined && digits.exponent >= 0n
}

type Digits = { sign: string; digits: string; exponent: bigint }

/** A number as its significant digits and the power of ten that they are multiplied by, however it is written. */
function digitsOf(text: string): Digits | undefined {
  const [, sign = '', whole = '', fraction = '', power = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(text) ?? []
  if (whole === '') return undefined
  const all = `${whole}${fraction}`.replace(/^0+/, '')
  const digits = all.replace(/0+$/, '')
  if (digits === '') return { sign: '', digits: '0', exponent: 0n }
  return { sign, digits, exponent: BigInt(power) - BigInt(fraction.length - (all.length - digits.length)) }
}

/** One text for each number, however it is written: `1.50` is `1.5`, and `1e3` is `1000`. */
export function canonicalNumber(value: JsonNumber): string {
  const own = isExact(value) ? digitsOf(value.rawJSON) : undefined
  if (own === undefined) return String(isExact(value) ? value.rawJSON : value)
  const double = String(Number(numberText(value)))
  const known = digitsOf(double)
  const isDouble = known?.digits === own.digits && known.exponent === own.exponent && known.sign === own.sign
  return isDouble ? double : decimalText(own)
}

function decimalText({ sign, digits, exponent }: Digits): string {
  const places = Number(exponent)
  if (places >= 0 && places <= 30) return sign + digits + '0'.repeat(places)
  if (places > 0 || places < -40) return `${sign}${digits}e${exponent}`
  const padded = digits.padStart(1 - places, '0')
  return `${sign}${padded.slice(0, places)}.${padded.slice(places)}`
}

/**
 * One text for each JSON value, whatever the order of its keys and however its numbers are written. RFC 8785 is not used here, because
 * it refuses lone surrogates and rounds numbers to doubles; the text is only compared and shown, never stored.
 */
export function canonical(value: unknown): string {
  if (isJsonNumber(value)) return canonicalNumber(value)
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1))
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(',')}}`
  }
  return JSON.stringify(value) ?? 'undefined'
}

/** Equality of JSON values, regardless of key order. */
export function sameJson(left: unknown, right: unknown): boolean {
  if (isJsonNumber(left) && isJsonNumber(right)) return canonicalNumber(left) === canonicalNumber(right)
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null)
    return left === right
  if (isExact(left) || isExact(right) || Array.isArray(left) !== Array.isArray(right)) return false
  const [own, other] = [Object.entries(left), right as Record<string, unknown>]
  if (own.length !== Object.keys(right).length) return false
  return own.every(([key, value]) => Object.hasOwn(other, key) && sameJson(value, other[key]))
}
