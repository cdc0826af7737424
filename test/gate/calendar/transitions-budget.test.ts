import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { waitingForTurnReport } from '../../../src/decision/report.ts'
import { greensOf, postedRun } from '../../../src/store/check-runs.ts'
import { distrustStored } from '../../../src/store/database/restore.ts'
import type { Database } from '../../../src/store/database.ts'
import { retryTimeOf } from '../../../src/store/retry-after-error.ts'
import {
  hasRoomForGreen,
  noteWrite,
  reserveWrite,
  revocationTime,
  writeLoad,
} from '../../../src/store/write-budget.ts'
import { aWorld, clearState, closing, later, opening, prepared, type World } from '../../support/closing.ts'
import { aDatabase, describeOnBoth } from '../../support/databases.ts'
import { aPerson } from '../../support/snapshot.ts'

let database: Database
let world: World
beforeAll(async () => {
  database = await aDatabase()
})
beforeEach(async () => {
  await clearState(database)
  world = aWorld(database)
})
afterAll(() => database.close())

/** So many candidates: their checks were written the day before, and they are read again in time. */
const ready = async (count: number) => {
  for (let number = 1; number <= count; number++) {
    world.setTime(later(opening, number - 86_400 * 2))
    await world.read(number)
    await world.publish(number)
  }
  world.setTime(prepared)
  for (let number = 1; number <= count; number++) await world.read(number)
  world.asked.transitions = [opening]
}
const greens = (count: number) =>
  Array.from({ length: count }, (_, index) => index + 1).filter(
    (number) => world.stateOf(number) === 'success',
  )
/** The most writes in any stretch of so many seconds. */
const most = (seconds: number) =>
  Math.max(
    ...world.checks.writes.map(
      ({ at: last }) =>
        world.checks.writes.filter(({ at }) => at <= last && at > later(last, -seconds)).length,
    ),
  )
const held = async (count: number) => {
  const runs = await Promise.all(
    Array.from({ length: count }, (_, index) => postedRun(database, world.headOf(index + 1))),
  )
  return runs.filter((run) => run?.title === waitingForTurnReport().title).length
}

describe("GitHub's write limits set the pace", () => {
  test('more ready than a minute allows: each is written once, over several minutes, and all is revoked by closing', async () => {
    await ready(90)
    await world.carryOnUntil(later(opening, 600))
    expect(greens(90)).toHaveLength(90)
    expect(world.checks.greens()).toHaveLength(90)
    expect(most(60)).toBeLessThanOrEqual(75)
    await world.carryOnUntil(closing)
    expect(greens(90)).toEqual([])
    expect(most(60)).toBeLessThanOrEqual(75)
    expect(world.checks.writes.every(({ at }) => at < closing)).toBe(true)
  })

  test('after a restore, more that may be green than the hour can revoke: each says that it waits for its turn', async () => {
    await ready(130)
    for (let times = 0; times < 370; times++) await noteWrite(database, 1, later(opening, -61))
    await database.transaction(distrustStored)
    world.setTime(later(opening, -30))
    for (let number = 1; number <= 130; number++) await world.read(number)
    expect(await greensOf(database, 1, opening)).toMatchObject({ outstanding: 130 })
    await world.carryOnUntil(later(opening, 560))
    expect(await held(130)).toBe(130)
    expect(await greensOf(database, 1, opening)).toMatchObject({ outstanding: 0 })
    expect(most(60)).toBeLessThanOrEqual(75)
  })

  test('after a restore, few that may be green are green again', async () => {
    await ready(40)
    await database.transaction(distrustStored)
    world.setTime(later(opening, -30))
    for (let number = 1; number <= 40; number++) await world.read(number)
    await world.carryOnUntil(later(opening, 560))
    expect(greens(40)).toHaveLength(40)
    expect(await greensOf(database, 1, opening)).toMatchObject({ outstanding: 40 })
  })

  test('more ready than the hour can revoke: the others wait and say so, and none is green after closing', async () => {
    await ready(80)
    // Others have written for most of the hour already.
    for (let times = 0; times < 370; times++) await noteWrite(database, 1, later(opening, -61))
    const start = world.checks.writes.length
    await world.carryOnUntil(later(opening, 1_200))
    const shown = greens(80).length
    expect(shown).toBeGreaterThan(20)
    expect(await held(80)).toBe(80 - shown)
    await world.carryOnUntil(closing)
    expect(greens(80)).toEqual([])
    expect(world.checks.writes.length - start).toBeLessThanOrEqual(500 - 370)
    expect(most(60)).toBeLessThanOrEqual(80)
    expect(most(3600)).toBeLessThanOrEqual(500)
  })

  test('those that wait turn green when others have merged', async () => {
    await ready(12)
    for (let times = 0; times < 460; times++) await noteWrite(database, 1, later(opening, -120))
    await world.carryOutAt(opening)
    const first = greens(12)
    expect(await held(12)).toBe(12 - first.length)
    expect(first.length).toBeLessThan(12)
    expect(await world.carryOutAt(later(opening, 60))).toEqual([])
    for (const number of first) {
      await world.read(number, { state: 'merged' })
      await world.publish(number, { settled: true })
    }
    await world.carryOutAt(later(opening, 120))
    expect(greens(12)).toHaveLength(12)
  })

  test('those that wait for their turn are evaluated again each minute', async () => {
    await ready(12)
    await database.query('DELETE FROM release_gate.writes')
    for (let times = 0; times < 462; times++) await noteWrite(database, 1, later(opening, -120))
    world.asked.transitions = []
    await world.carryOutAt(opening)
    expect(world.asked.transitions).toContainEqual(later(opening, 60))
  })

  test('what is kept for revoking nothing else may use, in the minute and in the hour', async () => {
    for (let times = 0; times < 60; times++) await noteWrite(database, 1, opening)
    const take = (purpose: 'revoke green' | 'update') =>
      database.transaction((tx) => reserveWrite(tx, 1, later(opening, 1), purpose))
    const refused = await take('update').catch((error: unknown) => retryTimeOf(error))
    expect(refused).toEqual(later(opening, 60))
    await take('revoke green')
    expect(await hasRoomForGreen(database, 1, later(opening, 61))).toBe(true)
    for (let times = 0; times < 430; times++) await noteWrite(database, 1, opening)
    expect(await hasRoomForGreen(database, 1, later(opening, 61))).toBe(false)
  })
})

