import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { buildHouse, client, type House, refusal } from './house.ts'

let house: House
let rulesets: number[] = []
beforeAll(async () => {
  house = await buildHouse()
})
afterAll(() => house.github.close())
beforeEach(async () => {
  const { as, repo } = house
  for (const ruleset_id of rulesets) await as('ada').repos.deleteRepoRuleset({ ...repo, ruleset_id })
  rulesets = []
})

const gate = 'Release gate'
let branch = 0
const pull = () => house.openPull('wim', `topic-${++branch}`, { [`topic-${branch}.txt`]: 'x\n' })
const merge = (login: string, number: number) =>
  house.as(login).pulls.merge({ ...house.repo, pull_number: number })

type Bypass = {
  actor_id: number
  actor_type: 'RepositoryRole' | 'Team'
  bypass_mode: 'always' | 'pull_request'
}
async function requireGate(options: { integrationId?: number; bypass?: Bypass[] } = {}) {
  const integration_id = options.integrationId ?? house.github.app.id
  const { data } = await house.as('ada').repos.createRepoRuleset({
    ...house.repo,
    name: `gate ${branch}`,
    enforcement: 'active',
    conditions: { ref_name: { include: ['~DEFAULT_BRANCH'], exclude: [] } },
    bypass_actors: options.bypass ?? [],
    rules: [
      {
        type: 'required_status_checks',
        parameters: {
          strict_required_status_checks_policy: false,
          required_status_checks: [{ context: gate, ...(integration_id < 0 ? {} : { integration_id }) }],
        },
      },
    ],
  })
  rulesets.push(data.id)
  return data.id
}

async function report(number: number, conclusion?: string, by = house.bot) {
  const state = conclusion
    ? { status: 'completed' as const, conclusion: conclusion as 'success' }
    : { status: 'in_progress' as const }
  return (
    await by.checks.create({ ...house.repo, name: gate, head_sha: await house.headOf(number), ...state })
  ).data
}

async function protect(enforceAdmins: boolean) {
  await house.as('ada').repos.updateBranchProtection({
    ...house.repo,
    branch: 'main',
    required_status_checks: {
      strict: false,
      contexts: [],
      checks: [{ context: gate, app_id: house.github.app.id }],
    },
    enforce_admins: enforceAdmins,
    required_pull_request_reviews: null,
    restrictions: null,
  })
}
const unprotect = () => house.as('ada').repos.deleteBranchProtection({ ...house.repo, branch: 'main' })

describe('a blocked merge is answered 405', () => {
  test('under a ruleset: "Repository rule violations found" with lines', async () => {
    await requireGate()
    const number = await pull()
    expect(await refusal(merge('wim', number))).toMatchObject({
      status: 405,
      message: `Repository rule violations found\n\nRequired status check "${gate}" is expected.\n\n`,
    })
    const { data } = await house.as('wim').pulls.get({ ...house.repo, pull_number: number })
    expect(data).toMatchObject({ state: 'open', merged: false, mergeable: true, mergeable_state: 'blocked' })
  })

  test('under classic protection: `is expected.`, then `is failing.`', async () => {
    await protect(true)
    const number = await pull()
    expect((await refusal(merge('wim', number))).message).toBe(`Required status check "${gate}" is expected.`)
    await report(number, 'failure')
    expect(await refusal(merge('ada', number))).toMatchObject({
      status: 405,
      message: `Required status check "${gate}" is failing.`,
    })
    await report(number, 'success')
    expect((await merge('wim', number)).data.merged).toBe(true)
    await unprotect()
  })

  test('when the branches conflict: `Pull Request is not mergeable`', async () => {
    const first = await house.openPull('wim', 'left', { 'same.txt': 'left\n' })
    const second = await house.openPull('wim', 'right', { 'same.txt': 'right\n' })
    await merge('wim', first)
    expect(await refusal(merge('wim', second))).toMatchObject({
      status: 405,
      message: 'Pull Request is not mergeable',
    })
    const { data } = await house.as('wim').pulls.get({ ...house.repo, pull_number: second })
    expect(data).toMatchObject({ mergeable: false, mergeable_state: 'dirty' })
  })

  test('when it was merged already, or is a draft', async () => {
    const number = await pull()
    await merge('wim', number)
    expect((await refusal(merge('wim', number))).message).toBe('Pull Request is not mergeable')
    const draft = await house.openPull('wim', 'draft', { 'draft.txt': 'x\n' }, { draft: true })
    expect(await refusal(merge('wim', draft))).toMatchObject({
      status: 405,
      message: 'Pull Request is still a draft',
    })
  })
})

