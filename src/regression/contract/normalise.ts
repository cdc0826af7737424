import { canonical, isObject, type JsonObject, member } from './json.ts'
import { allTypes, applicators, isAnnotation, isTypeName, shapes, type TypeName } from './keywords.ts'
import { isEndless, resolve, type SchemaDocument } from './references.ts'
import { tidyWords } from './tidy.ts'

/** A schema and the document in which its references are looked up. */
export type Located = { node: unknown; document: SchemaDocument }

/**
 * A schema in one spelling: references followed, `const` an enum of one, `type: [x, "null"]`, `nullable` and `anyOf: [x, null]` the
 * same thing, draft-07 spellings turned into those of 2020-12, keywords that say nothing about the schema's types left out.
 */
export type Schema = {
  /** Tells two schemas apart while a recursive one is walked. */
  id: number
  document: SchemaDocument
  /** The raw schema that this one was read from. */
  origin: Located
  types: ReadonlySet<TypeName>
  /** The values of `enum` or `const` but null, by canonical text. */
  values?: ReadonlyMap<string, unknown>
  /** The remaining keywords that accept or refuse. The schemas in them are raw. */
  words: Readonly<JsonObject>
  /** Keywords that accept and refuse nothing. */
  notes: Readonly<JsonObject>
  /** Why the schema could not be read. */
  unresolved?: string
  malformed: readonly string[]
}

export type Normalise = (located: Located) => Schema

type Flat = { words: JsonObject; notes: JsonObject; unresolved?: string; never?: true }

/** A normaliser remembers what it has read: the same node gives the same object, by which recursion is recognised. */
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
    if (looped || known.has(node))
      return { ...blank(located), id, unresolved: 'refers to itself without end' }
    known.set(located.node, undefined)
    const target = plainReference(located)
    const schema = target ? normalise(target) : { ...read(located, normalise), id, origin: located }
    known.set(located.node, schema)
    return schema
  }
  return normalise
}

/** A bare `$ref` is its target, the very same object, so that a recursive schema is met again after one round. */
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
    malformed: [],
  }
}

function read(located: Located, normalise: Normalise): Schema {
  const { document } = located
  const flat = flatten(located)
  const empty = blank(located)
  if (flat.unresolved !== undefined) return { ...empty, notes: flat.notes, unresolved: flat.unresolved }
  const nullable = nullableBranch(flat.words, document, normalise)
  if (nullable !== undefined) return { ...nullable, notes: { ...nullable.notes, ...flat.notes } }
  const { words, malformed } = wellFormed(flat.words)
  const { type, nullable: orNull, enum: choices, const: only, ...rest } = words
  let types: ReadonlySet<TypeName> = flat.never ? new Set() : typesOf(type, orNull === true)
  const values = valuesOf(choices, 'const' in words ? [only] : undefined, types)
  if (values !== undefined) types = new Set(values.types)
  return {
    ...empty,
    types,
    ...(values === undefined ? {} : { values: values.values }),
    words: tidyWords(rest, types),
    notes: flat.notes,
    malformed,
  }
}

/** Follows `$ref` and opens an `allOf` of one, as long as nothing but annotations stands beside it. */
function flatten(located: Located): Flat {
  let notes: JsonObject = {}
  let node: unknown = located.node
  for (let hops = 0; hops < 32; hops += 1) {
    if (node === true) return { words: {}, notes }
    if (node === false) return { words: {}, notes, never: true }
    if (!isObject(node)) return { words: {}, notes, unresolved: 'is not a schema' }
    const own = Object.entries(node)
    const words = Object.fromEntries(own.filter(([key]) => !isAnnotation(key)))
    notes = { ...Object.fromEntries(own.filter(([key]) => isAnnotation(key))), ...notes }
    const step = open(words, located.document)
    if (!('next' in step)) return { ...step, notes }
    node = step.next
  }
  return { words: {}, notes, unresolved: 'refers to itself without end' }
}

function open(words: JsonObject, document: SchemaDocument): { next: unknown } | Omit<Flat, 'notes'> {
  const { $ref: reference, ...rest } = words
  const dynamic = ['$dynamicRef', '$recursiveRef'].find((key) => Object.hasOwn(words, key))
  if (dynamic !== undefined) return { words: {}, unresolved: `uses ${dynamic}, which is not followed` }
  const parts = Array.isArray(rest.allOf) ? rest.allOf : []
  if (typeof reference !== 'string') {
    return parts.length === 1 && Object.keys(rest).length === 1 ? { next: parts[0] } : { words }
  }
  const target = resolve(document, reference)
  if ('problem' in target) return { words: {}, unresolved: `has a $ref that ${target.problem}` }
  if (Object.keys(rest).length === 0) return { next: target.node }
  return { words: { ...rest, allOf: [...parts, { $ref: reference }] } }
}

/** `anyOf: [x, null]` (and `oneOf`, where x refuses null) read as x that may be null. */
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
  if (schema === undefined || schema.unresolved !== undefined || schema.malformed.length > 0) return undefined
  if (applicators.some((applicator) => Object.hasOwn(schema.words, applicator))) return undefined
  if (keyword === 'oneOf' && schema.types.has('null')) return undefined
  return { ...schema, types: new Set([...schema.types, 'null']) }
}

export function isNullOnly(schema: Schema): boolean {
  return schema.types.size === 1 && schema.types.has('null') && Object.keys(schema.words).length === 0
}

function wellFormed(words: JsonObject): { words: JsonObject; malformed: string[] } {
  const entries = Object.entries(words)
  const bad = (key: string, value: unknown): boolean =>
    member(shapes, key) !== undefined && !shapes[key]?.fits(value)
  return {
    words: Object.fromEntries(entries.filter(([key, value]) => !bad(key, value))),
    malformed: entries.filter(([key, value]) => bad(key, value)).map(([key]) => key),
  }
}

function typesOf(type: unknown, orNull: boolean): ReadonlySet<TypeName> {
  if (type === undefined) return new Set(allTypes)
  const named = [type].flat().filter(isTypeName)
  const wide = named.includes('number') ? [...named, 'integer' as const] : named
  return new Set(orNull ? [...wide, 'null' as const] : wide)
}

function valuesOf(
  choices: unknown,
  only: unknown[] | undefined,
  types: ReadonlySet<TypeName>,
): { values: ReadonlyMap<string, unknown>; types: TypeName[] } | undefined {
  const named = Array.isArray(choices) ? choices : only
  if (named === undefined) return undefined
  const allowed = only === undefined ? undefined : new Set(only.map(canonical))
  const kept = named
    .filter((value) => types.has(typeOf(value)) && (allowed === undefined || allowed.has(canonical(value))))
    .map((value) => [canonical(value), value] as const)
    .sort(([left], [right]) => (left < right ? -1 : 1))
  const values = new Map(kept.filter(([, value]) => value !== null))
  return { values, types: kept.map(([, value]) => typeOf(value)) }
}

function typeOf(value: unknown): TypeName {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  if (typeof value === 'string') return 'string'
  return typeof value === 'boolean' ? 'boolean' : 'object'
}
