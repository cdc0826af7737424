import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { clockCheck } from '../../src/bot/clock-check.ts'
import type { Database } from '../../src/store/database.ts'
import { aWorld, clearState, opening, type World } from '../support/closing.ts'
import { aDatabase } from '../support/databases.ts'

let database: Database
let world: World
let ahead: number
let asked: { number: number; green: boolean }[]
let logged: string[]

beforeAll(async () => {
  database = await aDatabase()
})
beforeEach(async () => {
  await clearState(database)
  world = aWorld(database)
  world.setTime(opening)
  asked = []
  logged = []
  ahead = 0
})
afterAll(() => database.close())

/** A process of the bot, started anew. */
function aCheck(): () => Promise<void> {
  const log = {
    error: (_about: object, text: string) => void logged.push(text),
    info: (text: string) => void logged.push(text),
  }
  const queue = {
    enqueueAll: async (pulls: { pull: { number: number }; green: boolean }[]) =>
      void asked.push(...pulls.map(({ pull: { number }, green }) => ({ number, green }))),
  }
  return clockCheck({ database, queue, clockAhead: () => ahead }, log as never)
}

/** 1 is green, 2 waits for approvals, 3 was read by a clock that was wrong, 4 was green and is closed. */
async function fourPulls() {
  await world.read(1)
  await world.read(2, { reviews: [] })
  await world.read(3, { clockAhead: 720 })
  await world.read(4, { state: 'closed' })
}

test('a clock that turns out to be wrong has the green checks read again, once, and alerts someone', async () => {
  await fourPulls()
  const check = aCheck()
  await check()
  asked = []
  ahead = -31
  await check()
  await check()
  expect(asked).toEqual([{ number: 1, green: true }])
  expect(logged).toEqual(["The clock of this machine is not GitHub's"])
})

test('a clock that is right again has what was read by a wrong one read again, once', async () => {
  await fourPulls()
  ahead = 31
  const check = aCheck()
  await check()
  asked = []
  ahead = 30
  await check()
  await check()
  expect(asked).toEqual([{ number: 3, green: false }])
  expect(logged).toEqual([
    "The clock of this machine is not GitHub's",
    "The clock of this machine is GitHub's again",
  ])
})

test('so does a start whose clock is right, after a process that ended while its clock was wrong, without a word', async () => {
  await fourPulls()
  await aCheck()()
  expect(asked).toEqual([{ number: 3, green: false }])
  expect(logged).toEqual([])
})

test('a round that fails is done again', async () => {
  await fourPulls()
  ahead = 31
  let isDown = true
  const queue = {
    enqueueAll: async () => {
      if (isDown) throw new Error('The database is away')
      asked.push({ number: 0, green: true })
    },
  }
  const check = clockCheck({ database, queue, clockAhead: () => ahead }, { error: () => {}, info: () => {} })
  await expect(check()).rejects.toThrow('away')
  isDown = false
  await check()
  expect(asked).toHaveLength(1)
})
