import { describe, expect, it } from 'vitest'
import { exceptionOf, type Merge, type Standing, timingOf } from '../../src/decision/exception.ts'
import {
  aLabel,
  anApproval,
  ann,
  aPolicy,
  aSnapshot,
  bob,
  head,
  inWindow,
  minutesLater,
  older,
} from '../support/snapshot.ts'

const before = '2026-11-25T17:59:00Z'
const closing = '2026-11-25T19:00:00Z'
const approved = aSnapshot({ reviews: [anApproval(ann), anApproval(bob)] })
const both = aPolicy()

/** A verdict that had passed in the window; only what matters is given. */
function aStanding(what: Partial<Standing> = {}): Standing {
  return {
    headSha: head,
    state: 'passed',
    since: inWindow,
    title: 'All hold',
    snapshot: approved,
    policy: both,
    ...what,
  }
}

function aMerge(what: Partial<Merge> = {}): Merge {
  return { headSha: head, baseRef: 'main', mergedAt: minutesLater(5, inWindow), ...what }
}

describe('a merge that is no exception', () => {
  it.each<[string, Merge, Standing]>([
    [
      'a freeze was ordered, and the change was urgent',
      aMerge({ frozen: { reason: 'Ledger', by: 'eva', since: minutesLater(4, inWindow) } }),
      aStanding({ snapshot: { ...approved, labels: [aLabel({ at: before })] } }),
    ],
    ['it had passed, and the window was open', aMerge(), aStanding()],
    ['in the last millisecond of the window', aMerge({ mergedAt: '2026-11-25T18:59:59.999Z' }), aStanding()],
    [
      'in the margin before closing, while the check was still green',
      aMerge({ mergedAt: '2026-11-25T18:59:30Z' }),
      aStanding(),
    ],
    [
      'in the margin before closing, when the check had been taken back for nothing else',
      aMerge({ mergedAt: '2026-11-25T18:59:30Z' }),
      aStanding({
        state: 'waiting',
        since: '2026-11-25T18:59:00Z',
        title: 'Closing; opens again Wed 2 Dec 2026, 10:00 PST',
      }),
    ],
    [
      'in a margin that was widened',
      aMerge({ mergedAt: '2026-11-25T18:56:00Z' }),
      aStanding({
        state: 'waiting',
        since: '2026-11-25T18:55:00Z',
        title: 'Closing; opens again Wed 2 Dec 2026, 10:00 PST',
      }),
    ],
    [
      'outside the window, by an urgent label that counted',
      aMerge({ mergedAt: '2026-11-27T20:00:00Z' }),
      aStanding({
        since: '2026-11-27T19:00:00Z',
        snapshot: { ...approved, labels: [aLabel({ at: '2026-11-27T19:00:00Z' })] },
      }),
    ],
    [
      'after a freeze that the facts still name was lifted, and it had passed again',
      aMerge(),
      aStanding({ snapshot: { ...approved, frozen: { reason: 'x', by: 'olga', since: before } } }),
    ],
    [
      'where the policy has no window, at any time',
      aMerge({ mergedAt: '2026-11-28T03:00:00Z' }),
      aStanding({ policy: aPolicy({ approvals: {} }) }),
    ],
  ])('%s', (_name, merge, standing) => {
    expect(exceptionOf(merge, standing)).toBeUndefined()
  })
})

