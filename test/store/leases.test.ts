import { beforeAll, beforeEach, expect, test } from 'vitest'
import type { Database } from '../../src/store/database.ts'
import { tryWithLease } from '../../src/store/leases.ts'
import { describeOnBoth } from '../support/databases.ts'
import { eventually } from '../support/eventually.ts'

describeOnBoth('a lease', (open) => {
  let database: Database
  let now: Date
  beforeAll(async () => {
    database = await open()
  })
  beforeEach(async () => {
    now = new Date('2026-10-19T16:00:00Z')
    await database.query('DELETE FROM release_gate.leases')
  })

  const take = (work: () => Promise<string> = async () => 'done', renewedEvery = 60_000) =>
    tryWithLease(database, 'page', () => now, work, renewedEvery)
  const expiry = async () => {
    const [row] = await database.query<{ at: Date }>('SELECT expires_at AS at FROM release_gate.leases')
    return row?.at.getTime()
  }
  const later = (seconds: number) => {
    now = new Date(now.getTime() + seconds * 1_000)
  }
  const begin = async (renewedEvery?: number) => {
    const { promise, resolve } = Promise.withResolvers<string>()
    const begun = Promise.withResolvers<void>()
    const working = take(() => {
      begun.resolve()
      return promise
    }, renewedEvery)
    await begun.promise
    return { working, end: () => resolve('done') }
  }

  test('is kept as long as its work takes, and then free', async () => {
    const { working, end } = await begin(5)
    for (const _ of [1, 2, 3, 4]) {
      later(60)
      await eventually(async () => expect(await expiry()).toBe(now.getTime() + 90_000))
    }
    expect(await take()).toBeUndefined()
    end()
    expect(await working).toEqual({ result: 'done' })
    expect(await take()).toEqual({ result: 'done' })
    expect(await expiry()).toBeUndefined()
  })

  test('of a process that died is free after 90 seconds', async () => {
    const { working, end } = await begin()
    later(90)
    expect(await take()).toBeUndefined()
    later(0.001)
    expect(await take()).toEqual({ result: 'done' })
    end()
    await working
  })

  test('of a process that died while the clock was ahead is free once it is set back', async () => {
    const { working, end } = await begin()
    later(-509)
    expect(await take()).toBeUndefined()
    later(-2)
    expect(await take()).toEqual({ result: 'done' })
    end()
    await working
  })

  test('of a work that hangs is free ten minutes and 90 seconds after it began', async () => {
    const { working, end } = await begin(5)
    later(599)
    await eventually(async () => expect(await expiry()).toBe(now.getTime() + 90_000))
    later(91)
    expect(await take()).toEqual({ result: 'done' })
    end()
    await working
  })
})
