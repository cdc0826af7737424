import { afterEach, describe, expect, it } from 'vitest'
import { isDrift } from '../../src/doctor/diagnose.ts'
import { retryTimeOf } from '../../src/store/retry-after-error.ts'
import { aWorld, namesOf, requiredCheck, rulesetBody, shopOf, sourcesOf, type World } from './world.ts'

let world: World
afterEach(() => world?.github.close())

async function makeBranch(name: string): Promise<void> {
  const copy = await world.github.workingCopy('acme/shop', 'ada')
  await copy.branch(name, 'origin/main')
  await copy.write({ 'NOTE.md': name })
  await copy.commit(`Begin ${name}`)
  await copy.push({ ref: name })
}

const makeRuleset = async (overrides: object = {}) =>
  (await world.as('ada').repos.createRepoRuleset({ ...world.repo, ...rulesetBody(world, overrides) })).data

const protect = (overrides: object = {}, branch = 'main') =>
  world.as('ada').repos.updateBranchProtection({
    ...world.repo,
    branch,
    required_status_checks: {
      strict: true,
      contexts: [],
      checks: [{ context: 'Release gate', app_id: world.github.app.id }],
    },
    enforce_admins: true,
    required_pull_request_reviews: { required_approving_review_count: 1, dismiss_stale_reviews: true },
    restrictions: null,
    ...overrides,
  })

describe('rulesets', () => {
  it('what an active one asks of a branch, as the App reads it: all but who may bypass', async () => {
    world = await aWorld()
    const { id } = await makeRuleset({
      bypass_actors: [{ actor_id: 4, actor_type: 'RepositoryRole', bypass_mode: 'exempt' }],
      rules: [
        requiredCheck(world.github.app.id, { strict_required_status_checks_policy: true }),
        { type: 'non_fast_forward' },
        { type: 'deletion' },
        {
          type: 'pull_request',
          parameters: {
            required_approving_review_count: 2,
            dismiss_stale_reviews_on_push: true,
            require_code_owner_review: false,
            require_last_push_approval: false,
            required_review_thread_resolution: false,
          },
        },
        {
          type: 'merge_queue',
          parameters: {
            check_response_timeout_minutes: 60,
            grouping_strategy: 'HEADGREEN',
            max_entries_to_build: 5,
            max_entries_to_merge: 5,
            merge_method: 'MERGE',
            min_entries_to_merge: 1,
            min_entries_to_merge_wait_minutes: 0,
          },
        },
      ],
    })
    expect(sourcesOf(shopOf(await world.read()))).toEqual([
      {
        kind: 'ruleset',
        id: `ruleset ${id}`,
        name: 'Main',
        checks: [{ name: 'Release gate', appId: world.github.app.id }],
        strict: true,
        bypass: 'hidden',
        pullRequired: true,
        approvals: 2,
        dismissStale: true,
        queue: { grouping: 'HEADGREEN' },
        refusesForcePush: true,
        refusesDeletion: true,
      },
    ])
  })

  it('who may bypass, by name, as an administrator reads it', async () => {
    world = await aWorld()
    const ada = world.github.addTeam('acme', 'ops', { members: ['ada'] })
    const { data: wim } = await world.as('ada').users.getByUsername({ username: 'wim' })
    await makeRuleset({
      bypass_actors: [
        { actor_id: ada.id, actor_type: 'Team', bypass_mode: 'always' },
        { actor_id: wim.id, actor_type: 'User', bypass_mode: 'exempt' },
        { actor_id: 4, actor_type: 'RepositoryRole', bypass_mode: 'pull_request' },
        { actor_id: 5, actor_type: 'RepositoryRole', bypass_mode: 'always' },
        { actor_id: 1, actor_type: 'OrganizationAdmin', bypass_mode: 'always' },
        { actor_id: 77, actor_type: 'Integration', bypass_mode: 'always' },
        { actor_id: null, actor_type: 'DeployKey', bypass_mode: 'always' },
        { actor_id: 987, actor_type: 'User', bypass_mode: 'always' },
      ],
    })
    const [source] = sourcesOf(shopOf(await world.read(world.person('ada'))))
    expect(source?.bypass).toEqual([
      { who: 'the team acme/ops', mode: 'always', reach: 'chosen' },
      { who: '@wim', mode: 'exempt', reach: 'chosen' },
      { who: 'everyone with write access', mode: 'pull_request', reach: 'writers' },
      { who: 'administrators of the repository', mode: 'always', reach: 'administrators' },
      { who: 'owners of the organization', mode: 'always', reach: 'administrators' },
      { who: 'the App with the id 77', mode: 'always', reach: 'chosen' },
      { who: 'deploy keys with write access', mode: 'always', reach: 'chosen' },
      { who: 'the person with the id 987', mode: 'always', reach: 'chosen' },
    ])
  })

  it('of the organization bind too; only its owners see who may bypass them', async () => {
    world = await aWorld()
    const body = rulesetBody(world)
    await world.as('olga').request('POST /orgs/acme/rulesets', {
      ...body,
      conditions: { ...body.conditions, repository_name: { include: ['~ALL'], exclude: [] } },
    })
    const bypass = async (login: string) =>
      sourcesOf(shopOf(await world.read(world.person(login))))[0]?.bypass
    expect(await bypass('ada')).toBe('hidden')
    expect(await bypass('olga')).toEqual([])
    expect(shopOf(await world.read()).enforcement.rulesets).toMatchObject([{ owner: 'Organization' }])
  })

  it.each(['disabled', 'evaluate'] as const)('that are %s bind nothing', async (enforcement) => {
    world = await aWorld()
    await makeRuleset({ enforcement })
    expect(sourcesOf(shopOf(await world.read()))).toEqual([])
    expect((await world.diagnose()).map(({ rule }) => rule)).toContain('check-not-required')
  })

  it('without a pin take the check from anybody', async () => {
    world = await aWorld()
    await makeRuleset({ rules: [requiredCheck()] })
    expect(sourcesOf(shopOf(await world.read()))[0]?.checks).toEqual([{ name: 'Release gate', appId: null }])
  })
})

