import { compareArrays } from './array-rules.ts'
import { bothAllowType, compareBounds } from './bound-rules.ts'
import type { ContractChange, SchemaSide } from './change.ts'
import { declaredDialect, usesDialect } from './dialects.ts'
import { visible } from './hidden-characters.ts'
import { equal, isObject, member } from './json.ts'
import { compareAllOf, compareConditions, compareDependencies, compareNot } from './logic-rules.ts'
import { compareNotes, compareUnevaluated, compareUnknown } from './note-rules.ts'
import { compareHiddenNull } from './null-rules.ts'
import { compareObjects } from './object-rules.ts'
import { schemaDocument, schemasWithin } from './references.ts'
import type { Located, Schema } from './schema.ts'
import { compareTexts } from './text-rules.ts'
import { compareOneOf, compareUnions, compareWithUnion } from './union-rules.ts'
import { compareValues } from './value-rules.ts'
import { belowAny, type Difference, locateWithin, type Walk, walkSchemas } from './walk.ts'

/**
 * The changes between two JSON Schemas of a tool, evaluated for one side of the call. Input must still accept everything that
 * it accepted, output must still satisfy everything that it promised; what cannot be proved is a warning. Remote references are
 * never fetched.
 */
export function diffSchemas(
  before: unknown,
  after: unknown,
  side: SchemaSide,
): Omit<ContractChange, 'tool'>[] {
  const [old, next] = [before, after].map((node): Located => ({ node, document: schemaDocument(node) }))
  if (old === undefined || next === undefined) return []
  const found = [...dialectChange(before, after), ...walkSchemas(old, next, side, compareSchemas)]
  return found.map(({ rule, path, severity, message }) => ({
    severity,
    rule: `${side}-${rule}`,
    path,
    side,
    message,
  }))
}

/** One pair of schemas, by the families of rules. Every keyword of the new schema is either implied by the old one or reported. */
function compareSchemas(walk: Walk, before: Schema, after: Schema, path: string): void {
  compareNotes(walk, before, after, path)
  const unread = after.unresolved ?? before.unresolved
  if (unread !== undefined) {
    const which = after.unresolved === undefined ? 'former schema' : 'schema'
    walk.report('reference-unresolved', path, `The ${which} ${visible(unread)}: nothing is proved here.`)
    return
  }
  compareUnknown(walk, before, after, path)
  if (compareWithUnion(walk, before, after, path)) return
  if (!compareValues(walk, before, after, path)) return
  for (const family of families) family(walk, before, after, path)
}

const families = [
  compareBounds,
  compareTexts,
  compareObjects,
  compareNames,
  compareArrays,
  compareUnions,
  compareOneOf,
  compareAllOf,
  compareConditions,
  compareNot,
  compareHiddenNull,
  compareDependencies,
  compareUnevaluated,
]

/** `propertyNames`: a schema that every name, always a string, must satisfy. */
function compareNames(walk: Walk, before: Schema, after: Schema, path: string): void {
  if (!bothAllowType(before, after, ['object'])) return
  if (before.words.propertyNames === undefined && after.words.propertyNames === undefined) return
  walk.compare(namesOf(before), namesOf(after), belowAny(path))
}

function namesOf(schema: Schema): Located {
  const names = schema.words.propertyNames
  if (names === undefined) return locateWithin(schema, { type: 'string' })
  const refers = isObject(names) && Object.hasOwn(names, '$ref')
  return locateWithin(
    schema,
    refers ? { type: 'string', allOf: [names] } : isObject(names) ? { type: 'string', ...names } : names,
  )
}

/**
 * A different `$schema` changes the meaning of some keywords, which the comparison shows. For an unknown one it shows nothing.
 */
function dialectChange(before: unknown, after: unknown): Difference[] {
  const [old, next] = [before, after].map((node) => (isObject(node) ? member(node, '$schema') : undefined))
  const unknown = [before, after].find(
    (root) => declaredDialect(root) === undefined && schemasWithin(root).some(usesDialect),
  )
  const found: Difference[] = []
  const name = (uri: unknown): string => visible(String(uri ?? 'none'))
  if (!equal(old, next)) {
    const message = `$schema changed from ${name(old)} to ${name(next)}.`
    found.push({ rule: 'dialect-changed', path: '', severity: 'info', holds: true, message })
  }
  if (unknown !== undefined) {
    const which = declaredDialect(after) === undefined ? next : old
    const message = `The dialect ${name(which)} is unknown, so some keywords cannot be compared.`
    found.push({ rule: 'dialect-unknown', path: '', severity: 'warning', holds: false, message })
  }
  return found
}
