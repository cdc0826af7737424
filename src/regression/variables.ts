import { isExact } from '../services/mcp.ts'

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

/** Fills every `${NAME}` within a JSON value. An unset name is an error, never an empty text. */
export function fillVariables<Value>(value: Value, variables: Variables): Filled<Value> {
  const missing = new Set<string>()
  const filled = walk(value, (text) =>
    text.replace(reference, (_whole, name: string) => {
      const found = variables.get(name.trim())
      if (found === undefined) missing.add(name.trim())
      return found ?? ''
    }),
  )
  return missing.size > 0 ? { ok: false, missing: [...missing] } : { ok: true, value: filled as Value }
}

function walk(value: unknown, replace: (text: string) => string): unknown {
  if (typeof value === 'string') return replace(value)
  if (Array.isArray(value)) return value.map((item) => walk(item, replace))
  if (value === null || typeof value !== 'object' || isExact(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, replace)]))
}
