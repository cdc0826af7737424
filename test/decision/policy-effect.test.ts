import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { policySchema } from '../../src/decision/policy.ts'
import { effectInWords, policyEffect } from '../../src/decision/policy-effect.ts'
import { checkReport } from '../../src/decision/report.ts'
import { type Label, type Snapshot, snapshotSchema } from '../../src/decision/snapshot.ts'
import { decide } from '../../src/decision/verdict.ts'
import { aLabel, anApproval, ann, aPolicy, aSnapshot, bob, yesterday } from '../support/snapshot.ts'

const before = aPolicy({ approvals: { count: 2 }, release_window: {} })
const three = aPolicy({ approvals: { count: 3 }, release_window: {} })
const one = aPolicy({ approvals: { count: 1 }, release_window: {} })
/** A Tuesday: the window is closed, whatever is approved. */
const at = yesterday

const pull = (number: number, approvals: number, more: Parameters<typeof aSnapshot>[0] = {}): Snapshot => {
  const snapshot = aSnapshot({ reviews: [ann, bob].slice(0, approvals).map((by) => anApproval(by)), ...more })
  return { ...snapshot, pull: { ...snapshot.pull, number } }
}
const known = (...snapshots: Snapshot[]) => snapshots.map((snapshot) => ({ snapshot, known: true }))

it('a stricter policy blocks what had just enough approvals, also while the window is closed, and nothing else', () => {
  const effect = policyEffect(known(pull(1, 2), pull(2, 0), pull(3, 2)), before, three, at)
  expect(effect).toEqual({
    compared: 3,
    unknown: 0,
    blocked: { count: 2, first: [1, 3].map((number) => ({ number, gates: ['Approvals'] })) },
    released: { count: 0, first: [] },
  })
  expect(effectInWords(effect)).toEqual([
    'Effect on 3 other open pull requests, based on their stored facts when this was checked:',
    '- 2 would be blocked: #1 (Approvals) and #3 (Approvals).',
  ])
})

it('a more lenient policy releases what lacked one approval', () => {
  const effect = policyEffect(known(pull(1, 1), pull(2, 0)), before, one, at)
  expect(effectInWords(effect).slice(1)).toEqual(['- 1 would no longer be blocked: #1 (Approvals).'])
})

it.each([
  ['only reports', { enforce: false, branches: ['**'] }],
  ['does not cover their branch', { branches: ['next'] }],
])('a policy that %s releases them from every gate', (_, settings) => {
  const policy = policySchema.parse({ gates: { approvals: {}, release_window: {} }, ...settings })
  const effect = policyEffect(
    known(pull(1, 0, { base: { ref: 'release/1' } })),
    { ...before, branches: ['**'] },
    policy,
    at,
  )
  expect(effect.released).toEqual({
    count: 1,
    first: [{ number: 1, gates: ['Approvals', 'Release window'] }],
  })
  expect(effect.blocked.count).toBe(0)
})

it('where facts are not stored, nothing is claimed', () => {
  const effect = policyEffect([{ snapshot: pull(1, 2), known: false }], before, three, at)
  expect(effect).toMatchObject({ compared: 1, unknown: 1, blocked: { count: 0 }, released: { count: 0 } })
  expect(effectInWords(effect).slice(1)).toEqual([
    '- Unknown for 1: the changed policy needs facts that have not been read for it.',
  ])
})

