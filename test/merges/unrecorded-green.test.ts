import { afterAll, beforeAll, expect, test } from 'vitest'
import { recordMerge } from '../../src/merges/recording.ts'
import type { MergeShell } from '../../src/merges/shell.ts'
import { readRecords } from '../../src/store/audit.ts'
import { savePostedRun } from '../../src/store/check-runs.ts'
import type { Database } from '../../src/store/database.ts'
import { client } from '../sandbox/github/house.ts'
import { aDatabase } from '../support/databases.ts'
import { aDesk, type Desk } from '../support/desk.ts'

let desk: Desk
let database: Database
let foreign: string
beforeAll(async () => {
  desk = await aDesk()
  database = await aDatabase()
  foreign = desk.github.otherApp('forger').install('acme').token
})
afterAll(async () => {
  await desk.close()
  await database.close()
})

/** What the record of a merge says of the check, where GitHub's answer to its last write, which made it green, was lost. */
async function recordedAfter(run: { by: 'own' | 'other App'; completedAfter: number }) {
  const shop = await desk.shop({
    files: { '.github/release-gate.yml': 'gates: { approvals: {} }\n', 'README.md': '# Shop\n' },
  })
  const { owner, repo } = shop
  const pull = await shop.open('ana', { 'src/a.ts': 'x\n' })
  const { id: repositoryId } = (await desk.as('olga').rest.repos.get({ owner, repo })).data
  await desk.as('eva').rest.pulls.merge({ owner, repo, pull_number: pull.number })
  const mergedAt = desk.now()
  const head = { installationId: desk.installationId, repositoryId, owner, repo, sha: pull.sha }
  const lost = { externalId: `lost in ${repo}`, runId: null, state: 'passed' as const }
  await savePostedRun(
    database,
    head,
    { ...lost, title: 'Ready to merge', digest: '', postedAt: mergedAt, reportOnly: false },
    mergedAt,
  )
  const app = run.by === 'own' ? desk.app() : client(desk.github.url, foreign)
  await app.rest.checks.create({
    owner,
    repo,
    name: 'Release gate',
    head_sha: pull.sha,
    external_id: lost.externalId,
    conclusion: 'success',
    completed_at: new Date(mergedAt.getTime() + run.completedAfter * 1000).toISOString(),
    output: { title: 'Ready to merge', summary: '' },
  })
  const log = { info: () => undefined, warn: () => undefined }
  const shell = { database, github: async () => desk.app(), now: desk.now, log } as unknown as MergeShell
  expect(await recordMerge({ shell, github: desk.app(), pull: shop.refOf(pull), attempt: 1 })).toBe(true)
  const merged = []
  for await (const { kind, body } of readRecords(database, desk.installationId))
    if (kind === 'merged' && (body as { repository?: { name?: string } }).repository?.name === repo)
      merged.push(body)
  expect(merged).toHaveLength(1)
  return (merged[0] as { posted: unknown }).posted
}

test.each([
  ['a minute before the merge', -60],
  ['three seconds after it, as the clocks may differ', 3],
])('a green check whose answer was lost counts where it was completed %s', async (_, completedAfter) => {
  expect(await recordedAfter({ by: 'own', completedAfter })).toMatchObject({
    conclusion: 'success',
    title: 'Ready to merge',
  })
})

test.each<[string, Parameters<typeof recordedAfter>[0]]>([
  ['was completed four seconds after the merge', { by: 'own', completedAfter: 4 }],
  ["is another App's", { by: 'other App', completedAfter: -60 }],
])('one that %s does not count', async (_, run) => {
  expect(await recordedAfter(run)).toBeNull()
})
