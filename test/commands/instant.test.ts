import { expect, test } from 'vitest'
import { instantOf } from '../../src/commands/instant.ts'

test.each([
  ['2026-12-24T09:00:00Z', '2026-12-24T09:00:00.000Z'],
  ['2026-12-24T09:00-08:00', '2026-12-24T17:00:00.000Z'],
])('%s is the instant %s', (text, instant) => {
  expect(instantOf('--until', text)).toBe(instant)
})

test.each(['2026-02-30T09:00Z', '5Z', '2026-12-24', '2026-12-24T09:00', 'Dec 24, 2026 09:00 Z'])(
  '%s is not an instant',
  (text) => {
    expect(() => instantOf('--until', text)).toThrow('is not an ISO date and time with an offset')
  },
)
