import { describe, expect, it, test } from 'vitest'
import { readDescription } from '../../src/decision/change-description.ts'
import { changeRecord, type MergeFacts } from '../../src/decision/change-record.ts'
import type { VerdictAtMerge } from '../../src/decision/merge-exception.ts'
import { policySchema } from '../../src/decision/policy.ts'
import { type Evidence, snapshotSchema } from '../../src/decision/snapshot.ts'
import { decide } from '../../src/decision/verdict.ts'
import {
  aBlock,
  aContributor,
  aDeployment,
  aLabel,
  anApproval,
  anEvidence,
  ann,
  aPerson,
  aPolicy,
  aReview,
  aSnapshot,
  author,
  bob,
  cleo,
  head,
  inWindow,
  minutesLater,
  older,
  shaOf,
  stagingTree,
} from '../support/snapshot.ts'

const described = {
  title: 'Sell more',
  body: 'Reason: we sell too little\nRisk: low\nRollback: revert\nTicket: SHOP-12',
}
const snapshot = aSnapshot({
  ...described,
  reviews: [anApproval(ann), anApproval(bob), anApproval(author), aReview(cleo)],
  contributors: [
    { person: author, as: 'opener' },
    aContributor(author),
    aContributor(author, { as: 'pusher', commit: older }),
    aContributor(cleo, { as: 'co-author' }),
  ],
})

/** A merge whose facts are what the check rested on, unless `what` says otherwise. */
function facts(what: Partial<MergeFacts> = {}): MergeFacts {
  const { snapshot: at = snapshot, policy = aPolicy() } = what.standing ?? {}
  return {
    atMerge: { kind: 'verified', snapshot: at, policy },
    pull: snapshot.pull,
    url: 'https://github.com/acme/shop/pull/7',
    ...described,
    author,
    base: { ref: 'main', sha: shaOf('c') },
    head: { ref: 'feature', sha: head },
    mergeCommit: shaOf('d'),
    mergedBy: bob,
    mergedAt: minutesLater(5, inWindow),
    checks: [{ name: 'Release gate', app: 'release-gate', conclusion: 'success' }],
    standing: {
      headSha: head,
      state: 'passed',
      since: inWindow,
      title: 'Ready to merge',
      snapshot,
      policy: aPolicy(),
    },
    policy: { where: '.github/release-gate.yml', blob: shaOf('e') },
    rules: '1.2.3',
    ...what,
  }
}

