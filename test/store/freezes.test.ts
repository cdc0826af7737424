import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Database } from '../../src/store/database.ts'
import { activeFreezes, freezesWithin, saveFreezeOrder } from '../../src/store/freezes.ts'
import { aPglite } from '../support/databases.ts'

let database: Database
beforeAll(async () => {
  database = await aPglite()
})
beforeEach(async () => {
  await database.query('DELETE FROM release_gate.freezes')
  await database.query('DELETE FROM release_gate.freeze_orders')
})
afterAll(() => database.close())

const at = (minute: number) => new Date(Date.UTC(2026, 10, 25, 18, minute))
const ordered = (minute: number, scope: string, freeze?: { reason: string; until: Date | null }) =>
  database.transaction((tx) =>
    saveFreezeOrder(tx, {
      scope,
      by: 'eva',
      issuedAt: at(minute),
      at: at(minute),
      ...(freeze ? { freeze } : {}),
    }),
  )
const active = async (minute: number) =>
  (await activeFreezes(database, at(minute))).map(({ reason }) => reason)
const within = async (from: Date, milliseconds: number) => {
  const to = new Date(from.getTime() + milliseconds)
  return (await freezesWithin(database, { from, to })).map(({ reason }) => reason)
}
const then = (minute: number) => within(at(minute), 1)

describe('a freeze that was ordered', () => {
  test('holds until it is ended, and at a time that is past as it held then', async () => {
    await ordered(10, '*', { reason: 'Ledger', until: null })
    expect(await active(30)).toEqual(['Ledger'])
    await ordered(20, '*')
    expect(await active(30)).toEqual([])
    expect(await Promise.all([9, 10, 19, 20].map(then))).toEqual([[], ['Ledger'], ['Ledger'], []])
  })

  test('was in force within a range that it reaches into by a millisecond, at either end', async () => {
    await ordered(10, '*', { reason: 'Ledger', until: null })
    await ordered(20, '*')
    const earlier = (minute: number, milliseconds: number) => new Date(at(minute).getTime() - milliseconds)
    expect(await within(earlier(10, 1_000), 1_000)).toEqual([])
    expect(await within(earlier(10, 1_000), 1_001)).toEqual(['Ledger'])
    expect(await within(earlier(20, 1), 1_000)).toEqual(['Ledger'])
    expect(await within(at(20), 1_000)).toEqual([])
  })

  test('with an end is not active from its end on', async () => {
    await ordered(10, '*', { reason: 'Ledger', until: at(20) })
    expect(await Promise.all([19, 20].map(active))).toEqual([['Ledger'], []])
    expect(await Promise.all([19, 20].map(then))).toEqual([['Ledger'], []])
  })

  test('takes the place of the one before it, of the same repository or of all', async () => {
    await ordered(10, '*', { reason: 'All', until: null })
    await ordered(11, 'acme/shop', { reason: 'One', until: null })
    await ordered(12, '*', { reason: 'All of it', until: null })
    expect(await active(13)).toEqual(['All of it', 'One'])
    expect(await then(11)).toEqual(['All', 'One'])
  })

  test('is not changed by an older order, or by one that is sent again', async () => {
    expect(await ordered(10, '*', { reason: 'Ledger', until: null })).toBe(true)
    expect(await ordered(10, '*')).toBe(false)
    expect(await ordered(9, '*')).toBe(false)
    expect(await active(11)).toEqual(['Ledger'])
  })
})
