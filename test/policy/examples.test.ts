import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { decide } from '../../src/decision/verdict.ts'
import { combinePolicies } from '../../src/policy/combine-policies.ts'
import { impossiblePolicy, parsePolicy } from '../../src/policy/policy-file.ts'
import { anApproval, ann, aSnapshot, bob, cleo, inWindow } from '../support/snapshot.ts'

const folder = join(import.meta.dirname, '../../examples/policies')
const files = globSync('*.yml', { cwd: folder })
const textOf = (name: string) => readFileSync(join(folder, name), 'utf8')

function policyOf(name: string) {
  const parsed = parsePolicy(textOf(`${name}.yml`))
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return parsed.policy
}

test('there are seven examples, and docs/coming-from.md links each of them', () => {
  const page = readFileSync(join(folder, '../../docs/coming-from.md'), 'utf8')
  expect(files).toHaveLength(7)
  for (const file of files) expect(page).toContain(`(../examples/policies/${file})`)
})

test.each(files)(
  '%s is valid, something can pass under it, and its first comment says whom it is for',
  (file) => {
    const text = textOf(file)
    const parsed = parsePolicy(text)
    expect(parsed).toMatchObject({ ok: true })
    if (parsed.ok) expect(impossiblePolicy(text, parsed.policy)).toEqual([])
    expect(text).toMatch(/^# yaml-language-server: .*\n# An? [\w-]+/)
    expect(basename(file)).toBe(file)
  },
)

type Parts = NonNullable<Parameters<typeof aSnapshot>[0]>
const approvedBy = (...people: (typeof ann)[]) => ({ reviews: people.map((person) => anApproval(person)) })
const changed = (...paths: string[]) => ({
  changed: { complete: true as const, paths: paths.map((path) => ({ path, was: '100644', is: '100644' })) },
})
const teams = {
  teams: { engineering: [ann.id], operations: [bob.id], security: [bob.id], 'on-call': [cleo.id] },
}

/** What each example promises in its comment, as facts and the state that follows for one of its gates. */
describe('the examples do what their comments say', () => {
  test.each<[string, string, Parts, string, string]>([
    [
      'payments',
      'both teams approved in the window',
      { ...approvedBy(ann, bob), ...teams },
      'approvals',
      'passed',
    ],
    ['payments', 'only engineers approved', { ...approvedBy(ann, cleo), ...teams }, 'approvals', 'waiting'],
    [
      'payments',
      'no regression ran',
      { ...approvedBy(ann, bob), ...teams },
      'staging_regression',
      'failed|waiting',
    ],
    ['payments', 'it is Thursday', { takenAt: '2026-12-03T18:10:00Z' }, 'release_window', 'waiting'],
    ['small-team', 'one person approved', approvedBy(ann), 'approvals', 'passed'],
    [
      'small-team',
      'it is Thursday afternoon',
      { takenAt: '2026-12-03T15:30:00Z' },
      'release_window',
      'passed',
    ],
    ['small-team', 'it is Friday morning', { takenAt: '2026-12-04T10:00:00Z' }, 'release_window', 'waiting'],
    [
      'small-team',
      'it is a holiday of Berlin',
      { takenAt: '2027-03-08T10:00:00Z' },
      'release_window',
      'waiting',
    ],
    [
      'open-source',
      'a maintainer approved at night',
      { ...approvedBy(ann), ...changed('src/a.ts'), takenAt: '2026-12-05T03:00:00Z' },
      'approvals',
      'passed',
    ],
    ['regulated', 'security did not approve', { ...approvedBy(ann, cleo), ...teams }, 'approvals', 'waiting'],
    [
      'regulated',
      'the year is being closed',
      { takenAt: '2026-12-15T19:30:00Z' },
      'release_window',
      'waiting',
    ],
    ['release-train', 'one person approved a change to main', approvedBy(ann), 'approvals', 'passed'],
    [
      'release-train',
      'one person approved a fix on a release branch',
      { ...approvedBy(ann), base: { ref: 'release/2' } },
      'approvals',
      'waiting',
    ],
    [
      'release-train',
      'it is Wednesday on a release branch',
      { takenAt: inWindow, base: { ref: 'release/2' } },
      'release_window',
      'waiting',
    ],
    [
      'organization',
      'one person approved code',
      { ...approvedBy(ann), ...changed('src/a.ts') },
      'approvals',
      'waiting',
    ],
    [
      'organization',
      'one person approved a page',
      { ...approvedBy(ann), ...changed('docs/a.md') },
      'approvals',
      'passed',
    ],
    ['organization', 'it is Wednesday', { takenAt: inWindow }, 'release_window', 'passed'],
    ['organization', 'it is Friday', { takenAt: '2026-12-04T18:10:00Z' }, 'release_window', 'waiting'],
    [
      'release-train',
      'it is Tuesday on a release branch',
      { takenAt: '2026-12-01T15:30:00Z', base: { ref: 'release/2' } },
      'release_window',
      'passed',
    ],
  ])('%s, when %s', (name, _, parts, gate, state) => {
    const finding = decide(aSnapshot(parts), policyOf(name)).findings.find((one) => one.gate === gate)
    expect(finding?.state).toMatch(new RegExp(`^(${state})$`))
  })

  test('organization: a repository cannot change what it locks, and can add gates', () => {
    const own = 'gates: { approvals: { count: 1 }, code_owners: {} }\n'
    const shared = { text: textOf('organization.yml'), where: 'acme/.github', blob: 'b' }
    const combined = combinePolicies({ own: { text: own, where: 'own', blob: 'a' }, shared })
    expect(combined?.result).toMatchObject({
      policy: { gates: { approvals: { count: 2 }, code_owners: {} } },
    })
    expect(combined?.ignored).toHaveLength(1)
  })

  test('trial: nothing is approved, it is Monday, and the check is green', () => {
    const verdict = decide(aSnapshot({ takenAt: '2026-11-30T15:00:00Z' }), policyOf('trial'))
    expect(verdict).toMatchObject({ state: 'passed', reportOnly: 'waiting' })
  })

  test.each([
    ['README.md alone', changed('README.md'), false],
    ['a source file too', changed('README.md', 'src/a.ts'), true],
  ])('payments: %s', (_, paths, regressed) => {
    const { findings } = decide(aSnapshot({ ...paths }), policyOf('payments'))
    expect(findings.some(({ gate }) => gate === 'staging_regression')).toBe(regressed)
  })

  test.each([
    ['the public interface needs a second approval', changed('src/index.ts'), 'waiting'],
    ['anything else does not', changed('src/a.ts'), 'passed'],
  ])('open-source: %s', (_, paths, state) => {
    const { findings } = decide(aSnapshot({ ...approvedBy(ann), ...paths }), policyOf('open-source'))
    expect(findings.find(({ gate }) => gate === 'approvals')?.state).toBe(state)
  })
})
