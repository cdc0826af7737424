import { expect, test } from 'vitest'
import type { Database } from '../../src/services/database.ts'
import {
  beginEvaluation,
  currentPublished,
  isNewest,
  listCurrent,
  listPublished,
  markTakenBack,
  type NewPublished,
  prunePublished,
  recordPublished,
} from '../../src/services/published.ts'
import { describeOnBoth } from '../support/databases.ts'

const AT = new Date('2026-11-25T18:00:00.000Z')
const LATER = new Date('2026-11-25T19:00:00.000Z')

let numbers = 0
/** A pull request that no other test has. */
const aKey = () => {
  numbers += 1
  return { installationId: 1, repositoryId: 2, number: numbers }
}
const aCheck = (changes: Partial<NewPublished>): NewPublished => ({
  ...aKey(),
  headSha: 'a'.repeat(40),
  checkRunId: 9_007_199_254_740_991,
  state: 'waiting',
  title: 'Waiting for 1 more approval',
  digest: 'd1',
  policyDigest: 'p1',
  generation: 1,
  publishedAt: AT,
  ...changes,
})

describeOnBoth('what was published', (open) => {
  let shared: Promise<Database> | undefined
  const database = () => {
    shared ??= open()
    return shared
  }

  test('is found again with all that was noted, a title with any character in its snapshot included', async () => {
    const db = await database()
    const key = aKey()
    const snapshot = { title: 'a\u0000b "x" \u{1F680}', list: [1, null] }
    const id = await recordPublished(db, aCheck({ ...key, snapshot }))
    expect(await currentPublished(db, key)).toEqual({
      ...aCheck({ ...key, snapshot }),
      id,
      supersededAt: null,
      takenBackAt: null,
    })
  })

  test('is nothing for a pull request that was never published', async () => {
    expect(await currentPublished(await database(), aKey())).toBeUndefined()
  })

  test('is the newest one alone; the older ones are kept as superseded', async () => {
    const db = await database()
    const key = aKey()
    await recordPublished(db, aCheck({ ...key, generation: 1 }))
    await recordPublished(db, aCheck({ ...key, generation: 2, state: 'passed', publishedAt: LATER }))
    expect(await currentPublished(db, key)).toMatchObject({ state: 'passed', snapshot: null })
    expect((await listPublished(db, key)).map((each) => each.supersededAt)).toEqual([LATER, null])
  })

  test('an evaluation that outlived its successor cannot note anything over it', async () => {
    const db = await database()
    const key = aKey()
    const older = await beginEvaluation(db, key)
    const newer = await beginEvaluation(db, key)
    expect(await isNewest(db, key, older)).toBe(false)
    expect(await isNewest(db, key, newer)).toBe(true)
    await recordPublished(db, aCheck({ ...key, generation: newer, state: 'failed' }))
    expect(await recordPublished(db, aCheck({ ...key, generation: older, state: 'passed' }))).toBeUndefined()
    expect(await currentPublished(db, key)).toMatchObject({ state: 'failed', generation: newer })
  })

  test('evaluations that begin at once get different numbers, each pull request its own', async () => {
    const db = await database()
    const key = aKey()
    const given = await Promise.all(Array.from({ length: 8 }, () => beginEvaluation(db, key)))
    expect(given.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(await beginEvaluation(db, aKey())).toBe(1)
  })

  test('of two that are noted at once, one stands', async () => {
    const db = await database()
    const key = aKey()
    await beginEvaluation(db, key)
    await Promise.all([1, 2, 3].map((generation) => recordPublished(db, aCheck({ ...key, generation }))))
    const standing = (await listPublished(db, key)).filter((each) => each.supersededAt === null)
    expect(standing.map((each) => each.generation)).toEqual([3])
  })

  test('is listed by installation and state', async () => {
    const db = await database()
    const waiting = { installationId: 50, repositoryId: 1, number: 1 }
    const passed = { installationId: 50, repositoryId: 1, number: 2 }
    await recordPublished(db, aCheck({ ...passed, state: 'passed' }))
    await recordPublished(db, aCheck({ ...waiting, state: 'passed' }))
    await recordPublished(db, aCheck({ ...waiting, generation: 2, state: 'waiting' }))
    expect((await listCurrent(db, 50)).map((each) => each.number)).toEqual([1, 2])
    expect((await listCurrent(db, 50, { state: 'passed' })).map((each) => each.number)).toEqual([2])
    expect(await listCurrent(db, 51)).toEqual([])
  })

  test('notes the first time that a success was taken back', async () => {
    const db = await database()
    const key = aKey()
    const id = (await recordPublished(db, aCheck({ ...key, state: 'passed' }))) ?? 0
    await markTakenBack(db, id, AT)
    await markTakenBack(db, id, LATER)
    expect((await currentPublished(db, key))?.takenBackAt).toEqual(AT)
  })

  test('is pruned only where it was superseded before the time', async () => {
    const db = await open()
    const key = aKey()
    await recordPublished(db, aCheck({ ...key, generation: 1 }))
    await recordPublished(db, aCheck({ ...key, generation: 2, publishedAt: AT }))
    await recordPublished(db, aCheck({ ...key, generation: 3, publishedAt: LATER }))
    expect(await prunePublished(db, LATER)).toBe(1)
    expect((await listPublished(db, key)).map((each) => each.generation)).toEqual([2, 3])
  })
})
