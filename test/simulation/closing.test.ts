import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { GITHUB_LIMITS } from '../../src/sandbox/github/limits.ts'
import type { Stage } from '../../src/sandbox/stage.ts'
import type { Workshop } from '../../src/sandbox/workshop.ts'
import { readRecords } from '../../src/store/audit.ts'
import { openDatabase } from '../../src/store/database/open.ts'
import { aCrowd, buildPasses, type Candidate, mergesOf } from '../support/crowd.ts'
import { aStage, aStageOnPglite } from '../support/stage.ts'

/**
 * All are ready and auto-merge is on for all; only their builds are open, and end one by one around closing. So at every
 * second somebody may merge, and GitHub merges at once whatever is green. The small size takes as much off GitHub's limits
 * as off the number, so that opening and closing need more than a minute's writes too.
 */
const large = process.env.SIZE === 'large'
const size = large ? 300 : 17
const limits = {
  ...GITHUB_LIMITS,
  hourly: Number.POSITIVE_INFINITY,
  pointsPerMinute: Number.POSITIVE_INFINITY,
  ...(large ? {} : { contentPerMinute: 10 }),
  only: 'app' as const,
}
const patience = large ? 1_500_000 : 300_000

const opening = new Date('2026-11-25T18:00:00Z')
const closing = new Date('2026-11-25T19:00:00Z')
const at = (time: Date, seconds: number) => new Date(time.getTime() + seconds * 1_000)

type World = { stage: Stage; shop: Workshop; crowd: Candidate[] }

/** A day before, so that what people did at once has been said when the hour of the opening begins. */
async function readyForOpening(count: number, begin = aStage): Promise<World> {
  const stage = await begin({ at: new Date('2026-11-24T02:00:00Z') })
  const { shop, crowd } = await aCrowd(stage, count)
  for (let minute = 0; minute < count / 10; minute++) await stage.moveTo(at(stage.now(), 61))
  await stage.moveTo(at(opening, -300))
  stage.github.requests.reset()
  stage.github.requests.set(limits)
  for (let seconds = 0; seconds <= 600; seconds += large ? 20 : 40) await stage.moveTo(at(opening, seconds))
  return { stage, shop, crowd }
}

async function greenOnes({ shop, crowd }: World): Promise<Candidate[]> {
  const checks = await Promise.all(crowd.map((each) => shop.check(each)))
  return crowd.filter((_, index) => checks[index]?.conclusion === 'success')
}

/** From one second to another, relative to closing: the next build ends at each of them, or as often as there are builds. */
async function buildsEnd({ stage, shop, crowd }: World, from: number, to: number): Promise<void> {
  const every = Math.max(1, Math.floor((to - from) / crowd.length))
  const waiting = [...crowd]
  for (let second = from; second <= to; second++) {
    await stage.moveTo(at(closing, second)).catch(() => undefined)
    const next = (second - from) % every === 0 ? waiting.shift() : undefined
    if (next) await buildPasses(stage, shop, next)
    await stage.github.settled()
  }
  for (const left of waiting) await buildPasses(stage, shop, left)
  await stage.github.settled()
}

const afterClosing = (merges: Map<number, Date>) =>
  [...merges].filter(([, time]) => time >= closing).map(([number]) => number)

describe(`${size} ready pull requests, builds that end at every second around closing`, () => {
  let world: World
  beforeAll(async () => {
    world = await readyForOpening(size)
  }, patience)
  afterAll(() => world.stage.close())

  test(
    'none is merged after closing, and none is green then',
    async () => {
      const { stage, shop, crowd } = world
      const green = await greenOnes(world)
      expect(green.length).toBeGreaterThan(large ? 150 : size - 1)
      await stage.moveTo(at(closing, -420))
      await buildsEnd({ stage, shop, crowd: crowd.slice(0, size / 2) }, large ? -400 : -120, -1)
      await buildsEnd({ stage, shop, crowd: crowd.slice(size / 2) }, 0, large ? 60 : 30)
      await stage.settled()
      const merges = await mergesOf(stage, shop, crowd)
      if (large)
        console.log({
          green: green.length,
          merged: merges.size,
          late: afterClosing(merges).length,
          ...stage.github.requests.counts,
        })
      expect(merges.size).toBeGreaterThan(0)
      expect(merges.size).toBeLessThan(size)
      expect(afterClosing(merges)).toEqual([])
      expect((await greenOnes(world)).filter(({ number }) => !merges.has(number))).toEqual([])
    },
    patience,
  )
})

describe('the process is killed one minute before closing and started five minutes after', () => {
  /** So few that closing begins at its margin, when the process is dead already: else nothing is left to come late. */
  const count = large ? size : 10
  let world: World
  beforeAll(async () => {
    world = await readyForOpening(count, (options) => aStageOnPglite({ ...options, killable: true }))
  }, patience)
  afterAll(() => world.stage.close())

  test(
    'every late merge is recorded and announced as an exception, and what is still green is revoked at the start',
    async () => {
      const { stage, shop, crowd } = world
      await stage.moveTo(at(closing, -61))
      await stage.kill()
      await buildsEnd({ stage, shop, crowd: crowd.slice(0, Math.ceil(count * 0.7)) }, -60, large ? 300 : 30)
      await stage.moveTo(at(closing, 300)).catch(() => undefined)
      await stage.startBot()
      await stage.settled()
      for (let seconds = 320; seconds <= 420; seconds += 20) await stage.moveTo(at(closing, seconds))
      const merges = await mergesOf(stage, shop, crowd)
      const late = afterClosing(merges)
      expect((await greenOnes(world)).filter(({ number }) => !merges.has(number))).toEqual([])
      // Slack takes one message a second for a channel, and GitHub so many issues a minute.
      for (let seconds = 422; seconds <= (large ? 1_080 : 720); seconds += large ? 2 : 20)
        await stage.moveTo(at(closing, seconds))
      const announced = announcedOf(stage)
      const { merged, exceptions } = await recordsOf(stage)
      if (large)
        console.log({
          merged: merges.size,
          late: late.length,
          exceptions: exceptions.length,
          announced: announced.length,
        })
      expect(late.length).toBeGreaterThan(0)
      expect(exceptions.sort()).toEqual(late.sort())
      expect(announced.sort()).toEqual(late.sort())
      expect(merged.sort()).toEqual([...merges.keys()].sort())
    },
    patience,
  )
})

/** The pull requests of which Slack was told that their merge bypassed the gate. */
function announcedOf(stage: Stage): number[] {
  return stage.slack.messages.flatMap((message) => {
    const number = /Release gate bypassed by a merge: [^#]*#(\d+)/.exec(JSON.stringify(message))?.[1]
    return number === undefined ? [] : [Number(number)]
  })
}

/** The pull requests whose merge was recorded, and those whose merge was recorded as an exception. */
async function recordsOf(stage: Stage): Promise<{ merged: number[]; exceptions: number[] }> {
  await stage.bot().end('SIGTERM')
  const database = await openDatabase(stage.database)
  const numbers: Record<string, number[]> = { merged: [], exception: [] }
  const [installation] = await database.query<{ id: number }>(
    'SELECT installation_id AS id FROM release_gate.verdicts LIMIT 1',
  )
  for await (const { kind, body } of readRecords(database, installation?.id ?? 0)) {
    if ('number' in body) numbers[kind]?.push(Number(body.number))
  }
  await database.close()
  return { merged: numbers.merged ?? [], exceptions: numbers.exception ?? [] }
}
