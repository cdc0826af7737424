import { readFileSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import { inspectors } from '../../src/sandbox/github/inspection.ts'
import { aPostgresUrl } from '../support/databases.ts'
import { breaks } from './break-list.ts'
import { type Result, simulate, told } from './simulate.ts'

/**
 * Each world is one bot, or two, and so many repositories under one clock. In these, people merge around an opening and a closing while a disk
 * is full, the connections to the database end, and a bot is killed.
 */
const size = { histories: 50, moments: 6 }
const seeds = [301, 451, 551, 701]

// Every other test holds what is said to GitHub's description; here it would cost more than the histories.
beforeAll(() => inspectors.clear())

const results: Result[] = []

test.each(seeds)('no promise is broken in the histories from seed %i on', async (seed) => {
  const result = await simulate(seed, size, await aPostgresUrl())
  results.push(result)
  expect(result.breaches.map((breach) => told(breach, result.stories))).toEqual([])
})

test('the histories had merges, exceptions, green checks and faults enough to break a promise', () => {
  const sum = (what: keyof Result['seen']) => results.reduce((total, { seen }) => total + seen[what], 0)
  expect(sum('merges')).toBeGreaterThan(5 * results.length)
  expect(sum('greens')).toBeGreaterThan(20 * results.length)
  expect(sum('exceptions')).toBeGreaterThan(0)
  expect(sum('looks')).toBeGreaterThan(50 * results.length)
})

test.each(breaks)('the code to break on purpose is there once: $name', ({ file, from, to }) => {
  const parts = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8').split(from)
  expect(parts).toHaveLength(2)
  expect(to).not.toBe(from)
})