describe('where comparing the changed files takes too much work', () => {
  const files = (count: number) => ({
    changed: {
      complete: true as const,
      paths: Array.from({ length: count }, (_, n) => ({ path: `${'a'.repeat(95)}${n}` })),
    },
  })
  const globs = Array.from({ length: 100 }, (_, n) => `*a*a*b${n}`)
  const withGlobs = policySchema.parse({
    gates: { approvals: { count: 3 }, release_window: {} },
    overrides: [0, 1].map((n) => ({
      name: `o${n}`,
      when: { paths: globs },
      gates: { approvals: { count: 4 } },
    })),
  })
  const withSuites = policySchema.parse({
    gates: {
      approvals: { count: 3 },
      staging_regression: { suite: Array.from({ length: 20 }, (_, n) => `s${n}`) },
    },
    overrides: Array.from({ length: 10 }, (_, n) => ({
      name: `o${n}`,
      when: { paths: ['**'] },
      gates: { approvals: { count: 1 } },
    })),
  })

  it.each([
    ['the globs of the changed policy', before, withGlobs],
    ['the globs of the present policy', withGlobs, three],
    ['the suites that its overrides spare', before, withSuites],
  ])('says so for the pull request, and compares the others: %s', (_, old, next) => {
    const effect = policyEffect(known(pull(1, 2, files(3_000)), pull(2, 2, files(1))), old, next, at)
    expect(effect).toMatchObject({ compared: 2, unknown: 0, notCompared: 1 })
    expect([...effect.blocked.first, ...effect.released.first].map(({ number }) => number)).not.toContain(1)
    expect(effectInWords(effect).at(-1)).toBe(
      '- Not compared: 1. It would take too long to match the patterns of the policies.',
    )
  })

  it('says so for long descriptions that a long pattern of incidents would be matched with, and compares the others', () => {
    const incident = '(?i)[a-z]{0,440}[0-9]'
    const withPattern = aPolicy({
      approvals: { count: 3 },
      release_window: { urgent: { label: 'any', incident } },
    })
    const described = (number: number, length: number, labels: Label[]) =>
      pull(number, 2, { body: 'a'.repeat(length), labels })
    const any = [aLabel({ name: 'any' })]
    const pulls = known(described(1, 65_000, any), described(2, 100, any), described(3, 65_000, []))
    const effect = policyEffect(pulls, before, withPattern, at)
    expect(effect).toMatchObject({ compared: 3, notCompared: 1 })
    expect(effect.blocked.first.map(({ number }) => number)).toEqual([2, 3])
  })

  it('the work of many adds up', () => {
    const many = Array.from({ length: 90 }, (_, n) => pull(n + 1, 2, files(300)))
    expect(policyEffect(known(...many), before, withGlobs, at)).toMatchObject({
      notCompared: expect.any(Number),
    })
    expect(policyEffect(known(...many.slice(0, 5)), before, withGlobs, at)).not.toHaveProperty('notCompared')
  })
})

it('overrides that keep a hundred freezes are compared once, and in a time that does not grow with their square', () => {
  const freezes = Array.from({ length: 100 }, (_, n) => ({
    from: '2027-01-01T00:00',
    to: `2027-01-02T00:${String(n % 60).padStart(2, '0')}`,
    reason: `Freeze ${n}`,
  }))
  const policyWith = (frozen: string) =>
    policySchema.parse({
      gates: { approvals: { count: 2 }, release_window: { freezes } },
      overrides: Array.from({ length: 20 }, (_, n) => ({
        name: `o${n}`,
        when: { branches: [`release/${n}`] },
        gates: { release_window: { frozen } },
      })),
    })
  const many = known(...Array.from({ length: 10 }, (_, n) => pull(n + 1, 2)))
  const compared = vi.spyOn(JSON, 'stringify')
  onTestFinished(() => compared.mockRestore())
  expect(policyEffect(many, policyWith('old'), policyWith('next'), at)).toMatchObject({
    compared: 10,
    unknown: 0,
  })
  expect(compared.mock.calls.length).toBeLessThan(2 * 20 * 100 * 3)
})

it('at most five are named, and the text is short however many there are', () => {
  const many = known(...Array.from({ length: 100 }, (_, index) => pull(index + 1, 2)))
  const effect = policyEffect(many, before, three, at)
  expect(effect.blocked.first).toHaveLength(5)
  expect(effectInWords(effect)[1]).toMatch(/^- 100 would be blocked: #1 .* #5 \(Approvals\) and 95 others\.$/)
})

it.each([
  ['nothing changes', known(pull(1, 2)), 'None would change.'],
  ['no other is open', [], 'No other open pull request'],
])('says so where %s', (_, compared, words) => {
  expect(effectInWords(policyEffect(compared, before, before, at)).join('\n')).toContain(words)
})

it('stands in the check, and is stored and read with the snapshot', () => {
  const snapshot = { ...pull(9, 2), policyEffect: policyEffect(known(pull(1, 2)), before, three, at) }
  const { summary } = checkReport(decide(snapshot, before), snapshot)
  expect(summary).toContain('### Effect of this policy\nEffect on 1 other open pull request,')
  expect(snapshotSchema.parse(JSON.parse(JSON.stringify(snapshot)))).toEqual(snapshot)
  expect(checkReport(decide(pull(9, 2), before), pull(9, 2)).summary).not.toContain('Effect')
})
