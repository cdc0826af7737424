import { beforeAll, expect, test } from 'vitest'
import { inspectors } from '../../src/sandbox/github/inspection.ts'
import { senders } from '../support/incidents.ts'
import { aStage } from '../support/stage.ts'
import { type Outcome, playIncidents } from './incidents/world.ts'

/** Four incidents a world. SIMULATED_WORLDS=100 plays a hundred of them, from SIMULATED_SEED on. */
const worlds = Number(process.env.SIMULATED_WORLDS ?? 1)
const first = Number(process.env.SIMULATED_SEED ?? 1)
const size = { histories: 4, acts: 4 }
const outcomes: Outcome[] = []

// Every other test holds what is said to GitHub's description; here it would cost more than the histories.
beforeAll(() => inspectors.clear())

test.each(Array.from({ length: worlds }, (_, index) => first + index))(
  'no promise about incidents is broken in the histories of seed %i',
  async (seed) => {
    const outcome = await playIncidents(seed, size, (at) =>
      aStage({ at, env: senders, operations: true, killable: true }),
    )
    outcomes.push(outcome)
    expect(outcome.broken).toEqual([])
  },
)

test('the histories had pages, overdue clocks, faults and kills enough to break a promise', () => {
  const sum = (what: keyof Outcome['seen']) => outcomes.reduce((total, { seen }) => total + seen[what], 0)
  expect(sum('pages')).toBeGreaterThan(2 * worlds)
  expect(sum('breaches')).toBeGreaterThan(worlds)
  expect(sum('faults')).toBeGreaterThan(worlds)
  expect(sum('kills')).toBeGreaterThan(0)
})
