import { describe, expect, test } from 'vitest'
import { replay } from '../../../src/server/board/replay.ts'
import { timelineOf } from '../../../src/server/board/timeline.ts'
import { changesBetween } from '../../../src/server/board/timeline-facts.ts'
import type { AuditRecord } from '../../../src/store/audit.ts'
import { decidedRecord, factsOf, headOf, shop, verdictOn } from '../../support/board-world.ts'
import { aLabel, anApproval, ann, bob, shaOf } from '../../support/snapshot.ts'

const at = (minute: number) => new Date(Date.parse('2026-11-23T17:00:00Z') + minute * 60_000)

function decided(seq: number, what: Parameters<typeof factsOf>[2] = {}): AuditRecord {
  const record = decidedRecord(
    verdictOn(factsOf(shop, 7, { takenAt: at(seq).toISOString(), ...what }), seq),
    at(seq),
  )
  return { ...record, seq, previousHash: '', hash: '' }
}
const record = (seq: number, kind: string, body: object): AuditRecord => ({
  installationId: 1,
  seq,
  kind,
  at: at(seq),
  body,
  previousHash: '',
  hash: '',
})
const told = (records: AuditRecord[], before?: AuditRecord) =>
  timelineOf(records, { before, zone: 'UTC' }).map(({ seq, kind, what }) => `${seq} ${kind}: ${what}`)

describe('a timeline', () => {
  test('begins with the opening, and with what was there at the first verdict', () => {
    const [verdict, opened] = told([decided(1, { head: { pushedAt: at(0).toISOString() } })])
    expect(verdict).toBe('1 verdict: Waiting: 2 gates of 3 do not pass.')
    expect(opened).toMatch(/^1 opened: `author` opened it: `[0-9a-f]{7}` from `change-7` into `main`\.$/)
  })

  test('of a page in the middle tells only what changed since the verdict before it', () => {
    const approved = {
      reviews: [anApproval(ann, { id: 1, commit: headOf(7), submittedAt: at(4).toISOString() })],
    }
    expect(told([decided(5, approved)], decided(3))).toEqual([
      '5 verdict: Waiting: 2 gates of 3 do not pass.',
      expect.stringMatching(/^5 review: `ann` approved `[0-9a-f]{7}`\.$/),
    ])
  })

  test('says where a verdict was given again with the same result', () => {
    expect(told([decided(2)], decided(1))).toEqual(['2 same: Evaluated again with the same result.'])
  })

  test('tells checks, regressions, failed verifications, merges, exceptions and reviews, and leaves out what it does not know', () => {
    const lines = told([
      record(1, 'published', { head: shaOf('a'), state: 'passed', title: 'Ready' }),
      record(2, 'regression', {
        head: shaOf('a'),
        verdict: 'failed',
        summary: '2 cases failed',
        run: 'abcdefgh1',
        server: { name: 'staging' },
      }),
      record(3, 'unverified', { problem: 'no answer', request: 'GET /x', status: 502 }),
      record(4, 'exception', { bypassed: ['Hold: on hold'] }),
      record(5, 'reviewed', { issue: 9, ended: true, by: 'olga' }),
      record(6, 'announced', { permalink: 'https://slack.example/1' }),
      record(7, 'constructor', {}),
    ])
    expect(lines).toEqual([
      '6 announced: The merge was announced.',
      '5 reviewed: `olga` closed the review #9.',
      '4 exception: The merge bypassed the gate.',
      '3 unverified: It could not be verified: `no answer`.',
      '2 regression: The staging regression of `aaaaaaa` on `staging`: failed.',
      '1 published: The check on `aaaaaaa` says `Ready`.',
    ])
  })

  test('tells who requested, confirmed and revoked an exemption from freezes, for which head and why', () => {
    const terms = { head: shaOf('a'), reason: 'Payouts **stop**', until: '2026-11-25T18:30:00.000Z' }
    const entries = timelineOf(
      [
        record(1, 'exemption ordered', { ...terms, by: 'ann', authority: 'maintain' }),
        record(2, 'exemption confirmed', { ...terms, by: 'bob', authority: 'admin', orderedBy: 'ann' }),
        record(3, 'exemption revoked', { ...terms, by: 'ann', authority: 'maintain', orderedBy: 'ann' }),
      ],
      { zone: 'America/Los_Angeles' },
    )
    expect(entries.map(({ what }) => what)).toEqual([
      '`ann` (maintain) revoked the exemption from freezes.',
      '`bob` (admin) confirmed the exemption from freezes that `ann` requested.',
      '`ann` (maintain) requested an exemption from freezes.',
    ])
    expect(entries[2]?.details).toEqual([
      'For `aaaaaaa`',
      'Until Wed, Nov 25, 10:30 AM PST (18:30 UTC)',
      'Reason: `Payouts **stop**`',
    ])
  })

  test('tells which command in a comment set a label, by whom and why', () => {
    const body = { command: '/hold', by: 'gus', role: 'triage', label: 'hold', reason: '**legal**' }
    const entries = timelineOf([record(1, 'comment command', body)], { zone: 'UTC' })
    expect(entries).toMatchObject([
      {
        kind: 'command',
        what: '`gus` (`triage`) wrote `/hold` in a comment, for the label `hold`.',
        details: ['Reason: `**legal**`'],
      },
    ])
  })

  test('tells that a hold came too late for a merge', () => {
    const tooLate = { mergedAt: at(1).toISOString() }
    const body = { command: '/hold', by: 'gus', role: 'triage', label: 'hold', tooLate }
    const [entry] = timelineOf([record(1, 'comment command', body)], { zone: 'UTC' })
    expect(entry?.details).toEqual(['Written before the merge, but too late to stop it.'])
  })

  test('marks what people wrote as code, wherever it stands', () => {
    const evil = '**bold** `code` <b>'
    const entries = timelineOf(
      [decided(1, { labels: [aLabel({ name: evil, by: bob })], title: evil, head: { ref: evil } })],
      { zone: 'UTC' },
    )
    expect(entries.map(({ what }) => what).join(' ')).toContain('``**bold** `code` <b>``')
  })
})

