import { Ajv, type CodeOptions } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { RE2JS } from 're2js'
import type { ListedTool, RawResult } from '../services/mcp.ts'
import { createWritten, withExactKeywords } from './exact-keywords.ts'
import type { Mismatch } from './mismatch.ts'

const addFormats = formats.default
type RegExpEngine = NonNullable<CodeOptions['regExp']>
type RegExpLike = ReturnType<RegExpEngine>

/**
 * Validates structured answers against the tools' `outputSchema`. The SDK would throw on a mismatch, even if the answer is an
 * error. So answers are read raw and checked here by the dialect in `$schema` (2020-12 without one, as MCP requires).
 */
export function outputChecker(): (tool: ListedTool | undefined, result: RawResult) => Mismatch[] {
  const compiled = new Map<ListedTool, Check>()
  return (tool, result) => {
    if (tool?.outputSchema === undefined || result.isError === true) return []
    let check = compiled.get(tool)
    if (!check) {
      check = compile(tool.outputSchema)
      compiled.set(tool, check)
    }
    return check(result.structuredContent)
  }
}

/**
 * Patterns of a schema come from the server, so they run on RE2, where no text can make them hang. What RE2 cannot compute (such as a
 * lookahead) runs on ECMAScript's own engine, as in a client: the bot ends a run that hangs.
 */
const engine: RegExpEngine = Object.assign(
  (pattern: string): RegExpLike => {
    // Ajv identifies patterns by their text.
    const named = { toString: () => pattern }
    const test = linear(pattern) ?? backtracking(pattern)
    return Object.assign({ test }, named)
  },
  { code: 'undefined' },
)

function linear(pattern: string): ((text: string) => boolean) | undefined {
  // The translation takes a named backreference for text.
  if (pattern.includes('\\k<')) return undefined
  try {
    const compiled = RE2JS.compile(RE2JS.translateRegExp(pattern))
    return (text) => compiled.matcher(text).find()
  } catch {
    return undefined
  }
}

/** @throws where it is not a regular expression of ECMAScript, so that the schema cannot be used. */
function backtracking(pattern: string): (text: string) => boolean {
  const compiled = new RegExp(pattern, 'u')
  return (text) => compiled.test(text)
}

type Check = (value: unknown) => Mismatch[]

function compile(schema: unknown): Check {
  const where = 'outputSchema'
  try {
    const dialect = String((schema as { $schema?: unknown }).$schema ?? '')
    const options = { strict: false, allErrors: true, logger: false, code: { regExp: engine } } as const
    const written = createWritten()
    const ajv = withExactKeywords(
      dialect.includes('draft-07') ? new Ajv(options) : new Ajv2020(options),
      written,
    )
    addFormats(ajv)
    const validate = ajv.compile(written.copy(schema) as object)
    return (value) => {
      if (value === undefined) {
        return [{ where, expected: 'structuredContent, which the outputSchema requires', actual: 'none' }]
      }
      // Wrapped, so that a number on its own has a place, too, under which it is found.
      const holder = written.copy({ value }) as { value: unknown }
      const place = { instancePath: '', parentData: holder, parentDataProperty: 'value' } as const
      try {
        if (validate(holder.value, { ...place, rootData: holder.value as never, dynamicAnchors: {} }))
          return []
      } catch (error) {
        // A reference may lead back to itself without an end.
        const actual = `the answer cannot be checked: ${error instanceof Error ? error.message : String(error)}`
        return [{ where, expected: 'a schema that an answer can be checked by', actual }]
      }
      const actual = ajv.errorsText(validate.errors, { dataVar: 'the answer', separator: '; ' })
      return [{ where, expected: 'an answer that matches the outputSchema', actual }]
    }
  } catch (error) {
    const actual = `the outputSchema cannot be used: ${error instanceof Error ? error.message : String(error)}`
    return () => [{ where, expected: 'a valid outputSchema', actual }]
  }
}
