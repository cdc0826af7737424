import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { recordReleaseBaseline } from '../../src/staging/requests.ts'
import type { Database } from '../../src/store/database.ts'
import { hashOfReport, latestBaseline, saveEvidence } from '../../src/store/evidence.ts'
import { markChanged } from '../../src/store/verdicts/changes.ts'
import { aWorld, clearState, type World } from '../support/closing.ts'
import { aDatabase } from '../support/databases.ts'
import { aPolicy } from '../support/snapshot.ts'

/** Which pull requests a run on staging, and a release, concern beside their own. */

const repository = { installationId: 1, repositoryId: 2 }
const policy = aPolicy({ staging_regression: {} })
const treeOf = (letter: string) => letter.repeat(40)
let database: Database
let world: World
let runs = 0

beforeAll(async () => {
  database = await aDatabase()
})
beforeEach(async () => {
  await clearState(database)
  world = aWorld(database)
})
afterAll(() => database.close())

const read = (number: number, tree: string, what: Parameters<World['read']>[1] = {}, by = policy) =>
  world.read(number, { regression: { tree: treeOf(tree), deployments: [], runs: [] }, ...what }, by)

async function runOn(number: number, tree: string): Promise<void> {
  const report = '{}'
  await saveEvidence(database, repository, {
    runId: `tested-again-${++runs}`,
    headSha: world.headOf(number).sha,
    tree: treeOf(tree),
    server: 'staging',
    environment: 'staging',
    suite: 'suite.yml',
    suiteText: null,
    deploymentId: null,
    serverName: null,
    serverVersion: null,
    verdict: 'failed',
    summary: 'failed',
    startedAt: world.now().toISOString(),
    hash: hashOfReport(report),
    report,
    recorded: '{"tools":[]}',
    baselineId: null,
    requestedBy: null,
    settings: null,
  })
}

test('a tested head: its pull request, and those with the content that was tested', async () => {
  for (const [number, tree] of [
    [1, 'a'],
    [2, 'a'],
    [3, 'b'],
  ] as const)
    await read(number, tree)
  await read(4, 'a', { state: 'closed' })
  const changed = async () => {
    const found = await markChanged(database, { ...repository, testedSha: world.headOf(1).sha })
    return found.map(({ pull }) => pull.number).sort()
  }
  expect(await changed()).toEqual([1])
  await runOn(1, 'a')
  expect(await changed()).toEqual([1, 2])
})

test('a release becomes the baseline together with the evaluation of the others, or not at all', async () => {
  await read(2, 'b')
  await read(3, 'c', {}, aPolicy({ approvals: {} }))
  const merged = await read(1, 'd', { state: 'merged' })
  await runOn(1, 'd')
  const asked: { number: number; within: boolean }[] = []
  const release = (fails: boolean) =>
    recordReleaseBaseline(
      {
        database,
        queue: {
          ...world.shell.queue,
          enqueueRegression: async () => undefined,
          enqueueRecheck: async () => undefined,
          enqueueEvaluate: async ({ number }, { tx } = {}) => {
            if (fails) throw new Error('the process ends here')
            asked.push({ number, within: tx !== undefined })
          },
        },
      },
      merged,
      world.now(),
    )
  await expect(release(true)).rejects.toThrow('ends here')
  expect(await latestBaseline(database, repository, 'staging')).toBeUndefined()
  await release(false)
  expect(await latestBaseline(database, repository, 'staging')).toMatchObject({ headSha: merged.headSha })
  await release(false)
  expect(asked).toEqual([{ number: 2, within: true }])
})