describe('a fork that is pushed to without end', () => {
  const outsider = aPerson('zed')
  const theirs = async (number: number) => {
    await world.read(number, { author: outsider, reviews: [] })
    return world.publish(number).then(() => 'written', retryTimeOf)
  }

  test('leaves the writes of a minute to people with write access', async () => {
    world.setTime(opening)
    for (let number = 100; number < 115; number++) expect(await theirs(number)).toBe('written')
    expect(await theirs(115)).toEqual(later(opening, 60))
    await world.read(1)
    expect((await world.publish(1)).written?.state).toBe('passed')
  })

  test('leaves the writes of the hour to them, and is retried later', async () => {
    for (let times = 0; times < 122; times++) await noteWrite(database, 1, opening)
    world.setTime(later(opening, 120))
    expect(await theirs(100)).toEqual(later(opening, 180))
    await world.read(1)
    expect((await world.publish(1)).written?.state).toBe('passed')
    world.setTime(later(opening, 3_700))
    expect(await theirs(100)).toBe('written')
  })

  test('is revoked like any other when it is green', async () => {
    world.setTime(opening)
    await world.read(100, { author: outsider })
    await world.publish(100)
    expect(world.stateOf(100)).toBe('success')
    for (let times = 0; times < 200; times++) await noteWrite(database, 1, later(opening, 10))
    world.setTime(later(opening, 200))
    await world.read(100, { author: outsider, reviews: [] })
    expect((await world.publish(100)).written?.state).toBe('waiting')
  })
})

describe('closing begins early enough', () => {
  test.each([
    [1, 15],
    [15, 15],
    [16, 75],
    [75, 75],
    [76, 135],
    [245, 255],
  ])('%i green checks are revoked in %i seconds', (count, seconds) => {
    expect(revocationTime(count)).toBe(seconds * 1000)
  })

  test('it widens by the checks that are green now, though their verdicts were given before', async () => {
    await ready(80)
    await world.carryOnUntil(later(opening, 300))
    expect(world.asked.transitions).toContainEqual(later(closing, -135))
  })

  test('once begun it stays as wide: what was revoked does not turn green again', async () => {
    await ready(80)
    await world.carryOnUntil(later(closing, -70))
    expect(greens(80)).toEqual([])
    const again = await world.read(1)
    expect(again.state).toBe('waiting')
  })
})

describeOnBoth('several evaluations at once', (open) => {
  let shared: Database
  beforeAll(async () => {
    shared = await open()
  })
  const used = async (writes: number) => {
    await clearState(shared)
    for (let times = 0; times < writes; times++) await noteWrite(shared, 1, later(opening, -61))
    world = aWorld(shared)
    world.setTime(later(opening, 1))
  }

  test('do not take the last write of a minute twice', async () => {
    await clearState(shared)
    for (let times = 0; times < 58; times++) await noteWrite(shared, 1, opening)
    const take = () => shared.transaction((tx) => reserveWrite(tx, 1, opening, 'update'))
    const taken = await Promise.allSettled(Array.from({ length: 5 }, take))
    expect(taken.filter(({ status }) => status === 'fulfilled')).toHaveLength(2)
  })

  test.each([
    { before: 450, pulls: 24, green: 6 },
    { before: 460, pulls: 12, green: 8 },
    { before: 478, pulls: 12, green: 0 },
  ])(
    '$before writes of the hour made, $pulls ready: $green turn green, and every other one says that it waits',
    async ({ before, pulls, green }) => {
      await used(before)
      const numbers = Array.from({ length: pulls }, (_, index) => index + 1)
      for (const number of numbers) await world.read(number)
      const outcomes = await Promise.all(numbers.map((number) => world.publish(number)))
      const titles = outcomes.map(({ written }) => written?.title)
      expect(titles.filter((title) => title === waitingForTurnReport().title)).toHaveLength(pulls - green)
      expect(greens(pulls)).toHaveLength(green)
      const { outstanding } = await greensOf(shared, 1, opening)
      const { lastHour } = await writeLoad(shared, 1, world.now())
      expect({ outstanding, lastHour }).toEqual({ outstanding: green, lastHour: before + pulls })
      expect(lastHour + outstanding).toBeLessThanOrEqual(490)
    },
  )
})
