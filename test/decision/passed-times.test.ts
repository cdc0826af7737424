import { describe, expect, it } from 'vitest'
import { checkReport } from '../../src/decision/report.ts'
import { decide } from '../../src/decision/verdict.ts'
import {
  aDeployment,
  aLabel,
  anApproval,
  anEvidence,
  ann,
  aPolicy,
  aSnapshot,
  bob,
  head,
  inWindow,
  minutesLater,
  stagingTree,
} from '../support/snapshot.ts'

/**
 * A check that is not green is not written again when a time in it passes, unless that changes its state. So what it says has to be true
 * after that time as well.
 */

type Facts = Parameters<typeof aSnapshot>[0]

const friday = '2026-11-27T18:00:00Z'
const hold = aLabel({ name: 'hold' })
const regression = { tree: stagingTree, deployments: [aDeployment()], runs: [anEvidence()] }
const exemption = {
  head,
  by: 'ann',
  reason: 'Taxes',
  at: minutesLater(-5, inWindow),
  until: minutesLater(60, inWindow),
}
const confirmed = { ...exemption, confirmed: { by: 'bob', at: minutesLater(-4, inWindow) } }
const frozen = { reason: 'Ledger', by: 'eva', since: minutesLater(-30, inWindow) }
const freeze = { from: '2026-11-24T00:00', to: '2026-12-01T00:00', reason: 'Thanksgiving' }
const urgent = aLabel({ at: minutesLater(-10, inWindow) })
const deferring = { staging_regression: { defer_when_urgent: true }, release_window: {}, hold: {} }

function textOf(facts: Facts, gates: object): { text: string; state: string } {
  const snapshot = aSnapshot({ takenAt: inWindow, ...facts })
  const verdict = decide(snapshot, aPolicy(gates as never))
  const { title, summary } = checkReport(verdict, snapshot)
  return { text: `${title}\n${summary}`, state: verdict.state }
}

/** What only says something of the time before it: a promise, a duty or a state with an end. */
const onlyBefore =
  /valid until|when: until|exempt from \S+ .*until|^(.*\W)?frozen until|must confirm|open until/im

const cases: [string, Facts, object][] = [
  ['a run of the regression', { regression, labels: [hold] }, { staging_regression: {}, hold: {} }],
  ['a deferred regression', { regression: { ...regression, runs: [] }, labels: [urgent, hold] }, deferring],
  ['an exemption', { exemption: confirmed, labels: [hold] }, { release_window: {}, hold: {} }],
  ['an exemption from a freeze', { exemption: confirmed, frozen, labels: [hold] }, { hold: {} }],
  [
    'an exemption in a closed window',
    { exemption: { ...confirmed, until: minutesLater(60, friday) }, takenAt: friday },
    { release_window: {} },
  ],
  ['a requested exemption', { exemption, frozen }, { release_window: {} }],
  [
    'a requested exemption, beside a hold',
    { exemption, frozen, labels: [hold] },
    { release_window: {}, hold: {} },
  ],
  ['an urgent label', { labels: [urgent, hold] }, { release_window: {}, hold: {} }],
  ['an ordered freeze', { frozen: { ...frozen, until: minutesLater(60, inWindow) } }, { release_window: {} }],
  ['a freeze of the policy', {}, { release_window: { freezes: [freeze] } }],
  ['a window that is open', { labels: [hold] }, { release_window: {}, hold: {} }],
]

describe('a check that is not green says nothing that is only true until', () => {
  it.each(cases)('the end of %s', (_, facts, gates) => {
    const { text, state } = textOf(facts, gates)
    expect(state).not.toBe('passed')
    expect(text).not.toMatch(onlyBefore)
  })
})

it.each([
  ['a run of the regression', { regression }, { staging_regression: {} }, 'When: Valid until'],
  ['an exemption', { exemption: confirmed, frozen }, { release_window: {} }, 'Exempt from freezes by'],
  ['the window', {}, { release_window: {} }, 'Open until'],
] as [string, Facts, object, string][])(
  'a green check, which is written again then, says until when: %s',
  (_, facts, gates, says) => {
    const reviews = [anApproval(ann), anApproval(bob)]
    const { text, state } = textOf({ reviews, ...facts }, gates)
    expect(state).toBe('passed')
    expect(text).toContain(says)
  },
)
