import type { Values } from './finite.ts'
import type { JsonObject } from './json.ts'
import type { TypeName } from './keywords.ts'
import type { SchemaDocument } from './references.ts'

/**
 * A schema and the document that resolves its references. `tidied`: its own keywords are already normalized, so the document's
 * dialect must not be applied to them again.
 */
export type Located = { node: unknown; document: SchemaDocument; tidied?: true }

/**
 * A schema in one spelling: references followed, `const` an enum of one, `type: [x, "null"]` and `anyOf: [x, null]` the same thing,
 * draft-07 spellings turned into those of 2020-12, keywords that say nothing about the schema's types left out.
 */
export type Schema = {
  /** Distinguishes schemas during a recursive walk. */
  id: number
  document: SchemaDocument
  /** The raw schema that this one was read from. */
  origin: Located
  types: ReadonlySet<TypeName>
  /** Null is one of the types only by `nullable`, which Ajv reads, but which no dialect of JSON Schema knows. */
  nullable?: true
  /** The values that it lists except null, by canonical text. */
  values?: Values
  /** The remaining keywords that accept or reject values. The schemas in them are raw. */
  words: Readonly<JsonObject>
  /** Keywords that do not affect which values are accepted. */
  notes: Readonly<JsonObject>
  /** Keywords that the dialect ignores. */
  ignored: Readonly<JsonObject>
  /** Keywords that the dialect ignores but Ajv applies. */
  contested: Readonly<JsonObject>
  /** Why the schema could not be read. */
  unresolved?: string
  malformed: readonly string[]
}
