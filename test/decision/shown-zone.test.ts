import { describe, expect, it } from 'vitest'
import { decide } from '../../src/decision/verdict.ts'
import {
  aBlock,
  aDeployment,
  aLabel,
  anApproval,
  anEvidence,
  ann,
  aPolicy,
  aSnapshot,
  bob,
  cleo,
  inWindow,
  minutesLater,
  older,
  stagingTree,
} from '../support/snapshot.ts'

/** A check shows all of its times in one zone, that of the policy's release window. */

const readAt = minutesLater(-5 * 60, inWindow)
const regression = { tree: stagingTree, deployments: [aDeployment()], runs: [anEvidence()] }
const stories = {
  'approvals that count, are stale and were dismissed': aSnapshot({
    reviews: [
      anApproval(ann),
      anApproval(bob, { commit: older }),
      anApproval(cleo, { state: 'DISMISSED', dismissal: { by: ann, was: 'approved' } }),
    ],
  }),
  'a request for changes': aSnapshot({ reviews: [aBlock(ann)] }),
  'a run of the staging regression': aSnapshot({ regression }),
  'a regression that is deferred': aSnapshot({
    labels: [aLabel({ at: minutesLater(-30, inWindow) })],
    regression: { ...regression, runs: [] },
  }),
  'a monitor that was not read lately': aSnapshot({
    health: { monitors: [{ id: 7, state: 'OK', readAt, incidents: [] }] },
  }),
  'incidents that were not read lately': aSnapshot({
    incidents: { readAt, unresolved: [], postMortems: [] },
  }),
}
const gates = {
  approvals: {},
  staging_regression: { server: 'staging', suite: 's.yml', environment: 'staging', defer_when_urgent: true },
  incidents: {},
  production_health: { monitors: [{ id: 7, name: 'payouts' }] },
}

function timesIn(snapshot: (typeof stories)[keyof typeof stories], more: object): string[] {
  const text = JSON.stringify(decide(snapshot, aPolicy({ ...gates, ...more })).findings)
  return text.match(/\d{1,2}:\d\d [AP]M \w+/g) ?? []
}

const zonesIn = (...args: Parameters<typeof timesIn>) => [
  ...new Set(timesIn(...args).map((time) => time.replace(/.* /, ''))),
]

describe.each(Object.entries(stories))('%s', (_, snapshot) => {
  it('is told in the zone of the release window', () => {
    expect(zonesIn(snapshot, { release_window: {} })).toEqual(['PST'])
    expect(zonesIn(snapshot, { release_window: { time_zone: 'Europe/London' } })).toEqual(['GMT'])
  })

  it('is told in UTC where the policy has no release window', () => {
    expect(zonesIn(snapshot, {}).filter((zone) => zone !== 'UTC')).toEqual([])
  })
})

it('an approval is told with the time of the window and that of UTC', () => {
  const snapshot = aSnapshot({ reviews: [anApproval(ann)] })
  const [approvals] = decide(snapshot, aPolicy({ approvals: {}, release_window: {} })).findings
  expect(approvals?.details?.[0]).toContain(
    '`ann` approved at `aaaaaaa` on Tue, Nov 24, 10:10 AM PST (18:10 UTC)',
  )
})
