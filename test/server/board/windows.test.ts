import { describe, expect, test } from 'vitest'
import { calendarsAt, windowCards, windowsOf } from '../../../src/server/board/windows.ts'
import type { Freeze } from '../../../src/store/freezes.ts'
import { policyText, shop } from '../../support/board-world.ts'

const kept = (repo: string, text = policyText) => ({
  ...shop,
  repositoryId: repo.length,
  repo,
  text,
  blob: 'b',
})
const tuesday = new Date('2026-11-24T18:00:00Z')
const inWindow = new Date('2026-11-25T18:10:00Z')
const freeze = (scope: string, until: string | null): Freeze => ({
  scope,
  repositoryId: null,
  installationId: null,
  reason: 'Ledger',
  by: 'eva',
  since: tuesday,
  until: until === null ? null : new Date(until),
})
const cards = (at: Date, freezes: Freeze[] = [], policies = [kept('shop')]) =>
  windowCards(windowsOf(policies), freezes, at)

describe('the windows of the first page', () => {
  test('a freeze of the policy outlasts one that was ordered with an end', () => {
    const text = policyText.replace('release_window:', 'release_window:\n    frozen: Audit')
    const under = (until: string | null) => cards(tuesday, [freeze('*', until)], [kept('shop', text)])
    expect(under('2026-11-25T18:30:00Z')).toMatchObject([{ opensAt: undefined, frozen: { reason: 'Audit' } }])
    expect(under(null)).toMatchObject([{ opensAt: undefined, frozen: { reason: 'Ledger' } }])
  })

  test('repositories with the same window share a card', () => {
    expect(cards(tuesday, [], [kept('shop'), kept('menu2')])).toMatchObject([
      { repositories: ['acme/shop', 'acme/menu2'] },
    ])
  })

  test('one that is open comes first, then the one that opens first, and a frozen one without an end last', () => {
    const friday = policyText.replaceAll('Wednesday', 'Friday')
    const all = [kept('late', friday), kept('shop'), kept('frozen')]
    const order = cards(inWindow, [freeze('acme/frozen', null)], all).map(
      ({ repositories }) => repositories[0],
    )
    expect(order).toEqual(['acme/shop', 'acme/late', 'acme/frozen'])
  })

  test.each([
    ['before the window', tuesday, [], { open: false, opensAt: new Date('2026-11-25T18:00:00Z') }],
    ['in the window', inWindow, [], { open: true, closesAt: new Date('2026-11-25T19:00:00Z') }],
    ['in the window, frozen', inWindow, [freeze('*', null)], { open: false, opensAt: undefined }],
    [
      'frozen past the window',
      inWindow,
      [freeze('acme/shop', '2026-11-26T00:00:00Z')],
      { open: false, opensAt: new Date('2026-12-02T18:00:00Z') },
    ],
    [
      'frozen until within the window',
      tuesday,
      [freeze('*', '2026-11-25T18:30:00Z')],
      { open: false, opensAt: new Date('2026-11-25T18:30:00Z') },
    ],
    [
      'frozen until within the window, and its organization without an end',
      tuesday,
      [freeze('acme/shop', '2026-11-25T18:30:00Z'), freeze('acme/*', null)],
      { open: false, opensAt: undefined },
    ],
    [
      'frozen without an end, and everything until within the window',
      tuesday,
      [freeze('*', '2026-11-25T18:30:00Z'), freeze('acme/shop', null)],
      { open: false, opensAt: undefined },
    ],
    ['another repository frozen', inWindow, [freeze('acme/other', null)], { open: true }],
  ])('%s', (_, at, freezes, expected) => {
    expect(cards(at, freezes)).toMatchObject([expected])
  })

  test('a policy without a window has a card only while it is frozen', () => {
    const plain = [kept('plain', 'gates: { hold: {} }\n')]
    expect(cards(tuesday, [], plain)).toEqual([])
    expect(cards(tuesday, [freeze('*', null)], plain)).toMatchObject([
      { open: false, frozen: { reason: 'Ledger' } },
    ])
  })

  test('a line "frozen" in the policy counts as a freeze, by nobody', () => {
    const text = policyText.replace('  release_window:\n', '  release_window:\n    frozen: Inventory\n')
    expect(cards(inWindow, [], [kept('shop', text)])).toMatchObject([
      { open: false, frozen: { reason: 'Inventory', by: undefined } },
    ])
  })
})

test('the calendar of a repository says when its window opens, after a freeze if there is one', () => {
  const windows = windowsOf([kept('shop')])
  const opensAt = (freezes: Freeze[]) => calendarsAt(windows, freezes, tuesday).get(4)?.opensAt
  expect(opensAt([])).toEqual(new Date('2026-11-25T18:00:00Z'))
  expect(opensAt([freeze('*', '2026-11-25T20:00:00Z')])).toEqual(new Date('2026-12-02T18:00:00Z'))
  expect(opensAt([freeze('*', null)])).toBeUndefined()
})
