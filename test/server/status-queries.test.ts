import { afterAll, beforeAll, expect, test } from 'vitest'
import { decide } from '../../src/decision/verdict.ts'
import { parsePolicy } from '../../src/policy/policy-file.ts'
import { statusOf } from '../../src/server/status-report.ts'
import type { Database } from '../../src/store/database.ts'
import { saveMonitor } from '../../src/store/monitors.ts'
import { keepValidPolicy } from '../../src/store/policies.ts'
import { nextGeneration, saveVerdict } from '../../src/store/verdicts.ts'
import { boardNow, factsOf, shop, verdictOn } from '../support/board-world.ts'
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
