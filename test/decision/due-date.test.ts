import { expect, test } from 'vitest'
import { dueDate } from '../../src/decision/due-date.ts'

const losAngeles = { time_zone: 'America/Los_Angeles', holidays: undefined }

test.each<[string, string, Parameters<typeof dueDate>[1], string]>([
  ['two days within a week', '2026-11-16T20:00:00Z', losAngeles, '2026-11-18T20:00:00.000Z'],
  ['over a week-end', '2026-12-04T23:00:00Z', losAngeles, '2026-12-08T23:00:00.000Z'],
  [
    'from a Saturday, which counts from Monday',
    '2026-12-05T20:00:00Z',
    losAngeles,
    '2026-12-09T08:00:00.000Z',
  ],
  [
    'by the date in the zone, where it is Friday still',
    '2026-12-05T03:00:00Z',
    losAngeles,
    '2026-12-09T03:00:00.000Z',
  ],
  [
    'over a holiday, where the policy names a place',
    '2026-11-25T20:00:00Z',
    { ...losAngeles, holidays: 'US' },
    '2026-11-30T20:00:00.000Z',
  ],
  ['not over a holiday of no place', '2026-11-25T20:00:00Z', losAngeles, '2026-11-27T20:00:00.000Z'],
  [
    'at the same time of day over the change of the clocks',
    '2026-10-30T17:00:00Z',
    losAngeles,
    '2026-11-03T18:00:00.000Z',
  ],
])('a review is due two business days later: %s', (_name, merged, place, due) => {
  expect(dueDate(new Date(merged), place).toISOString()).toBe(due)
})
