import type { Values } from './finite.ts'
import type { JsonObject } from './json.ts'
import type { TypeName } from './keywords.ts'
import type { SchemaDocument } from './references.ts'

/**
 * A schema and the document in which its references are looked up. `tidied` says that its own keywords have been brought into
 * one spelling already, so that they are not read by the document's dialect once more.
 */
export type Located = { node: unknown; document: SchemaDocument; tidied?: true }

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
  /** The values that it lists but null, by canonical text. */
  values?: Values
  /** The remaining keywords that accept or refuse. The schemas in them are raw. */
  words: Readonly<JsonObject>
  /** Keywords that accept and refuse nothing. */
  notes: Readonly<JsonObject>
  /** Keywords that the dialect does not read. */
  ignored: Readonly<JsonObject>
  /** Keywords that the dialect does not read and Ajv does. */
  contested: Readonly<JsonObject>
  /** Why the schema could not be read. */
  unresolved?: string
  malformed: readonly string[]
}
