import { expect, test } from 'vitest'
import { policySchema } from '../../src/decision/policy.ts'
import { wantedFacts } from '../../src/gate/snapshot-verdict.ts'
import { aPolicy } from '../support/snapshot.ts'

const file = { where: '.github/release-gate.yml', blob: 'b', text: '' }

test('the teams of approvals and of labelled_by are read, and the labels that gates look at', () => {
  const policy = aPolicy({
    approvals: { teams: ['engineering'] },
    release_window: { urgent: { labelled_by: ['on-call'], label: 'hotfix' } },
    staging_regression: {},
    hold: { label: 'not yet' },
  })
  expect(wantedFacts({ kind: 'policy', policy, file, files: {}, note: '' })).toEqual({
    teams: ['engineering', 'on-call'],
    boundLabels: ['hotfix'],
    labels: ['hotfix', 'release', 'not yet'],
  })
})

test('the label urgent is read without a release window too, since it lifts a freeze', () => {
  const policy = aPolicy({ approvals: {} })
  expect(wantedFacts({ kind: 'policy', policy, file, files: {}, note: '' })).toEqual({
    teams: [],
    boundLabels: ['urgent'],
    labels: ['urgent'],
  })
})

test('what any override looks at is read, whichever applies', () => {
  const policy = policySchema.parse({
    gates: { approvals: {} },
    overrides: [
      { name: 'a', when: { paths: ['docs/**'] }, gates: { approvals: { teams: ['docs'] } } },
      { name: 'b', when: { labels: ['small'] }, gates: { code_owners: {} } },
    ],
  })
  expect(wantedFacts({ kind: 'policy', policy, file, files: {}, note: '' })).toEqual({
    teams: ['docs'],
    boundLabels: ['urgent', 'small'],
    labels: ['urgent', 'small'],
    paths: true,
    codeOwners: true,
  })
})

test('under a broken policy nothing more is read', () => {
  const broken = { kind: 'broken' as const, problems: [], file }
  expect(wantedFacts(broken)).toEqual({ teams: [], boundLabels: [], labels: [] })
})
