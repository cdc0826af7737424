import { compareNumbers, isInteger, isJsonNumber, isMultipleOf, type JsonNumber } from '../exact.ts'
import { canonical, type JsonObject } from './json.ts'
import type { TypeName } from './keywords.ts'
import { matches } from './patterns.ts'

/** Schemas that list their values, by `enum`, `const` or alternatives that are constants. */
export type Values = ReadonlyMap<string, unknown>

/** The values that are in every list and of one of the types, by canonical text. Undefined if nothing lists any. */
export function valuesOf(
  lists: readonly (readonly unknown[])[],
  types: ReadonlySet<TypeName>,
): Values | undefined {
  const [first, ...others] = lists
  if (first === undefined) return undefined
  const allowed = others.map((list) => new Set(list.map(canonical)))
  const kept = first
    .map((value) => [canonical(value), value] as const)
    .filter(([key, value]) => types.has(typeOf(value)) && allowed.every((list) => list.has(key)))
    .sort(([left], [right]) => (left < right ? -1 : 1))
  return new Map(kept)
}

/** The values in exactly one of the lists: what a `oneOf` of constants accepts. */
export function exactlyOnce(lists: readonly (readonly unknown[])[]): unknown[] {
  const counts = new Map<string, number>()
  for (const list of lists)
    for (const key of new Set(list.map(canonical))) counts.set(key, (counts.get(key) ?? 0) + 1)
  return lists.flat().filter((value) => counts.get(canonical(value)) === 1)
}

export function typeOf(value: unknown): TypeName {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (isJsonNumber(value)) return isInteger(value) ? 'integer' : 'number'
  if (typeof value === 'string') return 'string'
  return typeof value === 'boolean' ? 'boolean' : 'object'
}

type Check = (value: unknown, limit: unknown) => boolean | undefined

const ofNumbers =
  (test: (value: JsonNumber, limit: JsonNumber) => boolean | undefined): Check =>
  (value, limit) =>
    !isJsonNumber(value) || (isJsonNumber(limit) ? test(value, limit) : undefined)

const compared = (test: (difference: number) => boolean): Check =>
  ofNumbers((value, limit) => {
    const difference = compareNumbers(value, limit)
    return difference === undefined ? undefined : test(difference)
  })

const ofTexts =
  (test: (value: string, limit: unknown) => boolean | undefined): Check =>
  (value, limit) =>
    typeof value !== 'string' || test(value, limit)

const ofLengths = (test: (difference: number) => boolean): Check =>
  ofTexts((value, limit) => compared(test)([...value].length, limit))

/** Keywords that can be evaluated for a listed value. */
const checks: Readonly<Record<string, Check>> = {
  minimum: compared((difference) => difference >= 0),
  maximum: compared((difference) => difference <= 0),
  exclusiveMinimum: compared((difference) => difference > 0),
  exclusiveMaximum: compared((difference) => difference < 0),
  multipleOf: ofNumbers(isMultipleOf),
  minLength: ofLengths((difference) => difference >= 0),
  maxLength: ofLengths((difference) => difference <= 0),
  pattern: ofTexts((value, limit) => matches(String(limit), value)),
}

/**
 * Keeps only the listed values that meet the bounds next to them, and then drops the bounds: `enum: [1, 2], minimum: 1` says no
 * more than its values. A bound that cannot be evaluated for each value stays.
 */
export function keepValuesWithinBounds(
  values: Values,
  words: JsonObject,
): { values: Values; words: JsonObject } {
  const rest = { ...words }
  let kept = [...values]
  for (const [keyword, check] of Object.entries(checks)) {
    if (rest[keyword] === undefined) continue
    const answers = kept.map(([, value]) => check(value, rest[keyword]))
    if (answers.includes(undefined)) continue
    kept = kept.filter((_, index) => answers[index] === true)
    delete rest[keyword]
  }
  return { values: new Map(kept), words: rest }
}

/** Whether every whole number is a multiple of it, so that it does not restrict them. */
export function dividesOne(step: unknown): boolean {
  return isJsonNumber(step) && isMultipleOf(1, step) === true
}

/** Whether only whole numbers are multiples of it. */
export function isWhole(step: unknown): boolean {
  return isJsonNumber(step) && (compareNumbers(step, 0) ?? 0) > 0 && isMultipleOf(step, 1) === true
}
