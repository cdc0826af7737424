import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { setupCommand } from '../../src/commands/setup.ts'
import { isDrift } from '../../src/doctor/diagnose.ts'
import { aWorld, closedAddress, policy, type World } from '../doctor/world.ts'
import { runCommand } from './command-run.ts'

let world: World
afterEach(() => world.github.close())

const token = (login: string) => world.github.tokenFor(login)

function setup(words: string[], more: Record<string, string> = {}) {
  const { id, privateKey, webhookSecret } = world.github.app
  const env = {
    APP_ID: String(id),
    PRIVATE_KEY: privateKey,
    WEBHOOK_SECRET: webhookSecret,
    GITHUB_API_URL: world.github.url,
    ...more,
  }
  return runCommand(setupCommand(), ['--repository', 'acme/shop', ...words], env)
}

const apply = (login: string) => setup(['--apply', '--token', token(login)])

async function made() {
  const rulesets = await world.as('olga').repos.getRepoRulesets({ ...world.repo })
  const labels = await world.as('olga').issues.listLabelsForRepo({ ...world.repo })
  const names = ({ name }: { name: string }) => name
  return {
    rulesets: rulesets.data.map(names),
    labels: labels.data.map(names).filter((name) => ours.has(name)),
  }
}
const ours = new Set(['urgent', 'release', 'hold'])
const nothing = { rulesets: [], labels: [] }
const everything = { rulesets: ['Release gate'], labels: ['urgent', 'release', 'hold'] }

describe('setup with a policy', () => {
  beforeEach(async () => {
    world = await aWorld()
  })

  it('shows the plan and does nothing: exit code 1', async () => {
    const { out, err, code } = await setup([])
    expect({ err, code }).toEqual({ err: '', code: 1 })
    expect(out).toContain('Create the ruleset "Release gate" for the default branch and release/*')
    expect(out).toContain(`"Release gate" from App ${world.github.app.id}`)
    expect(out).toContain('Create the label "urgent" (#d73a4a)')
    expect(await made()).toEqual(nothing)
  })

  it('prints the plan as JSON, and what was done on stderr', async () => {
    const { out, code } = await setup(['--json'])
    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject({
      repository: 'acme/shop',
      steps: [{ kind: 'create-ruleset' }, { kind: 'create-label' }, {}, {}],
      inexpressible: [],
    })
    const applied = await setup(['--json', '--apply', '--token', token('ada')])
    expect(JSON.parse(applied.out)).toMatchObject({ repository: 'acme/shop' })
    expect(applied.err).toContain('Created the ruleset "Release gate".')
  })

  it('with --apply as an administrator makes it, after which the doctor finds no drift', async () => {
    expect((await world.diagnose()).some(isDrift)).toBe(true)
    const { out, err, code } = await apply('ada')
    expect({ err, code }).toEqual({ err: '', code: 0 })
    expect(out).toContain('Created the ruleset "Release gate".')
    expect(await made()).toEqual(everything)
    expect((await world.diagnose(world.person('ada'))).filter(isDrift)).toEqual([])
  })

  it('takes the token from GITHUB_TOKEN, and never tells it', async () => {
    const GITHUB_TOKEN = token('ada')
    const { out, err, code } = await setup(['--apply'], { GITHUB_TOKEN })
    expect(code).toBe(0)
    expect(out + err).not.toContain(GITHUB_TOKEN)
  })

  it('a second time has nothing to do and writes nothing', async () => {
    await apply('ada')
    world.github.requests.reset()
    expect(await apply('ada')).toEqual({ out: 'acme/shop: nothing to do.\n', err: '', code: 0 })
    expect(world.github.requests.peopleCounts.writes).toBe(0)
    expect(await made()).toEqual(everything)
  })

  it('fixes its own ruleset that somebody has turned off, and leaves who may bypass it', async () => {
    await apply('ada')
    const ada = world.as('ada').repos
    const [ruleset] = (await ada.getRepoRulesets({ ...world.repo })).data
    const at = { ...world.repo, ruleset_id: ruleset?.id ?? 0 }
    const bypass = [
      { actor_id: 5, actor_type: 'RepositoryRole' as const, bypass_mode: 'pull_request' as const },
    ]
    await ada.updateRepoRuleset({ ...at, enforcement: 'disabled', bypass_actors: bypass })
    expect((await apply('ada')).out).toContain('Updated the ruleset "Release gate".')
    const { data } = await ada.getRepoRuleset(at)
    expect(data).toMatchObject({ enforcement: 'active', bypass_actors: bypass })
    expect((await made()).rulesets).toEqual(['Release gate'])
  })

  it.each([
    ['that somebody made in the meantime is as good', 'already_exists', 0],
    ['that GitHub does not take is reported', 'invalid', 2],
  ])('a label %s', async (_, reason, exit) => {
    world.github.faults.add({
      kind: 'status',
      status: 422,
      method: 'POST',
      path: '/repos/acme/shop/labels',
      body: { message: 'Validation Failed', errors: [{ resource: 'Label', code: reason, field: 'name' }] },
    })
    const { err, code } = await apply('ada')
    expect(code).toBe(exit)
    if (exit !== 0) expect(err).toContain('1 of 4 steps were done.')
  })

  it('requires the check from the App alone: a green check that somebody else posts lets nothing through', async () => {
    await apply('ada')
    const number = await world.openPull('wim', 'try', { 'TRY.md': 'x' })
    await world.as('ada').repos.createCommitStatus({
      ...world.repo,
      sha: await world.headOf(number),
      state: 'success',
      context: 'Release gate',
    })
    const merging = world.as('ada').pulls.merge({ ...world.repo, pull_number: number })
    await expect(merging).rejects.toMatchObject({ status: 405 })
  })
})

