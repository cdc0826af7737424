import { RE2JS } from 're2js'
import type { Expectation } from './expectation-schema.ts'
import type { Mismatch } from './mismatch.ts'

/** Compares a text with its expectation. An empty variable leaves nothing to find, which is not found in every text. */
export function textMismatches(text: string, expected: NonNullable<Expectation['text']>): Mismatch[] {
  const rules = typeof expected === 'string' ? { contains: expected } : expected
  const checks: [string, string | undefined, (wanted: string) => boolean][] = [
    ['is', rules.equals, (wanted) => text === wanted],
    ['contains', rules.contains, (wanted) => wanted !== '' && text.includes(wanted)],
    ['matches', rules.matches, (wanted) => wanted !== '' && matchesPattern(wanted, text)],
    ['does not match', rules.not_matches, (wanted) => !matchesPattern(wanted, text)],
  ]
  return checks.flatMap(([word, wanted, test]) =>
    wanted === undefined || test(wanted)
      ? []
      : [{ where: 'text', expected: `${word} ${show(wanted)}`, actual: show(text) }],
  )
}

export function matchesPattern(pattern: string, text: string): boolean {
  return RE2JS.compile(pattern).matcher(text).find()
}

export function show(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing'
}
