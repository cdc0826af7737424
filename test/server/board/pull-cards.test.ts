import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPullCards } from '../../../src/server/board/pull-cards.ts'
import type { Database } from '../../../src/store/database.ts'
import { factsOf, headOf, keepCheck, keepVerdict, secret, shop } from '../../support/board-world.ts'
import { aDatabase } from '../../support/databases.ts'
import { aBlock, aLabel, anApproval, ann, bob, cleo } from '../../support/snapshot.ts'

const opensAt = new Date('2026-12-02T18:00:00Z')
const calendars = new Map([shop, secret].map(({ repositoryId }) => [repositoryId, { opensAt, freeze: {} }]))
const open = '2026-11-25T18:10:00Z'

let database: Database
beforeAll(async () => {
  database = await aDatabase()
})
afterAll(() => database.close())

const factsOn = (number: number, sha: string, what: Parameters<typeof factsOf>[2] = {}, repository = shop) =>
  factsOf(repository, number, {
    takenAt: open,
    reviews: [anApproval(ann, { commit: sha }), anApproval(bob, { commit: sha })],
    ...what,
    head: { sha },
  })

describe('a pull request that passes and has the head of another', () => {
  test.each([
    ['blocked where the other is', 100, { reviews: [aBlock(cleo, { commit: headOf(100) })] }, 'failed'],
    ['waiting where the other is on hold', 200, { labels: [aLabel({ name: 'hold', by: cleo })] }, 'waiting'],
    ['ready where the other only waits for its window', 300, { takenAt: '2026-11-25T19:00:00Z' }, 'ready'],
  ])('is %s, and says whose result the check shows', async (_, number, what, state) => {
    const sha = headOf(number)
    await keepVerdict(database, factsOn(number, sha))
    const other = await keepVerdict(database, factsOn(number + 1, sha, what))
    await keepCheck(database, other)
    const cards = await createPullCards()(database, [shop.repositoryId], calendars)
    const card = cards.find((one) => one.number === number)
    expect(card).toMatchObject({ state, check: other.report.title })
    expect(card?.who).toBe(`#${number + 1} has the same head commit, and the check shows its result.`)
  })

  test('keeps its own state where only another repository has that commit', async () => {
    const sha = headOf(400)
    const own = await keepVerdict(database, factsOn(400, sha))
    await keepCheck(database, own, { state: 'waiting', title: 'On hold by cleo' })
    await keepVerdict(database, factsOn(401, sha, { labels: [aLabel({ name: 'hold', by: cleo })] }, secret))
    const ids = [shop.repositoryId, secret.repositoryId]
    const cards = await createPullCards()(database, ids, calendars)
    expect(cards.find(({ number }) => number === 400)).toMatchObject({ state: 'ready', who: undefined })
  })
})
