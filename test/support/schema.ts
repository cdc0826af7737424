/** The part of JSON Schema (and of OpenAPI 3.0) that GitHub's descriptions use. */
export type Schema = {
  $ref?: string
  type?: string | string[]
  nullable?: boolean
  enum?: unknown[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  additionalProperties?: boolean | Schema
  oneOf?: Schema[]
  anyOf?: Schema[]
  allOf?: Schema[]
}

export type Lookup = (ref: string) => Schema

/**
 * Where a value is not of its schema, the first place of it, as `/labels/0/name: null is not of the type string`.
 * Read directly and not compiled: ajv takes seconds a process for GitHub's schemas, and refuses `nullable` beside `anyOf`.
 * Held to are types, enums and required fields; not formats, lengths and patterns, and `oneOf` as `anyOf`, since
 * GitHub's variants overlap.
 */
export function mismatch(value: unknown, schema: Schema, look: Lookup, at = ''): string | undefined {
  if (schema.$ref !== undefined) return mismatch(value, look(schema.$ref), look, at)
  if (value === null && schema.nullable) return undefined
  return (
    wrongType(value, schema, at) ??
    wrongVariant(value, schema, look, at) ??
    wrongPart(value, schema, look, at)
  )
}

function wrongType(value: unknown, { type, enum: allowed }: Schema, at: string): string | undefined {
  const isWrong =
    typeof type === 'string' ? !isOf(value, type) : type?.length && !type.some((name) => isOf(value, name))
  if (isWrong) return `${at}: ${shown(value)} is not of the type ${[type].flat().join(' or ')}`
  if (allowed && !allowed.includes(value)) return `${at}: ${shown(value)} is none of ${allowed.join(', ')}`
  return undefined
}

function isOf(value: unknown, type: string): boolean {
  if (type === 'null') return value === null
  if (type === 'array') return Array.isArray(value)
  if (type === 'integer') return Number.isInteger(value)
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value)
  return typeof value === type
}

function wrongVariant(value: unknown, schema: Schema, look: Lookup, at: string): string | undefined {
  for (const each of schema.allOf ?? none) {
    const wrong = mismatch(value, each, look, at)
    if (wrong) return wrong
  }
  return wrongOfAll(value, schema.oneOf, look, at) ?? wrongOfAll(value, schema.anyOf, look, at)
}

const none: Schema[] = []

/** Where it is of none of the variants. Of several, the one that is meant says the most: it is of that type, and came farthest. */
function wrongOfAll(value: unknown, variants = none, look: Lookup, at: string): string | undefined {
  const wrongs: string[] = []
  for (const each of variants) {
    const wrong = mismatch(value, each, look, at)
    if (wrong === undefined) return undefined
    wrongs.push(wrong)
  }
  return wrongs.sort((a, b) => nearness(b) - nearness(a))[0]
}

function nearness(wrong: string): number {
  const [place = ''] = wrong.split(': ')
  return place.endsWith('/type') ? 0 : place.split('/').length
}

function wrongPart(value: unknown, schema: Schema, look: Lookup, at: string): string | undefined {
  if (Array.isArray(value)) return wrongItem(value, schema.items, look, at)
  if (typeof value !== 'object' || value === null) return undefined
  const missing = schema.required?.find((name) => !(name in value))
  if (missing !== undefined) return `${at}: ${missing} is missing`
  const { properties = {}, additionalProperties: others } = schema
  const rest = typeof others === 'object' ? others : undefined
  for (const [name, item] of Object.entries(value)) {
    const expected = item === undefined ? undefined : (properties[name] ?? rest)
    const wrong = expected && mismatch(item, expected, look, `${at}/${name}`)
    if (wrong !== undefined) return wrong
  }
  return undefined
}

function wrongItem(items: unknown[], schema: Schema | undefined, look: Lookup, at: string) {
  if (!schema) return undefined
  for (const [index, item] of items.entries()) {
    const wrong = mismatch(item, schema, look, `${at}/${index}`)
    if (wrong !== undefined) return wrong
  }
  return undefined
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'undefined').slice(0, 60)
}

/** The fields that a schema names, in any of its variants. */
export function namesIn(schema: Schema, look: Lookup): Set<string> {
  if (schema.$ref !== undefined) return namesIn(look(schema.$ref), look)
  const variants = [...(schema.oneOf ?? []), ...(schema.anyOf ?? []), ...(schema.allOf ?? [])]
  return new Set([
    ...Object.keys(schema.properties ?? {}),
    ...variants.flatMap((variant) => [...namesIn(variant, look)]),
  ])
}
