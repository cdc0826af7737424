import { isObject, type JsonObject, member } from './json.ts'

/** The dialects of JSON Schema, oldest first. */
const dialects = ['draft-04', 'draft-06', 'draft-07', '2019-09', '2020-12'] as const
export type Dialect = (typeof dialects)[number]

const uris = /^https?:\/\/json-schema\.org\/(draft-0[467]|draft\/(?:2019-09|2020-12))\/schema#?$/

/**
 * The dialect that a document declares; MCP reads a schema without `$schema` as 2020-12. Undefined for any other `$schema`,
 * whose keywords have unknown meanings.
 */
export function declaredDialect(root: unknown): Dialect | undefined {
  const declared = isObject(root) ? member(root, '$schema') : undefined
  if (declared === undefined) return '2020-12'
  const [, name] = uris.exec(String(declared)) ?? []
  return dialects.find((dialect) => name === dialect || name === `draft/${dialect}`)
}

type Span = { since?: Dialect; until?: Dialect }

/** Keywords that only some dialects read. */
const spans: Readonly<Record<string, Span>> = {
  const: { since: 'draft-06' },
  contains: { since: 'draft-06' },
  propertyNames: { since: 'draft-06' },
  if: { since: 'draft-07' },
  // biome-ignore lint/suspicious/noThenProperty: `then` is a keyword of JSON Schema, and this table is never awaited.
  then: { since: 'draft-07' },
  else: { since: 'draft-07' },
  dependentRequired: { since: '2019-09' },
  dependentSchemas: { since: '2019-09' },
  minContains: { since: '2019-09' },
  maxContains: { since: '2019-09' },
  unevaluatedItems: { since: '2019-09' },
  unevaluatedProperties: { since: '2019-09' },
  prefixItems: { since: '2020-12' },
  additionalItems: { until: '2019-09' },
  $recursiveRef: { since: '2019-09', until: '2019-09' },
  $dynamicRef: { since: '2020-12' },
}

/** The keywords of one schema, grouped by their role in its dialect. */
export type Sorted = {
  counted: JsonObject
  /** The dialect ignores them, so they promise nothing. */
  ignored: JsonObject
  /** Ignored by the specification but applied by Ajv, so what they promise depends on the validator. */
  contested: JsonObject
}

export function sortKeywords(words: JsonObject, dialect: Dialect): Sorted {
  const sorted: Sorted = { counted: {}, ignored: {}, contested: {} }
  const besideReference = typeof words.$ref === 'string' && isOlderDialect(dialect, '2019-09')
  for (const [keyword, value] of Object.entries(words)) {
    const span = Object.hasOwn(spans, keyword) ? spans[keyword] : undefined
    if (span !== undefined && !within(span, dialect)) sorted.ignored[keyword] = value
    else if (besideReference && keyword !== '$ref') sorted.contested[keyword] = value
    else if (keyword === 'dependencies' && !isOlderDialect(dialect, '2019-09'))
      sorted.contested[keyword] = value
    else sorted.counted[keyword] = value
  }
  return sorted
}

/** Whether the value of a keyword is invalid in this dialect but valid in another one. */
export function isForeignValue(keyword: string, value: unknown, dialect: Dialect): boolean {
  if (keyword === 'items') return Array.isArray(value) && dialect === '2020-12'
  if (keyword !== 'exclusiveMinimum' && keyword !== 'exclusiveMaximum') return false
  return (typeof value === 'boolean') !== (dialect === 'draft-04')
}

/** Whether a schema uses anything that another dialect interprets differently. */
export function usesDialect(node: JsonObject): boolean {
  const beside = Object.hasOwn(node, '$ref') && Object.keys(node).length > 1
  const keywords = Object.keys(node).some((key) => key === 'dependencies' || Object.hasOwn(spans, key))
  const bounds = [node.exclusiveMinimum, node.exclusiveMaximum].some((bound) => typeof bound === 'boolean')
  return beside || keywords || bounds || Array.isArray(node.items)
}

export function isOlderDialect(dialect: Dialect, other: Dialect): boolean {
  return dialects.indexOf(dialect) < dialects.indexOf(other)
}

function within({ since = 'draft-04', until = '2020-12' }: Span, dialect: Dialect): boolean {
  return !isOlderDialect(dialect, since) && !isOlderDialect(until, dialect)
}
