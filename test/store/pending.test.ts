import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Database } from '../../src/store/database.ts'
import { keepPending, pendingOn, pendingPull, savePending } from '../../src/store/verdicts/pending.ts'
import { describeOnBoth } from '../support/databases.ts'
import { aPull } from '../support/queues.ts'

const [before, head] = ['a'.repeat(40), 'b'.repeat(40)]

describeOnBoth('pull requests without a verdict', (open) => {
  let database: Database
  beforeAll(async () => {
    database = await open()
  })
  afterAll(() => database.close())
  beforeEach(() => database.query('DELETE FROM release_gate.unjudged'))
  const numbersOn = async (sha: string) =>
    (await pendingOn(database, aPull(), sha)).map(({ number }) => number)
  const wait = (number: number, headSha: string) =>
    savePending(database, aPull({ number }), { headSha, problem: undefined })

  test('are those that GitHub lists with the head of the one that has a verdict now', async () => {
    await keepPending(database, aPull({ number: 7 }), head, [7, 8, 9])
    expect(await numbersOn(head)).toEqual([8, 9])
  })

  test('are without the one that has a verdict now, on whichever head it waited', async () => {
    await wait(7, before)
    await wait(8, before)
    await keepPending(database, aPull({ number: 7 }), head, [])
    expect(await pendingPull(database, aPull({ number: 7 }))).toBeUndefined()
    expect(await numbersOn(before)).toEqual([8])
  })

  test('are without those that have that head no more, and with those that came from another one', async () => {
    await wait(8, head)
    await wait(9, before)
    await keepPending(database, aPull({ number: 7 }), head, [9])
    expect(await numbersOn(head)).toEqual([9])
    expect(await numbersOn(before)).toEqual([])
  })

  test('are no others than those of the repository', async () => {
    const elsewhere = aPull({ repositoryId: 3, number: 7 })
    await savePending(database, elsewhere, { headSha: head, problem: undefined })
    await keepPending(database, aPull({ number: 7 }), head, [])
    expect(await pendingPull(database, elsewhere)).toMatchObject({ headSha: head })
  })
})
