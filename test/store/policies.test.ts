import { beforeAll, expect, test } from 'vitest'
import type { Database } from '../../src/store/database.ts'
import { keepValidPolicy, keptPolicies, lastValidPolicy } from '../../src/store/policies.ts'
import { describeOnBoth } from '../support/databases.ts'

const aShop = { installationId: 1, repositoryId: 2, owner: 'octo-org', repo: 'shop' }

describeOnBoth('the last valid policy of a repository', (open) => {
  let db: Database
  beforeAll(async () => {
    db = await open()
  })

  test('is nothing before there was one, and then the newest', async () => {
    expect(await lastValidPolicy(db, aShop)).toBeUndefined()
    await keepValidPolicy(db, aShop, { text: 'one', blob: 'a' })
    await keepValidPolicy(db, aShop, { text: 'two', blob: 'b' })
    expect(await lastValidPolicy(db, aShop)).toBe('two')
    expect(await lastValidPolicy(db, { ...aShop, repositoryId: 3 })).toBeUndefined()
  })

  test('is found by the name that the repository has now, though its text is the same', async () => {
    await keepValidPolicy(db, { ...aShop, repo: 'store' }, { text: 'two', blob: 'b' })
    expect(await keptPolicies(db)).toMatchObject([{ owner: 'octo-org', repo: 'store', text: 'two' }])
  })

  test('is listed for one installation or for all, by name in any case', async () => {
    await keepValidPolicy(db, { ...aShop, repositoryId: 4, repo: 'Alpha' }, { text: 'x', blob: 'x' })
    await keepValidPolicy(db, { ...aShop, installationId: 9, owner: 'acme' }, { text: 'y', blob: 'y' })
    const names = async (installation?: number) =>
      (await keptPolicies(db, installation)).map(({ owner, repo }) => `${owner}/${repo}`)
    expect(await names()).toEqual(['acme/shop', 'octo-org/Alpha', 'octo-org/store'])
    expect(await names(1)).toEqual(['octo-org/Alpha', 'octo-org/store'])
    expect(await names(8)).toEqual([])
  })

  test('that an older version kept without its names still evaluates, and is listed once it was seen again', async () => {
    await db.query(
      `INSERT INTO release_gate.policies (installation_id, repository_id, text, blob) VALUES (5, 5, 'old', 'o')`,
    )
    const repository = { installationId: 5, repositoryId: 5, owner: 'o', repo: 'r' }
    expect(await lastValidPolicy(db, repository)).toBe('old')
    expect(await keptPolicies(db, 5)).toEqual([])
    await keepValidPolicy(db, repository, { text: 'old', blob: 'o' })
    expect(await keptPolicies(db, 5)).toEqual([
      { installationId: 5, repositoryId: 5, owner: 'o', repo: 'r', text: 'old', blob: 'o' },
    ])
  })
})
