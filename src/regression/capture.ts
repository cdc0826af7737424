import type { RawResult } from '../services/mcp.ts'
import { bodyOf } from './expectation.ts'
import { queryJson } from './json-path.ts'
import type { Mismatch } from './mismatch.ts'
import type { Redactor } from './redaction.ts'
import type { Planned } from './steps.ts'

/** Captures values from an answer for later steps. Returns what could not be found. */
export function captureFrom(
  result: RawResult,
  capture: Planned['capture'],
  variables: Map<string, string>,
  redactor: Redactor,
): Mismatch[] {
  const body = bodyOf(result)
  return Object.entries(capture).flatMap(([name, { path, redact }]) => {
    const [value] = body === undefined ? [] : queryJson(body, path)
    if (value === undefined || value === null) {
      return [{ where: `capture ${name}`, expected: `a value at ${path}`, actual: 'nothing' }]
    }
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    if (redact) redactor.hide(text)
    variables.set(name, text)
    return []
  })
}
