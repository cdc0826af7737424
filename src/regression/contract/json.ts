import { isJsonNumber, sameJson } from '../exact.ts'

/** Helpers for parsed JSON that comes from untrusted servers. */

export { canonical, sameJson as equal } from '../exact.ts'

export type JsonObject = Record<string, unknown>

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isJsonNumber(value)
}

/** An own member, so that JavaScript's `constructor` is not mistaken for a property. */
export function member(object: JsonObject | undefined, key: string): unknown {
  return object !== undefined && Object.hasOwn(object, key) ? object[key] : undefined
}

const references = new Set(['$ref', '$dynamicRef', '$recursiveRef'])

/** Whether two schemas are equal and contain no references, so that they mean the same in any document. */
export function equalAndClosed(left: unknown, right: unknown): boolean {
  return sameJson(left, right) && !refers(left)
}

function refers(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(refers)
  return isObject(value) && Object.entries(value).some(([key, item]) => references.has(key) || refers(item))
}

/** Whether the value nests deeper than `limit`. Not recursive, so that it can guard recursive code. */
export function deeperThan(value: unknown, limit: number): boolean {
  let level: unknown[] = [value]
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > limit) return true
    level = level.flatMap((node) => (typeof node === 'object' && node !== null ? Object.values(node) : []))
  }
  return false
}
