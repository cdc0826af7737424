import { afterAll, beforeAll, expect, test } from 'vitest'
import { recordDirectPushes } from '../../src/merges/direct-pushes.ts'
import type { MergeShell } from '../../src/merges/shell.ts'
import type { Database } from '../../src/store/database.ts'
import { aDatabase } from '../support/databases.ts'
import { aDesk, type Desk } from '../support/desk.ts'

let desk: Desk
let database: Database
beforeAll(async () => {
  desk = await aDesk()
  database = await aDatabase()
})
afterAll(async () => {
  await desk.close()
  await database.close()
})

/** A repository with a direct push, and what records it; `late` hides the push in GitHub's activity. */
async function aPush() {
  const shop = await desk.shop({
    files: { '.github/release-gate.yml': 'gates: { approvals: {} }\n', 'README.md': '# Shop\n' },
  })
  const { owner, repo } = shop
  const { data } = await desk.as('olga').rest.git.getRef({ owner, repo, ref: 'heads/main' })
  const before = data.object.sha
  const after = await shop.push('olga', 'main', { 'src/a.ts': 'x\n' }, { from: 'origin/main' })
  const github = { late: false, asked: [] as string[] }
  const app = desk.app(async (input, options) => {
    const url = input instanceof Request ? input.url : String(input)
    github.asked.push(url)
    if (!github.late || !/\/activity\?/.test(url)) return fetch(input, options)
    const empty = new Response('[]', { headers: { 'content-type': 'application/json' } })
    return Object.defineProperty(empty, 'url', { value: url })
  })
  const { id: repositoryId } = (await desk.as('olga').rest.repos.get({ owner, repo })).data
  const log = { info: () => undefined, warn: () => undefined }
  const shell = { database, github: async () => app, now: desk.now, log } as unknown as MergeShell
  const repository = { installationId: desk.installationId, repositoryId, owner, repo }
  const range = { branch: 'main', before, after }
  return {
    ...{ shop, github, range },
    record: (attempt = 1) =>
      recordDirectPushes(shell, app, repository, { range, attempt }, new AbortController().signal),
    landings: () =>
      database.query<{ notice: string }>(
        'SELECT notice::text AS notice FROM release_gate.landings WHERE repository_id = $1',
        [repositoryId],
      ),
  }
}

test('a push that is recorded already is known again without asking for its commits', async () => {
  const { github, range, record, landings } = await aPush()
  const askedForCommits = () => github.asked.filter((url) => /\/commits\/[0-9a-f]+\/pulls/.test(url)).length
  const [key, ...more] = await record()
  expect(key).toMatch(range.after)
  expect(more).toEqual([])
  expect(askedForCommits()).toBe(1)
  expect(await record()).toEqual([key])
  expect(askedForCommits()).toBe(1)
  expect(await landings()).toHaveLength(1)
})

test('a push that GitHub does not list yet is recorded once it is, with who made it', async () => {
  const { github, record, landings } = await aPush()
  github.late = true
  for (const attempt of [1, 5]) await expect(record(attempt)).rejects.toThrow('does not list the push')
  expect(await landings()).toEqual([])
  github.late = false
  await record(6)
  expect(await landings()).toMatchObject([{ notice: expect.stringContaining('olga') }])
})

test('a push that GitHub lists only after it was recorded is known again', async () => {
  const { github, record, landings } = await aPush()
  github.late = true
  const keys = await record(6)
  expect(await landings()).toHaveLength(1)
  github.late = false
  expect(await record(7)).toEqual(keys)
  expect(await landings()).toHaveLength(1)
})

test('the same commit that is pushed again after such a push is another one', async () => {
  const { shop, github, range, record, landings } = await aPush()
  github.late = true
  await record(6)
  desk.later(5)
  const to = (sha: string) =>
    desk
      .as('olga')
      .rest.git.updateRef({ owner: shop.owner, repo: shop.repo, ref: 'heads/main', sha, force: true })
  await to(range.before)
  desk.later(5)
  await to(range.after)
  github.late = false
  await record()
  expect(await landings()).toHaveLength(2)
})