describe('classic branch protection', () => {
  it('is read with its pin and its settings', async () => {
    world = await aWorld()
    await protect()
    expect(sourcesOf(shopOf(await world.read()))).toMatchObject([
      {
        kind: 'classic',
        checks: [{ name: 'Release gate', appId: world.github.app.id }],
        strict: true,
        bypass: [],
        pullRequired: true,
        approvals: 1,
        dismissStale: true,
        refusesForcePush: true,
        refusesDeletion: true,
      },
    ])
  })

  it('in the old way is unpinned, and administrators pass it over unless it is enforced for them', async () => {
    world = await aWorld()
    await protect({
      required_status_checks: { strict: false, contexts: ['Release gate'] },
      enforce_admins: false,
      allow_force_pushes: true,
      allow_deletions: true,
      required_pull_request_reviews: null,
    })
    const rules = (await world.diagnose()).filter(isDrift).map(({ rule }) => rule)
    expect(rules).toEqual(
      expect.arrayContaining([
        'check-unpinned',
        'bypass-always',
        'force-push-allowed',
        'deletion-allowed',
        'pull-request-not-required',
      ]),
    )
  })
})

describe('branches', () => {
  it('covered are the default branch and those of the policy; others are read only where protected', async () => {
    world = await aWorld()
    for (const name of ['release/1', 'develop', 'feature']) await makeBranch(name)
    await protect({}, 'develop')
    const { branches } = shopOf(await world.read()).enforcement
    expect(namesOf(branches, true).sort()).toEqual(['main', 'release/1'])
    expect(namesOf(branches, false)).toEqual(['develop'])
  })

  it('rules are found on a branch with a slash in its name', async () => {
    world = await aWorld()
    await makeBranch('release/1')
    await makeRuleset({ conditions: { ref_name: { include: ['refs/heads/release/*'], exclude: [] } } })
    const shop = shopOf(await world.read())
    expect(sourcesOf(shop, 'release/1')).toHaveLength(1)
    expect(sourcesOf(shop, 'main')).toEqual([])
  })
})