describe('setup refuses, with nothing done', () => {
  beforeEach(async () => {
    world = await aWorld()
  })

  it.each([
    ['without a token', () => setup(['--apply']), "--apply needs an administrator's token"],
    ['as someone who can only write', () => apply('wim'), 'this user is not an administrator of acme/shop'],
    ['as a maintainer', () => apply('mary'), 'this user is not an administrator of acme/shop'],
    [
      'with a token that GitHub does not know',
      () => setup(['--apply', '--token', 'ghp_wrong']),
      'does not accept this token',
    ],
    [
      'for a repository that the App is not on',
      () => runCommandOn('acme/gone', ['--token', token('ada')]),
      'is not installed on this repository',
    ],
    ['for what is not a repository', () => runCommandOn('gone', []), 'is not a repository name'],
  ])('%s', async (_, run, says) => {
    const { out, err, code } = await run()
    expect({ out, code }).toEqual({ out: '', code: 2 })
    expect(err).toContain(says)
    expect(await made()).toEqual(nothing)
  })

  it.each([
    ['the plan', []],
    ['--apply', ['--apply', '--token', 'ghp_any']],
  ])('where GitHub cannot be reached, with exit code 3: %s', async (_, words) => {
    const away = await closedAddress()
    const { out, err, code } = await setup(words, { GITHUB_API_URL: away })
    expect({ out, code }).toEqual({ out: '', code: 3 })
    expect(err).toContain(`GitHub cannot be reached at ${away} (GITHUB_API_URL): connect ECONNREFUSED`)
  })

  it('where the token of an administrator may not edit rulesets, in the words of GitHub', async () => {
    world.github.faults.add({
      kind: 'status',
      status: 403,
      method: 'POST',
      path: '/repos/acme/shop/rulesets',
      body: { message: 'Resource not accessible by personal access token' },
    })
    const { err, code } = await apply('ada')
    expect(code).toBe(2)
    expect(err).toContain('Resource not accessible by personal access token')
    expect(err).toContain('Administration: write')
    expect(err).toContain('Nothing was changed.')
    expect(await made()).toEqual(nothing)
  })
})

function runCommandOn(repository: string, words: string[]) {
  return setup(['--repository', repository, ...words])
}

describe('setup without a policy', () => {
  it('makes the labels, shows a policy, and does not require the check: it would block everything', async () => {
    world = await aWorld({})
    const { out, code } = await apply('ada')
    expect(code).toBe(1)
    expect(out).toContain('Commit a policy as .github/release-gate.yml')
    expect(out).toContain('release_window:')
    expect(await made()).toEqual({ rulesets: [], labels: ['release', 'hold'] })
    const main = await world.as('ada').repos.listCommits({ ...world.repo })
    expect(main.data).toHaveLength(1)
  })

  it('and when there is one, does the rest', async () => {
    world = await aWorld({})
    await apply('ada')
    const copy = await world.github.workingCopy('acme/shop', 'ada')
    await copy.write({ '.github/release-gate.yml': policy })
    await copy.commit('Write the policy')
    await copy.push({ ref: 'main' })
    expect((await apply('ada')).code).toBe(0)
    expect((await made()).rulesets).toEqual(['Release gate'])
    expect((await made()).labels.sort()).toEqual(['hold', 'release', 'urgent'])
  })
})
