import { isObject, type JsonObject, member } from './json.ts'

/**
 * One JSON Schema document: the place where local references are looked up. A document may be recursive, so references are followed
 * when they are met and never written out in full.
 */
export type SchemaDocument = {
  root: unknown
  /** Plain-name anchors: `$anchor` of 2020-12 and `$id: "#name"` of draft-07. */
  anchors: ReadonlyMap<string, unknown>
  /** A nested `$id` moves the base of every reference inside it: such references are not followed but warned about. */
  embedded: boolean
}

export type Resolved = { node: unknown } | { problem: string }

export function schemaDocument(root: unknown): SchemaDocument {
  const anchors = new Map<string, unknown>()
  let embedded = false
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) node.forEach(visit)
    if (!isObject(node)) return
    const id = member(node, '$id')
    const anchor = member(node, '$anchor')
    if (typeof anchor === 'string') anchors.set(anchor, node)
    if (typeof id === 'string' && id.startsWith('#')) anchors.set(id.slice(1), node)
    else if (typeof id === 'string' && node !== root) embedded = true
    Object.values(node).forEach(visit)
  }
  visit(root)
  return { root, anchors, embedded }
}

/** Follows a local `$ref` to its node. A remote one is never fetched: the answer is then the problem, in words. */
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
  for (const token of path.split('/').slice(1)) {
    const key = token.replaceAll('~1', '/').replaceAll('~0', '~')
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
 * Whether a schema with a `$ref` comes back to itself without going a step down into the value: no validator can ever finish with it.
 * A list of lists is recursive and fine; `anyOf: [itself, null]` is not.
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

/** The schemas that judge the very same value as this one. */
function nextSchemas(document: SchemaDocument, node: JsonObject): unknown[] {
  const target = typeof node.$ref === 'string' ? resolve(document, node.$ref) : undefined
  const parts = sameValue.flatMap((key) => {
    const part = member(node, key)
    const isMap = key === 'dependentSchemas' || key === 'dependencies'
    return isMap && isObject(part) ? Object.values(part) : [part].flat()
  })
  return target !== undefined && 'node' in target ? [target.node, ...parts] : parts
}
