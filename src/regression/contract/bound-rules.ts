import { canonicalNumber, compareNumbers, isJsonNumber, isMultipleOf, type JsonNumber } from '../exact.ts'
import { equal } from './json.ts'
import type { TypeName } from './keywords.ts'
import type { Schema } from './schema.ts'
import type { Walk } from './walk.ts'

/** Sizes and ranges, compared only for the types that both sides accept, since they have no effect on others. */

type Limit = { at: JsonNumber; open: boolean }
type Bound = { name: string; direction: 1 | -1; types: readonly TypeName[]; closed: string; open?: string }

const lists: readonly Bound[] = [
  {
    name: 'minimum',
    direction: 1,
    types: ['integer', 'number'],
    closed: 'minimum',
    open: 'exclusiveMinimum',
  },
  {
    name: 'maximum',
    direction: -1,
    types: ['integer', 'number'],
    closed: 'maximum',
    open: 'exclusiveMaximum',
  },
  { name: 'minLength', direction: 1, types: ['string'], closed: 'minLength' },
  { name: 'maxLength', direction: -1, types: ['string'], closed: 'maxLength' },
  { name: 'minItems', direction: 1, types: ['array'], closed: 'minItems' },
  { name: 'maxItems', direction: -1, types: ['array'], closed: 'maxItems' },
  { name: 'minProperties', direction: 1, types: ['object'], closed: 'minProperties' },
  { name: 'maxProperties', direction: -1, types: ['object'], closed: 'maxProperties' },
]

export function compareBounds(walk: Walk, before: Schema, after: Schema, path: string): void {
  for (const bound of lists) {
    if (!bothAllowType(before, after, bound.types)) continue
    const [old, next] = [limitOf(before, bound), limitOf(after, bound)]
    const change = tighter(old, next, bound.direction)
    if (change === 0) continue
    const message = `${bound.name} changed from ${text(old)} to ${text(next)}.`
    walk.report(change > 0 ? 'bound-tightened' : 'bound-loosened', path, message)
  }
  if (bothAllowType(before, after, ['integer', 'number'])) compareMultiples(walk, before, after, path)
  if (bothAllowType(before, after, ['array'])) compareUnique(walk, before, after, path)
}

export function bothAllowType(before: Schema, after: Schema, types: readonly TypeName[]): boolean {
  return [before, after].every((schema) => types.some((type) => schema.types.has(type)))
}

/** The stricter of the inclusive and the exclusive bound. */
function limitOf(schema: Schema, bound: Bound): Limit | undefined {
  const closed = schema.words[bound.closed]
  const open = bound.open === undefined ? undefined : schema.words[bound.open]
  const limits: Limit[] = []
  if (isJsonNumber(closed)) limits.push({ at: closed, open: false })
  if (isJsonNumber(open)) limits.push({ at: open, open: true })
  return limits.reduce<Limit | undefined>(
    (strictest, limit) => (tighter(strictest, limit, bound.direction) > 0 ? limit : strictest),
    undefined,
  )
}

/** Positive when `next` rejects more than `old`, negative when it rejects less. */
function tighter(old: Limit | undefined, next: Limit | undefined, direction: 1 | -1): number {
  if (old === undefined || next === undefined) return Number(next !== undefined) - Number(old !== undefined)
  const difference = compareNumbers(next.at, old.at) ?? 0
  return difference === 0 ? Number(next.open) - Number(old.open) : Math.sign(difference) * direction
}

function text(limit: Limit | undefined): string {
  if (limit === undefined) return 'none'
  return limit.open ? `${canonicalNumber(limit.at)} (itself excluded)` : canonicalNumber(limit.at)
}

function compareMultiples(walk: Walk, before: Schema, after: Schema, path: string): void {
  const [old, next] = [before.words.multipleOf, after.words.multipleOf]
  if (equal(old, next)) return
  const message = `multipleOf changed from ${stepText(old)} to ${stepText(next)}.`
  if (!isJsonNumber(next)) walk.report('bound-loosened', path, message)
  else if (!isJsonNumber(old)) walk.report('bound-tightened', path, message)
  else if (isMultipleOf(next, old)) walk.report('bound-tightened', path, message)
  else if (isMultipleOf(old, next)) walk.report('bound-loosened', path, message)
  else walk.report('bound-changed', path, message)
}

function stepText(step: unknown): string {
  return isJsonNumber(step) ? canonicalNumber(step) : 'none'
}

function compareUnique(walk: Walk, before: Schema, after: Schema, path: string): void {
  const [old, next] = [before.words.uniqueItems === true, after.words.uniqueItems === true]
  if (!old && next) walk.report('bound-tightened', path, 'The items must now be unique.')
  if (old && !next) walk.report('bound-loosened', path, 'The items no longer have to be unique.')
}
