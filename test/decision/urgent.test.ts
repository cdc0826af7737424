import { describe, expect, it } from 'vitest'
import { releaseWindow } from '../../src/decision/gates/release-window.ts'
import type { Equality } from '../../src/decision/snapshot.ts'
import { decide } from '../../src/decision/verdict.ts'
import { testGate } from '../support/gate-tester.ts'
import {
  aBlock,
  aBot,
  accessOf,
  aLabel,
  anApproval,
  ann,
  aPerson,
  aPolicy,
  aSnapshot,
  author,
  bob,
  minutesLater,
  reads,
} from '../support/snapshot.ts'

/** When the label `urgent` counts. */

/** Friday, ten in the morning in Los Angeles; the label was put on an hour before. */
const friday = '2026-11-27T18:00:00Z'
const labelledAt = '2026-11-27T17:00:00Z'
const label = aLabel({ at: labelledAt })
const closed = 'Opens Wed, Dec 2, 10:00 AM PST'

function urgent(what: Parameters<typeof aSnapshot>[0] = {}) {
  return aSnapshot({ takenAt: friday, labels: [label], ...what })
}

const settings = (urgency: object) => ({ urgent: urgency })
const dan = aPerson('dan')
const robot = aBot('helper')
const different: Equality = { same: false, why: 'price.ts changed since', paths: ['price.ts'] }

