import { visible } from './hidden-characters.ts'
import { allTypes, type TypeName } from './keywords.ts'
import type { Schema } from './schema.ts'
import type { Walk } from './walk.ts'

/** Types, null, `enum` and `const`. Returns false when one side accepts nothing, so nothing else can be compared. */
export function compareValues(walk: Walk, before: Schema, after: Schema, path: string): boolean {
  if (before.types.size === 0 || after.types.size === 0) {
    if (after.types.size > 0)
      walk.report('value-allowed', path, 'A value that was never accepted is now possible.')
    else if (before.types.size > 0) walk.report('value-forbidden', path, 'No value is accepted here anymore.')
    return false
  }
  if (before.values !== undefined && after.values !== undefined)
    compareEnums(walk, before.values, after.values, path)
  else if (after.values !== undefined) introduced(walk, before, after, after.values, path)
  else if (before.values !== undefined) dropped(walk, before, after, before.values, path)
  else compareTypes(walk, before, after, path)
  if (!nullIsTold(before, after)) compareNull(walk, before, after, path)
  return true
}

function compareEnums(
  walk: Walk,
  before: ReadonlyMap<string, unknown>,
  after: ReadonlyMap<string, unknown>,
  path: string,
): void {
  const removed = [...before.keys()].filter((key) => !after.has(key))
  const added = [...after.keys()].filter((key) => !before.has(key))
  if (removed.length > 0) walk.report('enum-value-removed', path, `Removed values: ${texts(removed)}.`)
  if (added.length > 0) walk.report('enum-value-added', path, `Added values: ${texts(added)}.`)
}

function introduced(
  walk: Walk,
  before: Schema,
  after: Schema,
  values: ReadonlyMap<string, unknown>,
  path: string,
): void {
  walk.report('enum-introduced', path, `Only these values are left: ${texts([...values.keys()])}.`)
  const gained = missing(after, before)
  if (gained.length > 0) walk.report('type-widened', path, `The type also became ${gained.join(', ')}.`)
}

function dropped(
  walk: Walk,
  before: Schema,
  after: Schema,
  values: ReadonlyMap<string, unknown>,
  path: string,
): void {
  walk.report('enum-dropped', path, `The value is no longer one of ${texts([...values.keys()])}.`)
  const lost = missing(before, after)
  if (lost.length > 0) walk.report('type-narrowed', path, `The type is no longer ${lost.join(', ')}.`)
}

function compareTypes(walk: Walk, before: Schema, after: Schema, path: string): void {
  const lost = missing(before, after)
  const gained = missing(after, before)
  const message = `The type changed from ${typeText(before.types)} to ${typeText(after.types)}.`
  if (lost.length > 0 && gained.length > 0) walk.report('type-changed', path, message)
  else if (lost.length > 0) walk.report('type-narrowed', path, message)
  else if (gained.length > 0) walk.report('type-widened', path, message)
}

function compareNull(walk: Walk, before: Schema, after: Schema, path: string): void {
  const [had, has] = [before.types.has('null'), after.types.has('null')]
  if (!had && has) walk.report('null-gained', path, 'The value may now be null.')
  if (had && !has) walk.report('null-lost', path, 'The value may no longer be null.')
  if (had && has && before.nullable !== after.nullable) compareNullable(walk, after, path)
}

/** With `nullable`, null is accepted by Ajv and by readers of OpenAPI, and rejected by validators that follow the specification. */
function compareNullable(walk: Walk, after: Schema, path: string): void {
  const isLess = after.nullable === true
  const message = `Null is ${isLess ? 'now' : 'no longer'} accepted only by \`nullable\`, which only some validators read.`
  const kept = isLess ? 'output' : 'input'
  walk.report('keyword-contested', path, message, { severity: walk.side === kept ? 'safe' : 'warning' })
}

/** Null is compared separately, unless one side names no type: then it is part of the reported change. */
function nullIsTold(before: Schema, after: Schema): boolean {
  if (isUntyped(before) === isUntyped(after)) return false
  const enumChanged = before.values !== undefined || after.values !== undefined
  return enumChanged || missing(before, after).length > 0 || missing(after, before).length > 0
}

function isUntyped(schema: Schema): boolean {
  return schema.types.size === allTypes.length && schema.values === undefined
}

function missing(from: Schema, against: Schema): TypeName[] {
  return [...from.types].filter((type) => type !== 'null' && !against.types.has(type))
}

export function typeText(types: ReadonlySet<TypeName>): string {
  if (types.size === allTypes.length) return 'any'
  const named = allTypes.filter((type) => types.has(type) && !(type === 'integer' && types.has('number')))
  return named.join(' or ')
}

/** At most ten values, each cut to a length that fits in a sentence. */
function texts(values: readonly string[]): string {
  const shown = values
    .slice(0, 10)
    .map((value) => visible(value.length > 60 ? `${value.slice(0, 59)}…` : value))
  return values.length > 10 ? `${shown.join(', ')} and ${values.length - 10} more` : shown.join(', ')
}
