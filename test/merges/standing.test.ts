import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Database } from '../../src/store/database.ts'
import { standingAt } from '../../src/store/verdicts/history.ts'
import { aWorld, clearState, type World } from '../support/closing.ts'
import { aPglite } from '../support/databases.ts'
import { inWindow } from '../support/snapshot.ts'

let database: Database
let world: World
beforeAll(async () => {
  database = await aPglite()
})
beforeEach(async () => {
  await clearState(database)
  world = aWorld(database)
})
afterAll(() => database.close())

type Given = ['passed' | 'waiting', number]

/** Verdicts that were given so many milliseconds after the time of the merge. */
async function given(verdicts: Given[]): Promise<void> {
  for (const [state, after] of verdicts) {
    world.setTime(new Date(Date.parse(inWindow) + after))
    await world.read(1, state === 'passed' ? {} : { reviews: [] })
  }
}

/** The state that stood, and how long after the time of the merge it was given. */
async function stood() {
  const from = new Date(inWindow)
  const pull = { installationId: 1, repositoryId: 2, owner: 'acme', repo: 'shop', number: 1 }
  const standing = await standingAt(database, pull, { from, until: new Date(from.getTime() + 3_000) })
  return standing && [standing.state, Date.parse(standing.since) - from.getTime()]
}

describe('the verdict that stood at a merge', () => {
  test.each<[string, Given[], Given | undefined]>([
    [
      'the last one before it',
      [
        ['waiting', -9_000],
        ['passed', -5_000],
      ],
      ['passed', -5_000],
    ],
    [
      'one that had not passed any longer',
      [
        ['passed', -9_000],
        ['waiting', -1],
      ],
      ['waiting', -1],
    ],
    [
      'one that was given in that very millisecond',
      [
        ['passed', -9_000],
        ['waiting', 0],
      ],
      ['waiting', 0],
    ],
    [
      'one that passed three seconds later by our clock',
      [
        ['waiting', -9_000],
        ['passed', 3_000],
      ],
      ['passed', 3_000],
    ],
    [
      'not one that passed a millisecond after that',
      [
        ['waiting', -9_000],
        ['passed', 3_001],
      ],
      ['waiting', -9_000],
    ],
    [
      'not one that fails after it',
      [
        ['passed', -9_000],
        ['waiting', 1],
      ],
      ['passed', -9_000],
    ],
    [
      'one that passed between two that did not',
      [
        ['waiting', -9_000],
        ['passed', 500],
        ['waiting', 900],
      ],
      ['passed', 500],
    ],
    ['the first one, where it was given after it', [['waiting', 10]], ['waiting', 10]],
    ['none, where the first one came later', [['passed', 3_001]], undefined],
  ])('is %s', async (_name, verdicts, expected) => {
    await given(verdicts)
    expect(await stood()).toEqual(expected)
  })
})
