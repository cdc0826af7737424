import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SchemaSide } from '../../../src/regression/contract/change.ts'
import { diffSchemas } from '../../../src/regression/contract/schema-diff.ts'
import { chanceOf, edited, type Json, type Node, randomDocument } from './random-schemas.ts'
import { randomValue } from './random-values.ts'

/** Each run compiles two schemas with Ajv, some 2 ms. `SOUNDNESS_RUNS=20000` searches longer. */
const runs = Number(process.env.SOUNDNESS_RUNS ?? 2000)
const valuesEach = 12

/**
 * Ajv's answer; none where a schema refers to itself endlessly, on which Ajv exhausts the stack, nor for the rare mix around
 * `unevaluatedProperties` for which Ajv 8.20 writes code that names an undeclared variable.
 */
function accepts(schema: Node): (value: Json) => boolean | undefined {
  const ajv = new Ajv2020({
    strict: false,
    validateFormats: false,
    inlineRefs: false,
    meta: false,
    validateSchema: false,
  })
  const check = unlessItThrows(() => ajv.compile(schema))
  return (value) => unlessItThrows(() => check?.(value))
}

function unlessItThrows<T>(ask: () => T): T | undefined {
  try {
    return ask()
  } catch (error) {
    if (error instanceof RangeError || error instanceof ReferenceError) return undefined
    throw error
  }
}

/** Ajv 8.20 accepts an empty list where `contains` stands beside `prefixItems`, which the specification refuses. */
function isMisjudged(schema: Node): boolean {
  const text = JSON.stringify(schema)
  return text.includes('"contains"') && text.includes('"prefixItems"')
}

function saysSafe(before: Node, after: Node, side: SchemaSide): boolean {
  return diffSchemas(before, after, side).every(({ severity }) => severity === 'safe' || severity === 'info')
}

type Tally = { safe: number; withSamples: number; changed: number; accepted: number; drawn: number }

/** Values of `narrow` that `wide` refuses, where the diff says that there are none. */
function refused(seed: number, side: SchemaSide, tally: Tally): Json[] {
  const chance = chanceOf(seed)
  const before = randomDocument(chance)
  const after = edited(chance, before)
  if (!saysSafe(before, after, side) || [before, after].some(isMisjudged)) return []
  tally.safe += 1
  if (diffSchemas(before, after, side).length > 0) tally.changed += 1
  const [narrow, wide] = side === 'input' ? [before, after] : [after, before]
  const [isPossible, isAccepted] = [accepts(narrow), accepts(wide)]
  const values = Array.from({ length: valuesEach }, () => randomValue(chance, narrow))
  const possible = values.filter(isPossible)
  tally.drawn += values.length
  tally.accepted += possible.length
  if (possible.length > 0) tally.withSamples += 1
  return possible.filter((value) => isAccepted(value) === false).map((value) => ({ before, after, value }))
}

describe('what the diff calls safe is safe, as Ajv evaluates it', () => {
  it.each<[SchemaSide, string]>([
    ['input', 'every value that the old schema accepted is accepted by the new one'],
    ['output', 'every value that the new schema allows satisfies the old one'],
  ])('%s: %s', (side) => {
    const tally: Tally = { safe: 0, withSamples: 0, changed: 0, accepted: 0, drawn: 0 }
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (seed) => {
        const found = refused(seed, side, tally)
        expect(found.slice(0, 1)).toEqual([])
      }),
      { numRuns: runs },
    )
    expect(tally.safe).toBeGreaterThan(runs * 0.1)
    expect(tally.changed).toBeGreaterThan(runs * 0.05)
    expect(tally.withSamples).toBeGreaterThan(tally.safe * 0.6)
    expect(tally.accepted).toBeGreaterThan(tally.drawn * 0.4)
  })
})
