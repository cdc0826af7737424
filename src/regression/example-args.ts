import { exactNumber } from '../services/mcp.ts'
import { isObject } from './contract/json.ts'
import { compareNumbers, exactValue, isJsonNumber, type JsonNumber, numberText } from './exact.ts'
import { floor } from './ratio.ts'

/** Arguments that fit a schema as far as it tells, and the values that only the reader of the suite can supply. */
export type Example = { args: Record<string, unknown>; todo: string[] }

const MOST_DEEP = 8

/** Example values for the arguments that a tool requires. */
export function exampleArgs(inputSchema: unknown): Example {
  const todo: string[] = []
  if (!isObject(inputSchema)) return { args: {}, todo }
  const value = exampleOf({ root: inputSchema, todo }, inputSchema, '', 0)
  return { args: isObject(value) ? value : {}, todo }
}

type Context = { root: unknown; todo: string[] }

function exampleOf(context: Context, schema: unknown, name: string, depth: number): unknown {
  const words = isObject(schema) && depth < MOST_DEEP ? schema : {}
  if (typeof words.$ref === 'string') {
    return exampleOf(context, target(context.root, words.$ref), name, depth + 1)
  }
  const given = [words.const, words.default, first(words.examples), first(words.enum)].find(isUsable)
  if (given !== undefined) return given
  const branches = [words.anyOf, words.oneOf, words.allOf].flat().filter(isObject)
  const branch = branches.find(({ type }) => type !== 'null')
  if (branch && words.properties === undefined) return exampleOf(context, branch, name, depth + 1)
  return ofType(context, words, name, depth)
}

function ofType(context: Context, words: Record<string, unknown>, name: string, depth: number): unknown {
  const type = [words.type].flat().find((one) => one !== 'null')
  if (type === 'object' || words.properties !== undefined) return ofObject(context, words, name, depth)
  if (type === 'array') {
    const count = isJsonNumber(words.minItems) ? Math.min(Number(numberText(words.minItems)), 3) : 0
    return Array.from({ length: count }, () => exampleOf(context, words.items, name, depth + 1))
  }
  if (type === 'boolean') return false
  if ((type === 'integer' || type === 'number') && !isIdentifier(name)) return ofNumber(words)
  const text = type === 'string' && words.pattern === undefined ? ofText(words, name) : undefined
  if (text !== undefined) return text
  context.todo.push(name)
  return type === 'integer' || type === 'number' ? 0 : 'TODO'
}

function ofObject(
  context: Context,
  { properties, required }: Record<string, unknown>,
  name: string,
  depth: number,
) {
  const needed = Array.isArray(required) ? required.filter((key) => typeof key === 'string') : []
  const known = isObject(properties) ? properties : {}
  return Object.fromEntries(
    needed.map((key) => [
      key,
      exampleOf(context, known[key], name === '' ? key : `${name}.${key}`, depth + 1),
    ]),
  )
}

function ofNumber({ minimum, exclusiveMinimum, maximum }: Record<string, unknown>): JsonNumber {
  if (isJsonNumber(minimum)) return minimum
  const open = isJsonNumber(exclusiveMinimum) ? exactValue(exclusiveMinimum) : undefined
  if (open) return exactNumber(String(floor(open) + 1n))
  return isJsonNumber(maximum) && (compareNumbers(maximum, 1) ?? 0) < 0 ? maximum : 1
}

const formats: Record<string, string> = {
  date: '2026-01-01',
  'date-time': '2026-01-01T00:00:00Z',
  time: '00:00:00Z',
  email: 'someone@example.com',
  uri: 'https://example.com/',
  url: 'https://example.com/',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
}

/** A word that any search or echo accepts; undefined where only a real value works, such as an id or a path. */
function ofText(
  { format, minLength = 0, maxLength = 100 }: Record<string, unknown>,
  name: string,
): string | undefined {
  if (typeof format === 'string') return formats[format]
  const last = name.split('.').at(-1) ?? ''
  const fits = Number(minLength) <= 4 && Number(maxLength) >= 4
  return fits && /^(q|query|search|term|text|message|prompt|keyword|input|content)$/i.test(last)
    ? 'test'
    : undefined
}

function isIdentifier(name: string): boolean {
  return /(^|[._-])id$|Id$/.test(name)
}

/** A suite would read `${…}` as a variable. */
function isUsable(value: unknown): boolean {
  return value !== undefined && value !== null && !JSON.stringify(value).includes('${')
}

function first(list: unknown): unknown {
  return Array.isArray(list) ? list[0] : undefined
}

/** A place within the schema itself: `#/$defs/id`. */
function target(root: unknown, reference: string): unknown {
  if (!reference.startsWith('#')) return undefined
  return reference
    .split('/')
    .slice(1)
    .map((part) => decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>(
      (value, key) => (isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined),
      root,
    )
}
