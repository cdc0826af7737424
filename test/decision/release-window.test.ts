import { releaseWindow } from '../../src/decision/gates/release-window.ts'
import { testGate } from '../support/gate-tester.ts'
import { aLabel, aSnapshot, inWindow, minutesLater } from '../support/snapshot.ts'

/** The window and the margin before closing, as the gate evaluates them. */

const friday = '2026-11-27T18:00:00Z'
const at = (takenAt: string) => aSnapshot({ takenAt })
const recheck = (when: string) => [{ kind: 'recheck' as const, at: when }]
const week = {
  windows: [
    { opens: 'Monday 00:00', closes: 'Wednesday 00:00' },
    { opens: 'Wednesday 00:00', closes: 'Monday 00:00' },
  ],
}
const freeze = { from: '2026-11-24T00:00', to: '2026-12-01T00:00', reason: 'Thanksgiving' }

testGate('The release window', releaseWindow, {
  valid: [
    {
      name: 'open at 10:00:00.000, and evaluated again a margin before it closes',
      snapshot: at('2026-11-25T18:00:00.000Z'),
      title: 'Release window open',
      says: ['Open until Wed, Nov 25, 11:00 AM PST (19:00 UTC).', 'Nothing turns green in the last minute.'],
      next: recheck('2026-11-25T18:59:00.000Z'),
    },
    {
      name: 'until the green checks can still be revoked, where that takes longer than the margin',
      snapshot: { ...at('2026-11-25T18:00:00.000Z'), takeBack: 135_000 },
      says: 'Nothing turns green in the last 2 minutes 15 seconds.',
      next: recheck('2026-11-25T18:57:45.000Z'),
    },
    {
      name: 'a margin that is longer than revoking takes',
      snapshot: { ...at('2026-11-25T18:00:00.000Z'), takeBack: 15_000 },
      says: 'Nothing turns green in the last minute.',
      next: recheck('2026-11-25T18:59:00.000Z'),
    },
    {
      name: 'in the last millisecond before the margin',
      snapshot: at('2026-11-25T18:58:59.999Z'),
      next: recheck('2026-11-25T18:59:00.000Z'),
    },
    {
      name: 'until it closes, where the margin is nothing',
      snapshot: at('2026-11-25T18:59:59.999Z'),
      settings: { closing_margin: '0s' },
      next: recheck('2026-11-25T19:00:00.000Z'),
    },
    {
      name: 'in summer time, in the zone of the policy',
      snapshot: at('2026-07-01T17:30:00Z'),
      says: 'Open until Wed, Jul 1, 11:00 AM PDT (18:00 UTC).',
    },
    {
      name: 'in a zone where the date is another one than in UTC',
      snapshot: at('2026-11-25T23:30:00Z'),
      settings: { time_zone: 'Asia/Tokyo', windows: [{ opens: 'Thu 08:00', closes: 'Thu 09:00' }] },
      says: 'Open until Thu, Nov 26, 9:00 AM GMT+9 (00:00 UTC).',
    },
    {
      name: 'windows that cover the whole week: nothing to look at again',
      snapshot: at('2026-11-25T03:00:00Z'),
      settings: week,
      says: 'The release window covers the whole week.',
      next: [],
    },
    {
      name: 'windows that cover the whole week, until a freeze',
      snapshot: at('2026-11-20T03:00:00Z'),
      settings: { ...week, freezes: [freeze] },
      next: recheck('2026-11-24T07:59:00.000Z'),
    },
    {
      name: 'open, with a label that is not needed: the window is what is reported first',
      snapshot: aSnapshot({ labels: [aLabel({ at: minutesLater(60) })], body: 'Urgent: checkout is down' }),
      title: 'Release window open',
      says: ['`checkout is down`. The window is open without it.'],
      next: recheck('2026-11-25T18:59:00.000Z'),
    },
    {
      name: 'open, with a label that does not count',
      snapshot: aSnapshot({ labels: [aLabel({ by: null })] }),
      title: 'Release window open',
      says: 'The label `urgent` does not count: GitHub does not yet list who added it; wait a minute, or remove it and add it again.',
    },
  ],
  invalid: [
    {
      name: 'a millisecond before it opens',
      snapshot: at('2026-11-25T17:59:59.999Z'),
      state: 'waiting',
      title: 'Opens Wed, Nov 25, 10:00 AM PST',
      says: [
        'The release window is closed.',
        'It opens automatically Wed, Nov 25, 10:00 AM PST (18:00 UTC).',
        'anyone with write access can add the label `urgent`',
      ],
      next: recheck('2026-11-25T18:00:00.000Z'),
    },
    {
      name: 'closed, for a change whose author cannot mark it as urgent',
      snapshot: at('2026-11-25T17:00:00Z'),
      settings: { urgent: { allow_author: false } },
      state: 'waiting',
      says: "If it can't wait, anyone with write access except the author can add the label `urgent`",
    },
    {
      name: 'closed, for a change that only some teams can mark as urgent, and not its author',
      snapshot: at('2026-11-25T17:00:00Z'),
      settings: { urgent: { allow_author: false, labelled_by: ['on-call'] } },
      state: 'waiting',
      says: 'members of `on-call` except the author can add the label `urgent`',
    },
    {
      name: 'closed at 11:00:00.000, and evaluated again when it opens next',
      snapshot: at('2026-11-25T19:00:00.000Z'),
      state: 'waiting',
      title: 'Opens Wed, Dec 2, 10:00 AM PST',
      next: recheck('2026-12-02T18:00:00.000Z'),
    },
    {
      name: 'within the margin before closing, and evaluated again at the closing',
      snapshot: at('2026-11-25T18:59:00.000Z'),
      state: 'waiting',
      title: 'Opens Wed, Dec 2, 10:00 AM PST',
      says: 'There was too little time left before the window closed at Wed, Nov 25, 11:00 AM PST (19:00 UTC). Nothing turns green in the last minute.',
      next: recheck('2026-11-25T19:00:00.000Z'),
    },
    {
      name: 'within the time that revoking the green checks takes, without a margin',
      snapshot: { ...at('2026-11-25T18:59:50.000Z'), takeBack: 15_000 },
      settings: { closing_margin: '0s' },
      state: 'waiting',
      says: 'Nothing turns green in the last 15 seconds.',
    },
    {
      name: 'within a margin that is as long as the window',
      snapshot: at('2026-11-25T18:00:00.000Z'),
      settings: { closing_margin: '1h' },
      state: 'waiting',
    },
    {
      name: 'within the margin before a freeze',
      snapshot: at('2026-11-24T07:59:30Z'),
      settings: { ...week, freezes: [freeze] },
      state: 'waiting',
      title: 'Opens Tue, Dec 1, 12:00 AM PST',
      next: recheck('2026-11-24T08:00:00.000Z'),
    },
    {
      name: 'a freeze beats a window, and says why',
      snapshot: at('2026-11-25T18:10:00Z'),
      settings: { freezes: [freeze] },
      state: 'waiting',
      title: 'Opens Wed, Dec 2, 10:00 AM PST',
      says: 'Frozen from Tue, Nov 24, 12:00 AM PST (08:00 UTC) until Tue, Dec 1, 12:00 AM PST (08:00 UTC): `Thanksgiving`.',
      next: recheck('2026-12-02T18:00:00.000Z'),
    },
    {
      name: 'a holiday beats a window, and is named',
      snapshot: at('2026-12-25T18:10:00Z'),
      settings: { holidays: 'US', windows: [{ opens: 'Fri 10:00', closes: 'Fri 11:00' }] },
      state: 'waiting',
      says: 'Closed on Fri, Dec 25 for the holiday `Christmas Day`.',
    },
    {
      name: 'a freeze that lasts for years: no window is in sight',
      snapshot: at('2026-11-25T18:10:00Z'),
      settings: { freezes: [{ from: '2026-01-01T00:00', to: '2040-01-01T00:00', reason: 'Sold' }] },
      state: 'waiting',
      title: 'No upcoming release window',
      says: ['Anyone who can change the policy', '`Sold`'],
    },
    {
      name: 'closing for years',
      snapshot: at('2025-12-31T23:59:30Z'),
      settings: {
        time_zone: 'UTC',
        ...week,
        freezes: [{ from: '2026-01-01T00:00', to: '2040-01-01T00:00', reason: 'Sold' }],
      },
      state: 'waiting',
      title: 'No upcoming release window',
      next: recheck('2026-01-01T00:00:00.000Z'),
    },
    {
      name: 'the reason of a freeze stays dead text',
      snapshot: at('2026-11-25T18:10:00Z'),
      settings: { freezes: [{ ...freeze, reason: '](https://evil.example) @acme/all <b> `` \\| |' }] },
      state: 'waiting',
    },
    {
      name: 'the reason of an urgent label that does not count stays dead text',
      snapshot: aSnapshot({
        takenAt: friday,
        head: { pushedAt: minutesLater(-5, friday) },
        labels: [
          aLabel({
            at: minutesLater(-9, friday),
            equality: { same: false, why: '@acme/all <b>', paths: ['@acme'] },
          }),
        ],
      }),
      state: 'waiting',
      says: 'it was added before the last push',
    },
  ],
})

