import { isExact } from './exact-json.ts'
import type { Issue } from './strict.ts'

/**
 * Arguments that a tool wants to see in headers as well (`x-mcp-header` in its `inputSchema`, MCP 2026-07-28, SEP-2243): a server
 * refuses a call without them. SDK 2.x adds them to typed calls only, and ours are raw.
 */
export function createParamHeaders() {
  const declared = new Map<string, Declaration[]>()
  return {
    /** Remembers what the tools of a page of `tools/list` declare. */
    learn(page: unknown): void {
      const { tools } = Object(page) as { tools?: unknown }
      for (const tool of Array.isArray(tools) ? tools : [])
        declared.set(String(tool?.name), declarations(tool?.inputSchema, []))
    },
    of({ name, arguments: args }: Record<string, unknown>): Record<string, string> {
      const found = declared.get(String(name)) ?? []
      return Object.fromEntries(
        found.flatMap(({ header, path }) => {
          const text = asText(path.reduce<unknown>((node, key) => Object(node)[key], args))
          return text === undefined ? [] : [[`Mcp-Param-${header}`, encoded(text)]]
        }),
      )
    },
  }
}

type Declaration = { header: string; path: readonly string[] }

function declarations(schema: unknown, path: readonly string[]): Declaration[] {
  const { properties } = Object(schema) as { properties?: unknown }
  return Object.entries(Object(properties)).flatMap(([name, property]) => {
    const own: unknown = Object(property)['x-mcp-header']
    const here = [...path, name]
    return [...(isToken(own) ? [{ header: own, path: here }] : []), ...declarations(property, here)]
  })
}

function isToken(name: unknown): name is string {
  return typeof name === 'string' && /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)
}

/** Keywords with schemas whose values no chain of `properties` reaches; of the second kind, each member is a schema. */
const unreachable = [
  ...[
    'items',
    'prefixItems',
    'contains',
    'additionalProperties',
    'unevaluatedProperties',
    'unevaluatedItems',
  ],
  ...['propertyNames', 'oneOf', 'anyOf', 'allOf', 'not', 'if', 'then', 'else'],
]
const maps = ['patternProperties', 'dependentSchemas', '$defs', 'definitions']

/** Why SDK 2.x leaves a tool out of its list: it takes no tool with an invalid `x-mcp-header`. */
export function paramHeaderIssues(inputSchema: unknown): Issue[] {
  const seen = new Set<string>()
  const visit = (schema: unknown, path: readonly PropertyKey[], reachable: boolean): Issue[] => {
    if (schema === null || typeof schema !== 'object') return []
    const message = 'x-mcp-header' in schema && problemOf(schema, reachable && path.length > 1, seen)
    const own = message ? [{ path, message: `invalid x-mcp-header, ${message}` }] : []
    const below = (value: unknown, steps: readonly PropertyKey[], reached: boolean) =>
      Object.entries(Object(value)).flatMap(([key, each]) =>
        visit(each, [...path, ...steps, Array.isArray(value) ? Number(key) : key], reached),
      )
    const of = (keyword: string) => (schema as Record<string, unknown>)[keyword]
    return [
      ...own,
      ...below(of('properties'), ['properties'], reachable),
      ...unreachable.flatMap((keyword) =>
        Array.isArray(of(keyword))
          ? below(of(keyword), [keyword], false)
          : visit(of(keyword), [...path, keyword], false),
      ),
      ...maps.flatMap((keyword) => below(of(keyword), [keyword], false)),
    ]
  }
  return visit(inputSchema, ['inputSchema'], true)
}

function problemOf(schema: object, reachable: boolean, seen: Set<string>): string | undefined {
  const { type, 'x-mcp-header': name } = schema as { type?: unknown; 'x-mcp-header'?: unknown }
  if (!reachable) return 'which only a property can have that is reached by properties alone'
  if (!isToken(name)) return 'which is not the name of a header'
  if (!['string', 'integer', 'boolean'].includes(String(type)) || Array.isArray(type))
    return 'which only a string, an integer or a boolean can have'
  const isTaken = seen.has(name.toLowerCase())
  seen.add(name.toLowerCase())
  return isTaken ? 'which another property has too' : undefined
}

function asText(value: unknown): string | undefined {
  if (isExact(value)) return value.rawJSON
  return ['string', 'number', 'boolean'].includes(typeof value) ? String(value) : undefined
}

/** What a header cannot carry as it is goes as Base64. */
function encoded(text: string): string {
  const isPlain = /^[\x21-\x7e]([\t\x20-\x7e]*[\x21-\x7e])?$/.test(text) && !/^=\?base64\?.*\?=$/.test(text)
  return isPlain ? text : `=?base64?${Buffer.from(text, 'utf8').toString('base64')}?=`
}
