import { z } from 'zod'

/** The required keys of a file, each with an example value in YAML. */
export type Least = Record<string, string>

/**
 * Messages for problems in a user's file: what is there, and what to write instead. For `safeParse`; messages in the schema
 * take precedence.
 */
export function messagesFor(least: Least): z.core.$ZodErrorMap {
  return (issue) => {
    switch (issue.code) {
      case 'invalid_type':
        return wrongType(issue, least)
      case 'invalid_value':
        return `${stands(issue.input, 'is not a known value')}; ${oneOf(issue.values)}`
      case 'too_small':
        return tooSmall(issue)
      case 'too_big':
        return tooBig(issue)
      case 'invalid_union':
        return mostTelling(issue.errors.flat())
      default:
        return undefined
    }
  }
}

/** What a file needs at least. */
export function atLeast(least: Least): string {
  const entries = Object.entries(least).map(([key, value]) => `\`${key}: ${value}\``)
  return `write at least ${entries.join(' and ')}`
}

type Issue<Code> = Extract<z.core.$ZodRawIssue, { code: Code }>

/** The name of a type, and an example that keeps as much of the input as possible. */
const types: Record<string, { isNot: string; example: (input: unknown, schema: unknown) => string }> = {
  object: { isNot: 'is not a map of settings', example: (_, schema) => settingsOf(schema) },
  record: { isNot: 'is not a map', example: () => '{ name: value }' },
  array: { isNot: 'is not a list', example: (input) => (isPlain(input) ? `[${input}]` : '[ … ]') },
  number: { isNot: 'is not a number', example: (input) => String(finite(input) || 2) },
  int: { isNot: 'is not a whole number', example: (input) => String(Math.ceil(finite(input) || 2)) },
  boolean: { isNot: 'is not true or false', example: () => 'true' },
  string: { isNot: 'is not text', example: (input) => (isPlain(input) ? `"${input}"` : '"…"') },
}

function finite(input: unknown): number {
  const number = Number(input)
  return Number.isFinite(number) ? number : 0
}

function wrongType({ expected, input, inst, path = [] }: Issue<'invalid_type'>, least: Least) {
  const type = types[expected]
  if (!type) return undefined
  const wrong = stands(input, type.isNot)
  if (path.length === 0) return `${wrong}; ${atLeast(least)}`
  const needed = path.length === 1 ? least[String(path[0])] : undefined
  return `${wrong}; write it like ${at(path, needed ?? type.example(input, inst))}`
}

/** A value with its key; an item of a list has none. */
function at(path: PropertyKey[], value: string): string {
  const key = path.at(-1)
  return typeof key === 'string' ? `\`${key}: ${value}\`` : `\`${value}\``
}

/** `{}` if every key is optional, else the required ones. */
function settingsOf(schema: unknown): string {
  const tried = schema instanceof z.ZodType ? schema.safeParse({}) : undefined
  if (!tried || tried.success) return '{}'
  const needed = tried.error.issues.filter(({ path }) => path.length === 1).map(({ path }) => String(path[0]))
  return needed.length > 0 ? `{ ${needed.map((name) => `${name}: …`).join(', ')} }` : '{ … }'
}

function stands(input: unknown, isNot: string): string {
  return input === undefined || input === null ? 'is missing' : `${quoted(input)} ${isNot}`
}

/** The input, truncated if it is too long for a message. */
function quoted(input: unknown): string {
  const written = (typeof input === 'number' ? undefined : JSON.stringify(input)) ?? String(input)
  return written.length > 80 ? `${written.slice(0, 80)}…` : written
}

/** A value that can be repeated as it is. */
function isPlain(input: unknown): boolean {
  return ['string', 'number', 'boolean'].includes(typeof input) && /^\w[\w./-]{0,40}$/.test(String(input))
}

function oneOf(values: readonly unknown[]): string {
  return values.length === 1 ? `write ${values[0]}` : `write one of: ${values.join(', ')}`
}

function tooSmall({ origin, minimum, inclusive, input }: Issue<'too_small'>): string {
  if (origin === 'string')
    return minimum === 1 ? 'the text is empty; write a value' : `write at least ${minimum} characters`
  if (origin === 'array')
    return minimum === 1
      ? 'the list is empty; add an item'
      : `the list is too short; write at least ${minimum} items`
  return `${quoted(input)} is too small; write ${inclusive ? 'at least' : 'more than'} ${minimum}`
}

function tooBig({ origin, maximum, inclusive, input }: Issue<'too_big'>): string {
  if (origin === 'string') return `the text is longer than ${maximum} characters; shorten it`
  if (origin === 'array') return `the list has more than ${maximum} items; shorten it`
  return `${quoted(input)} is too large; write ${inclusive ? 'at most' : 'less than'} ${maximum}`
}

/** The most specific of the problems of a value that matches none of several forms, else the first. */
function mostTelling(issues: z.core.$ZodIssue[]): string | undefined {
  const deep = issues.find(({ code, path }) => code !== 'invalid_type' || path.length > 0)
  return (deep ?? issues[0])?.message
}
