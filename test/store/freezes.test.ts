import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Database } from '../../src/store/database.ts'
import {
  activeFreezes,
  type FrozenScope,
  freezesWithin,
  frozenFact,
  saveFreezeOrder,
} from '../../src/store/freezes.ts'
import { keepValidPolicy } from '../../src/store/policies.ts'
import { aPglite } from '../support/databases.ts'

let database: Database
beforeAll(async () => {
  database = await aPglite()
})
beforeEach(async () => {
  await database.query('DELETE FROM release_gate.freezes')
  await database.query('DELETE FROM release_gate.freeze_orders')
  await database.query('DELETE FROM release_gate.policies')
})
afterAll(() => database.close())

const at = (minute: number) => new Date(Date.UTC(2026, 10, 25, 18, minute))
const ordered = (
  minute: number,
  scope: string | Partial<FrozenScope>,
  freeze?: { reason: string; until: Date | null },
) =>
  database.transaction((tx) =>
    saveFreezeOrder(tx, {
      scope: 'acme/shop',
      ...(typeof scope === 'string' ? { scope } : scope),
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

  describe.each<[string, Partial<FrozenScope>]>([
    ['everything', { scope: '*' }],
    ['a repository', { scope: 'acme/shop', repositoryId: 2 }],
    ['an organization', { scope: 'acme/*', installationId: 1 }],
  ])('of %s', (_, scope) => {
    const ends = async () => (await activeFreezes(database, at(11))).map(({ until }) => until)

    test.each<[string, Date | null, Date | null]>([
      ['without an end by one with an end', null, at(30)],
      ['by one that ends earlier', at(40), at(30)],
    ])('is not shortened %s that was sent before it', async (_name, later, earlier) => {
      expect(await ordered(10, scope, { reason: 'Ledger', until: later })).toBe(true)
      expect(await ordered(9, scope, { reason: 'Again', until: earlier })).toBe(false)
      expect(await ends()).toEqual([later])
    })

    test.each<[string, Date | null, Date | null]>([
      ['by one that ends later', at(30), at(40)],
      ['by one without an end', at(30), null],
      ['by an equal one', null, null],
    ])('is replaced %s, whenever that was sent', async (_name, first, second) => {
      expect(await ordered(10, scope, { reason: 'Ledger', until: first })).toBe(true)
      expect(await ordered(9, scope, { reason: 'Again', until: second })).toBe(true)
      expect(await ends()).toEqual([second])
    })

    test('is shortened by one that was sent after it', async () => {
      expect(await ordered(9, scope, { reason: 'Ledger', until: null })).toBe(true)
      expect(await ordered(10, scope, { reason: 'Again', until: at(30) })).toBe(true)
      expect(await ends()).toEqual([at(30)])
    })

    test('that has ended keeps no other one from it, whenever that was sent', async () => {
      expect(await ordered(9, scope, { reason: 'Ledger', until: null })).toBe(true)
      expect(await ordered(10, scope)).toBe(true)
      expect(await ordered(8, scope, { reason: 'Again', until: at(30) })).toBe(true)
      expect(await ends()).toEqual([at(30)])
    })
  })
})

const known = (installationId: number, repositoryId: number, name: string) => {
  const [owner = '', repo = ''] = name.split('/')
  return { installationId, repositoryId, owner, repo }
}
const named = (repository: ReturnType<typeof known>) =>
  keepValidPolicy(database, repository, { text: 'gates: {}', blob: 'b' })
const reasonFor = async (installationId: number, repositoryId: number, name: string) =>
  frozenFact(await activeFreezes(database, at(30)), known(installationId, repositoryId, name)).frozen?.reason
const ledger = { reason: 'Ledger', until: null }
const shop = { scope: 'acme/shop', repositoryId: 2 }
const acme = { scope: 'acme/*', installationId: 1 }

describe('a freeze counts', () => {
  beforeEach(() => named(known(1, 2, 'acme/shop')))

  test('for a repository by its id: under another name and owner, and not for another one with the old name', async () => {
    await ordered(10, shop, ledger)
    expect(await reasonFor(1, 2, 'acme/store')).toBe('Ledger')
    expect(await reasonFor(7, 2, 'other/store')).toBe('Ledger')
    expect(await reasonFor(1, 3, 'acme/shop')).toBeUndefined()
  })

  test('for an organization by its installation, and not for another one with the old name', async () => {
    await ordered(10, acme, ledger)
    expect(await reasonFor(1, 2, 'apex/shop')).toBe('Ledger')
    await named(known(1, 2, 'apex/shop'))
    expect(await reasonFor(1, 3, 'apex/other')).toBe('Ledger')
    expect(await reasonFor(7, 9, 'acme/shop')).toBeUndefined()
  })

  test('for an organization on which the App was installed again', async () => {
    await ordered(10, acme, ledger)
    expect(await reasonFor(7, 2, 'acme/shop')).toBe('Ledger')
    expect(await reasonFor(8, 3, 'other/shop')).toBeUndefined()
  })

  test.each(['acme/shop', 'acme/*'])('by the name %s where an earlier version kept no id', async (scope) => {
    await ordered(10, scope, ledger)
    expect(await reasonFor(1, 2, 'acme/shop')).toBe('Ledger')
    expect(await reasonFor(1, 2, 'apex/store')).toBeUndefined()
    await ordered(20, scope === 'acme/*' ? acme : shop)
    expect(await active(30)).toEqual([])
  })

  test('for a repository before that of its organization, and that before one of all', async () => {
    await ordered(10, '*', { reason: 'All', until: null })
    await ordered(10, acme, { reason: 'Acme', until: null })
    expect(await reasonFor(1, 2, 'apex/shop')).toBe('Acme')
    await ordered(10, shop, ledger)
    expect(await reasonFor(1, 2, 'apex/shop')).toBe('Ledger')
    expect(await reasonFor(8, 9, 'solo/pet')).toBe('All')
  })
})

describe('of several freezes', () => {
  test.each([
    [40, null, 'Acme'],
    [null, 40, 'Ledger'],
    [40, 50, 'Acme'],
    [50, 40, 'Ledger'],
    [40, 40, 'Ledger'],
    [null, null, 'Ledger'],
  ])('that end at %s and %s, the one that ends last counts: %s', async (own, wide, reason) => {
    const end = (minute: number | null) => (minute === null ? null : at(minute))
    for (const [scope, name] of [
      [acme, 'Acme'],
      [{ scope: '*' }, 'All'],
    ] as const) {
      await ordered(10, scope, { reason: name, until: end(name === 'Acme' ? wide : 35) })
      await ordered(10, shop, { reason: 'Ledger', until: end(own) })
    }
    expect(await reasonFor(1, 2, 'acme/shop')).toBe(reason)
  })
})

describe('a freeze is named', () => {
  test('as what is frozen was named last', async () => {
    const scopes = async () => (await activeFreezes(database, at(30))).map(({ scope }) => scope)
    await ordered(10, shop, ledger)
    expect(await scopes()).toEqual(['acme/shop'])
    await named(known(1, 2, 'Apex/store'))
    await ordered(11, acme, ledger)
    expect(await scopes()).toEqual(['apex/*', 'apex/store'])
  })

  test('as two repositories were, one after the other, and each has its own', async () => {
    await ordered(10, shop, ledger)
    await ordered(11, { scope: 'acme/shop', repositoryId: 3 }, { reason: 'New', until: null })
    expect(await active(30)).toEqual(['Ledger', 'New'])
    await ordered(20, { scope: 'acme/store', repositoryId: 2 })
    expect(await active(30)).toEqual(['New'])
    expect(await ordered(15, shop)).toBe(false)
  })
})
