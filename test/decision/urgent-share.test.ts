import { expect, test } from 'vitest'
import { urgentShare } from '../../src/decision/urgent-share.ts'

const at = (day: string) => new Date(`2026-${day}T12:00:00Z`)
const range = { from: at('09-01'), to: at('11-30') }
const merge = (day: string, urgent: object | null = null) => ({
  kind: 'merged',
  at: at(day),
  body: { urgent },
})
const label = { by: 'eva' }

test.each([
  ['nothing was merged', [], { merged: 0, urgent: 0, share: 0 }],
  ['none was urgent', [merge('10-01')], { merged: 1, urgent: 0, share: 0 }],
  [
    'one of four',
    [merge('10-01'), merge('10-02', label), merge('10-03'), merge('10-04')],
    { merged: 4, urgent: 1, share: 0.25 },
  ],
  [
    'what lies outside the time is left out; its first instant is in it',
    [merge('08-31', label), merge('09-01', label), merge('11-29'), merge('11-30', label)],
    { merged: 2, urgent: 1, share: 0.5 },
  ],
  [
    'records of other kinds are not merges',
    [
      merge('10-01', label),
      { kind: 'exception', at: at('10-01'), body: {} },
      { kind: 'decided', at: at('10-01'), body: {} },
    ],
    { merged: 1, urgent: 1, share: 1 },
  ],
])('the share of urgent changes: %s', (_name, records, share) => {
  expect(urgentShare(records, range)).toEqual(share)
})
