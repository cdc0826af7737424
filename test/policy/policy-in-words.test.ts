import { expect, test } from 'vitest'
import { policySchema } from '../../src/decision/policy.ts'
import { describePolicy } from '../../src/policy/policy-in-words.ts'
import { aPolicy, inWindow } from '../support/snapshot.ts'

const now = new Date(inWindow)

test('the next opening is named, also while the window is open', () => {
  expect(describePolicy(aPolicy(), now)).toEqual([
    'Open Wednesdays 10:00–11:00 Pacific, 1 hour a week.',
    'Next: Wed, Dec 2, 10:00 AM PST (18:00 UTC).',
  ])
})

test('each override says whether it loosens, when it applies and what it changes', () => {
  const policy = policySchema.parse({
    enforce: false,
    locked: ['hold'],
    gates: { approvals: {}, hold: {} },
    overrides: [
      { name: 'strict', when: { paths: ['pay/**'], labels: ['risky'] }, gates: { approvals: { count: 3 } } },
      { name: 'docs', when: { paths: ['docs/**', '*.md'], authors: ['ana'] }, gates: { hold: 'off' } },
      { name: 'next', when: { branches: ['next'], labels: ['go'] }, gates: { approvals: { count: 1 } } },
    ],
  })
  expect(describePolicy(policy, now)).toEqual([
    'Report only: nothing is blocked, since `enforce` is false.',
    "The organization locks hold, branches, enforce and push: a repository's own policy can't change them.",
    'Override "strict" only tightens. It applies if any changed file matches pay/** and the label risky is set.',
    '  Different settings: Approvals.',
    'Override "docs" loosens. It applies if every changed file matches docs/** or *.md and everyone who contributed is ana.',
    '  Off: Hold.',
    'Override "next" loosens. It applies if the base branch matches next and the label go is set by a non-contributor with write access.',
    '  Different settings: Approvals.',
  ])
})

test('branches that an override leaves out are named as such, in the order that counts', () => {
  const wordsOf = (branches: string[]) =>
    describePolicy(
      policySchema.parse({
        gates: { approvals: {} },
        overrides: [{ name: 'x', when: { branches }, gates: { approvals: { count: 3 } } }],
      }),
      new Date('2026-11-24T18:00:00Z'),
    )[0]
  expect(wordsOf(['release/*', 'next', '!release/legacy'])).toContain(
    'the base branch matches release/* or next, but not release/legacy.',
  )
  expect(wordsOf(['release/*', '!release/legacy*', 'release/legacy-2'])).toContain(
    'the base branch matches release/*, but not release/legacy*, but release/legacy-2.',
  )
})
