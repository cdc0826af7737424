import { RE2JS } from 're2js'
import { isExact } from '../services/mcp.ts'
import type { Expectation } from './expectation-schema.ts'

/**
 * What `${…}` can read: variables that the operator exposes (prefix `SUITE_`), `run.id`, and values captured earlier in the
 * same case. Nothing else, because a pull request controls the suite and could otherwise pass the bot's secrets to a tool.
 */
export type Variables = ReadonlyMap<string, string>

/** The variables of an environment that a suite can read. */
export function exposedVariables(environment: Record<string, string | undefined>): Map<string, string> {
  const exposed = new Map<string, string>()
  for (const [name, value] of Object.entries(environment)) {
    if (name.startsWith('SUITE_') && value !== undefined) exposed.set(name, value)
  }
  return exposed
}

export type Filled<Value> = { ok: true; value: Value } | { ok: false; missing: string[] }

const reference = /\$\{([^}]{0,100})\}/g

/** The keys and indexes that lead to a text. */
type Path = readonly string[]

/** Fills every `${NAME}` within a JSON value. An unset name is an error, never an empty text. */
export function fillVariables<Value>(value: Value, variables: Variables): Filled<Value> {
  return fill(value, variables, () => false)
}

/** Fills a step, or its `args` and `expect`. A value within a regular expression stands for itself. */
export function fillStep<Value extends { expect?: Expectation | undefined }>(
  step: Value,
  variables: Variables,
): Filled<Value> {
  return fill(step, variables, isPattern)
}

function fill<Value>(value: Value, variables: Variables, isQuoted: (path: Path) => boolean): Filled<Value> {
  const missing = new Set<string>()
  const filled = walk(value, [], (text, path) =>
    text.replace(reference, (_whole, name: string) => {
      const found = variables.get(name.trim())
      if (found === undefined) missing.add(name.trim())
      return isQuoted(path) ? quoted(found ?? '') : (found ?? '')
    }),
  )
  return missing.size > 0 ? { ok: false, missing: [...missing] } : { ok: true, value: filled as Value }
}

/** Where the schema of an expectation has a pattern. Deeper within `json`, the same names are part of a value. */
function isPattern([root, part, ...rest]: Path): boolean {
  if (root !== 'expect') return false
  const key = rest.at(-1)
  if (part === 'json') return rest.length === 2 && key === 'matches'
  const depth = part === 'text' ? 1 : part === 'content' ? 3 : 0
  return rest.length === depth && (key === 'matches' || key === 'not_matches')
}

/** As a quotation and not escaped, so that the redactor finds the value in a report. */
function quoted(value: string): string {
  return RE2JS.quote(value) === value ? value : `\\Q${value.replaceAll('\\E', '\\E\\\\E\\Q')}\\E`
}

function walk(value: unknown, path: Path, replace: (text: string, path: Path) => string): unknown {
  if (typeof value === 'string') return replace(value, path)
  if (Array.isArray(value)) return value.map((item, index) => walk(item, [...path, String(index)], replace))
  if (value === null || typeof value !== 'object' || isExact(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, walk(item, [...path, key], replace)]),
  )
}