const ordered = { reason: 'Ledger', by: 'eva', since: inWindow, until: minutesLater(20, inWindow) }
const labelled = { labels: [aLabel({ at: minutesLater(-10, inWindow) })] }

testGate('A freeze that was ordered, or that a line of the policy says', releaseWindow, {
  valid: [
    { name: 'ends at its `until`', snapshot: aSnapshot({ takenAt: ordered.until, frozen: ordered }) },
    {
      name: 'is lifted by the label urgent',
      snapshot: aSnapshot({ frozen: ordered, ...labelled }),
      title: 'Urgent by ann',
    },
    {
      name: 'of the policy is lifted by the label urgent',
      snapshot: aSnapshot(labelled),
      settings: { frozen: 'Stop' },
      title: 'Urgent by ann',
    },
  ],
  invalid: [
    {
      name: 'beats an open window, says until when, and is evaluated again then',
      snapshot: aSnapshot({ takenAt: minutesLater(19, inWindow), frozen: ordered }),
      state: 'waiting',
      title: 'Frozen: Ledger',
      says: ['until Wed, Nov 25, 10:30 AM PST (18:30 UTC)', '`eva` froze releases on'],
      next: [{ kind: 'recheck', at: ordered.until }],
    },
    {
      name: 'without an end says so',
      snapshot: aSnapshot({ frozen: { reason: 'Ledger', by: 'eva', since: inWindow } }),
      state: 'waiting',
      says: 'until it is lifted',
      next: [],
    },
    {
      name: 'of the policy is named before one that was ordered and ends',
      snapshot: aSnapshot({ frozen: ordered }),
      settings: { frozen: 'Stop' },
      state: 'waiting',
      title: 'Frozen: Stop',
      next: [],
    },
    {
      name: 'without an end is named before the one of the policy',
      snapshot: aSnapshot({ frozen: { reason: 'Ledger', by: 'eva', since: inWindow } }),
      settings: { frozen: 'Stop' },
      state: 'waiting',
      title: 'Frozen: Ledger',
    },
    {
      name: 'of the policy beats an open window',
      snapshot: aSnapshot(),
      settings: { frozen: 'Stop' },
      state: 'waiting',
      title: 'Frozen: Stop',
    },
  ],
})
