import { type Dialect, isForeignValue } from './dialects.ts'
import { exactlyOnce, isWhole, keepValuesWithinBounds, typeOf, type Values, valuesOf } from './finite.ts'
import { flatten } from './flatten.ts'
import { isObject, type JsonObject, member } from './json.ts'
import { allTypes, applicators, isTypeName, shapes, type TypeName } from './keywords.ts'
import { isEndless, resolve, type SchemaDocument } from './references.ts'
import type { Located, Schema } from './schema.ts'
import { tidyWords } from './tidy.ts'

export type Normalise = (located: Located) => Schema

/** A normaliser caches what it has read: the same node gives the same object, which is how recursion is detected. */
export function createNormaliser(): Normalise {
  const documents = new Map<SchemaDocument, Map<unknown, Schema | undefined>>()
  let count = 0
  const normalise: Normalise = (located) => {
    const known = documents.get(located.document) ?? new Map<unknown, Schema | undefined>()
    documents.set(located.document, known)
    const found = known.get(located.node)
    if (found !== undefined) return found
    count += 1
    const id = count
    const { node, document } = located
    const looped = isObject(node) && Object.hasOwn(node, '$ref') && isEndless(document, node)
    if (looped || known.has(node)) return { ...blank(located), id, unresolved: 'refers to itself endlessly' }
    known.set(located.node, undefined)
    const target = plainReference(located)
    const schema = target ? normalise(target) : { ...read(located, normalise), id, origin: located }
    known.set(located.node, schema)
    return schema
  }
  return normalise
}

/** A bare `$ref` becomes its target, the same object, so a recursive schema is recognized after one round. */
function plainReference({ node, document }: Located): Located | undefined {
  if (!isObject(node) || typeof node.$ref !== 'string' || Object.keys(node).length > 1) return undefined
  const target = resolve(document, node.$ref)
  return 'node' in target ? { node: target.node, document } : undefined
}

function blank(origin: Located): Schema {
  return {
    id: 0,
    origin,
    document: origin.document,
    types: new Set(allTypes),
    words: {},
    notes: {},
    ignored: {},
    contested: {},
    malformed: [],
  }
}

function read(located: Located, normalise: Normalise): Schema {
  const { document } = located
  const { words: flat, never, unresolved, ...told } = flatten(located)
  const empty = { ...blank(located), ...told }
  if (unresolved !== undefined) return { ...empty, unresolved }
  const nullable = nullableBranch(flat, document, normalise)
  if (nullable !== undefined) return { ...nullable, ...beside(nullable, told) }
  const { words, malformed } = wellFormed(flat, located.tidied ? '2020-12' : document.dialect)
  const { type, nullable: orNull, ...rest } = words
  const types = never ? new Set<TypeName>() : typesOf(type, orNull === true, rest.multipleOf)
  const listed = listedValues(rest, document, normalise)
  const notes = { ...listed.notes, ...told.notes }
  const values = valuesOf(listed.lists, types)
  const own =
    values === undefined ? { types, words: tidyWords(listed.words, types) } : ofValues(values, listed.words)
  const isOnlyNullable = own.types.has('null') && !typesOf(type, false, rest.multipleOf).has('null')
  return { ...empty, notes, ...own, ...(isOnlyNullable && { nullable: true }), malformed }
}

function beside(
  schema: Schema,
  told: Pick<Schema, 'notes' | 'ignored' | 'contested'>,
): Pick<Schema, 'notes' | 'ignored' | 'contested'> {
  const [notes, ignored] = [
    { ...schema.notes, ...told.notes },
    { ...schema.ignored, ...told.ignored },
  ]
  return { notes, ignored, contested: told.contested }
}

/** A schema that lists its values has their types. Null counts as a type, not as a value. */
function ofValues(all: Values, beside: JsonObject): Pick<Schema, 'types' | 'values' | 'words'> {
  const { values, words } = keepValuesWithinBounds(all, beside)
  const types = new Set([...values.values()].map(typeOf))
  const others = new Map([...values].filter(([, value]) => value !== null))
  const isOnlyNull = values.size > 0 && others.size === 0
  return { types, ...(!isOnlyNull && { values: others }), words: tidyWords(words, types) }
}

