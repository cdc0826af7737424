import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { doctorCommand } from '../../src/commands/doctor.ts'
import { setupCommand } from '../../src/commands/setup.ts'
import type { Diagnosis } from '../../src/doctor/diagnosis.ts'
import { startSlack } from '../../src/sandbox/slack.ts'
import { aWorld, closedAddress, requiredCheck, rulesetBody, type World } from '../doctor/world.ts'
import { aFolder } from '../support/databases.ts'
import { runCommand } from './command-run.ts'

let world: World
let env: Record<string, string>

beforeAll(async () => {
  world = await aWorld()
  const { id, privateKey, webhookSecret } = world.github.app
  env = {
    APP_ID: String(id),
    PRIVATE_KEY: privateKey,
    WEBHOOK_SECRET: webhookSecret,
    GITHUB_API_URL: world.github.url,
    DATA_DIR: await aFolder(),
  }
})

afterAll(() => world.github.close())

/** Back to a repository where nothing is set up. */
afterEach(async () => {
  const ada = world.as('ada').repos
  const { data } = await ada.getRepoRulesets({ ...world.repo })
  for (const { id } of data) await ada.deleteRepoRuleset({ ...world.repo, ruleset_id: id })
})

const doctor = (words: string[] = [], more: Record<string, string> = {}) =>
  runCommand(doctorCommand(), words, { ...env, ...more })

const setUp = () =>
  runCommand(
    setupCommand(),
    ['--repository', 'acme/shop', '--apply', '--token', world.github.tokenFor('ada')],
    env,
  )

const diagnosesOf = (out: string): Diagnosis[] => JSON.parse(out).diagnoses
const hidden = (out: string) => diagnosesOf(out).filter(({ rule }) => rule === 'bypass-hidden')

describe('doctor', () => {
  it('where nothing enforces the gate: drift, exit code 1, each with what to do', async () => {
    const { out, err, code } = await doctor()
    expect({ err, code }).toEqual({ err: '', code: 1 })
    expect(out).toContain('acme/shop')
    expect(out).toMatch(/Drift: 1 error, 3 warnings\./)
  })

  it('where `setup` has been: all well, exit code 0, and it says what it may not read', async () => {
    expect((await setUp()).code).toBe(0)
    const { out, code } = await doctor(['--json'])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ ok: true })
    expect(hidden(out)).toMatchObject([
      { severity: 'unknown', fix: expect.stringContaining('doctor --token') },
    ])
  })

  it.each([
    ['--token', (token: string) => doctor(['--json', '--token', token])],
    ['GITHUB_TOKEN', (token: string) => doctor(['--json'], { GITHUB_TOKEN: token })],
  ])('reads as an administrator with %s, and never tells the token', async (_, run) => {
    const body = rulesetBody(world, {
      bypass_actors: [{ actor_id: 5, actor_type: 'RepositoryRole', bypass_mode: 'exempt' }],
    })
    await world.as('ada').repos.createRepoRuleset({ ...world.repo, ...body })
    const token = world.github.tokenFor('ada')
    const { out, err, code } = await run(token)
    expect(code).toBe(1)
    expect(hidden(out)).toEqual([])
    expect(diagnosesOf(out)).toContainEqual(
      expect.objectContaining({ rule: 'bypass-exempt', severity: 'error' }),
    )
    expect(out + err).not.toContain(token)
  })

  it('finds an unpinned check in the list as in the JSON', async () => {
    const body = rulesetBody(world, { rules: [requiredCheck()] })
    await world.as('ada').repos.createRepoRuleset({ ...world.repo, ...body })
    const [shown, json] = [await doctor(), await doctor(['--json'])]
    expect(shown.out.replace(/\s+/g, ' ')).toContain('ERROR')
    expect(diagnosesOf(json.out)[0]).toMatchObject({ rule: 'check-unpinned', repository: 'acme/shop' })
  })

  it('looks at one repository alone', async () => {
    await world.github.addRepository({ owner: 'acme', name: 'blog', files: { 'README.md': '# Blog\n' } })
    const { out } = await doctor(['--repository', 'acme/blog', '--json'])
    const places = new Set(diagnosesOf(out).map(({ repository }) => repository))
    expect([...places].sort()).toEqual(['acme/blog', 'this machine'])
  })

  it('looks at Slack only where there is a token', async () => {
    const slack = await startSlack()
    try {
      const names = (out: string) => diagnosesOf(out).map(({ about }) => about)
      const using = { SLACK_BOT_TOKEN: slack.token, SLACK_API_URL: slack.url }
      expect(names((await doctor(['--json'], using)).out)).toContain('Slack')
      expect(names((await doctor(['--json'])).out)).not.toContain('Slack')
    } finally {
      await slack.close()
    }
  })
})

describe('a usage error, exit code 2', () => {
  it('a repository that is not a name', async () => {
    expect(await doctor(['--repository', 'shop'])).toMatchObject({
      out: '',
      err: expect.stringContaining('"shop" is not a repository name. Example: "acme/shop"'),
      code: 2,
    })
  })

  it('a token that GitHub does not know', async () => {
    expect(await doctor(['--token', 'ghp_wrong'])).toMatchObject({
      out: '',
      err: expect.stringContaining('GitHub does not accept this token'),
      code: 2,
    })
  })

  it('settings that are missing, each named', async () => {
    expect(await doctor([], { APP_ID: '' })).toMatchObject({
      out: '',
      err: expect.stringContaining('APP_ID'),
      code: 2,
    })
  })
})

describe('GitHub that does not answer is not a usage error: exit code 3', () => {
  it.each([
    ['as the App', []],
    ['as a person', ['--token', 'ghp_any']],
  ])('%s', async (_, words) => {
    const away = await closedAddress()
    const { out, err, code } = await doctor(words, { GITHUB_API_URL: away })
    expect({ out, code }).toEqual({ out: '', code: 3 })
    expect(err).toContain(`GitHub cannot be reached at ${away} (GITHUB_API_URL): connect ECONNREFUSED`)
    expect(err).not.toContain('ghp_any')
  })

  it('when it answers with an error of its own', async () => {
    world.github.faults.add({ kind: 'status', status: 502, path: '/app', times: 1 })
    const { err, code } = await doctor()
    expect(code).toBe(3)
    expect(err).toContain(
      `GitHub cannot be reached at ${world.github.url} (GITHUB_API_URL): it answered HTTP 502.`,
    )
  })

  it.each(['/app', '/repos/acme/shop/rulesets'])('when its limit is reached at %s', async (fault) => {
    world.github.faults.add({ kind: 'secondary-rate-limit', path: fault, times: 1 })
    const { err, code } = await doctor()
    expect([code, err]).toEqual([3, expect.stringMatching(/^GitHub's rate limit is reached; again at /)])
  })
})
