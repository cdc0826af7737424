import { describe, expect, it } from 'vitest'
import { covers, defaultPolicy, policySchema } from '../../src/decision/policy.ts'

function policyWith(branches: string[]) {
  return policySchema.parse({ branches, gates: {} })
}

describe('the branches that a policy covers', () => {
  it.each<[string, string[], string, boolean]>([
    ['the default branch, whatever is listed', ['release/*'], 'trunk', true],
    ['the default branch, where nothing is listed', [], 'trunk', true],
    ['the default branch, where it is excluded', ['!trunk'], 'trunk', true],
    ['a branch by its name', ['main'], 'main', true],
    ['no branch by a part of its name', ['main'], 'main-2', false],
    ['no branch in another case', ['main'], 'Main', false],
    ['no other branch', ['main'], 'feature', false],
    ['a branch by a glob', ['release/*'], 'release/1.2', true],
    ['no branch that is deeper than the glob', ['release/*'], 'release/1/2', false],
    ['a branch at any depth', ['release/**'], 'release/1/2', true],
    ['a branch with a leading dot', ['*'], '.hidden', true],
    ['one of several globs', ['a', 'hotfix-*'], 'hotfix-1', true],
    ['a branch that no exclusion names', ['main', 'release/*', '!release/legacy'], 'release/1', true],
    ['no branch that is excluded', ['main', 'release/*', '!release/legacy'], 'release/legacy', false],
    [
      'no branch that nothing but an exclusion speaks of',
      ['main', 'release/*', '!release/legacy'],
      'feature/x',
      false,
    ],
    ['nothing besides the default branch by an exclusion alone', ['!release/legacy'], 'feature/x', false],
    [
      'a branch that a later pattern includes again',
      ['release/**', '!release/old/*', 'release/old/1'],
      'release/old/1',
      true,
    ],
    ['no branch that a later pattern excludes', ['release/old/1', '!release/old/*'], 'release/old/1', false],
    ['every branch', ['**'], 'feature/deep/x', true],
    ['one of several words', ['{next,beta}'], 'beta', true],
  ])('%s', (_name, branches, branch, covered) => {
    expect(covers(policyWith(branches), branch, 'trunk')).toBe(covered)
  })

  it('by default: main, beside the default branch', () => {
    expect(covers(defaultPolicy, 'main', 'trunk')).toBe(true)
    expect(covers(defaultPolicy, 'develop', 'trunk')).toBe(false)
  })

  it.each([
    ['an empty name', ''],
    ['a group that is a regular expression', '(a+)+$'],
    ['an extended glob', '+(a|aa)+(a|b)c'],
    ['a backslash', 'a\\b'],
    ['an exclusion of nothing', '!'],
    ['an exclusion of an exclusion', '!!main'],
    ['more wildcards than can be matched in time', '*a*a*a*a*b'],
    ['a name that is too long', 'a'.repeat(256)],
  ])('%s is refused', (_name, glob) => {
    expect(policySchema.safeParse({ branches: [glob], gates: {} }).success).toBe(false)
  })

  it('no glob that is allowed takes long', () => {
    // Where the time doubles with each letter, the longest name of a branch would not end.
    for (const glob of ['*a*a*b', '[a]+[a]+[a]+b', '**/*a*b'])
      expect(covers(policyWith([glob]), 'a'.repeat(255), 'trunk')).toBe(false)
  })
})

describe('the default policy', () => {
  it('has every gate, two approvals, and the window on Wednesday morning', () => {
    expect(defaultPolicy).toMatchObject({
      branches: ['main'],
      gates: {
        approvals: { count: 2, teams: [], unattributed: 'fail', request_reviews: false },
        release_window: {
          time_zone: 'America/Los_Angeles',
          windows: [{ opens: 'Wednesday 10:00', closes: 'Wednesday 11:00' }],
          urgent: { label: 'urgent' },
        },
      },
    })
  })
})
