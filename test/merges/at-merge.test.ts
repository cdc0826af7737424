import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { freezeAtMerge } from '../../src/merges/at-merge.ts'
import type { Database } from '../../src/store/database.ts'
import { saveFreezeOrder } from '../../src/store/freezes.ts'
import type { KeptVerdict } from '../../src/store/verdicts/history.ts'
import { aDatabase } from '../support/databases.ts'
import { aPolicy, aSnapshot, head, inWindow } from '../support/snapshot.ts'

let database: Database
beforeAll(async () => {
  database = await aDatabase()
})
beforeEach(async () => {
  await database.query('DELETE FROM release_gate.freezes')
  await database.query('DELETE FROM release_gate.freeze_orders')
})
afterAll(() => database.close())

/** So many milliseconds after the second that GitHub gives as the time of the merge. */
const at = (milliseconds: number) => new Date(Date.parse(inWindow) + milliseconds)
const ordered = (
  milliseconds: number,
  reason?: string,
  scope = 'acme/shop',
  ids: { repositoryId?: number; installationId?: number } = {},
) =>
  database.transaction((tx) =>
    saveFreezeOrder(tx, {
      scope,
      ...ids,
      by: 'eva',
      issuedAt: at(milliseconds),
      at: at(milliseconds),
      ...(reason === undefined ? {} : { freeze: { reason, until: null } }),
    }),
  )
const { pull } = aSnapshot()
const greenSince = (milliseconds: number): KeptVerdict => ({
  headSha: head,
  state: 'passed',
  since: at(milliseconds).toISOString(),
  title: 'Ready to merge',
  snapshot: aSnapshot(),
  policy: aPolicy(),
  source: undefined,
})
const reasonOf = async (standing: KeptVerdict | undefined = greenSince(-60_000)) =>
  (await freezeAtMerge({ database }, pull, inWindow, standing)).frozen?.reason

describe('a merge was under a freeze', () => {
  test.each([-1, 0, 1, 999])('that was ordered %d ms after the second that GitHub gives', async (ms) => {
    await ordered(ms, 'Ledger')
    expect(await reasonOf()).toBe('Ledger')
  })

  test('of every repository', async () => {
    await ordered(-5_000, 'All', '*')
    expect(await reasonOf()).toBe('All')
  })

  test.each([
    ['its repository had another name', 'acme/old', { repositoryId: pull.repositoryId }],
    ['its organization had another name', 'old/*', { installationId: pull.installationId }],
  ])('that was ordered when %s', async (_, scope, ids) => {
    await ordered(-5_000, 'Ledger', scope, ids)
    expect(await reasonOf()).toBe('Ledger')
  })

  test('that was lifted within that second, before which the check had been green', async () => {
    await ordered(-5_000, 'Ledger')
    await ordered(1)
    expect(await reasonOf(greenSince(-60_000))).toBe('Ledger')
  })
})

describe('a merge was under no freeze', () => {
  test('where it was ordered in the next second', async () => {
    await ordered(1_000, 'Ledger')
    expect(await reasonOf()).toBeUndefined()
  })

  test('where it was lifted by the beginning of that second', async () => {
    await ordered(-5_000, 'Ledger')
    await ordered(0)
    expect(await reasonOf()).toBeUndefined()
  })

  test('where the check turned green after it was lifted, within that second', async () => {
    await ordered(-5_000, 'Ledger')
    await ordered(1)
    expect(await reasonOf(greenSince(1))).toBeUndefined()
  })

  test('of another repository', async () => {
    await ordered(-5_000, 'Ledger', 'acme/other')
    expect(await reasonOf()).toBeUndefined()
  })
})

test('a merge was not under the freeze of another repository that had its name', async () => {
  await ordered(-5_000, 'Ledger', 'acme/shop', { repositoryId: 99 })
  expect(await reasonOf()).toBeUndefined()
})