describe('the change record', () => {
  const record = changeRecord(facts())

  it.each<[string, Partial<typeof record>]>([
    ['repository and number', { repository: { id: 2, owner: 'acme', name: 'shop' }, number: 7 }],
    [
      'base, head and merge commit',
      {
        base: { ref: 'main', sha: shaOf('c') },
        head: { ref: 'feature', sha: head },
        mergeCommit: shaOf('d'),
      },
    ],
    [
      'author and contributors, each person once with all parts',
      {
        author,
        contributors: [
          { id: author.id, login: 'author', as: ['opener', 'author', 'pusher'] },
          { id: cleo.id, login: 'cleo', as: ['co-author'] },
        ],
      },
    ],
    [
      'ticket, reason, risk and rollback from the description',
      {
        description: { tickets: ['SHOP-12'], reason: 'we sell too little', risk: 'low', rollback: 'revert' },
      },
    ],
    ['checks', { checks: [{ name: 'Release gate', app: 'release-gate', conclusion: 'success' }] }],
    ["the window's verdict", { window: { state: 'window', closesAt: '2026-11-25T19:00:00.000Z' } }],
    [
      'policy file and version of the rules',
      { policy: { where: '.github/release-gate.yml', blob: shaOf('e') }, rules: '1.2.3' },
    ],
    ['merged by and merged at', { mergedBy: bob, mergedAt: minutesLater(5, inWindow) }],
    ['that it was neither urgent nor an exception', { urgent: null, exception: null }],
  ])('holds %s', (_name, part) => {
    expect(record).toMatchObject(part)
  })

  test('holds those whose approval counted, with their role and the commit that they saw, and nobody else', () => {
    const saw = { role: 'write', commit: head }
    expect(record.approvers).toMatchObject([
      { id: ann.id, login: 'ann', ...saw },
      { id: bob.id, login: 'bob', ...saw },
    ])
    expect(record.approvers).toHaveLength(2)
  })

  test('holds who made it urgent, why and until when', () => {
    const labels = [aLabel({ at: '2026-11-27T19:00:00Z' })]
    const standing = {
      headSha: head,
      state: 'passed' as const,
      since: '2026-11-27T19:00:00Z',
      title: 'Ready to merge',
    }
    const urgent = changeRecord(
      facts({
        mergedAt: '2026-11-27T20:00:00Z',
        standing: {
          ...standing,
          snapshot: { ...snapshot, labels, body: 'Urgent: paid twice' },
          policy: aPolicy(),
        },
      }),
    )
    expect(urgent).toMatchObject({
      exception: null,
      urgent: { by: 'ann', byId: ann.id, until: '2026-11-28T19:00:00.000Z', reason: 'paid twice' },
    })
  })

  test('of a head that was not evaluated holds who had a part in it as it is known afterwards, and that it is an exception', () => {
    const unjudged = changeRecord(facts({ standing: undefined }))
    expect(unjudged).toMatchObject({ verdict: null, gates: [], exception: { kind: 'not evaluated' } })
    expect(unjudged.approvers.map(({ login }) => login)).toEqual(['ann', 'bob'])
  })

  test('says of the window what was so at the merge, also where nothing was evaluated before it', () => {
    const policy = aPolicy({ release_window: {} })
    const withoutWindow = policySchema.parse({ gates: { approvals: {} } })
    const windowAt = (mergedAt: string, what: Partial<MergeFacts> = {}) =>
      changeRecord(
        facts({ standing: undefined, mergedAt, atMerge: { kind: 'verified', snapshot, policy }, ...what }),
      ).window.state
    expect(windowAt(minutesLater(5, inWindow))).toBe('window')
    expect(windowAt(minutesLater(24 * 60, inWindow))).toBe('closed')
    expect(windowAt(inWindow, { atMerge: { kind: 'verified', snapshot, policy: withoutWindow } })).toBe(
      'any time',
    )
    expect(windowAt(inWindow, { atMerge: { kind: 'verified', snapshot, policy: undefined } })).toBe('unknown')
    expect(windowAt(inWindow, { atMerge: { kind: 'unverified', why: 'GitHub did not answer' } })).toBe(
      'unknown',
    )
  })

  test('takes nobody for an approver from a verdict on another head', () => {
    const standing = { headSha: older, state: 'passed' as const, since: inWindow, title: 'Ready to merge' }
    const atMerge = { kind: 'verified' as const, snapshot: aSnapshot(), policy: aPolicy() }
    const other = changeRecord(facts({ standing: { ...standing, snapshot, policy: aPolicy() }, atMerge }))
    expect(other.approvers).toEqual([])
    expect(other.verdict).toMatchObject({ head: older })
    expect(other.exception).toMatchObject({ kind: 'not evaluated' })
  })

  test('holds what the check said, and what was true, so that it can be decided again', () => {
    const blocked = { ...snapshot, reviews: [...snapshot.reviews, aBlock(bob, { submittedAt: inWindow })] }
    const { verdict, gates, atMerge, exception } = changeRecord(
      facts({ atMerge: { kind: 'verified', snapshot: blocked, policy: aPolicy() } }),
    )
    expect(verdict).toMatchObject({ state: 'passed', title: 'Ready to merge' })
    expect(gates.every(({ state }) => state === 'passed')).toBe(true)
    expect(atMerge).toMatchObject({ state: 'failed', snapshot: { takenAt: minutesLater(5, inWindow) } })
    expect(exception).toMatchObject({ kind: 'outdated' })
    if (!('state' in atMerge) || !atMerge.policy) throw new Error('nothing was decided')
    const again = decide(snapshotSchema.parse(atMerge.snapshot), policySchema.parse(atMerge.policy))
    expect(again.state).toBe(atMerge.state)
    expect(again.findings.map(({ title }) => title)).toEqual(atMerge.gates.map(({ title }) => title))
  })

  test('holds the freeze of the merge, and no margin before closing, in what can be decided again', () => {
    const frozen = { reason: 'Ledger', by: 'eva', since: inWindow }
    const { atMerge } = changeRecord(facts({ frozen, mergedAt: '2026-11-25T18:59:30Z' }))
    expect(atMerge).toMatchObject({
      state: 'waiting',
      snapshot: { frozen },
      policy: { gates: { release_window: { closing_margin: '0s' } } },
    })
  })

  test('holds why the facts at the merge could not be verified, and the people that were known before', () => {
    const unread = changeRecord(facts({ atMerge: { kind: 'unverified', why: 'GET /x answered 404' } }))
    expect(unread.atMerge).toEqual({ unverified: 'GET /x answered 404' })
    expect(unread.approvers.map(({ login }) => login)).toEqual(['ann', 'bob'])
    expect(unread.exception).toMatchObject({ kind: 'unverified' })
  })

  test('is plain JSON: nothing is lost when it is written down', () => {
    const gone = changeRecord(facts({ author: null, mergedBy: null, standing: undefined, policy: undefined }))
    for (const each of [record, gone]) expect(JSON.parse(JSON.stringify(each))).toStrictEqual(each)
  })
})

