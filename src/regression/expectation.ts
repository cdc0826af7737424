import { RE2JSException } from 're2js'
import { type Outcome, parseJson, type RawResult } from '../services/mcp.ts'
import { contentMismatches } from './content-check.ts'
import { compareNumbers, isJsonNumber, type JsonNumber, numberText, sameJson } from './exact.ts'
import { asComparison, type Comparison, type Expectation } from './expectation-schema.ts'
import { queryJson } from './json-path.ts'
import type { Mismatch } from './mismatch.ts'
import { matchesPattern, show, textMismatches } from './text-check.ts'
import { isOfKind } from './value-kinds.ts'

/** The body that JSONPaths are applied to: the structured content, otherwise the first text block that is JSON. */
export function bodyOf(result: RawResult): unknown {
  if (result.structuredContent !== undefined) return result.structuredContent
  for (const block of Array.isArray(result.content) ? result.content : []) {
    const text = (block as { text?: unknown } | null)?.text
    if (typeof text !== 'string') continue
    try {
      return parseJson(text)
    } catch {
      // Not JSON: the next block may be.
    }
  }
  return undefined
}

/**
 * Compares an outcome with the expectation of its case. Default: a successful answer. A pattern is valid as it is written, but may
 * not be once its variables are filled in.
 */
export function mismatches(outcome: Outcome, expectation: Expectation, text: string): Mismatch[] {
  try {
    return compare(outcome, expectation, text)
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error
    const expected = 'a valid expression once its variables are filled in'
    return [{ where: 'regular expression', expected, actual: error.message }]
  }
}

function compare(outcome: Outcome, expectation: Expectation, text: string): Mismatch[] {
  const wanted = expectedStatuses(expectation)
  if (!isExpected(outcome, wanted)) {
    return [{ where: 'status', expected: wanted.join(' or '), actual: describe(outcome, text) }]
  }
  const found: Mismatch[] = []
  if (
    expectation.code !== undefined &&
    outcome.kind === 'protocol_error' &&
    outcome.code !== expectation.code
  ) {
    found.push({ where: 'code', expected: String(expectation.code), actual: String(outcome.code) })
  }
  if (expectation.json && 'result' in outcome)
    found.push(...jsonMismatches(bodyOf(outcome.result), expectation.json))
  else if (expectation.json)
    found.push({ where: 'json', expected: 'an answer with JSON', actual: 'an error' })
  if (expectation.text !== undefined) found.push(...textMismatches(text, expectation.text))
  if (expectation.content) found.push(...contentMismatches(outcome, expectation.content))
  return found
}

export function expectedStatuses({ status = 'ok' }: Expectation): string[] {
  return Array.isArray(status) ? status : [status]
}

/**
 * Whether the outcome has one of the statuses. `unknown_tool` is a tool or protocol error that says that there is no such tool.
 */
export function isExpected(outcome: Outcome, statuses: readonly string[]): boolean {
  if (statuses.includes(outcome.kind)) return true
  return statuses.includes('unknown_tool') && 'unknownTool' in outcome && outcome.unknownTool
}

/** A short description of an outcome, for failure messages. */
export function describe(outcome: Outcome, text: string): string {
  if (outcome.kind === 'ok') return `ok: ${text}`
  if ('unknownTool' in outcome && outcome.unknownTool)
    return `${outcome.kind}: the server does not know this tool`
  if (outcome.kind === 'tool_error') return `tool_error: ${text}`
  if (outcome.kind === 'protocol_error') return `protocol_error ${outcome.code}: ${outcome.message}`
  if (outcome.kind === 'needs_input') return `needs input: ${outcome.message}`
  return `transport error (${outcome.cause}): ${outcome.message}`
}

function jsonMismatches(body: unknown, expected: Record<string, unknown>): Mismatch[] {
  if (body === undefined)
    return [{ where: 'json', expected: 'an answer with JSON', actual: 'no JSON in the answer' }]
  return Object.entries(expected).flatMap(([path, value]) => {
    const nodes = queryJson(body, path)
    const wrong = asComparison(value)
      ? failedComparison(nodes, asComparison(value) ?? {})
      : unequal(nodes, value)
    if (wrong === undefined) return []
    return [
      { where: path, expected: wrong, actual: nodes.length === 0 ? 'nothing' : nodes.map(show).join(', ') },
    ]
  })
}

function unequal(nodes: unknown[], value: unknown): string | undefined {
  return nodes.length > 0 && nodes.every((node) => sameJson(node, value)) ? undefined : show(value)
}

function failedComparison(nodes: unknown[], comparison: Comparison): string | undefined {
  if (comparison.absent) return nodes.length === 0 ? undefined : 'nothing'
  if (comparison.count !== undefined && nodes.length !== comparison.count) return `${comparison.count} values`
  const rest = Object.entries(comparison).filter(([key]) => key !== 'count')
  if (rest.length === 0) return undefined
  if (nodes.length === 0) return rest.map(([key, value]) => `${key} ${show(value)}`).join(', ')
  const failed = rest.find(([key, value]) => !nodes.every((node) => holds(node, key, value)))
  return failed && `${failed[0]} ${show(failed[1])}`
}

const numeric: Record<string, (difference: number) => boolean> = {
  gt: (difference) => difference > 0,
  gte: (difference) => difference >= 0,
  lt: (difference) => difference < 0,
  lte: (difference) => difference <= 0,
}

function holds(node: unknown, operator: string, value: unknown): boolean {
  const compare = numeric[operator]
  if (compare) return isJsonNumber(node) && compare(compareNumbers(node, value as JsonNumber) ?? Number.NaN)
  if (operator === 'any') return isOfKind(node, value as NonNullable<Comparison['any']>)
  if (operator === 'matches')
    return typeof node === 'string' && value !== '' && matchesPattern(value as string, node)
  if (operator === 'one_of') return (value as unknown[]).some((item) => sameJson(item, node))
  if (operator === 'length') return (typeof node === 'string' || Array.isArray(node)) && node.length === value
  if (operator === 'contains') return contains(node, value)
  return sameJson(node, value)
}

/** An empty text, such as of an empty variable, is in every text, which says nothing: it can only be a member of a list. */
function contains(node: unknown, value: unknown): boolean {
  if (typeof node === 'string')
    return value !== '' && node.includes(isJsonNumber(value) ? numberText(value) : String(value))
  return Array.isArray(node) && node.some((item) => sameJson(item, value))
}
