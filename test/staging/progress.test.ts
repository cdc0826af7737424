import { expect, test } from 'vitest'
import { atMostEvery } from '../../src/staging/run.ts'

test('progress is reported at most every five seconds, however fast the cases are', () => {
  let now = 1_000
  const isDue = atMostEvery(5_000, () => now)
  const told: number[] = []
  for (let step = 0; step < 400; step++) {
    now += 50
    if (isDue()) told.push(now - 1_000)
  }
  expect(told).toEqual([5_000, 10_000, 15_000, 20_000])
})
