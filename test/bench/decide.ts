import { decide } from '../../src/decision/verdict.ts'
import {
  aLabel,
  anApproval,
  ann,
  aPolicy,
  aReview,
  aSnapshot,
  bob,
  cleo,
  older,
} from '../support/snapshot.ts'
import type { Measure } from './measure.ts'

/** Verdicts of one core in a second, for the pull requests that a team has most. */
export function benchDecide(): Measure[] {
  const policy = aPolicy()
  const snapshots = [
    aSnapshot(),
    aSnapshot({ reviews: [anApproval(ann), anApproval(bob)] }),
    aSnapshot({
      reviews: [anApproval(ann), aReview(cleo), anApproval(bob)],
      takenAt: '2026-11-27T23:30:00Z',
    }),
    aSnapshot({ reviews: [anApproval(ann, { commit: older }), anApproval(bob)], labels: [aLabel()] }),
  ]
  const run = (milliseconds: number) => {
    let verdicts = 0
    const began = performance.now()
    while (performance.now() - began < milliseconds)
      for (const snapshot of snapshots) {
        decide(snapshot, policy)
        verdicts += 1
      }
    return (verdicts / (performance.now() - began)) * 1000
  }
  run(500)
  return [{ name: 'verdicts of `decide` on one core', value: run(2_000), unit: '/s', aim: '50,000 /s' }]
}