describe('a merge that is an exception', () => {
  it.each<[string, Merge, Standing | undefined, string, RegExp]>([
    [
      'no verdict at all',
      aMerge(),
      undefined,
      'unjudged',
      /^No verdict had been given for this pull request/,
    ],
    [
      'a verdict for another head',
      aMerge({ headSha: older }),
      aStanding(),
      'unjudged',
      /for the commit that was merged/,
    ],
    [
      'a verdict for another base',
      aMerge({ baseRef: 'release/1' }),
      aStanding(),
      'unjudged',
      /for the branch that it was merged into/,
    ],
    [
      'a verdict that had passed before it was closed and opened again',
      aMerge(),
      aStanding({ state: 'waiting', snapshot: { ...approved, state: 'closed' } }),
      'unjudged',
      /since it was opened again/,
    ],
    [
      'a freeze that was ordered since',
      aMerge({ frozen: { reason: 'Ledger', by: 'eva', since: minutesLater(4, inWindow) } }),
      aStanding(),
      'late',
      /^Release window: Frozen: Ledger$/,
    ],
    [
      'a freeze that was ordered since, under a policy without a window',
      aMerge({ frozen: { reason: 'Ledger', by: 'eva', since: minutesLater(4, inWindow) } }),
      aStanding({ policy: aPolicy({ approvals: {} }) }),
      'late',
      /^Freeze: Frozen: Ledger$/,
    ],
    [
      'a verdict that waited for approvals',
      aMerge(),
      aStanding({ state: 'waiting', title: 'Waiting for 2 approvals', snapshot: aSnapshot() }),
      'not passed',
      /^Approvals: Waiting for 2 approvals$/,
    ],
    [
      'before the verdict had turned green at an opening',
      aMerge({ mergedAt: '2026-11-25T18:00:01Z' }),
      aStanding({ state: 'waiting', since: before, title: 'Opens Wed 25 Nov 2026, 10:00 PST' }),
      'not passed',
      /^Release window: Opens Wed 25 Nov 2026, 10:00 PST$/,
    ],
    [
      'in the margin before closing, with an approval missing too',
      aMerge({ mergedAt: '2026-11-25T18:59:30Z' }),
      aStanding({
        state: 'waiting',
        since: '2026-11-25T18:59:10Z',
        title: 'Waiting for 2 approvals',
        snapshot: aSnapshot(),
      }),
      'not passed',
      /^Approvals/,
    ],
    [
      'in a freeze that was ordered, of which the stored facts know nothing',
      aMerge(),
      aStanding({ state: 'waiting', title: 'Frozen: the till is down' }),
      'not passed',
      /^Frozen: the till is down$/,
    ],
    [
      'under a broken policy',
      aMerge(),
      aStanding({ state: 'failed', title: 'The policy has 1 error', policy: undefined }),
      'not passed',
      /^The policy has 1 error$/,
    ],
    [
      'in the millisecond of closing, with a check that is still green',
      aMerge({ mergedAt: closing }),
      aStanding(),
      'late',
      /^Release window: Opens Wed 2 Dec 2026, 10:00 PST$/,
    ],
    [
      'after the urgency had expired, with a check that is still green',
      aMerge({ mergedAt: '2026-11-28T19:00:00Z' }),
      aStanding({
        since: '2026-11-27T19:00:00Z',
        snapshot: { ...approved, labels: [aLabel({ at: '2026-11-27T19:00:00Z' })] },
      }),
      'late',
      /^Release window: Opens/,
    ],
  ])('%s', (_name, merge, standing, kind, bypassed) => {
    const exception = exceptionOf(merge, standing)
    expect(exception?.kind).toBe(kind)
    expect(exception?.bypassed[0]).toMatch(bypassed)
  })
})

describe('why a change could be merged when it was', () => {
  const friday = '2026-11-27T20:00:00Z'
  const labels = [aLabel({ at: '2026-11-27T19:00:00Z' })]
  const urgent = { ...approved, labels, body: 'Urgent: paid twice' }
  it.each<[string, Parameters<typeof timingOf>[0], string, object]>([
    ['the window', aStanding(), inWindow, { kind: 'window', closesAt: '2026-11-25T19:00:00.000Z' }],
    [
      'the label, outside the window: by whom, since when, until when, why, and what it skipped',
      aStanding({ snapshot: urgent }),
      friday,
      {
        kind: 'urgent',
        by: 'ann',
        at: '2026-11-27T19:00:00.000Z',
        until: '2026-11-28T19:00:00.000Z',
        reason: 'paid twice',
        skipped: ['Release window: Opens Wed 2 Dec 2026, 10:00 PST'],
      },
    ],
    [
      'the label, in a freeze while the calendar is open',
      aStanding({
        snapshot: {
          ...approved,
          labels: [aLabel({ at: inWindow })],
          frozen: { reason: 'the till is down', by: 'olga', since: before },
        },
      }),
      minutesLater(5, inWindow),
      { kind: 'urgent', skipped: ['Release window: Frozen: the till is down'] },
    ],
    [
      'the label, in a freeze under a policy without a window',
      aStanding({
        policy: aPolicy({ approvals: {} }),
        snapshot: {
          ...approved,
          labels: [aLabel({ at: inWindow })],
          frozen: { reason: 'the till is down', by: 'olga', since: before },
        },
      }),
      minutesLater(5, inWindow),
      { kind: 'urgent', zone: 'UTC', skipped: ['Freeze: Frozen: the till is down'] },
    ],
    [
      'the window, which is open without the label',
      aStanding({ snapshot: urgent }),
      inWindow,
      { kind: 'window' },
    ],
    [
      'the label, in the open window, where it let the change go before its regression: that is owed',
      aStanding({
        snapshot: { ...approved, labels: [aLabel({ at: inWindow })] },
        policy: aPolicy({ ...both.gates, staging_regression: { defer_when_urgent: true } }),
      }),
      minutesLater(5, inWindow),
      { kind: 'urgent', skipped: [expect.stringMatching(/^Staging regression: /)] },
    ],
    [
      'the window, where the policy lets no regression be deferred',
      aStanding({
        snapshot: { ...approved, labels: [aLabel({ at: inWindow })] },
        policy: aPolicy({ ...both.gates, staging_regression: {} }),
      }),
      minutesLater(5, inWindow),
      { kind: 'window' },
    ],
    ['nothing', aStanding(), friday, { kind: 'closed' }],
    [
      'a policy without a window',
      aStanding({ policy: aPolicy({ approvals: {} }) }),
      friday,
      { kind: 'any time' },
    ],
  ])('%s', (_name, standing, at, timing) => {
    expect(timingOf(standing, at)).toMatchObject(timing)
  })
})
