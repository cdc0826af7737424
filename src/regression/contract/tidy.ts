import { exactNumber } from '../../services/mcp.ts'
import { exactValue, isJsonNumber } from '../exact.ts'
import { ceiling, floor } from '../ratio.ts'
import { dividesOne } from './finite.ts'
import { equal, isObject, type JsonObject } from './json.ts'
import { applicators, isAnnotation, shapes, type TypeName } from './keywords.ts'

/**
 * Normalizes the spelling of a schema's keywords and drops those without effect: for types that the schema rejects anyway, or
 * with a value that equals the default.
 */
export function tidyWords(words: JsonObject, types: ReadonlySet<TypeName>): JsonObject {
  const modern = evaluated(bounds(dependencies(tuples(words)), types))
  const kept = Object.entries(modern).filter(
    ([key, value]) =>
      value !== undefined && aboutTypes(key, types) && !saysNothing(key, value, modern, types),
  )
  return Object.fromEntries(kept.map(([key, value]) => [key, key === 'required' ? sortedSet(value) : value]))
}

/** Whether a raw schema obviously accepts everything. */
export function isTrivial(schema: unknown): boolean {
  return schema === true || (isObject(schema) && Object.keys(schema).every(isAnnotation))
}

function aboutTypes(keyword: string, types: ReadonlySet<TypeName>): boolean {
  const named = Object.hasOwn(shapes, keyword) ? shapes[keyword]?.types : undefined
  return named?.some((type) => types.has(type)) ?? true
}

function saysNothing(
  keyword: string,
  value: unknown,
  words: JsonObject,
  types: ReadonlySet<TypeName>,
): boolean {
  switch (keyword) {
    case 'multipleOf':
      return !types.has('number') && dividesOne(value)
    case 'minLength':
    case 'minItems':
    case 'minProperties':
      return equal(value, 0)
    case 'uniqueItems':
      return value === false
    case 'items':
    case 'additionalProperties':
    case 'propertyNames':
    case 'unevaluatedItems':
    case 'unevaluatedProperties':
      return isTrivial(value)
    case 'minContains':
    case 'maxContains':
      return words.contains === undefined
    case 'then':
    case 'else':
      return words.if === undefined || isTrivial(value)
    case 'if':
      return isTrivial(words.then ?? true) && isTrivial(words.else ?? true)
    default:
      return collections.has(keyword) && isEmpty(value)
  }
}

/** Keywords without effect when empty. `not: {}` and `contains: {}` do have an effect. */
const collections = new Set([
  ...[
    'required',
    'properties',
    'patternProperties',
    'dependentRequired',
    'dependentSchemas',
    'prefixItems',
    'allOf',
  ],
])

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

function sortedSet(value: unknown): unknown {
  return Array.isArray(value) ? [...new Set(value)].sort() : value
}

/** draft-07 tuples: `items: [a, b]` with `additionalItems` are `prefixItems` with `items`. */
function tuples({ additionalItems, ...words }: JsonObject): JsonObject {
  if (!Array.isArray(words.items)) return words
  return { ...words, prefixItems: words.items, items: additionalItems }
}

/** draft-07 `dependencies` are `dependentRequired` and `dependentSchemas` in one. */
function dependencies({ dependencies: mixed, ...words }: JsonObject): JsonObject {
  if (!isObject(mixed)) return words
  const entries = Object.entries(mixed)
  const merged = (keyword: string, pick: (value: unknown) => boolean): JsonObject => {
    const present = words[keyword]
    return {
      ...(isObject(present) ? present : {}),
      ...Object.fromEntries(entries.filter(([, value]) => pick(value))),
    }
  }
  return {
    ...words,
    dependentRequired: merged('dependentRequired', Array.isArray),
    dependentSchemas: merged('dependentSchemas', (value) => !Array.isArray(value)),
  }
}

/** draft-04 boolean `exclusiveMinimum`, and exclusive bounds of integers as inclusive ones. */
function bounds(words: JsonObject, types: ReadonlySet<TypeName>): JsonObject {
  const result = { ...words }
  for (const [closed, open, step] of [
    ['minimum', 'exclusiveMinimum', 1],
    ['maximum', 'exclusiveMaximum', -1],
  ] as const) {
    if (result[open] === true) {
      result[open] = result[closed]
      result[closed] = undefined
    } else if (result[open] === false) result[open] = undefined
    if (!types.has('number')) wholeBound(result, closed, open, step)
  }
  return result
}

function wholeBound(words: JsonObject, closed: string, open: string, step: 1 | -1): void {
  const [closedAt, openAt] = [words[closed], words[open]].map((at) =>
    isJsonNumber(at) ? exactValue(at) : undefined,
  )
  const [inner, outer] = step === 1 ? [ceiling, floor] : [floor, ceiling]
  const candidates = [
    ...(closedAt ? [inner(closedAt)] : []),
    ...(openAt ? [outer(openAt) + BigInt(step)] : []),
  ]
  const strictest = candidates.reduce<bigint | undefined>(
    (one, other) => (one === undefined || (other - one) * BigInt(step) > 0n ? other : one),
    undefined,
  )
  words[open] = undefined
  words[closed] = strictest === undefined ? undefined : exactNumber(String(strictest))
}

/**
 * `unevaluated…` equals `additional…` if no other schema could have evaluated anything, and has no effect next to
 * `additional…`.
 */
function evaluated(words: JsonObject): JsonObject {
  const { unevaluatedProperties, unevaluatedItems, ...rest } = words
  const shared = applicators.some((keyword) => keyword !== 'not' && !isEmpty(rest[keyword] ?? {}))
  const properties =
    rest.additionalProperties !== undefined
      ? {}
      : { [shared ? 'unevaluatedProperties' : 'additionalProperties']: unevaluatedProperties }
  const bound = shared || rest.contains !== undefined
  const items = rest.items !== undefined ? {} : { [bound ? 'unevaluatedItems' : 'items']: unevaluatedItems }
  return { ...rest, ...properties, ...items }
}
