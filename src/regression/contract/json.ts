/** Small questions about parsed JSON. Everything here comes from a server that we did not write. */

export type JsonObject = Record<string, unknown>

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** An own member, so that a property called `constructor` is not mistaken for JavaScript's. */
export function member(object: JsonObject | undefined, key: string): unknown {
  return object !== undefined && Object.hasOwn(object, key) ? object[key] : undefined
}

/**
 * One text for each JSON value, whatever the order of its keys. RFC 8785 is not used here, because it refuses lone surrogates and a
 * number such as 1e999, both of which a server may send; the text is only compared, never stored.
 */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (isObject(value)) {
    const keys = Object.keys(value).sort()
    return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(',')}}`
  }
  if (typeof value === 'number') return String(value)
  return JSON.stringify(value) ?? 'undefined'
}

/** Equality of JSON values, whatever the order of keys. */
export function equal(left: unknown, right: unknown): boolean {
  return sameMembers(left, right, equal)
}

const references = new Set(['$ref', '$dynamicRef', '$recursiveRef'])

/** Two equal schemas that refer to nothing else: they mean the same in whatever documents they stand. */
export function equalAndClosed(left: unknown, right: unknown): boolean {
  return sameMembers(left, right, equalAndClosed, references)
}

function sameMembers(
  left: unknown,
  right: unknown,
  same: (left: unknown, right: unknown) => boolean,
  unless?: ReadonlySet<string>,
): boolean {
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) {
    return left === right
  }
  if (Array.isArray(left) || Array.isArray(right)) {
    if (!Array.isArray(left) || !Array.isArray(right) || left.length !== right.length) return false
    return left.every((item, index) => same(item, right[index]))
  }
  const [own, other] = [left as JsonObject, right as JsonObject]
  const keys = Object.keys(own)
  if (keys.length !== Object.keys(other).length) return false
  return keys.every(
    (key) => Object.hasOwn(other, key) && unless?.has(key) !== true && same(own[key], other[key]),
  )
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