/** The values that a schema lists, by `enum`, `const` and alternatives that are constants. */
function listedValues(
  { enum: choices, const: only, ...rest }: JsonObject,
  document: SchemaDocument,
  normalise: Normalise,
): { lists: unknown[][]; words: JsonObject; notes: JsonObject } {
  const lists = [...(Array.isArray(choices) ? [choices] : []), ...(only === undefined ? [] : [[only]])]
  const words = { ...rest }
  let notes: JsonObject = {}
  for (const keyword of ['anyOf', 'oneOf']) {
    const parts = words[keyword]
    if (!Array.isArray(parts)) continue
    const branches = parts.map((node) => normalise({ node, document }))
    if (!branches.every(isListed)) continue
    const each = branches.map((branch) => [...(branch.values?.values() ?? []), ...orNull(branch)])
    lists.push(keyword === 'anyOf' ? each.flat() : exactlyOnce(each))
    notes = { ...notes, ...toldOf(branches, each) }
    delete words[keyword]
  }
  return { lists, words, notes }
}

function orNull({ types }: Schema): null[] {
  return types.has('null') ? [null] : []
}

/** Whether the schema is nothing but a list of values. */
function isListed(schema: Schema): boolean {
  if (schema.values === undefined && !isNullOnly(schema)) return false
  const beside = [schema.words, schema.ignored, schema.contested].flatMap(Object.keys)
  return beside.length === 0 && schema.malformed.length === 0 && schema.unresolved === undefined
}

/** The descriptions of the alternatives, which a model reads like a description of the whole. */
function toldOf(branches: readonly Schema[], values: readonly unknown[][]): JsonObject {
  const told = (key: string): JsonObject => {
    const texts = branches.flatMap(({ notes }, index) =>
      notes[key] === undefined ? [] : [`${JSON.stringify(values[index])}: ${notes[key]}`],
    )
    return texts.length === 0 ? {} : { [key]: texts.join('\n') }
  }
  return { ...told('title'), ...told('description') }
}

/** Reads `anyOf: [x, null]` (and `oneOf`, if x rejects null) as x that may be null. */
function nullableBranch(
  words: JsonObject,
  document: SchemaDocument,
  normalise: Normalise,
): Schema | undefined {
  const [keyword, ...others] = Object.keys(words)
  if (others.length > 0 || (keyword !== 'anyOf' && keyword !== 'oneOf')) return undefined
  const branches = words[keyword]
  if (!Array.isArray(branches) || branches.length !== 2) return undefined
  const [first, second] = branches.map((node) => normalise({ node, document }))
  if (first === undefined || second === undefined) return undefined
  const schema = isNullOnly(first) ? second : isNullOnly(second) ? first : undefined
  if (schema === undefined || !isPlain(schema)) return undefined
  if (keyword === 'oneOf' && schema.types.has('null')) return undefined
  const { nullable: _always, ...rest } = schema
  return { ...rest, types: new Set([...schema.types, 'null']) }
}

/** Whether every keyword of the schema is known and applies to each type separately. */
export function isPlain({ words, contested, malformed, unresolved }: Schema): boolean {
  const isRead = unresolved === undefined && malformed.length === 0 && Object.keys(contested).length === 0
  return isRead && !applicators.some((applicator) => Object.hasOwn(words, applicator))
}

export function isNullOnly(schema: Schema): boolean {
  return schema.types.size === 1 && schema.types.has('null') && Object.keys(schema.words).length === 0
}

function wellFormed(words: JsonObject, dialect: Dialect): { words: JsonObject; malformed: string[] } {
  const entries = Object.entries(words)
  const bad = (key: string, value: unknown): boolean =>
    member(shapes, key) !== undefined && (!shapes[key]?.fits(value) || isForeignValue(key, value, dialect))
  return {
    words: Object.fromEntries(entries.filter(([key, value]) => !bad(key, value))),
    malformed: entries.filter(([key, value]) => bad(key, value)).map(([key]) => key),
  }
}

function typesOf(type: unknown, orNull: boolean, step: unknown): Set<TypeName> {
  const types = new Set(type === undefined ? allTypes : [type].flat().filter(isTypeName))
  if (types.has('number')) types.add('integer')
  if (orNull) types.add('null')
  // A number that must be a multiple of a whole number is an integer.
  if (isWhole(step)) types.delete('number')
  return types
}
