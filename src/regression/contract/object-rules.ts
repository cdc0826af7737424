import { bothAllowType } from './bound-rules.ts'
import { childPath, type Severity } from './change.ts'
import { visible } from './hidden-characters.ts'
import { compareMaps } from './map-rules.ts'
import { acceptsAll, forbids, governing, type ObjectShape, objectShape } from './object-shape.ts'
import type { Located, Schema } from './schema.ts'
import type { Walk } from './walk.ts'

/** Named properties and `required`. */
export function compareObjects(walk: Walk, before: Schema, after: Schema, path: string): void {
  if (!bothAllowType(before, after, ['object'])) return
  const [old, next] = [objectShape(before), objectShape(after)]
  for (const [name, schema] of old.properties) {
    const kept = next.properties.get(name)
    if (kept === undefined) removed(walk, old, next, name, schema, path)
    else walk.compare(schema, kept, childPath(path, name))
  }
  for (const [name, schema] of next.properties) {
    if (!old.properties.has(name)) added(walk, old, next, name, schema, path)
  }
  compareRequired(walk, old, next, path)
  compareMaps(walk, old, next, path)
}

function removed(
  walk: Walk,
  old: ObjectShape,
  next: ObjectShape,
  name: string,
  schema: Located,
  path: string,
): void {
  const later = [...governing(next, name).schemas.values()]
  const refused = later.some((other) => forbids(walk, other)) && !forbids(walk, schema)
  const wasPromised = old.required.has(name) && !next.required.has(name)
  const breaks = walk.side === 'input' ? refused : wasPromised
  const holds = walk.side === 'input' && later.every((other) => walk.fits(schema, other))
  const then = walk.side === 'output' ? '' : refused ? ' and is now rejected' : ' and is now ignored'
  const message = `The ${old.required.has(name) ? 'required' : 'optional'} property ${visible(name)} was removed${then}.`
  walk.report('property-removed', childPath(path, name), message, {
    severity: breaks ? 'breaking' : 'warning',
    holds,
  })
}

function added(
  walk: Walk,
  old: ObjectShape,
  next: ObjectShape,
  name: string,
  schema: Located,
  path: string,
): void {
  const required = next.required.has(name) && !old.required.has(name)
  const word = required ? 'required' : 'optional'
  const severity =
    walk.side === 'output' ? promised(walk, old, next, name, schema) : asked(walk, old, name, schema)
  const worst = walk.side === 'input' && required ? 'breaking' : severity
  const message = `The ${word} property ${visible(name)} was added${reason(walk, worst, required)}.`
  walk.report(`${word}-property-added`, childPath(path, name), message, { severity: worst })
}

function reason(walk: Walk, severity: Severity, required: boolean): string {
  if (severity === 'safe') return ''
  if (walk.side === 'input')
    return required ? '' : ', and callers may already send something else under that name'
  return severity === 'breaking'
    ? ' to a result that allowed no other properties'
    : ', which differs from what was promised for such names'
}

/** An added argument is safe when nothing could be sent under its name before, or nothing that it refuses. */
function asked(walk: Walk, old: ObjectShape, name: string, schema: Located): Severity {
  const { schemas, certain } = governing(old, name)
  const known = certain ? [...schemas.values()] : []
  const safe = acceptsAll(walk, schema) || known.some((earlier) => walk.fits(earlier, schema))
  return safe ? 'safe' : 'warning'
}

/** An added part of a result must satisfy what the old schema said of any such name. */
function promised(walk: Walk, old: ObjectShape, next: ObjectShape, name: string, schema: Located): Severity {
  // A pattern that both sides have is compared on its own, and applies to the new property as well.
  const earlier = [...governing(old, name).schemas].filter(([pattern]) => !next.patterns.has(pattern))
  const broken = earlier.filter(([, other]) => !walk.fits(schema, other))
  if (broken.length === 0) return 'safe'
  return broken.some(([, other]) => forbids(walk, other)) ? 'breaking' : 'warning'
}

function compareRequired(walk: Walk, old: ObjectShape, next: ObjectShape, path: string): void {
  for (const name of next.required) {
    const isNew = next.properties.has(name) && !old.properties.has(name)
    if (old.required.has(name) || isNew) continue
    walk.report(
      'property-became-required',
      childPath(path, name),
      `The property ${visible(name)} became required.`,
    )
  }
  for (const name of old.required) {
    const isGone = old.properties.has(name) && !next.properties.has(name)
    if (next.required.has(name) || isGone) continue
    walk.report(
      'property-became-optional',
      childPath(path, name),
      `The property ${visible(name)} became optional.`,
    )
  }
}
