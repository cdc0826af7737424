import { describe, expect, it } from 'vitest'
import type { SchemaSide } from '../../../src/regression/contract/change.ts'
import { diffSchemas } from '../../../src/regression/contract/schema-diff.ts'
import { dialectSchemas, probes } from './dialect-schemas.ts'
import { type Chance, chanceOf, edited, type Json } from './random-schemas.ts'
import { type Entry, suiteCorpus } from './suite-corpus.ts'
import { judgeOf } from './validators.ts'

/** Pairs to look at: `SIZE=500000` searches longer. The seed of each pair is its number, so that a failure can be seen again. */
const size = Number(process.env.SIZE ?? 50_000)
/** Two pairs in so many, one for each side, are a schema and an edit of it, which must be compiled first. */
const editedEach = 100

const corpus = suiteCorpus(dialectSchemas)
const byFile = Map.groupBy(corpus, ({ file }) => file)

function pairOf(seed: number): [Entry, Entry] {
  const chance = chanceOf(seed)
  const before = chance.pick(corpus)
  if (seed % editedEach < 2) return [before, editOf(chance, before) ?? before]
  return [before, chance.pick(chance.once(4) ? corpus : (byFile.get(before.file) ?? corpus))]
}

function editOf(chance: Chance, entry: Entry): Entry | undefined {
  const schema = edited(chance, entry.schema)
  const judge = judgeOf(schema, entry.uri)
  return judge && { ...entry, schema, judge }
}

function saysSafe(before: Entry, after: Entry, side: SchemaSide): boolean {
  const found = diffSchemas(before.schema, after.schema, side)
  return found.every(({ severity }) => severity === 'safe' || severity === 'info')
}

type Tally = { pairs: number; safe: number; accepted: number }

/** Values that a "safe" change refuses, as both validators say. */
function refused([before, after]: [Entry, Entry], side: SchemaSide, tally: Tally): Json[] {
  if (!saysSafe(before, after, side)) return []
  tally.safe += 1
  const [narrow, wide] = side === 'input' ? [before, after] : [after, before]
  const values = [...before.values, ...after.values, ...probes]
  const possible = values.filter((value) => narrow.judge(value))
  tally.accepted += possible.length
  const bad = possible.filter((value) => wide.judge(value) === false)
  return bad.map((value) => ({ side, before: before.schema, after: after.schema, value }))
}

describe('the JSON-Schema-Test-Suite as an oracle, in draft-07 and 2020-12', () => {
  it('no change that is called safe refuses a value, on the side that the seed picks', () => {
    const tally: Tally = { pairs: 0, safe: 0, accepted: 0 }
    const found: Json[] = []
    for (let seed = 0; seed < size; seed += 1) {
      tally.pairs += 1
      found.push(...refused(pairOf(seed), seed % 2 === 0 ? 'input' : 'output', tally))
    }
    expect(found.slice(0, 3)).toEqual([])
    expect(tally.pairs).toBe(size)
    expect(tally.safe).toBeGreaterThan(size * 0.02)
    expect(tally.accepted).toBeGreaterThan(size * 0.05)
  }, 600_000)
})
