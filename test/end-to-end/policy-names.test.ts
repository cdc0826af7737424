import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Exchange, inspectors } from '../../src/sandbox/github/inspection.ts'
import type { Stage } from '../../src/sandbox/stage.ts'
import { cast, setUpRepositories, type Workshop } from '../../src/sandbox/workshop.ts'
import { allowBypass } from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

const path = '.github/release-gate.yml'

let stage: Stage
let shop: Workshop
beforeAll(async () => {
  stage = await aStage({ at: new Date('2026-11-24T18:10:00Z') })
  cast(stage)
  stage.github.addTeam('foodyepay', 'reviewers', { members: ['chloe', 'dev'] })
  stage.github.installApp('foodyepay')
  await setUpRepositories(stage, { repo: 'incidents', policy: null })
  shop = await setUpRepositories(stage, { policy: 'gates: { approvals: { count: 1 } }\n' })
})
afterAll(() => stage.close())
/** The checks that can be written in a minute are limited. */
beforeEach(() => stage.moveTo(new Date(stage.now().getTime() + 120_000)))

async function checkOf(branch: string, policy: string) {
  const change = await shop.openPull('ana', { branch, title: branch, files: { [path]: policy } })
  await shop.review('chloe', change)
  return shop.check(change)
}

test.each([
  ['the approvals', 'gates:\n  approvals:\n    teams: [reviewrs]\n', ':3:13'],
  [
    'an override',
    'gates: { approvals: {} }\noverrides:\n  - name: o\n    when: { branches: [main] }\n    gates: { approvals: { teams: [reviewers, gone] } }\n',
    ':5:46',
  ],
  [
    'the approvals, with a part of another word',
    'gates:\n  approvals:\n    teams: [reviewers, app]\n',
    ':3:24',
  ],
])(
  'a pull request that names a team that does not exist in %s fails at its place',
  async (name, policy, place) => {
    const check = await checkOf(name.replaceAll(/\W+/g, '-'), policy)
    expect(check).toMatchObject({ conclusion: 'failure' })
    expect(check?.summary).toContain(`${path}${place}`)
    expect(check?.summary).toContain('does not exist, or the App cannot see it')
  },
)

test.each([
  ['a team that is there', 'gates: { approvals: { teams: [reviewers] } }\n'],
  [
    'one that is not, in a policy that only reports',
    'enforce: false\ngates: { approvals: { teams: [gone] } }\n',
  ],
])('one that names %s does not', async (name, policy) => {
  expect(await checkOf(`ok-${name.length}`, policy)).toMatchObject({ conclusion: 'success' })
})

test('of several teams that do not exist, one is looked up at each evaluation: anyone can propose them and cause evaluations', async () => {
  const asked: string[] = []
  const inspector = {
    exchange: ({ actor, path: asks }: Exchange) =>
      void (actor === 'installation' && asks.includes('/teams/') && asked.push(asks)),
    webhook: () => undefined,
  }
  const files = { [path]: 'gates: { approvals: { teams: [reviewers, gone-1, gone-2, gone-3] } }\n' }
  const change = await shop.openPull('ana', { branch: 'several', title: 'Several', files })
  inspectors.add(inspector)
  await shop.review('chloe', change)
  inspectors.delete(inspector)
  expect((await shop.check(change))?.summary).toContain('the team "gone-1" does not exist')
  expect(asked.filter((asks) => asks.includes('gone'))).toEqual(['/orgs/foodyepay/teams/gone-1/members'])
})

const incidentsIn = (repository: string, gate = 'incidents: {}, ') =>
  `gates: { ${gate}approvals: { count: 1 } }\nincidents:\n  repository: ${repository}\n`

test('a pull request that keeps incidents in a repository that does not exist fails at its place', async () => {
  const check = await checkOf('no-incidents', incidentsIn('foodyepay/incidnts'))
  expect(check).toMatchObject({ conclusion: 'failure' })
  expect(check?.summary).toContain(`${path}:3:15`)
  expect(check?.summary).toContain('does not exist, or the App cannot see it')
})

test.each([
  ['one that is there', incidentsIn('foodyepay/incidents')],
  ['one that is not, while no gate asks for incidents', incidentsIn('foodyepay/gone', '')],
  ['one that is not, in a policy that only reports', `enforce: false\n${incidentsIn('foodyepay/gone')}`],
])('one that keeps them in %s does not', async (name, policy) => {
  const check = await checkOf(`incidents-${name.length}`, policy)
  expect(check?.summary).toContain('### Effect of this policy')
  expect(check?.summary).not.toContain('cannot see it')
})

test.each([
  ['is invalid', '  aprovals: {}\n'],
  ['nobody can pass', '  runbooks: {}\n'],
])(
  'one that fixes a policy that %s does not fail for a team that was there before, and does not claim that its window is new',
  async (name, mistake) => {
    const policy =
      'gates:\n  approvals: { count: 1 }\n  release_window: { urgent: { labelled_by: [gone] } }\n'
    const repo = name.replaceAll(' ', '-')
    const fixed = await setUpRepositories(stage, { repo, policy })
    await fixed.openPull('ana', { branch: 'other', title: 'Other', files: { 'a.ts': 'a\n' } })
    await allowBypass(stage, fixed)
    const files = { [path]: `${policy}${mistake}` }
    await stage.github.push(fixed.name, 'olga', { branch: 'main', files, message: 'Mistake' })
    await stage.settled()
    const fix = await fixed.openPull('ana', { branch: 'fix', title: 'Fix', files: { [path]: policy } })
    await fixed.review('chloe', fix)
    const check = await fixed.check(fix)
    expect(check).toMatchObject({ conclusion: 'success' })
    expect(check?.summary).toContain('this pull request fixes it')
    expect(check?.summary).toContain('### Effect of this policy')
    expect(check?.summary).not.toContain('would be blocked')
  },
)
