import { isJsonNumber, sameJson } from '../exact.ts'

/** Small questions about parsed JSON. Everything here comes from a server that we did not write. */

export { canonical, sameJson as equal } from '../exact.ts'

export type JsonObject = Record<string, unknown>

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isJsonNumber(value)
}

/** An own member, so that a property called `constructor` is not mistaken for JavaScript's. */
export function member(object: JsonObject | undefined, key: string): unknown {
  return object !== undefined && Object.hasOwn(object, key) ? object[key] : undefined
}

const references = new Set(['$ref', '$dynamicRef', '$recursiveRef'])

/** Two equal schemas that refer to nothing else: they mean the same in whatever documents they stand. */
export function equalAndClosed(left: unknown, right: unknown): boolean {
  return sameJson(left, right) && !refers(left)
}

function refers(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(refers)
  return isObject(value) && Object.entries(value).some(([key, item]) => references.has(key) || refers(item))
}

/** Whether the value nests deeper than `limit`; asked without recursion, before anything recursive reads it. */
export function deeperThan(value: unknown, limit: number): boolean {
  let level: unknown[] = [value]
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > limit) return true
    level = level.flatMap((node) => (typeof node === 'object' && node !== null ? Object.values(node) : []))
  }
  return false
}
