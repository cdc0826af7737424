import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Database } from '../../src/store/database.ts'
import {
  keepOnlyInstallations,
  keepOnlyRepositories,
  keepStanding,
  keepValidPolicy,
  keptPolicies,
  keptPoliciesIn,
  lastValidPolicy,
} from '../../src/store/policies.ts'
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
    await keepValidPolicy(
      db,
      { ...aShop, installationId: 9, repositoryId: 9, owner: 'acme' },
      { text: 'y', blob: 'y' },
    )
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

  describe('whose file is absent, or whose repository is out of reach', () => {
    const shop = { installationId: 20, repositoryId: 21, owner: 'acme', repo: 'shop' }
    const api = { ...shop, repositoryId: 22, repo: 'api' }
    const other = { ...shop, installationId: 30, repositoryId: 31, owner: 'other' }
    const listed = async () =>
      (await keptPolicies(db))
        .filter(({ installationId }) => installationId >= 20)
        .map(({ installationId, repo }) => `${installationId}/${repo}`)
    beforeEach(async () => {
      await db.query('DELETE FROM release_gate.policies WHERE installation_id >= 20')
      for (const one of [shop, api, other]) await keepValidPolicy(db, one, { text: 'one', blob: 'a' })
    })

    test.each(['absent', 'out of reach'] as const)(
      'is still the last valid one while %s, is not listed, and is listed again by the same file',
      async (standing) => {
        await keepStanding(db, shop, standing)
        expect(await listed()).toEqual(['20/api', '30/shop'])
        expect(await keptPoliciesIn(db, [21, 22])).toMatchObject([{ repo: 'api' }])
        expect(await lastValidPolicy(db, shop)).toBe('one')
        await keepValidPolicy(db, shop, { text: 'one', blob: 'a' })
        expect(await listed()).toEqual(['20/api', '20/shop', '30/shop'])
      },
    )

    test('is given where it is asked for', async () => {
      await keepStanding(db, shop, 'absent')
      await keepStanding(db, api, 'out of reach')
      expect(await keptPolicies(db, 20, ['current', 'absent'])).toMatchObject([{ repo: 'shop' }])
    })

    test('is every one of an installation that is gone, and of no other', async () => {
      await keepStanding(db, { installationId: 20 }, 'out of reach')
      expect(await listed()).toEqual(['30/shop'])
    })

    test('is every one that the installations there are do not list', async () => {
      await keepOnlyRepositories(db, 20, [22])
      expect(await listed()).toEqual(['20/api', '30/shop'])
      await keepOnlyInstallations(db, [1, 5, 9, 20])
      expect(await listed()).toEqual(['20/api'])
    })

    test('is that of a former installation, once its repository is read under another one', async () => {
      await keepValidPolicy(db, { ...shop, installationId: 40 }, { text: 'one', blob: 'a' })
      expect(await listed()).toEqual(['20/api', '40/shop', '30/shop'])
      expect(await lastValidPolicy(db, shop)).toBe('one')
    })
  })
})