describe('what cannot be read', () => {
  it('the protection of a branch without administration: read, and it is never taken for a good one', async () => {
    world = await aWorld()
    await makeRuleset()
    delete world.github.app.permissions.administration
    const found = (await world.diagnose()).filter(({ severity }) => severity === 'error')
    expect(found.map(({ rule }) => rule).sort()).toEqual(['app-permission-lacking', 'branch-unreadable'])
  })

  it('the protection of a branch, where GitHub answers those who may not know that nothing is there', async () => {
    world = await aWorld()
    await makeRuleset()
    world.github.faults.add({
      kind: 'status',
      status: 404,
      path: '/repos/acme/shop/branches/main/protection',
      body: { message: 'Not Found' },
    })
    expect((await world.diagnose()).map(({ rule }) => rule)).toContain('branch-unreadable')
  })

  it('a repository that GitHub fails on keeps the others not waiting', async () => {
    world = await aWorld()
    await world.github.addRepository({ owner: 'acme', name: 'blog', files: { 'README.md': '# Blog\n' } })
    world.github.faults.add({ kind: 'status', status: 502, path: '/repos/acme/blog/rulesets' })
    const { repositories } = await world.read()
    expect(repositories.map(({ name, kind }) => [name, kind])).toEqual([
      ['acme/shop', 'read'],
      ['acme/blog', 'unreadable'],
    ])
  })

  it.each([
    '/repos/acme/shop/labels',
    '/repos/acme/shop/branches/main/protection',
    '/installation/repositories',
  ])('because a limit is reached is not drift: it is asked again when GitHub says (%s)', async (path) => {
    world = await aWorld()
    world.github.faults.add({ kind: 'secondary-rate-limit', path, retryAfter: 90 })
    const refused = await world.read().catch((error: unknown) => error)
    expect(retryTimeOf(refused)).toEqual(new Date(world.clock.now + 90_000))
  })

  it('an administrator whose token may not see the repository', async () => {
    world = await aWorld()
    world.github.addUser('stranger')
    const [found] = (await world.diagnose(world.person('stranger'))).filter(isDrift)
    expect(found).toMatchObject({ rule: 'repository-unreadable', repository: 'acme/shop' })
  })

  it('nothing of an installation that is suspended', async () => {
    world = await aWorld()
    world.github.suspendApp(world.installationId)
    const facts = await world.read()
    expect(facts.installations).toMatchObject([{ account: 'acme', suspended: true }])
    expect(facts.repositories).toEqual([])
  })

  it('nothing of an account that the bot does not serve', async () => {
    world = await aWorld()
    const facts = await world.read({ serves: (account) => account !== 'acme' })
    expect(facts.repositories).toEqual([])
    expect(facts.installations).toMatchObject([{ served: false }])
  })
})

describe('policy and labels', () => {
  it('the policy of the organization counts where a repository has none of its own', async () => {
    world = await aWorld({})
    const files = { '.github/release-gate.yml': 'gates:\n  approvals: {}\n' }
    await world.github.addRepository({ owner: 'acme', name: '.github', private: true, files })
    expect(shopOf(await world.read()).policy).toMatchObject({
      kind: 'valid',
      where: 'acme/.github: .github/release-gate.yml',
    })
  })

  it('no policy, and one that is not valid with where it is wrong', async () => {
    world = await aWorld({})
    expect(shopOf(await world.read()).policy).toEqual({ kind: 'none' })
    const copy = await world.github.workingCopy('acme/shop', 'ada')
    await copy.write({ '.github/release-gate.yml': 'gates:\n  aprovals: {}\n' })
    await copy.commit('Write a policy')
    await copy.push({ ref: 'main' })
    const { policy } = shopOf(await world.read())
    expect(policy.kind === 'invalid' && policy.problems[0]).toContain('.github/release-gate.yml:2')
  })

  it('the labels by name, from every page', async () => {
    world = await aWorld()
    for (let index = 0; index < 101; index++)
      await world.as('ada').issues.createLabel({ ...world.repo, name: `area ${index}` })
    expect(shopOf(await world.read()).labels).toContain('area 100')
  })
})

describe('one repository alone', () => {
  it('is read, and no other', async () => {
    world = await aWorld()
    await world.github.addRepository({ owner: 'acme', name: 'blog', files: { 'README.md': '# Blog\n' } })
    const { repositories } = await world.read({}, world.repo)
    expect(repositories.map(({ name }) => name)).toEqual(['acme/shop'])
  })

  it("is read with the repository of its organization's policy, where that applies to it", async () => {
    world = await aWorld()
    const files = { '.github/release-gate.yml': 'gates: { hold: {} }\n' }
    await world.github.addRepository({ owner: 'acme', name: '.github', private: true, files })
    const { repositories } = await world.read({}, world.repo)
    expect(repositories.map(({ name }) => name)).toEqual(['acme/shop', 'acme/.github'])
  })

  it('on which the App is not installed', async () => {
    world = await aWorld()
    const facts = await world.read({}, { owner: 'acme', repo: 'gone' })
    expect(facts.repositories).toEqual([{ kind: 'absent', name: 'acme/gone' }])
  })
})

it('the doctor writes nothing', async () => {
  world = await aWorld()
  await makeRuleset()
  world.github.requests.reset()
  await world.diagnose(world.person('ada'))
  const writes = [...world.github.requests.counts.byRoute.keys()].filter((route) => !route.startsWith('GET '))
  expect(writes.filter((route) => !route.endsWith('/access_tokens'))).toEqual([])
  expect(world.github.requests.peopleCounts.writes).toBe(0)
  expect(world.github.requests.peopleCounts.reads).toBeGreaterThan(0)
})
