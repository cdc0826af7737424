import { compareNumbers, isJsonNumber } from '../exact.ts'
import { canonical, equal, isObject, type JsonObject } from './json.ts'
import { allTypes, isTypeName, type TypeName } from './keywords.ts'
import { schemasWithin } from './references.ts'

/** Keywords that depend on each other: they move into another schema together or not at all. */
const groups = [
  ['properties', 'patternProperties', 'additionalProperties'],
  ['items', 'prefixItems', 'additionalItems', 'contains', 'minContains', 'maxContains'],
  ['if', 'then', 'else'],
  ['type', 'nullable'],
] as const

/** What `unevaluated…` rejects depends on the sibling schemas, so none of them can be merged. */
const blockers = ['unevaluatedProperties', 'unevaluatedItems']

/**
 * Merges the parts of an `allOf` into the schema around it, as far as the keywords can be combined without changing what is
 * accepted. `read` returns the keywords of a part, or undefined if it cannot be merged.
 */
export function mergeConjunction(
  words: JsonObject,
  read: (part: unknown) => JsonObject | undefined,
): JsonObject {
  const { allOf, ...own } = words
  if (!Array.isArray(allOf) || blocked(own)) return words
  let merged: JsonObject = own
  const left: unknown[] = []
  for (const part of allOf) {
    const joined = joinWith(merged, read(part))
    if (joined === undefined) left.push(part)
    else merged = joined
  }
  if (left.length === 0) return merged
  return { ...merged, allOf: [...left, ...(Array.isArray(merged.allOf) ? merged.allOf : [])] }
}

function blocked(words: JsonObject): boolean {
  return blockers.some((keyword) => words[keyword] !== undefined)
}

function joinWith(left: JsonObject, right: JsonObject | undefined): JsonObject | undefined {
  if (right === undefined || blocked(right)) return undefined
  const parts = groups.map((group) => joinGroup(group, pick(group, left), pick(group, right)))
  const others = joinOthers(left, right)
  if (others === undefined || parts.includes(undefined)) return undefined
  return Object.assign(others, ...parts)
}

function joinOthers(left: JsonObject, right: JsonObject): JsonObject | undefined {
  const joined = Object.fromEntries(Object.entries(left).filter(([keyword]) => !grouped.has(keyword)))
  for (const [keyword, value] of Object.entries(right)) {
    if (grouped.has(keyword)) continue
    const both = left[keyword] === undefined ? value : joinValues(keyword, left[keyword], value)
    if (both === undefined) return undefined
    joined[keyword] = both
  }
  return joined
}

const grouped: ReadonlySet<string> = new Set(groups.flat())

function pick(group: readonly string[], words: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(words).filter(([keyword]) => group.includes(keyword)))
}

function joinGroup(group: readonly string[], left: JsonObject, right: JsonObject): JsonObject | undefined {
  if (Object.keys(right).length === 0) return left
  if (Object.keys(left).length === 0) return right
  if (group.includes('type')) return joinTypes(left, right)
  return group.includes('properties') ? joinMaps(left, right) : undefined
}

function joinTypes(left: JsonObject, right: JsonObject): JsonObject | undefined {
  if (left.nullable !== undefined || right.nullable !== undefined) return undefined
  const [first, second] = [typeNames(left.type), typeNames(right.type)]
  if (first === undefined || second === undefined) return undefined
  const common = allTypes.filter((type) => first.has(type) && second.has(type))
  return { type: common.includes('number') ? common.filter((type) => type !== 'integer') : common }
}

function typeNames(type: unknown): ReadonlySet<TypeName> | undefined {
  const names = [type].flat()
  if (!names.every(isTypeName)) return undefined
  return new Set(names.includes('number') ? [...names, 'integer' as const] : names)
}

/** `additionalProperties` depends only on the names next to it, so no other names may be moved there. */
function joinMaps(left: JsonObject, right: JsonObject): JsonObject | undefined {
  if (left.additionalProperties !== undefined || right.additionalProperties !== undefined) return undefined
  const properties = joinMembers(left.properties ?? {}, right.properties ?? {})
  const patternProperties = joinMembers(left.patternProperties ?? {}, right.patternProperties ?? {})
  return properties && patternProperties && { properties, patternProperties }
}

function joinMembers(left: unknown, right: unknown): JsonObject | undefined {
  if (!isObject(left) || !isObject(right)) return undefined
  const shared = Object.keys(left).filter((name) => Object.hasOwn(right, name))
  const differing = shared.filter((name) => !equal(left[name], right[name]))
  // Merging two recursive schemas would create new pairs endlessly.
  if (differing.some((name) => refers(left[name]) || refers(right[name]))) return undefined
  const both = differing.map((name) => [name, { allOf: [left[name], right[name]] }] as const)
  return Object.fromEntries([...Object.entries(left), ...Object.entries(right), ...both])
}

function refers(schema: unknown): boolean {
  return schemasWithin(schema).some((node) => typeof node.$ref === 'string')
}

function joinValues(keyword: string, left: unknown, right: unknown): unknown {
  if (equal(left, right)) return left
  const join = Object.hasOwn(joins, keyword) ? joins[keyword] : undefined
  return join?.(left, right)
}

type Join = (left: unknown, right: unknown) => unknown

const ofNumbers =
  (direction: 1 | -1): Join =>
  (left, right) => {
    const difference = isJsonNumber(left) && isJsonNumber(right) ? compareNumbers(left, right) : undefined
    if (difference === undefined) return undefined
    return difference * direction > 0 ? left : right
  }

const ofLists =
  (pick: (left: unknown[], right: unknown[]) => unknown[]): Join =>
  (left, right) =>
    Array.isArray(left) && Array.isArray(right) ? pick(left, right) : undefined

const [highest, lowest] = [ofNumbers(1), ofNumbers(-1)]

const joins: Readonly<Record<string, Join>> = {
  minimum: highest,
  exclusiveMinimum: highest,
  minLength: highest,
  minItems: highest,
  minProperties: highest,
  maximum: lowest,
  exclusiveMaximum: lowest,
  maxLength: lowest,
  maxItems: lowest,
  maxProperties: lowest,
  uniqueItems: (left, right) => left === true || right === true,
  required: ofLists((left, right) => [...new Set([...left, ...right])]),
  allOf: ofLists((left, right) => [...left, ...right]),
  enum: ofLists((left, right) => {
    const allowed = new Set(right.map(canonical))
    return left.filter((value) => allowed.has(canonical(value)))
  }),
}
