import { isObject } from './json.ts'
import type { Located, Schema } from './schema.ts'
import { locateWithin, type Walk } from './walk.ts'

export type Pairing = {
  pairs: { before: Located; after: Located }[]
  removed: Located[]
  added: Located[]
}

/** Matches each branch of the old list with one of the new list: an equal one first, then the most similar one. */
export function pairBranches(walk: Walk, before: readonly Located[], after: readonly Located[]): Pairing {
  const exact = pairBy(before, after, (old, next) => (walk.distance(old, next) === 0 ? 0 : undefined))
  const alike = pairBy(exact.removed, exact.added, (old, next) =>
    areAlike(walk, walk.look(old), walk.look(next)) ? walk.distance(old, next) : undefined,
  )
  return { ...alike, pairs: [...exact.pairs, ...alike.pairs] }
}

function pairBy(
  before: readonly Located[],
  after: readonly Located[],
  distance: (old: Located, next: Located) => number | undefined,
): Pairing {
  const added = [...after]
  const pairs: Pairing['pairs'] = []
  const removed = before.filter((old) => {
    const choices = added.map((next, index) => ({
      index,
      next,
      at: distance(old, next) ?? Number.POSITIVE_INFINITY,
    }))
    const [best] = choices.sort((left, right) => left.at - right.at || left.index - right.index)
    if (best === undefined || best.at === Number.POSITIVE_INFINITY) return true
    added.splice(best.index, 1)
    pairs.push({ before: old, after: best.next })
    return false
  })
  return { pairs, removed, added }
}

/** Two branches can be versions of each other if they share a type and no shared property has different constants. */
export function areAlike(walk: Walk, old: Schema, next: Schema): boolean {
  if (![...old.types].some((type) => next.types.has(type))) return false
  if (disjoint(old, next)) return false
  const [left, right] = [propertiesOf(old), propertiesOf(next)]
  const shared = Object.keys(left).filter((name) => Object.hasOwn(right, name))
  const hasConflict = shared.some((name) =>
    disjoint(walk.look(locateWithin(old, left[name])), walk.look(locateWithin(next, right[name]))),
  )
  return !hasConflict && (shared.length > 0 || [left, right].some((map) => Object.keys(map).length === 0))
}

function propertiesOf(schema: Schema): Record<string, unknown> {
  return isObject(schema.words.properties) ? schema.words.properties : {}
}

function disjoint(old: Schema, next: Schema): boolean {
  const [left, right] = [old.values, next.values]
  if (left === undefined || right === undefined) return false
  return ![...left.keys()].some((key) => right.has(key))
}