testGate('The label urgent lifts the window', releaseWindow, {
  valid: [
    {
      name: 'added by a person who has write access now; the check says who, when, why, until when in one line',
      snapshot: urgent({ body: 'Urgent: checkout is down' }),
      title: 'Urgent by ann',
      says: [
        "`ann` marked it as `urgent` on Fri, Nov 27, 9:00 AM PST (17:00 UTC), until Sat, Nov 28, 9:00 AM PST (17:00 UTC): `checkout is down`. Until then, it doesn't wait for the release window or a freeze. All other gates still apply.",
      ],
      next: [{ kind: 'recheck', at: '2026-11-28T17:00:00.000Z' }],
    },
    {
      name: 'ordered in a comment: its reason counts, also where the description gives another one',
      snapshot: urgent({
        body: 'Urgent: something else',
        labels: [{ ...label, order: { comment: 5, reason: 'checkout is down' } }],
      }),
      settings: settings({ reason: 'required' }),
      title: 'Urgent by ann',
      says: ': `checkout is down`.',
    },
    {
      name: 'a freeze too',
      snapshot: urgent(),
      settings: { freezes: [{ from: '2026-11-26T00:00', to: '2026-11-30T00:00', reason: 'Thanksgiving' }] },
      title: 'Urgent by ann',
    },
    {
      name: 'the closing margin too',
      snapshot: urgent({ takenAt: '2026-11-25T18:59:30Z', labels: [aLabel({ at: minutesLater(60) })] }),
      title: 'Urgent by ann',
    },
    { name: 'without a reason, as long as none is required', snapshot: urgent(), says: 'no reason given' },
    {
      name: 'with the first sentence of the description for its reason',
      snapshot: urgent({ body: '## Why\n\nCheckout v1.2 is down. It began at noon.' }),
      settings: settings({ reason: 'required' }),
      says: ': `Checkout v1.2 is down.`.',
      saysNot: 'noon',
    },
    {
      name: 'with the line Urgent: of the description for its reason, wherever it stands',
      snapshot: urgent({ body: 'Sell more.\r\n\r\n  URGENT:   checkout is down  \r\nMore' }),
      settings: settings({ reason: 'required' }),
      says: ': `checkout is down`.',
    },
    {
      name: 'of another name, in whatever case',
      snapshot: urgent({ labels: [aLabel({ name: 'HotFix', at: labelledAt })] }),
      settings: settings({ label: 'hotfix' }),
    },
    {
      name: 'added by the author: two other people still approve',
      snapshot: urgent({ labels: [aLabel({ by: author, at: labelledAt })] }),
      title: 'Urgent by author',
    },
    {
      name: 'added by a member of one team, where another one does not exist',
      snapshot: urgent({ teams: { sre: [ann.id] }, teamProblems: { 'on-call': 'absent' } }),
      settings: settings({ labelled_by: ['on-call', 'sre'] }),
      title: 'Urgent by ann',
    },
    {
      name: 'added by a member of one of the teams that may',
      snapshot: urgent({ teams: { 'on-call': [bob.id], sre: [ann.id] } }),
      settings: settings({ labelled_by: ['on-call', 'sre'] }),
    },
    {
      name: 'with the incident linked in the description',
      snapshot: urgent({ body: 'Fixes FOODYE-MCP-12.' }),
      settings: settings({ incident: 'FOODYE-MCP-\\d+' }),
    },
    {
      name: 'in the last millisecond before it expires',
      snapshot: urgent({ takenAt: '2026-11-28T16:59:59.999Z' }),
    },
    {
      name: 'added after the last change of base',
      snapshot: urgent({ base: { changed: { at: minutesLater(-1, labelledAt), equality: different } } }),
    },
    {
      name: 'added after the last push',
      snapshot: urgent({ head: { pushedAt: minutesLater(-1, labelledAt) } }),
    },
    {
      name: 'added before a push after which the content is proved equal',
      snapshot: urgent({
        head: { pushedAt: minutesLater(10, labelledAt) },
        labels: [aLabel({ at: labelledAt, equality: { same: true, how: 'the change is the same' } })],
      }),
    },
    {
      name: 'added before a push, where the policy does not bind it to the head',
      snapshot: urgent({ head: { pushedAt: minutesLater(10, labelledAt) } }),
      settings: settings({ bound_to_head: false }),
    },
  ],
  invalid: [
    {
      name: 'not when it was removed',
      snapshot: urgent({ labels: [] }),
      state: 'waiting',
      title: closed,
      saysNot: 'does not count',
    },
    {
      name: 'not under another name',
      snapshot: urgent({ labels: [aLabel({ name: 'urgently', at: labelledAt })] }),
      state: 'waiting',
      title: closed,
    },
    {
      name: 'not when added by somebody with the triage role',
      snapshot: urgent({ access: accessOf({ role: 'triage', write: false }, ann) }),
      state: 'waiting',
      title: closed,
      says: 'The label `urgent` does not count: `ann`, who added it, now has the role `triage`; write access is needed.',
    },
    {
      name: 'not when added by somebody who lost write access since',
      snapshot: urgent({ access: accessOf(reads, ann) }),
      state: 'waiting',
    },
    {
      name: 'not when added by somebody whose permission was not read',
      snapshot: urgent({ labels: [aLabel({ by: dan, at: labelledAt })] }),
      state: 'waiting',
      says: 'now has the role `none`',
    },
    {
      name: 'not when added by a bot',
      snapshot: urgent({
        labels: [aLabel({ by: robot, at: labelledAt })],
        access: accessOf({ role: 'admin', write: true }, robot),
      }),
      state: 'waiting',
      says: '`helper[bot]` is not a person; someone with write access must add it.',
    },
    {
      name: 'not when nothing tells who added it',
      snapshot: urgent({ labels: [aLabel({ by: null, at: labelledAt })] }),
      state: 'waiting',
      says: 'GitHub does not yet list who added it; wait a minute, or remove it and add it again.',
    },
    {
      name: 'not when nothing tells when it was added',
      snapshot: urgent({ labels: [aLabel({ at: null })] }),
      state: 'waiting',
    },
    {
      name: 'not from the instant at which it expires',
      snapshot: urgent({ takenAt: '2026-11-28T17:00:00Z' }),
      state: 'waiting',
      says: 'it has expired; remove it and add it again.',
    },
    {
      name: 'not when added before the base was changed, whatever the change is against the new one',
      snapshot: urgent({
        base: {
          changed: { at: minutesLater(1, labelledAt), equality: { same: true, how: 'it is the same' } },
        },
      }),
      state: 'waiting',
      says: 'the base branch was changed since; remove it and add it again.',
    },
    {
      name: 'not when the base was changed in the same second',
      snapshot: urgent({ base: { changed: { at: labelledAt, equality: different } } }),
      state: 'waiting',
    },
    {
      name: 'not after a push that changed the content',
      snapshot: urgent({
        head: { pushedAt: minutesLater(10, labelledAt) },
        labels: [aLabel({ at: labelledAt, equality: different })],
      }),
      state: 'waiting',
      says: 'it was added before the last push (`price.ts` changed since); remove it and add it again.',
    },
    {
      name: 'not after a push whose content was not compared',
      snapshot: urgent({ head: { pushedAt: minutesLater(10, labelledAt) } }),
      state: 'waiting',
      says: 'it was added before the last push; remove it and add it again.',
    },
    {
      name: 'not after a push of the same second',
      snapshot: urgent({ head: { pushedAt: labelledAt } }),
      state: 'waiting',
    },
    {
      name: 'not when added by the author, where the policy says so',
      snapshot: urgent({ labels: [aLabel({ by: author, at: labelledAt })] }),
      settings: settings({ allow_author: false }),
      state: 'waiting',
      says: '`author` is the author; someone else must add it.',
    },
    {
      name: 'not when added by somebody outside of the teams that may',
      snapshot: urgent({ teams: { 'on-call': [bob.id] } }),
      settings: settings({ labelled_by: ['on-call', 'acme/sre'] }),
      state: 'waiting',
      says: [
        '`ann`, who added it, is not a member of `on-call` or `acme/sre`.',
        'members of `on-call` or `acme/sre` can add the label `urgent`',
      ],
    },
    ...(['absent', 'unreadable', 'empty', 'no_writers'] as const).map((problem) => ({
      name: `not where nobody in the team that may put it on can act: ${problem}`,
      snapshot: urgent({ teamProblems: { 'on-call': problem } }),
      settings: settings({ labelled_by: ['on-call'] }),
      state: 'failed' as const,
      says: ['Team on-call ', '`release_window.urgent.labelled_by`'],
      saysNot: 'No action needed',
    })),
    {
      name: 'not without the label either: a closed window names the team, and is evaluated again when it opens',
      snapshot: urgent({ labels: [], teamProblems: { 'on-call': 'absent' } }),
      settings: settings({ labelled_by: ['on-call'] }),
      state: 'failed',
      title: 'Team on-call does not exist',
      says: 'Release window: Wednesdays 10:00–11:00 Pacific.',
      next: [{ kind: 'recheck', at: '2026-12-02T18:00:00.000Z' }],
    },
    {
      name: 'not by a team whose name is a property that every object has',
      snapshot: urgent(),
      settings: settings({ labelled_by: ['constructor'] }),
      state: 'waiting',
    },
    ...[
      '',
      '   \n\t',
      '# Why\n',
      '<!-- Urgent: say why -->',
      '<!--\nUrgent: say why\n-->\n',
      '<!-- never closed',
    ].map((body) => ({
      name: `not without a required reason: ${JSON.stringify(body)}`,
      snapshot: urgent({ body }),
      settings: settings({ reason: 'required' }),
      state: 'waiting' as const,
      says: 'the description gives no reason; add a line `Urgent: …`.',
    })),
    ...['Fixes FOODYE-MCP-twelve.', '<!-- FOODYE-MCP-12 -->'].map((body) => ({
      name: `not without the incident that must be linked: ${body}`,
      snapshot: urgent({ body }),
      settings: settings({ incident: 'FOODYE-MCP-\\d+' }),
      state: 'waiting' as const,
      says: 'the description names no incident; add one that matches `FOODYE-MCP-\\d+`.',
    })),
    {
      name: 'not when nothing tells when the head was pushed',
      snapshot: { ...urgent(), head: { sha: urgent().head.sha, ref: 'feature', fork: true } },
      state: 'waiting',
      says: 'GitHub does not say when the head was pushed',
    },
  ],
})

