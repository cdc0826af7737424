import { afterAll, beforeAll, expect, test } from 'vitest'
import { recordPush } from '../../src/merges/pushes.ts'
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

test('a push that is recorded already is known again without asking for its commits', async () => {
  const shop = await desk.shop({
    files: { '.github/release-gate.yml': 'gates: { approvals: {} }\n', 'README.md': '# Shop\n' },
  })
  const { owner, repo } = shop
  const { data } = await desk.as('olga').rest.git.getRef({ owner, repo, ref: 'heads/main' })
  const after = await shop.push('olga', 'main', { 'src/a.ts': 'x\n' }, { from: 'origin/main' })
  const asked: string[] = []
  const github = desk.app((input, options) => {
    asked.push(input instanceof Request ? input.url : String(input))
    return fetch(input, options)
  })
  const { id: repositoryId } = (await desk.as('olga').rest.repos.get({ owner, repo })).data
  const log = { info: () => undefined, warn: () => undefined }
  const shell = { database, github: async () => github, now: desk.now, log } as unknown as MergeShell
  const repository = { installationId: desk.installationId, repositoryId, owner, repo }
  const range = { branch: 'main', before: data.object.sha, after }
  const record = () => recordPush(shell, github, repository, range, new AbortController().signal)
  const askedForCommits = () => asked.filter((url) => /\/commits\/[0-9a-f]+\/pulls/.test(url)).length
  const key = await record()
  expect(key).toMatch(after)
  expect(askedForCommits()).toBe(1)
  expect(await record()).toBe(key)
  expect(askedForCommits()).toBe(1)
  expect(await database.query('SELECT 1 FROM release_gate.landings')).toHaveLength(1)
})
