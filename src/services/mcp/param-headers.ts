import { isExact } from './exact-json.ts'

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
    const isToken = typeof own === 'string' && /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(own)
    return [...(isToken ? [{ header: own, path: here }] : []), ...declarations(property, here)]
  })
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
