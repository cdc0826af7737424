import { type Dialect, declaredDialect, isOlderDialect } from './dialects.ts'
import { isObject, type JsonObject, member } from './json.ts'

/**
 * One JSON Schema document, in which local references are resolved. A document may be recursive, so references are followed on
 * demand and never expanded.
 */
export type SchemaDocument = {
  root: unknown
  /** A schema of an unknown dialect is read as the newest one. */
  dialect: Dialect
  /** Plain-name anchors: `$anchor` of 2020-12 and `$id: "#name"` of draft-07. */
  anchors: ReadonlyMap<string, unknown>
  /** A nested `$id` moves the base of every reference inside it: such references are reported and not followed. */
  embedded: boolean
}

export type Resolved = { node: unknown } | { problem: string }

export function schemaDocument(root: unknown): SchemaDocument {
  const dialect = declaredDialect(root) ?? '2020-12'
  const anchors = new Map<string, unknown>()
  let embedded = false
  for (const node of schemasWithin(root)) {
    const id = member(node, dialect === 'draft-04' ? 'id' : '$id')
    const anchor = member(node, '$anchor')
    const isNamed = typeof id === 'string' && id.startsWith('#') && isOlderDialect(dialect, '2019-09')
    if (typeof anchor === 'string' && !isOlderDialect(dialect, '2019-09')) anchors.set(anchor, node)
    if (isNamed) anchors.set(id.slice(1), node)
    else if (typeof id === 'string' && node !== root) embedded = true
  }
  return { root, dialect, anchors, embedded }
}

/** Keywords whose value is data, even if it looks like a schema. */
const data = new Set(['const', 'enum', 'default', 'examples', 'example'])
/** Keywords with schemas by name: a property called `default` is a schema. */
const maps = new Set([
  ...['properties', 'patternProperties', 'dependentSchemas', 'dependencies', '$defs', 'definitions'],
])

/** Every object in a schema position. Objects under unknown keywords count, since a reference may point there. */
export function schemasWithin(root: unknown): JsonObject[] {
  const found: JsonObject[] = []
  const ahead: unknown[] = [root]
  while (ahead.length > 0) {
    const node = ahead.pop()
    if (Array.isArray(node)) ahead.push(...node)
    if (!isObject(node)) continue
    found.push(node)
    for (const [key, value] of Object.entries(node)) {
      if (maps.has(key) && isObject(value)) ahead.push(...Object.values(value))
      else if (!data.has(key)) ahead.push(value)
    }
  }
  return found
}

/** Whether a schema refers to anything that is not a place in its own document. */
export function refersElsewhere(root: unknown): boolean {
  return schemasWithin(root).some((node) => {
    const { $ref: plain, $dynamicRef: dynamic, $recursiveRef: recursive } = node
    const leaves = typeof plain === 'string' && !plain.startsWith('#')
    return leaves || typeof dynamic === 'string' || typeof recursive === 'string'
  })
}

/** Follows a local `$ref` to its node. For a remote one, which is never fetched, returns the problem as text. */
export function resolve(document: SchemaDocument, reference: string): Resolved {
  const base = rootId(document)
  const local = base !== '' && reference.startsWith(`${base}#`) ? reference.slice(base.length) : reference
  if (local === base && base !== '') return { node: document.root }
  if (!local.startsWith('#'))
    return { problem: `points outside this schema (${reference}) and is not fetched` }
  if (document.embedded)
    return { problem: `(${reference}) is read beside an embedded $id and is not followed` }
  const fragment = decoded(local.slice(1))
  if (fragment === '' || fragment.startsWith('/')) return pointer(document.root, fragment, reference)
  if (document.anchors.has(fragment)) return { node: document.anchors.get(fragment) }
  return { problem: `(${reference}) points at nothing` }
}

function rootId(document: SchemaDocument): string {
  const id = isObject(document.root) ? member(document.root, '$id') : undefined
  return typeof id === 'string' ? id.replace(/#$/, '') : ''
}

function decoded(fragment: string): string {
  try {
    return decodeURIComponent(fragment)
  } catch {
    return fragment
  }
}

function pointer(root: unknown, path: string, reference: string): Resolved {
  let node: unknown = root
  let isMap = false
  for (const token of path.split('/').slice(1)) {
    const key = token.replaceAll('~1', '/').replaceAll('~0', '~')
    if (!isMap && data.has(key)) return { problem: `(${reference}) points at data, not at a schema` }
    isMap = !isMap && maps.has(key)
    const holder = Array.isArray(node) ? (Object.fromEntries(node.entries()) as JsonObject) : node
    if (!isObject(holder) || !Object.hasOwn(holder, key))
      return { problem: `(${reference}) points at nothing` }
    node = holder[key]
  }
  return { node }
}

const sameValue = [
  'allOf',
  'anyOf',
  'oneOf',
  'not',
  'if',
  'then',
  'else',
  'dependentSchemas',
  'dependencies',
] as const

/**
 * Whether a schema with a `$ref` returns to itself without going deeper into the value, so that no validator can finish. A list
 * of lists is recursive and fine; `anyOf: [itself, null]` is not.
 */
export function isEndless(document: SchemaDocument, start: JsonObject): boolean {
  const seen = new Set<unknown>()
  const ahead: unknown[] = nextSchemas(document, start)
  while (ahead.length > 0) {
    const node = ahead.pop()
    if (node === start) return true
    if (!isObject(node) || seen.has(node)) continue
    seen.add(node)
    ahead.push(...nextSchemas(document, node))
  }
  return false
}

/** The schemas that apply to the same value as this one. */
function nextSchemas(document: SchemaDocument, node: JsonObject): unknown[] {
  const target = typeof node.$ref === 'string' ? resolve(document, node.$ref) : undefined
  const parts = sameValue.flatMap((key) => {
    const part = member(node, key)
    const isMap = key === 'dependentSchemas' || key === 'dependencies'
    return isMap && isObject(part) ? Object.values(part) : [part].flat()
  })
  return target !== undefined && 'node' in target ? [target.node, ...parts] : parts
}