describe('the required check', () => {
  test('of the same name from another app does not satisfy a requirement that is pinned to ours', async () => {
    await requireGate()
    const number = await pull()
    const { token } = house.github.otherApp('imitator').install('acme')
    await report(number, 'success', client(house.github.url, token))
    expect((await refusal(merge('wim', number))).message).toContain('is expected.')
    await report(number, 'success')
    expect((await merge('wim', number)).data.merged).toBe(true)
  })

  test('without a pin is forged by a commit status of anybody with write', async () => {
    await requireGate({ integrationId: -1 })
    const number = await pull()
    const sha = await house.headOf(number)
    await house.as('wanda').repos.createCommitStatus({ ...house.repo, sha, context: gate, state: 'success' })
    expect((await merge('wim', number)).data.merged).toBe(true)
  })

  test.each(['neutral', 'skipped', 'success'])('is satisfied by %s', async (conclusion) => {
    await requireGate()
    const number = await pull()
    await report(number, conclusion)
    expect((await merge('wim', number)).data.merged).toBe(true)
  })

  test('reads the newest run of that name and app on the commit', async () => {
    await requireGate()
    const number = await pull()
    await report(number, 'success')
    await report(number)
    expect((await refusal(merge('wim', number))).message).toContain('is in progress.')
    await report(number, 'failure')
    expect((await refusal(merge('wim', number))).message).toContain('is failing.')
    await report(number, 'success')
    expect((await merge('wim', number)).data.merged).toBe(true)
  })

  test('on an older head does not count for the new one', async () => {
    await requireGate()
    const number = await pull()
    await report(number, 'success')
    const copy = await house.github.workingCopy('acme/shop', 'wim')
    await copy.branch(`topic-${branch}`, `origin/topic-${branch}`)
    await copy.write({ 'more.txt': 'more\n' })
    await copy.commit('More')
    await copy.push()
    expect((await refusal(merge('wim', number))).message).toContain('is expected.')
  })
})

describe('who may pass over the rules', () => {
  test('administrators pass over classic protection unless it includes them', async () => {
    await protect(false)
    const number = await pull()
    expect((await refusal(merge('mary', number))).status).toBe(405)
    expect((await merge('ada', number)).data.merged).toBe(true)
    await unprotect()
  })

  test('only those in the bypass list of a ruleset do, and others not', async () => {
    await requireGate({
      bypass: [{ actor_id: 5, actor_type: 'RepositoryRole', bypass_mode: 'pull_request' }],
    })
    const number = await pull()
    expect((await refusal(merge('mary', number))).status).toBe(405)
    expect((await merge('ada', number)).data.merged).toBe(true)
  })

  test('administrators outside the bypass list are refused', async () => {
    await requireGate()
    expect((await refusal(merge('ada', await pull()))).status).toBe(405)
  })

  test('readers and triagers may not merge at all', async () => {
    const number = await pull()
    expect((await refusal(merge('tess', number))).status).toBe(403)
    expect((await refusal(merge('nora', number))).status).toBe(404)
  })
})

describe('the rules of a branch', () => {
  test('are active rules only, with no list of who may pass over them', async () => {
    const id = await requireGate({
      bypass: [{ actor_id: 5, actor_type: 'RepositoryRole', bypass_mode: 'always' }],
    })
    const { data: off } = await house.as('ada').repos.createRepoRuleset({
      ...house.repo,
      name: 'off',
      enforcement: 'disabled',
      rules: [{ type: 'deletion' }],
    })
    rulesets.push(off.id)
    const { data: rules } = await house.bot.repos.getBranchRules({ ...house.repo, branch: 'main' })
    expect(rules).toHaveLength(1)
    expect(rules[0]).toMatchObject({
      type: 'required_status_checks',
      ruleset_id: id,
      ruleset_source: 'acme/shop',
    })
    expect(JSON.stringify(rules)).not.toContain('bypass')
    expect((await house.bot.repos.getBranchRules({ ...house.repo, branch: 'topic' })).data).toEqual([])
  })

  test('show `bypass_actors` only to those who may edit the ruleset', async () => {
    const ruleset_id = await requireGate({
      bypass: [{ actor_id: 5, actor_type: 'RepositoryRole', bypass_mode: 'always' }],
    })
    const read = async (who: typeof house.bot) =>
      (await who.repos.getRepoRuleset({ ...house.repo, ruleset_id })).data
    expect((await read(house.as('ada'))).bypass_actors).toHaveLength(1)
    expect(await read(house.as('wim'))).not.toHaveProperty('bypass_actors')
    expect(await read(house.bot)).not.toHaveProperty('bypass_actors')
  })

  test('refuse a direct push that lacks the required check', async () => {
    await requireGate()
    const copy = await house.github.workingCopy('acme/shop', 'ada')
    await copy.write({ 'direct.txt': 'x\n' })
    await copy.commit('Direct')
    await expect(copy.push()).rejects.toThrow('GH013: Repository rule violations found for refs/heads/main.')
  })
})

