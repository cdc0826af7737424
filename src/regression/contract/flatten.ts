import { mergeConjunction } from './conjunction.ts'
import { sortKeywords } from './dialects.ts'
import { isObject, type JsonObject } from './json.ts'
import { isAnnotation } from './keywords.ts'
import { resolve, type SchemaDocument } from './references.ts'
import type { Located, Schema } from './schema.ts'

/** The keywords of a schema after its references have been followed and its `allOf` merged. */
type Flat = Pick<Schema, 'words' | 'notes' | 'ignored' | 'contested'> & { unresolved?: string; never?: true }

/** The most `allOf` parts that one schema may include: many times what a real one has. */
const mostParts = 200

/** Follows `$ref`, merges `allOf`, and groups the keywords by their role in the dialect of the document. */
export function flatten(located: Located, parts = { left: mostParts }): Flat {
  const { dialect } = located.document
  let told = { notes: {} as JsonObject, ignored: {} as JsonObject, contested: {} as JsonObject }
  let node: unknown = located.node
  for (let hops = 0; hops < 32; hops += 1) {
    if (node === true) return { words: {}, ...told }
    if (node === false) return { words: {}, ...told, never: true }
    if (!isObject(node)) return { words: {}, ...told, unresolved: 'is not a schema' }
    const own = Object.entries(node)
    const words = Object.fromEntries(own.filter(([key]) => !isAnnotation(key)))
    const isTidied = hops === 0 && located.tidied === true
    const { counted, ignored, contested } = isTidied
      ? { counted: words, ignored: {}, contested: {} }
      : sortKeywords(words, dialect)
    told = {
      notes: { ...Object.fromEntries(own.filter(([key]) => isAnnotation(key))), ...told.notes },
      ignored: { ...ignored, ...told.ignored },
      contested: both(contested, told.contested),
    }
    const step = open(counted, located.document)
    if ('next' in step) node = step.next
    else if (step.unresolved !== undefined) return { ...step, ...told }
    else return merged(step.words, told, located.document, parts)
  }
  return { words: {}, ...told, unresolved: 'refers to itself endlessly' }
}

/** A chain of references may set one keyword twice, and a change of either must be noticed. */
function both(left: JsonObject, right: JsonObject): JsonObject {
  const twice = Object.keys(left).filter((keyword) => Object.hasOwn(right, keyword))
  return {
    ...left,
    ...right,
    ...Object.fromEntries(twice.map((keyword) => [keyword, [left[keyword], right[keyword]]])),
  }
}

function merged(
  words: JsonObject,
  told: Omit<Flat, 'words'>,
  document: SchemaDocument,
  parts: { left: number },
): Flat {
  let { notes, ignored } = told
  const folded = mergeConjunction(words, (node) => {
    parts.left -= 1
    if (parts.left < 0) return undefined
    const part = flatten({ node, document }, parts)
    const isPlain = part.unresolved === undefined && part.never === undefined
    if (!isPlain || Object.keys(part.contested).length > 0) return undefined
    notes = { ...part.notes, ...notes }
    ignored = { ...part.ignored, ...ignored }
    return part.words
  })
  return { ...told, notes, ignored, words: folded }
}

type Opened = { next: unknown; unresolved?: never } | { words: JsonObject; unresolved?: string }

function open(words: JsonObject, document: SchemaDocument): Opened {
  const dynamic = ['$dynamicRef', '$recursiveRef'].find((key) => Object.hasOwn(words, key))
  if (dynamic !== undefined) return { words: {}, unresolved: `uses ${dynamic}, which is not followed` }
  const { $ref: reference, ...rest } = withoutSingles(words)
  const parts = Array.isArray(rest.allOf) ? rest.allOf : []
  if (typeof reference !== 'string') {
    return parts.length === 1 && Object.keys(rest).length === 1 ? { next: parts[0] } : { words: rest }
  }
  const target = resolve(document, reference)
  if ('problem' in target) return { words: {}, unresolved: `has a $ref that ${target.problem}` }
  if (Object.keys(rest).length === 0) return { next: target.node }
  return { words: { ...rest, allOf: [...parts, { $ref: reference }] } }
}

/** A choice of one is a required part. */
function withoutSingles(words: JsonObject): JsonObject {
  const result = { ...words }
  for (const keyword of ['anyOf', 'oneOf']) {
    const choice = result[keyword]
    if (!Array.isArray(choice) || choice.length !== 1) continue
    if (result.allOf !== undefined && !Array.isArray(result.allOf)) continue
    result.allOf = [...(Array.isArray(result.allOf) ? result.allOf : []), choice[0]]
    delete result[keyword]
  }
  return result
}
