import { afterEach, expect, it } from 'vitest'
import { keptSharedOf } from '../../src/doctor/kept-shared.ts'
import { openDatabase } from '../../src/store/database/open.ts'
import { keepShared } from '../../src/store/policies.ts'
import { aPostgresUrl } from '../support/databases.ts'
import { aWorld, type World } from './world.ts'

const path = '.github/release-gate.yml'
const shared = 'locked: [approvals]\ngates: { approvals: { count: 2 } }\n'

let world: World
afterEach(() => world?.github.close())

const addShared = (files: Record<string, string>) =>
  world.github.addRepository({ owner: 'acme', name: '.github', private: true, files })

/** What is found where the policy of the repository with this id applied last. */
async function lost(repositoryId: number | null, blob = 'another') {
  const keptShared = async () => ({ blob, repositoryId, locks: 'approvals' })
  const found = await world.diagnose({ keptShared })
  return found.filter(({ rule }) => rule === 'organization-policy-lost')
}

it("names an organization's policy that applied before and can't be read now, which no pull request can fix", async () => {
  world = await aWorld()
  expect(await lost(7)).toMatchObject([
    {
      repository: 'acme/shop',
      severity: 'error',
      what: expect.stringMatching(/^Every check fails: the organization's policy can no longer be read/),
      fix: expect.stringContaining('An owner of acme can give the App access to the repository acme/.github'),
    },
  ])
})

it('names one that was replaced, though its policy is valid, and not in its own repository', async () => {
  world = await aWorld()
  const { id } = await addShared({ [path]: shared })
  expect(await lost(id + 1)).toMatchObject([
    { repository: 'acme/shop', fix: expect.stringContaining('`release-gate policy accept acme`') },
  ])
})

it('names none where the file changed or was removed in the same repository, or none applied', async () => {
  world = await aWorld()
  const { id } = await addShared({ 'README.md': '#\n' })
  expect(await lost(id)).toEqual([])
  expect(await lost(null)).toEqual([])
  const none = await world.diagnose({ keptShared: async () => undefined })
  expect(none.map(({ rule }) => rule)).not.toContain('organization-policy-lost')
})

it('names none where there is no policy file at all, so that nothing is checked', async () => {
  world = await aWorld({})
  expect(await lost(7)).toEqual([])
})

it("the command reads what applied last from the bot's Postgres, and knows nothing where it can't", async () => {
  const url = await aPostgresUrl()
  const before = { blob: 'b1', repositoryId: 7, locks: 'approvals' }
  expect(await keptSharedOf({ database: { url } }).keptShared?.(5)).toBeUndefined()
  const database = await openDatabase({ url })
  await keepShared(database, 5, before)
  await database.close()
  expect(await keptSharedOf({ database: { url } }).keptShared?.(5)).toEqual(before)
  expect(await keptSharedOf({ database: { url } }).keptShared?.(6)).toBeUndefined()
})