describe('title and description in the record', () => {
  const edited = { title: 'Sell less [PAY-12]', body: 'Reason: nothing\nRollback: none' }

  test('are those that were read before the merge, where both were edited after it', () => {
    const record = changeRecord(facts({ ...edited, atMerge: { kind: 'unverified', why: 'gone' } }))
    expect(record).toMatchObject({
      title: 'Sell more',
      description: { tickets: ['SHOP-12'], reason: 'we sell too little', rollback: 'revert' },
    })
  })

  test('are those of before also where the head was pushed again since', () => {
    const standing = { ...(facts().standing as VerdictAtMerge), headSha: older }
    expect(changeRecord(facts({ ...edited, standing }))).toMatchObject({ title: 'Sell more' })
  })

  test('are those of now, where nothing was read before', () => {
    const unread = { standing: undefined, atMerge: { kind: 'unverified', why: 'gone' } as const }
    const record = changeRecord(facts({ ...edited, ...unread }))
    expect(record).toMatchObject({
      title: edited.title,
      description: { tickets: ['PAY-12'], reason: 'nothing' },
    })
  })
})

describe('the description of a change', () => {
  it.each<[string, string, string, object]>([
    ['says nothing', 'Sell more', '', { tickets: [], reason: null, risk: null, rollback: null }],
    [
      'has lines, whatever the case and the stars',
      'x',
      '**Risk:** low\nROLLBACK: revert',
      { risk: 'low', rollback: 'revert' },
    ],
    [
      'has headings',
      'x',
      '## Risk\nLow.\nVery low.\n\n## Rollback\nRevert\n',
      { risk: 'Low.\nVery low.', rollback: 'Revert' },
    ],
    ['has an empty section', 'x', '## Risk\n\n## Rollback\nRevert', { risk: null, rollback: 'Revert' }],
    [
      'hides a hint in a comment',
      'x',
      '<!-- Risk: write it here -->\nReason: y',
      { risk: null, reason: 'y' },
    ],
    ['has a comment without an end', 'x', 'Reason: y <!-- \nRisk: z', { reason: 'y', risk: null }],
    ['says why it is urgent', 'x', 'Urgent: paid twice', { reason: 'paid twice' }],
    [
      'names tickets in title and text',
      'Sell more, SHOP-1',
      'Fixes #12, see PAY-API-3 and SHOP-1',
      { tickets: ['SHOP-1', '#12', 'PAY-API-3'] },
    ],
    [
      'links an issue',
      'x',
      'See https://jira.acme.com/browse/SHOP-9.',
      { tickets: ['https://jira.acme.com/browse/SHOP-9'] },
    ],
    ['names what is not a ticket', 'Use UTF-8 and SHA-256', 'in a#1b and x/y#z', { tickets: [] }],
  ])('that %s', (_name, title, body, said) => {
    expect(readDescription(title, body)).toMatchObject(said)
  })

  // Long enough that a pattern that backtracks does not end before the test's timeout.
  test.each(['A', 'A-', '<!--', 'https://'])('takes no long time on many %j', (unit) => {
    const text = unit.repeat(4_000_000 / unit.length)
    // What follows an open comment is not read.
    const risk = unit === '<!--' ? null : text.slice(0, 2_000)
    const read = readDescription(text, `${text}\nRisk: ${text}`)
    expect(read).toEqual({ tickets: [], reason: null, risk, rollback: null })
  })

  test('is kept up to a length', () => {
    expect(readDescription('x', `Risk: ${'y'.repeat(5_000)}`).risk).toHaveLength(2_000)
  })
})

test('a person of another account type is kept as it is', () => {
  const bot = aPerson('deps[bot]', { type: 'Bot' })
  expect(changeRecord(facts({ author: bot })).author).toEqual(bot)
})

describe('the report that the record names is that of the run that spoke for the merged head', () => {
  const policy = policySchema.parse({ gates: { staging_regression: {} } })
  const recorded = (runs: Evidence[], standing: object | undefined = { policy }) => {
    const judged = aSnapshot({
      ...snapshot,
      regression: { tree: stagingTree, deployments: [aDeployment(), ofOther], runs },
    })
    return changeRecord(
      facts(
        standing
          ? { standing: { ...facts().standing, ...standing, snapshot: judged } as VerdictAtMerge }
          : { standing: undefined, atMerge: { kind: 'verified', snapshot: judged, policy: undefined } },
      ),
    ).regression
  }
  const ofOther = aDeployment({ id: 9, sha: older })

  test.each<[string, Evidence[], string | undefined]>([
    ['on this head', [anEvidence({ hash: 'aa'.repeat(32) })], 'aa'],
    [
      'on a commit with the identical git tree',
      [anEvidence({ headSha: older, deploymentId: 9, hash: 'bb'.repeat(32) })],
      'bb',
    ],
    ['on another tree: none', [anEvidence({ headSha: older, tree: shaOf('9'), deploymentId: 9 })], undefined],
    [
      'not a newer one with another server',
      [anEvidence({ server: 'canary' }), anEvidence({ hash: 'cc'.repeat(32) })],
      'cc',
    ],
    ['none at all', [], undefined],
  ])('%s', (_, runs, hash) => {
    expect(recorded(runs)?.hash).toBe(hash?.repeat(32))
  })

  test('where no verdict stood: the newest run on the head', () => {
    expect(recorded([anEvidence({ hash: 'ee'.repeat(32) })], undefined)?.hash).toBe('ee'.repeat(32))
  })
})
