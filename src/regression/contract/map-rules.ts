import { childPath } from './change.ts'
import { visible } from './hidden-characters.ts'
import { acceptsAll, forbids, type ObjectShape } from './object-shape.ts'
import { matches } from './patterns.ts'
import type { Located } from './schema.ts'
import { belowAny, type Walk } from './walk.ts'

/** Objects used as maps: `patternProperties` and `additionalProperties`. */
export function compareMaps(walk: Walk, old: ObjectShape, next: ObjectShape, path: string): void {
  for (const [pattern, schema] of old.patterns) {
    const kept = next.patterns.get(pattern)
    if (kept !== undefined) walk.compare(schema, kept, childPath(path, pattern))
    else reportPattern(walk, 'removed', pattern, path, fitsElsewhere(walk, pattern, schema, next, old))
  }
  for (const [pattern, schema] of next.patterns) {
    if (old.patterns.has(pattern)) continue
    reportPattern(walk, 'added', pattern, path, fitsElsewhere(walk, pattern, schema, old, next))
  }
  compareRest(walk, old.rest, next.rest, path)
}

type Proof = { intoOthers: boolean; fromOthers: boolean }

/**
 * On the side without a pattern, the names that match it fall under other rules. Proves in both directions that the pattern's
 * schema and those rules are compatible.
 */
function fitsElsewhere(
  walk: Walk,
  pattern: string,
  schema: Located,
  there: ObjectShape,
  here: ObjectShape,
): Proof {
  const named = [...there.properties]
    .filter(([name]) => matches(pattern, name) !== false)
    .map(([, other]) => other)
  const others = [...named, ...[...there.patterns.values()], there.rest]
  // Properties that only the other side lists are compared with this pattern where they are reported as added or removed.
  const stand = [...there.patterns].filter(([key]) => !here.patterns.has(key)).map(([, other]) => other)
  return {
    intoOthers: [...stand, there.rest].every((other) => walk.fits(schema, other)),
    fromOthers: others.every((other) => walk.fits(other, schema)),
  }
}

function reportPattern(
  walk: Walk,
  event: 'added' | 'removed',
  pattern: string,
  path: string,
  proof: Proof,
): void {
  const needed = (event === 'added') === (walk.side === 'input') ? proof.fromOthers : proof.intoOthers
  const message = `The rule for names like ${visible(pattern)} was ${event}.`
  walk.report(`pattern-property-${event}`, childPath(path, pattern), message, {
    severity: needed ? 'safe' : 'warning',
  })
}

function compareRest(walk: Walk, old: Located, next: Located, path: string): void {
  const [wasClosed, isClosed] = [forbids(walk, old), forbids(walk, next)]
  if (wasClosed && isClosed) return
  const [wasOpen, isOpen] = [acceptsAll(walk, old), acceptsAll(walk, next)]
  if (isClosed) walk.report('additional-properties-closed', path, 'Unlisted properties are now rejected.')
  else if (wasClosed)
    walk.report('additional-properties-opened', path, 'Unlisted properties are now possible.')
  else if (wasOpen && !isOpen)
    walk.report('additional-properties-closed', path, 'Unlisted properties must now follow a schema.')
  else if (isOpen && !wasOpen)
    walk.report('additional-properties-opened', path, 'Unlisted properties no longer follow a schema.')
  else walk.compare(old, next, belowAny(path))
}
