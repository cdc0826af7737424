import { beforeAll, expect, test } from 'vitest'
import type { Database } from '../../src/store/database.ts'
import { createPauses } from '../../src/store/pauses.ts'
import { describeOnBoth } from '../support/databases.ts'

let now = new Date('2026-11-25T18:00:00Z')
const later = (minutes: number) => new Date(Date.parse('2026-11-25T18:00:00Z') + minutes * 60_000)

describeOnBoth('the pause of an installation', (open) => {
  let database: Database
  beforeAll(async () => {
    database = await open()
  })
  const process = () => createPauses(database, () => now)

  test('is known to other processes once they look, and ends by the clock', async () => {
    const [one, other] = [process(), process()]
    await one.begin(1, { resource: 'all', until: later(5) })
    expect(one.until(1, 'core')).toEqual(later(5))
    expect(other.until(1, 'core')).toBeUndefined()
    await other.refresh(1)
    expect(other.until(1, 'core')).toEqual(later(5))
    expect(other.until(1, 'graphql')).toEqual(later(5))
    now = later(5)
    expect([one.until(1, 'core'), other.until(1, 'core')]).toEqual([undefined, undefined])
    now = later(0)
  })

  test('is never shortened, and is of no other installation', async () => {
    const pauses = process()
    await pauses.begin(2, { resource: 'all', until: later(50) })
    await process().begin(2, { resource: 'all', until: later(1) })
    const fresh = process()
    await fresh.refresh(2)
    await fresh.refresh(3)
    expect(fresh.until(2, 'core')).toEqual(later(50))
    expect(fresh.until(3, 'core')).toBeUndefined()
  })

  test('of the hourly limit of GraphQL leaves REST alone', async () => {
    const pauses = process()
    await pauses.begin(4, { resource: 'graphql', until: later(50) })
    expect(pauses.until(4, 'graphql')).toEqual(later(50))
    expect(pauses.until(4, 'core')).toBeUndefined()
  })
})
