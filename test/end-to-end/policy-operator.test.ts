import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { cast, setUpRepositories, type Workshop } from '../../src/sandbox/workshop.ts'
import { aStage } from '../support/stage.ts'

const path = '.github/release-gate.yml'
const kept =
  'gates: { approvals: { count: 1 }, staging_regression: { server: retired }, production_health: { monitors: [{ id: 7, name: Errors }] } }\n'

let stage: Stage
let shop: Workshop
let organization: Workshop
let old: Workshop
beforeAll(async () => {
  stage = await aStage({
    at: new Date('2026-11-24T18:10:00Z'),
    env: {
      SERVER_STAGING_URL: 'http://127.0.0.1:9',
      SERVER_STAGING_REPOSITORIES: 'foodyepay/shop, foodyepay/old',
      SERVER_ELSEWHERE_URL: 'http://127.0.0.1:9',
      SERVER_ELSEWHERE_REPOSITORIES: 'foodyepay/tools',
    },
  })
  cast(stage)
  stage.github.installApp('foodyepay')
  shop = await setUpRepositories(stage, { repo: 'shop', policy: 'gates: { approvals: { count: 1 } }\n' })
  old = await setUpRepositories(stage, { repo: 'old', policy: kept })
  organization = await setUpRepositories(stage, { repo: '.github', policy: 'gates: { approvals: {} }\n' })
})
afterAll(() => stage.close())
/** The checks that can be written in a minute are limited. */
beforeEach(() => stage.moveTo(new Date(stage.now().getTime() + 120_000)))

let count = 0
async function checkOf(policy: string, where = shop) {
  const branch = `change-${++count}`
  const change = await where.openPull('ana', { branch, title: branch, files: { [path]: policy } })
  return where.check(change)
}

test.each([
  [
    'a server that is not configured',
    'gates:\n  staging_regression:\n    server: stagin\n',
    ':3:13',
    'has not configured a server named stagin',
  ],
  [
    'a server that is not configured, in an override',
    'gates: { approvals: {} }\noverrides:\n  - name: o\n    when: { branches: [main] }\n    gates: { staging_regression: { server: gone } }\n',
    ':5:44',
    'has not configured a server named gone',
  ],
  [
    'a server that other repositories may use',
    'gates:\n  staging_regression: { server: elsewhere }\n',
    ':2:33',
    'does not allow foodyepay/shop to use the server elsewhere',
  ],
  [
    'a monitor, without the keys of Datadog',
    'gates:\n  approvals: {}\n  production_health:\n    monitors: [{ id: 7, name: Errors }]\n',
    ':4:15',
    'has not set DATADOG_API_KEY and DATADOG_APP_KEY',
  ],
  [
    'a monitor, without the keys of Datadog, in an override',
    'gates: { approvals: {} }\noverrides:\n  - name: o\n    when: { branches: [main] }\n    gates: { production_health: { monitors: [{ id: 7, name: Errors }] } }\n',
    ':5:45',
    'has not set DATADOG_API_KEY and DATADOG_APP_KEY',
  ],
])(
  'a pull request that adds to the policy what the operator has not configured fails at its place: %s',
  async (_, policy, place, why) => {
    const check = await checkOf(policy)
    expect(check).toMatchObject({ conclusion: 'failure' })
    expect(check?.title).toContain('makes the policy invalid')
    expect(check?.summary).toContain(`${path}${place}`)
    expect(check?.summary).toContain(why)
  },
)

test.each([
  ['a server that the repository may use', 'gates: { approvals: {}, staging_regression: {} }\n'],
  [
    'a server and a monitor that are not configured, in a policy that only reports',
    'enforce: false\ngates: { staging_regression: { server: gone }, production_health: { monitors: [{ id: 7, name: Errors }] } }\n',
  ],
])('one that adds %s does not', async (_, policy) => {
  const check = await checkOf(policy)
  expect(check).toBeDefined()
  expect(check?.title).not.toContain('makes the policy invalid')
})

test('one that leaves a server and a monitor that were there before as they are does not', async () => {
  const check = await checkOf(kept.replace('count: 1', 'count: 2'), old)
  expect(check?.summary).toContain('### Effect of this policy')
  expect(check?.title).not.toContain('makes the policy invalid')
})

test("in an organization's policy, a server only needs to be configured: other repositories use it", async () => {
  const elsewhere = await checkOf('gates: { staging_regression: { server: elsewhere } }\n', organization)
  expect(elsewhere?.summary).toContain('### Effect of this policy')
  expect(elsewhere?.title).not.toContain('makes the policy invalid')
  const gone = await checkOf('gates: { staging_regression: { server: gone } }\n', organization)
  expect(gone).toMatchObject({ conclusion: 'failure' })
  expect(gone?.summary).toContain(`${path}:1:40`)
})

test('one that makes a policy block that only reported reports each name that was not looked up before', async () => {
  const gates = 'gates: { staging_regression: { server: gone }, approvals: { teams: [nobody] } }\n'
  const reports = await setUpRepositories(stage, { repo: 'reports', policy: `enforce: false\n${gates}` })
  const check = await checkOf(`enforce: true\n${gates}`, reports)
  expect(check?.title).toMatch(/^Report only: This change makes the policy invalid/)
  expect(check?.summary).toContain('has not configured a server named gone')
  expect(check?.summary).toContain('the team "nobody" does not exist')
  const still = await checkOf(`enforce: false\n# The same\n${gates}`, reports)
  expect(still?.title).not.toContain('makes the policy invalid')
})