describe('the label urgent lifts nothing else', () => {
  const two = [anApproval(ann), anApproval(bob)]
  it.each([
    ['one approval', urgent({ reviews: [anApproval(ann)] }), 'waiting'],
    [
      'requested changes',
      urgent({ reviews: [...two, aBlock(aPerson('x', { id: ann.id }), { submittedAt: friday })] }),
      'failed',
    ],
    ['a draft', urgent({ reviews: two, draft: true }), 'waiting'],
  ] as const)('not %s', (_name, snapshot, state) => {
    const verdict = decide(snapshot, aPolicy())
    expect(verdict.state).toBe(state)
    expect(verdict.findings.map(({ state }) => state)).toEqual([state, 'passed'])
  })

  it('a change that has its approvals passes with it', () => {
    expect(decide(urgent({ reviews: two }), aPolicy()).state).toBe('passed')
  })
})

describe('a description that was made to stall the reader', () => {
  // Long enough that a pattern that backtracks does not end before the test's timeout.
  it.each([
    ['blank lines', '\n'.repeat(2_000_000), 'the description gives no reason'],
    ['spaces', `${' '.repeat(2_000_000)}x`, 'the description names no incident'],
    ['opened comments', '<!--'.repeat(500_000), 'the description gives no reason'],
    ['half a label', 'urgent:'.repeat(300_000), 'the description names no incident'],
    [
      'a pattern that would explode elsewhere',
      `${'a'.repeat(2_000_000)}!`,
      'the description names no incident',
    ],
  ])('is read at once: %s', (_name, body, why) => {
    const written = { urgent: { reason: 'required', incident: '(a+)+$' } }
    const finding = releaseWindow.evaluate(urgent({ body }), releaseWindow.settings.parse(written))
    expect(finding).toMatchObject({ state: 'waiting', reason: expect.stringContaining(why) })
  })
})
