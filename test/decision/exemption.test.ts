import { describe, expect, it } from 'vitest'
import { releaseWindow } from '../../src/decision/gates/release-window.ts'
import { type Policy, policySchema } from '../../src/decision/policy.ts'
import type { Snapshot } from '../../src/decision/snapshot.ts'
import { decide } from '../../src/decision/verdict.ts'
import { aLabel, aPolicy, aSnapshot, head, inWindow, older, shaOf, yesterday } from '../support/snapshot.ts'

type Exemption = NonNullable<Snapshot['exemption']>
const later = '2026-11-25T18:40:00Z'
const exemption: Exemption = {
  head,
  reason: 'Pays the tax office',
  by: 'ana',
  at: yesterday,
  until: later,
  confirmed: { by: 'ben', at: yesterday },
}
const { confirmed: _, ...unconfirmed } = exemption
const frozen = { reason: 'Ledger', by: 'eva', since: yesterday }
const freezes = [{ from: '2026-11-23T00:00Z', to: '2026-12-01T00:00Z', reason: 'Holidays' }]
const inPolicy = (settings: object): Policy => policySchema.parse({ gates: { release_window: settings } })

const stateUnder = (policy: Policy, facts: Parameters<typeof aSnapshot>[0] = {}) =>
  decide(aSnapshot({ takenAt: inWindow, exemption, ...facts }), policy).state

describe('an exemption lifts', () => {
  it.each<[string, Policy, Parameters<typeof aSnapshot>[0]]>([
    ['a freeze that was ordered', aPolicy({ release_window: {} }), { frozen }],
    ['a freeze that was ordered, under a policy without a window', aPolicy({ hold: {} }), { frozen }],
    ['a freeze of the policy', inPolicy({ freezes }), {}],
    ['the line `frozen` of the policy', inPolicy({ frozen: 'Ledger' }), {}],
  ])('%s, and only while it holds', (_, policy, facts) => {
    expect(stateUnder(policy, facts)).toBe('passed')
    expect(decide(aSnapshot({ takenAt: inWindow, ...facts }), policy).state).toBe('waiting')
    expect(stateUnder(policy, { ...facts, takenAt: later })).toBe('waiting')
  })
})

const untilSunday = { exemption: { ...exemption, until: '2026-11-29T00:00:00Z' } }
const thursday = '2026-11-26T18:30:00Z'
const onThursdays = inPolicy({ holidays: 'US', windows: [{ opens: 'Thu 10:00', closes: 'Thu 12:00' }] })

describe('an exemption does not lift', () => {
  it.each<[string, Policy, Parameters<typeof aSnapshot>[0]]>([
    ['the window, which is closed', aPolicy({ release_window: {} }), { takenAt: thursday, frozen }],
    ['a holiday', onThursdays, { takenAt: thursday }],
    ['approvals', aPolicy({ approvals: {}, release_window: {} }), { frozen }],
    ['the gate hold', aPolicy({ release_window: {}, hold: {} }), { labels: [aLabel({ name: 'hold' })] }],
  ])('%s', (_, policy, facts) => {
    expect(stateUnder(policy, { ...untilSunday, ...facts })).toBe('waiting')
  })
})

describe('a freeze stays where the exemption', () => {
  it.each<[string, Parameters<typeof aSnapshot>[0], RegExp]>([
    [
      'was not confirmed',
      { exemption: unconfirmed },
      /`ana` requested an exemption .* It counts once a second person confirms it before then\./,
    ],
    [
      'was given for another head',
      { exemption: { ...exemption, head: older } },
      /does not count: it was given for commit `bbbbbbb`, before the last push/,
    ],
    [
      'was given for another base',
      { base: { changed: { at: '2026-11-25T10:00:00Z', equality: { same: true, how: 'x' } } } },
      /before the base branch was changed/,
    ],
    [
      'was not confirmed, and has a number',
      { exemption: { ...unconfirmed, order: 17 } },
      /confirms it before then: `release-gate exempt acme\/shop#7 --confirm 17`\./,
    ],
    [
      'was given for a merge into another branch',
      { exemption: { ...exemption, base: 'release/1' } },
      /does not count: it was given for a merge into `release\/1`\./,
    ],
    ['is confirmed only later', { exemption: { ...exemption, confirmed: { by: 'ben', at: later } } }, /./],
    ['has ended', { exemption: { ...exemption, until: inWindow } }, /^(?!.*xempt)/s],
  ])('%s', (_, facts, words) => {
    const snapshot = aSnapshot({ takenAt: inWindow, exemption, frozen, ...facts })
    const finding = releaseWindow.evaluate(snapshot, releaseWindow.settings.parse({}))
    expect(finding.state).toBe('waiting')
    expect(finding.title).toBe('Frozen: Ledger')
    expect(finding.reason).toMatch(words)
  })
})

it('the check names both people, the reason and the end, is evaluated again then, and keeps what people wrote dead', () => {
  const written = { ...exemption, by: '@acme/all', reason: '[x](https://evil.example)' }
  const snapshot = aSnapshot({ takenAt: inWindow, exemption: written, frozen })
  const finding = releaseWindow.evaluate(snapshot, releaseWindow.settings.parse({}))
  expect(finding.reason).toContain(
    'Exempt from freezes by `@acme/all` and `ben` until Wed, Nov 25, 10:40 AM PST (18:40 UTC): `[x](https://evil.example)`.',
  )
  expect(finding.lasting).toContain('exempted this change from freezes')
  expect(finding.next).toContainEqual({ kind: 'recheck', at: new Date(later).toISOString() })
})

it('one that does not count does not have it evaluated again at its end', () => {
  const snapshot = aSnapshot({ takenAt: inWindow, exemption: { ...exemption, head: shaOf('c') } })
  const { next = [] } = releaseWindow.evaluate(snapshot, releaseWindow.settings.parse({}))
  expect(next).not.toContainEqual({ kind: 'recheck', at: new Date(later).toISOString() })
})
