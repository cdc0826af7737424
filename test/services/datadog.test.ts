import { afterAll, beforeAll, expect, test } from 'vitest'
import { type LocalDatadog, startDatadog } from '../../src/sandbox/datadog.ts'
import { readMonitor } from '../../src/services/datadog.ts'

const now = new Date('2026-10-19T16:00:00Z')
let datadog: LocalDatadog
beforeAll(async () => {
  datadog = await startDatadog({ clock: () => now.getTime() })
})
afterAll(() => datadog.close())

const read = () => readMonitor(datadog, 42, { signal: new AbortController().signal, now: () => now })
const set = (more: object) => datadog.monitors.set(42, { name: 'Error rate over 2 %', state: 'OK', ...more })

test.each([
  ['is OK', {}, 'OK'],
  ['alerts', { state: 'Alert' }, 'Alert'],
  ['is silenced', { silenced: true }, 'Muted'],
  [
    'is in a downtime',
    { downtimes: [{ start: '2026-10-19T15:00:00Z', end: '2026-10-19T17:00:00Z' }] },
    'Muted',
  ],
  ['is in one without an end', { downtimes: [{ start: '2026-10-19T15:00:00Z', end: null }] }, 'Muted'],
  ['is in one that names no time', { downtimes: [{}] }, 'Muted'],
  [
    'alerts in the second of two',
    { state: 'Alert', downtimes: [{ start: '2026-10-20T00:00:00Z' }, { start: '2026-10-19T16:00:00Z' }] },
    'Muted',
  ],
  ['will be in a downtime', { downtimes: [{ start: '2026-10-19T16:00:01Z' }] }, 'OK'],
  [
    'was in a downtime',
    { downtimes: [{ start: '2026-10-19T14:00:00Z', end: '2026-10-19T16:00:00Z' }] },
    'OK',
  ],
])('a monitor that %s is read so', async (_, more, state) => {
  set(more)
  expect(await read()).toBe(state)
})

test('a monitor whose downtimes the key may not read is not read', async () => {
  set({ downtimes: 'forbidden' })
  await expect(read()).rejects.toThrow('/api/v2/monitor/42/downtime_matches with 403')
})
