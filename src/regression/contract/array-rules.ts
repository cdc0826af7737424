import { isJsonNumber, numberText } from '../exact.ts'
import { bothAllowType } from './bound-rules.ts'
import { childPath } from './change.ts'
import type { Located, Schema } from './schema.ts'
import { belowAny, locateWithin, type Walk } from './walk.ts'

/** Items by position, the remaining items, and `contains`. */
export function compareArrays(walk: Walk, before: Schema, after: Schema, path: string): void {
  if (!bothAllowType(before, after, ['array'])) return
  const [old, next] = [prefixOf(before), prefixOf(after)]
  const positions = Math.max(old.length, next.length)
  // No value that both sides accept is longer than this, so rules for later items have no effect.
  const longest = Math.min(maxItems(before), maxItems(after))
  for (let index = 0; index < Math.min(positions, longest); index += 1) {
    walk.compare(old[index] ?? rest(before), next[index] ?? rest(after), childPath(path, index))
  }
  if (positions < longest) walk.compare(rest(before), rest(after), belowAny(path))
  compareContains(walk, before, after, path)
}

function prefixOf(schema: Schema): Located[] {
  const items = schema.words.prefixItems
  return Array.isArray(items) ? items.map((node) => locateWithin(schema, node)) : []
}

function rest(schema: Schema): Located {
  return locateWithin(schema, schema.words.items)
}

function maxItems(schema: Schema): number {
  return countOf(schema.words.maxItems, Number.POSITIVE_INFINITY)
}

/** A number of items: no list is so long that a double would round its length. */
function countOf(value: unknown, unset: number): number {
  return isJsonNumber(value) ? Number(numberText(value)) : unset
}

type Contains = { schema: Located; min: number; max: number }

function compareContains(walk: Walk, before: Schema, after: Schema, path: string): void {
  const [old, next] = [containsOf(before), containsOf(after)]
  if (old === undefined && next === undefined) return
  const same = old !== undefined && next !== undefined && walk.distance(old.schema, next.schema) === 0
  if (same && old.min === next.min && old.max === next.max) return
  const holds = walk.side === 'input' ? covers(walk, old, next) : covers(walk, next, old)
  const message = 'What the list must contain changed.'
  walk.report('contains-edited', path, message, { severity: holds ? 'safe' : 'warning' })
}

function containsOf(schema: Schema): Contains | undefined {
  const { contains, minContains, maxContains } = schema.words
  if (contains === undefined) return undefined
  const min = countOf(minContains, 1)
  const max = countOf(maxContains, Number.POSITIVE_INFINITY)
  return { schema: locateWithin(schema, contains), min, max }
}

/** Whether every list that satisfies `narrow` satisfies `wide`. */
function covers(walk: Walk, narrow: Contains | undefined, wide: Contains | undefined): boolean {
  if (wide === undefined) return true
  const atLeast =
    wide.min === 0 ||
    (narrow !== undefined && narrow.min >= wide.min && walk.fits(narrow.schema, wide.schema))
  const atMost =
    wide.max === Number.POSITIVE_INFINITY ||
    (narrow !== undefined && narrow.max <= wide.max && walk.fits(wide.schema, narrow.schema))
  return atLeast && atMost
}