describe('what changed between two readings', () => {
  const facts = (what: Parameters<typeof factsOf>[2] = {}) => factsOf(shop, 7, what)
  const approval = anApproval(ann, { id: 1, commit: headOf(7) })
  test.each([
    ['nothing', facts(), facts({ takenAt: at(99).toISOString() }), []],
    [
      'a push',
      facts({ head: { sha: shaOf('1') } }),
      facts({ head: { sha: shaOf('2') } }),
      ['New head: `2222222`.'],
    ],
    [
      'a review of an older commit',
      facts(),
      facts({ reviews: [anApproval(ann, { commit: shaOf('3') })] }),
      ['`ann` approved `3333333` (an older version).'],
    ],
    [
      'a dismissal',
      facts({ reviews: [approval] }),
      facts({ reviews: [{ ...approval, state: 'DISMISSED', dismissal: { by: bob, was: 'approved' } }] }),
      [expect.stringMatching(/^`bob` dismissed the review of `[0-9a-f]{7}` by `ann`\.$/)],
    ],
    ['another base', facts(), facts({ base: { ref: 'release/1' } }), ['It is now for `release/1`.']],
    ['a draft that is ready', facts({ draft: true }), facts(), ['It is ready for review.']],
    [
      'the end of a freeze',
      facts({ frozen: { reason: 'x', by: 'eva', since: at(0).toISOString() } }),
      facts(),
      ['The freeze ended.'],
    ],
    ['a close', facts(), facts({ state: 'closed' }), ['It was closed without a merge.']],
  ] as const)('%s', (_, before, after, expected) => {
    expect(changesBetween(before, after).map(({ what }) => what)).toEqual(expected)
  })
})

describe('a replay', () => {
  const one = decided(1, {
    reviews: [anApproval(ann, { commit: headOf(7) }), anApproval(bob, { commit: headOf(7) })],
  })
  const changed = (what: object) => replay({ ...one, body: { ...one.body, ...what } })

  test('of an untouched record is the same', () => {
    expect(replay(one)).toMatchObject({ kind: 'replayed', same: true, recorded: 'waiting', now: 'waiting' })
  })

  test.each([
    ['the state', { state: 'passed' }],
    ['a finding that is missing', { findings: [] }],
    [
      'a finding more',
      {
        findings: [
          ...(one.body as { findings: object[] }).findings,
          { gate: 'x', state: 'passed', title: '', reason: '' },
        ],
      },
    ],
    [
      'a reason',
      {
        findings: (one.body as { findings: object[] }).findings.map((each) => ({
          ...each,
          reason: 'Because.',
        })),
      },
    ],
    ['the facts', { snapshot: factsOf(shop, 7) }],
  ])('sees that %s was changed', (_, what) => {
    expect(changed(what)).toMatchObject({ kind: 'replayed', same: false })
  })

  test('is not possible without a valid policy, nor of a record without a decision', () => {
    expect(changed({ policy: { settings: null } })).toMatchObject({ kind: 'not possible' })
    expect(replay({ kind: 'published', body: {} })).toMatchObject({ kind: 'not possible' })
    expect(replay({ kind: 'merged', body: { atMerge: { unverified: 'x' } } })).toMatchObject({
      kind: 'not possible',
    })
  })
})
