import { isObject, type JsonObject } from './json.ts'
import { matches } from './patterns.ts'
import type { Located, Schema } from './schema.ts'
import { locateWithin, type Walk } from './walk.ts'

/** An object schema as maps from names to the schemas of their values. */
export type ObjectShape = {
  properties: ReadonlyMap<string, Located>
  patterns: ReadonlyMap<string, Located>
  /** Applies to names that match no property and no pattern. */
  rest: Located
  required: ReadonlySet<string>
}

export function objectShape(schema: Schema): ObjectShape {
  const { words } = schema
  const closed = words.unevaluatedProperties === false ? false : undefined
  return {
    properties: located(schema, words.properties),
    patterns: located(schema, words.patternProperties),
    rest: locateWithin(schema, words.additionalProperties ?? closed),
    required: new Set(Array.isArray(words.required) ? words.required : []),
  }
}

export function located(schema: Schema, map: unknown): Map<string, Located> {
  const entries = isObject(map) ? Object.entries(map satisfies JsonObject) : []
  return new Map(entries.map(([name, node]) => [name, locateWithin(schema, node)]))
}

export function forbids(walk: Walk, schema: Located): boolean {
  return walk.look(schema).types.size === 0
}

export function acceptsAll(walk: Walk, schema: Located): boolean {
  return walk.fits({ node: true, document: schema.document }, schema)
}

/**
 * The schemas that a value under `name` must satisfy when `properties` does not name it. `certain` is false if a pattern could
 * not be read, so that any of them might apply.
 */
export function governing(
  shape: ObjectShape,
  name: string,
): { schemas: Map<string, Located>; certain: boolean } {
  const verdicts = [...shape.patterns].map(([pattern, schema]) => ({
    pattern,
    schema,
    match: matches(pattern, name),
  }))
  const schemas = new Map(
    verdicts.filter(({ match }) => match !== false).map(({ pattern, schema }) => [pattern, schema]),
  )
  const certain = verdicts.every(({ match }) => match !== undefined)
  if (!verdicts.some(({ match }) => match === true)) schemas.set(restKey, shape.rest)
  return { schemas, certain }
}

/** Represents `additionalProperties` among patterns; it is not a valid regular expression. */
const restKey = '(*'
