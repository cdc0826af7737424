import { partsOf } from './alternatives.ts'
import { bothAllowType } from './bound-rules.ts'
import { visible } from './hidden-characters.ts'
import { isObject } from './json.ts'
import { located } from './object-shape.ts'
import { pairBranches } from './pairing.ts'
import type { Located, Schema } from './schema.ts'
import { locateWithin, type Walk } from './walk.ts'

/** `allOf`: a part on only one side is harmless if the other side as a whole implies it. */
export function compareAllOf(walk: Walk, before: Schema, after: Schema, path: string): void {
  const { pairs, removed, added } = pairBranches(walk, partsOf(before, 'allOf'), partsOf(after, 'allOf'))
  for (const { before: old, after: next } of pairs) walk.compare(old, next, path)
  for (const part of added) {
    const implied = walk.fits(before.origin, part)
    walk.report(
      'allof-added',
      path,
      'The value must now match an additional schema.',
      implied ? { severity: 'safe' } : {},
    )
  }
  for (const part of removed) {
    const implied = walk.fits(after.origin, part)
    const message = 'A schema that the value had to match was removed.'
    walk.report('allof-removed', path, message, implied ? { severity: 'safe' } : {})
  }
}

/** `if`, `then`, `else`: comparable only if the condition is unchanged. */
export function compareConditions(walk: Walk, before: Schema, after: Schema, path: string): void {
  const [old, next] = [before.words.if, after.words.if]
  if (old === undefined && next === undefined) return
  if (old === undefined) walk.report('condition-added', path, 'A condition was added.')
  else if (next === undefined) walk.report('condition-removed', path, 'A condition was removed.')
  else if (walk.distance(locateWithin(before, old), locateWithin(after, next)) > 0) {
    walk.report('condition-edited', path, 'A condition changed.')
  } else {
    for (const branch of ['then', 'else']) {
      walk.compare(locateWithin(before, before.words[branch]), locateWithin(after, after.words[branch]), path)
    }
  }
}

/** `not`: what is rejected must not grow on the input side or shrink on the output side. */
export function compareNot(walk: Walk, before: Schema, after: Schema, path: string): void {
  const { not: old } = before.words
  const { not: next } = after.words
  if (old === undefined && next === undefined) return
  if (old === undefined) walk.report('not-added', path, 'Some values are now excluded.')
  else if (next === undefined) walk.report('not-removed', path, 'Some values are no longer excluded.')
  else editedNot(walk, locateWithin(before, old), locateWithin(after, next), path)
}

function editedNot(walk: Walk, old: Located, next: Located, path: string): void {
  if (walk.distance(old, next) === 0) return
  const holds = walk.side === 'input' ? walk.fits(next, old) : walk.fits(old, next)
  walk.report('not-edited', path, 'The excluded values changed.', holds ? { severity: 'safe' } : {})
}

/** `dependentRequired` and `dependentSchemas`. */
export function compareDependencies(walk: Walk, before: Schema, after: Schema, path: string): void {
  if (!bothAllowType(before, after, ['object'])) return
  const [old, next] = [namesOf(before), namesOf(after)]
  const always = { before: requiredOf(before), after: requiredOf(after) }
  for (const link of next) if (!old.has(link)) reportLink(walk, 'added', link, always.before, path)
  for (const link of old) if (!next.has(link)) reportLink(walk, 'removed', link, always.after, path)
  compareDependentSchemas(
    walk,
    located(before, before.words.dependentSchemas),
    located(after, after.words.dependentSchemas),
    path,
  )
}

function compareDependentSchemas(
  walk: Walk,
  old: ReadonlyMap<string, Located>,
  next: ReadonlyMap<string, Located>,
  path: string,
): void {
  for (const [name, schema] of next) {
    const earlier = old.get(name)
    if (earlier !== undefined) walk.compare(earlier, schema, path)
    else
      walk.report(
        'dependency-added',
        path,
        `The value must now match a schema when ${visible(name)} is present.`,
      )
  }
  for (const name of old.keys()) {
    if (next.has(name)) continue
    walk.report(
      'dependency-removed',
      path,
      `The value no longer has to match a schema when ${visible(name)} is present.`,
    )
  }
}

/** Each pair "this name requires that one" as one text. */
function namesOf(schema: Schema): ReadonlySet<string> {
  const links = schema.words.dependentRequired
  const entries = isObject(links) ? Object.entries(links) : []
  return new Set(
    entries.flatMap(([name, needed]) => [needed].flat().map((other) => JSON.stringify([name, other]))),
  )
}

function requiredOf(schema: Schema): readonly unknown[] {
  return Array.isArray(schema.words.required) ? schema.words.required : []
}

function reportLink(
  walk: Walk,
  event: 'added' | 'removed',
  link: string,
  always: readonly unknown[],
  path: string,
): void {
  const [name, needed]: unknown[] = JSON.parse(link)
  const verb = event === 'added' ? 'now requires' : 'no longer requires'
  const message = `The property ${visible(String(name))} ${verb} ${visible(String(needed))}.`
  walk.report(`dependency-${event}`, path, message, always.includes(needed) ? { severity: 'safe' } : {})
}
