import { afterAll, beforeAll, expect, test } from 'vitest'
import { decide } from '../../src/decision/verdict.ts'
import { parsePolicy } from '../../src/policy/policy-file.ts'
import { statusOf } from '../../src/server/status-report.ts'
import { savePostedRun } from '../../src/store/check-runs.ts'
import type { Database } from '../../src/store/database.ts'
import { saveMonitor } from '../../src/store/monitors.ts'
import { keepValidPolicy } from '../../src/store/policies.ts'
import { nextGeneration, saveVerdict } from '../../src/store/verdicts.ts'
import { boardNow, factsOf, headOf, shop, verdictOn } from '../support/board-world.ts'
import { aDatabase } from '../support/databases.ts'

/** How often the status asks the database about what pull requests share. */

const pay = { ...shop, repositoryId: 51, repo: 'pay' }
const wallet = { ...shop, repositoryId: 52, repo: 'wallet' }
const naming = (monitor: number) =>
  `gates: { release_window: {}, production_health: { monitors: [{ id: ${monitor}, name: Errors }] } }\n`

let database: Database
beforeAll(async () => {
  database = await aDatabase()
  await saveMonitor(database, 5, 'Alert', boardNow)
  for (const repository of [pay, wallet])
    await keepValidPolicy(database, repository, { text: naming(5), blob: 'b' })
})
afterAll(() => database.close())

async function open(repository: typeof shop, number: number, text = naming(5)): Promise<void> {
  const read = parsePolicy(text)
  if (!read.ok) throw new Error('the policy of the test is invalid')
  const { policy } = read
  const snapshot = factsOf(repository, number)
  const { state } = decide(snapshot, policy)
  const stored = verdictOn(snapshot, await nextGeneration(database))
  await saveVerdict(database, { ...stored, policy, state })
}

async function status() {
  let queries = 0
  const query: Database['query'] = (sql, values) => {
    queries += 1
    return database.query(sql, values)
  }
  const counting = { ...database, query } as Database
  const { repositories } = await statusOf({ database: counting, now: () => boardNow })
  return { pulls: repositories.flatMap(({ pulls }) => pulls), queries }
}

async function statusIn(repo: string) {
  const { repositories } = await statusOf({ database, now: () => boardNow })
  return repositories.find(({ repository }) => repository === `acme/${repo}`)?.pulls ?? []
}

test('the monitors of a policy are read once for all pull requests of an installation that name them', async () => {
  await open(pay, 1)
  const one = await status()
  expect(one.pulls).toMatchObject([{ check: expect.stringContaining('Production alert') }])
  for (let number = 2; number < 12; number++) await open(pay, number)
  await open(wallet, 1)
  const many = await status()
  expect(many.pulls).toHaveLength(12)
  for (const { check } of many.pulls) expect(check).toContain('Production alert')
  expect(many.queries).toBe(one.queries)
  await open(pay, 12, naming(6))
  expect((await status()).queries).toBeGreaterThan(many.queries)
})

test('a pull request is green only where its check is, and says what its check says instead', async () => {
  const policy = 'gates: { hold: {} }\n'
  const single = { ...shop, repositoryId: 53, repo: 'single' }
  await keepValidPolicy(database, single, { text: policy, blob: 'c' })
  const checks = [
    { state: 'passed', title: 'Ready to merge' },
    { state: 'waiting', title: 'Ready; waiting for its turn' },
    { state: 'failed', title: '#9: On hold' },
  ] as const
  for (const [index, check] of checks.entries()) {
    await open(single, index + 1, policy)
    const head = { ...single, sha: headOf(index + 1) }
    const run = {
      ...check,
      externalId: `x${index}`,
      runId: index + 1,
      digest: 'd',
      postedAt: boardNow,
      reportOnly: false,
    }
    await savePostedRun(database, head, run, boardNow)
  }
  await open(single, 4, policy)
  expect((await statusIn('single')).map(({ state, check }) => [state, check])).toEqual([
    ['green', 'Ready to merge'],
    ['ready', 'Ready; waiting for its turn'],
    ['not ready', '#9: On hold'],
    ['ready', 'Ready to merge'],
  ])
})

test('a pull request is listed where its policy is invalid, with what its check says', async () => {
  const broken = { ...shop, repositoryId: 54, repo: 'broken' }
  await keepValidPolicy(database, broken, { text: naming(5), blob: 'd' })
  const stored = verdictOn(factsOf(broken, 1), await nextGeneration(database))
  const report = { ...stored.report, title: 'The policy has 1 error' }
  await saveVerdict(database, { ...stored, policy: undefined, state: 'failed', report })
  await saveVerdict(database, {
    ...verdictOn(factsOf(broken, 2), await nextGeneration(database)),
    counts: false,
  })
  expect(await statusIn('broken')).toMatchObject([
    { number: 1, state: 'not ready', check: 'The policy has 1 error' },
  ])
})