describe('auto-merge', () => {
  test('fires at once when the last requirement turns green, and not before', async () => {
    const { github, as, repo } = house
    await requireGate()
    const number = await pull()
    await github.enableAutoMerge(`acme/shop#${number}`, 'wim', 'squash')
    await report(number)
    await github.settled()
    expect((await as('wim').pulls.get({ ...repo, pull_number: number })).data).toMatchObject({
      state: 'open',
      auto_merge: { merge_method: 'squash' },
    })
    await report(number, 'success')
    await github.settled()
    expect((await as('wim').pulls.get({ ...repo, pull_number: number })).data).toMatchObject({
      merged: true,
      merged_by: { login: 'wim' },
    })
  })

  test('never passes over a rule, whoever switched it on', async () => {
    await requireGate({ bypass: [{ actor_id: 5, actor_type: 'RepositoryRole', bypass_mode: 'always' }] })
    const number = await pull()
    await house.github.enableAutoMerge(`acme/shop#${number}`, 'ada')
    await house.github.settled()
    expect((await house.as('wim').pulls.get({ ...house.repo, pull_number: number })).data.state).toBe('open')
  })

  test('is switched on by GraphQL, as clients do', async () => {
    await requireGate()
    const number = await pull()
    const { data } = await house.as('wim').pulls.get({ ...house.repo, pull_number: number })
    const query =
      'mutation($id: ID!) { enablePullRequestAutoMerge(input: { pullRequestId: $id, mergeMethod: REBASE }) { pullRequest { number autoMergeRequest { mergeMethod } } } }'
    const answer = await house.as('wim').graphql(query, { id: data.node_id })
    expect(answer).toEqual({
      enablePullRequestAutoMerge: { pullRequest: { number, autoMergeRequest: { mergeMethod: 'REBASE' } } },
    })
    await report(number, 'success')
    await house.github.settled()
    expect((await house.as('wim').pulls.get({ ...house.repo, pull_number: number })).data.merged).toBe(true)
  })
})

describe('a base branch that moved', () => {
  test('blocks a pull request that is behind, where the rule is strict, until it is updated', async () => {
    const { as, repo } = house
    const number = await pull()
    const other = await pull()
    await merge('wim', other)
    await as('ada').repos.updateBranchProtection({
      ...repo,
      branch: 'main',
      required_status_checks: { strict: true, contexts: [] },
      enforce_admins: true,
      required_pull_request_reviews: null,
      restrictions: null,
    })
    expect((await as('wim').pulls.get({ ...repo, pull_number: number })).data.mergeable_state).toBe('behind')
    expect((await refusal(merge('wim', number))).status).toBe(405)
    await as('wim').pulls.updateBranch({ ...repo, pull_number: number })
    expect((await merge('wim', number)).data.merged).toBe(true)
    await unprotect()
  })
})

describe('forty pull requests that wait with auto-merge', () => {
  test('all merge when their checks turn green, each once, onto one line of history', async () => {
    const { github, as, bot, repo } = house
    await requireGate()
    const names = Array.from({ length: 40 }, (_, index) => `seed-${index}`)
    await github.seedBranches(
      'acme/shop',
      'wim',
      names.map((name) => ({ branch: name, files: { [name]: 'x' } })),
    )
    for (const head of names) {
      const { data } = await as('wim').pulls.create({ ...repo, base: 'main', head, title: head })
      await github.enableAutoMerge(`acme/shop#${data.number}`, 'wim', 'squash')
    }
    const open = async () =>
      (await as('wim').pulls.list({ ...repo, base: 'main', per_page: 100 })).data.filter(({ head }) =>
        head.ref.startsWith('seed-'),
      )
    await github.settled()
    const waiting = await open()
    expect(waiting).toHaveLength(40)
    const before = (await as('wim').repos.getBranch({ ...repo, branch: 'main' })).data.commit.sha
    await Promise.all(
      waiting.map(({ head }) =>
        bot.checks.create({ ...repo, name: gate, head_sha: head.sha, conclusion: 'success' }),
      ),
    )
    await github.settled()
    expect(await open()).toEqual([])
    const { data } = await bot.repos.compareCommitsWithBasehead({ ...repo, basehead: `${before}...main` })
    expect(data.total_commits).toBe(40)
    expect(data.files).toHaveLength(40)
  })
})
