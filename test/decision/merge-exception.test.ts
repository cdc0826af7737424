import { describe, expect, it } from 'vitest'
import { type AtMerge, factsAtMerge, missingFacts } from '../../src/decision/at-merge.ts'
import { exceptionOf, type Merge, type VerdictAtMerge } from '../../src/decision/merge-exception.ts'
import { timingOf } from '../../src/decision/merge-timing.ts'
import type { Review, Snapshot } from '../../src/decision/snapshot.ts'
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
function aStanding(what: Partial<VerdictAtMerge> = {}): VerdictAtMerge {
  return {
    headSha: head,
    state: 'passed',
    since: inWindow,
    title: 'Ready to merge',
    snapshot: approved,
    policy: both,
    ...what,
  }
}

/** The facts at the merge, by default those that the check rested on. */
function read(what: Partial<Snapshot> = {}, standing: VerdictAtMerge | undefined = aStanding()): AtMerge {
  return { kind: 'verified', snapshot: { ...standing.snapshot, ...what }, policy: standing.policy }
}

function aMerge(what: Partial<Merge> = {}): Merge {
  return { headSha: head, baseRef: 'main', mergedAt: minutesLater(5, inWindow), ...what }
}

describe('a merge that is not an exception', () => {
  it.each<[string, Merge, VerdictAtMerge]>([
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
      'in the margin before closing, when the check had been revoked for nothing else',
      aMerge({ mergedAt: '2026-11-25T18:59:30Z' }),
      aStanding({
        state: 'waiting',
        since: '2026-11-25T18:59:00Z',
        title: 'Opens Wed, Dec 2, 10:00 AM PST',
      }),
    ],
    [
      'in a margin that was widened',
      aMerge({ mergedAt: '2026-11-25T18:56:00Z' }),
      aStanding({
        state: 'waiting',
        since: '2026-11-25T18:55:00Z',
        title: 'Opens Wed, Dec 2, 10:00 AM PST',
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
    expect(exceptionOf(merge, standing, read({}, standing))).toBeUndefined()
  })
})

describe('a merge that is an exception', () => {
  it.each<[string, Merge, VerdictAtMerge | undefined, string, RegExp]>([
    [
      'no verdict at all',
      aMerge(),
      undefined,
      'not evaluated',
      /^The release gate had not checked this pull request/,
    ],
    [
      'a verdict for another head',
      aMerge({ headSha: older }),
      aStanding(),
      'not evaluated',
      /had not checked the commit that was merged/,
    ],
    [
      'a verdict for another base',
      aMerge({ baseRef: 'release/1' }),
      aStanding(),
      'not evaluated',
      /for the branch that it was merged into/,
    ],
    [
      'a verdict that had passed before it was closed and opened again',
      aMerge(),
      aStanding({ state: 'waiting', snapshot: { ...approved, state: 'closed' } }),
      'not evaluated',
      /since it was reopened/,
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
      aStanding({ state: 'waiting', since: before, title: 'Opens Wed, Nov 25, 10:00 AM PST' }),
      'not passed',
      /^The check said "Opens Wed, Nov 25, 10:00 AM PST"\.$/,
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
      /^The check said "Frozen: the till is down"\.$/,
    ],
    [
      'under a broken policy',
      aMerge(),
      aStanding({ state: 'failed', title: 'The policy has 1 error', policy: undefined }),
      'not passed',
      /^The check said "The policy has 1 error"\.$/,
    ],
    [
      'in the millisecond of closing, with a check that is still green',
      aMerge({ mergedAt: closing }),
      aStanding(),
      'late',
      /^Release window: Opens Wed, Dec 2, 10:00 AM PST$/,
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
    const exception = exceptionOf(merge, standing, read({}, standing))
    expect(exception?.kind).toBe(kind)
    expect(exception?.bypassed[0]).toMatch(bypassed)
  })
})

describe('a merge whose check had passed on facts that were not true any longer', () => {
  const soon = minutesLater(4, inWindow)
  const [first, second] = approved.reviews as [Review, Review]
  const dismissed = {
    ...second,
    state: 'DISMISSED' as const,
    dismissal: { by: ann, was: 'approved' as const },
  }
  const hold = aPolicy({ ...both.gates, hold: {} })
  it.each<[string, Partial<Snapshot>, RegExp, RegExp, Partial<VerdictAtMerge>?]>([
    [
      'changes were requested before it',
      { reviews: [first, second, aBlock(bob, { submittedAt: soon })] },
      /^Approvals: Changes requested by bob$/,
      /^`bob` requested changes on Wed, Nov 25, 10:14 AM PST \(18:14 UTC\)\.$/,
    ],
    [
      'an approval was dismissed before it',
      { reviews: [first, dismissed] },
      /^Approvals: Waiting for 1 more approval$/,
      /^The review by `bob` had been dismissed by `ann`\.$/,
    ],
    [
      'the label that puts it on hold was added before it',
      { labels: [aLabel({ name: 'hold', by: cleo, at: soon })] },
      /^.*hold.*$/i,
      /^The label `hold` had been added by `cleo`\.$/,
      { policy: hold },
    ],
    [
      'an approver has lost write access',
      { access: { ...approved.access, [bob.id]: { role: 'read', write: false } } },
      /^Approvals: /,
      /^`bob` has the role `read` now and no write access\. GitHub shows only current roles/,
    ],
    [
      'an approver had pushed to it',
      { contributors: [...approved.contributors, { person: bob, as: 'pusher', commit: head }] },
      /^Approvals: /,
      /^`bob` was found to have contributed/,
    ],
    ['it had become a draft', { draft: true }, /^Approvals: Draft/, /^The check still said/],
  ])('%s', (_name, what, line, why, stood = {}) => {
    const standing = aStanding(stood)
    expect(exceptionOf(aMerge(), standing, read({}, standing))).toBeUndefined()
    const exception = exceptionOf(aMerge(), standing, read(what, standing))
    expect(exception?.kind).toBe('outdated')
    expect(exception?.bypassed[0]).toMatch(line)
    expect(exception?.bypassed[1]).toMatch(why)
    expect(exception?.bypassed.at(-1)).toBe(
      'The check still said "Ready to merge", based on facts read on Wed, Nov 25, 10:10 AM PST (18:10 UTC).',
    )
  })

  it('names the label without which the window was closed', () => {
    const friday = '2026-11-27T20:00:00Z'
    const labels = [aLabel({ at: '2026-11-27T19:00:00Z' })]
    const standing = aStanding({ since: '2026-11-27T19:00:00Z', snapshot: { ...approved, labels } })
    const exception = exceptionOf(aMerge({ mergedAt: friday }), standing, read({ labels: [] }, standing))
    expect(exception?.bypassed.slice(0, 2)).toEqual([
      expect.stringMatching(/^Release window: /),
      'The label `urgent` had been removed.',
    ])
  })

  it('under a policy that had become invalid', () => {
    const atMerge: AtMerge = { kind: 'verified', snapshot: approved, policy: undefined }
    expect(exceptionOf(aMerge(), aStanding(), atMerge)).toMatchObject({
      kind: 'outdated',
      bypassed: expect.arrayContaining(['The policy was invalid.']),
    })
  })

  it('is not made right by the margin, nor by a freeze that had ended', () => {
    const atMerge = read({ takeBack: 600_000, frozen: { reason: 'x', by: 'olga', since: before } })
    expect(exceptionOf(aMerge({ mergedAt: '2026-11-25T18:59:59Z' }), aStanding(), atMerge)).toBeUndefined()
  })
})

describe('a check on GitHub that differs from the verdict', () => {
  const posted = (state: 'passed' | 'waiting' | 'failed', title: string) => ({
    posted: { run: 7, state, title, at: inWindow },
  })

  it.each([
    ['waited for its turn', posted('waiting', 'Ready; waiting for its turn')],
    ['showed another pull request', posted('failed', 'Changes requested by eva')],
  ])('makes the merge an exception where it %s', (_, what) => {
    expect(exceptionOf(aMerge(what), aStanding(), read())).toEqual({
      kind: 'not passed',
      bypassed: [
        `The check said "${what.posted.title}".`,
        'Based on the facts at the time of the merge, this pull request would have passed.',
      ],
    })
  })

  it('is named where it was still green', () => {
    const standing = aStanding({ state: 'waiting', title: 'Waiting for 2 approvals', snapshot: aSnapshot() })
    const merge = aMerge(posted('passed', 'Ready to merge'))
    expect(exceptionOf(merge, standing, read({}, standing))).toEqual({
      kind: 'not passed',
      bypassed: ['Approvals: Waiting for 2 approvals', 'The check on GitHub still said "Ready to merge".'],
    })
  })

  it.each([
    ['was still green', posted('passed', 'Ready to merge'), 'Could not be verified', true],
    ['said so, too', posted('failed', 'Could not be verified since'), 'Could not be verified since', false],
  ])('is told from the verdict that could not be verified where it %s', (_, what, title, stillGreen) => {
    const standing = aStanding({ state: 'failed', title: 'Could not be verified' })
    expect(exceptionOf(aMerge(what), standing, read({}, standing))?.bypassed).toEqual([
      `The check said "${title}".`,
      ...(stillGreen ? ['The check on GitHub still said "Ready to merge".'] : []),
      'Based on the facts at the time of the merge, this pull request would have passed.',
    ])
  })

  it('gives the words where the facts had changed', () => {
    const changed = read({ reviews: [anApproval(ann), aBlock(bob)] })
    const exception = exceptionOf(aMerge(posted('passed', 'Passed before')), aStanding(), changed)
    expect(exception?.bypassed.at(-1)).toMatch(/^The check still said "Passed before"/)
  })

  it('is green like the verdict for a merge by the rules', () => {
    expect(exceptionOf(aMerge(posted('passed', 'Ready to merge')), aStanding(), read())).toBeUndefined()
  })

  it('waited only for the window that was about to close, as the verdict did', () => {
    const title = 'Opens Wed, Dec 2, 10:00 AM PST'
    const standing = aStanding({ state: 'waiting', since: '2026-11-25T18:59:00Z', title })
    const merge = aMerge({ mergedAt: '2026-11-25T18:59:30Z', ...posted('waiting', title) })
    expect(exceptionOf(merge, standing, read({}, standing))).toBeUndefined()
  })
})

describe('a merge of which the facts could not be read', () => {
  const unread: AtMerge = { kind: 'unverified', why: 'GET /repos/acme/shop/issues/7/events answered 404' }
  const sentence = `The facts at the time of the merge could not be verified: ${unread.why}`

  it('is an exception, whatever the check said', () => {
    expect(exceptionOf(aMerge(), aStanding(), unread)).toEqual({ kind: 'unverified', bypassed: [sentence] })
  })

  it('says so beside what its check lacked', () => {
    const waiting = aStanding({ state: 'waiting', title: 'Waiting for 2 approvals', snapshot: aSnapshot() })
    expect(exceptionOf(aMerge(), waiting, unread)).toEqual({
      kind: 'not passed',
      bypassed: ['Approvals: Waiting for 2 approvals', sentence],
    })
  })
})

describe('an exception says what was true, where the check said something else', () => {
  const waiting = aStanding({ state: 'waiting', title: 'Waiting for 2 approvals', snapshot: aSnapshot() })
  it.each<[string, VerdictAtMerge | undefined, AtMerge, string[]]>([
    [
      'it would have passed',
      waiting,
      read(),
      [
        'Approvals: Waiting for 2 approvals',
        'Based on the facts at the time of the merge, this pull request would have passed.',
      ],
    ],
    ['the same as the check', waiting, read({}, waiting), ['Approvals: Waiting for 2 approvals']],
    [
      'something else was missing',
      waiting,
      read({ reviews: [anApproval(ann), aBlock(bob)] }),
      ['Approvals: Waiting for 2 approvals', 'Approvals: Changes requested by bob'],
    ],
    [
      'what it lacked, though nobody had evaluated it',
      undefined,
      read({}, waiting),
      ['The release gate had not checked this pull request.', 'Approvals: Waiting for 2 approvals'],
    ],
  ])('%s', (_name, standing, atMerge, bypassed) => {
    expect(exceptionOf(aMerge(), standing, atMerge)?.bypassed).toEqual(bypassed)
  })
})

describe('the facts at a merge', () => {
  const role = (write: boolean) => ({ [bob.id]: { role: write ? 'write' : 'read', write } })
  it.each<[string, boolean, boolean, boolean]>([
    ['write access that was there before and is there now counts', true, true, true],
    ['write access that was given since does not count', false, true, false],
    ['write access that is gone does not count', true, false, false],
  ])('%s', (_name, then, now, counts) => {
    const before = aSnapshot({ access: role(then) })
    expect(factsAtMerge(aSnapshot({ access: role(now) }), before).access[bob.id]?.write).toBe(counts)
  })

  it('take the roles of now for those whom nobody knew before', () => {
    const { [String(bob.id)]: _, ...access } = aSnapshot().access
    const before = { ...aSnapshot(), access }
    expect(factsAtMerge(aSnapshot({ access: role(true) }), before).access[bob.id]?.write).toBe(true)
  })

  it('count in a team who was in it before and is in it now', () => {
    const before = aSnapshot({ teams: { operations: [1, 2] } })
    const read = aSnapshot({ teams: { operations: [2, 3], other: [4] } })
    expect(factsAtMerge(read, before).teams).toEqual({ operations: [2], other: [4] })
  })

  it('keep the description that was read before the merge', () => {
    const read = aSnapshot({ title: 'New', body: 'Urgent: added later' })
    expect(factsAtMerge(read, aSnapshot({ body: 'old' }))).toMatchObject({ title: 'Sell more', body: 'old' })
  })

  it('are what was read where nothing was known before', () => {
    const read = aSnapshot({ body: 'Urgent: paid twice' })
    expect(factsAtMerge(read, undefined)).toEqual(read)
  })
})

describe('facts are missing at a merge', () => {
  const pusher = { commit: head, field: 'pusher' as const, name: 'nobody' }
  const before = aSnapshot()
  const unknown = aSnapshot({ unattributed: [pusher] })
  it.each<[string, Snapshot, Snapshot | undefined, RegExp | undefined]>([
    ['where the pusher was known before, and is not any longer', unknown, before, /who pushed the commits/],
    [
      'where the commits cannot be listed to the end any longer',
      aSnapshot({ commitsIncomplete: 'Too many.' }),
      before,
      /^Too many/,
    ],
    ['not where nothing has changed', before, before, undefined],
    ['not where the pusher was not known before either', unknown, unknown, undefined],
    ['not where nothing was known before', unknown, undefined, undefined],
    [
      'not where the author of a commit is unknown, which no gone fork hides',
      aSnapshot({ unattributed: [{ ...pusher, field: 'author' }] }),
      before,
      undefined,
    ],
  ])('%s', (_name, read, known, why) => {
    const missing = missingFacts(read, known)
    if (why) expect(missing).toMatch(why)
    else expect(missing).toBeUndefined()
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
        skipped: ['Release window: Opens Wed, Dec 2, 10:00 AM PST'],
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
      'the label, in the open window, where it let the change go before its regression: that is due',
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
    [
      'the window, where the regression has failed: the label defers it no longer',
      aStanding({
        snapshot: {
          ...approved,
          labels: [aLabel({ at: inWindow })],
          regression: { tree: null, deployments: [aDeployment()], runs: [anEvidence({ verdict: 'failed' })] },
        },
        policy: aPolicy({ ...both.gates, staging_regression: { defer_when_urgent: true } }),
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
