import { beforeAll, beforeEach, expect, test } from 'vitest'
import type { Database } from '../../src/store/database.ts'
import { saveReevaluated } from '../../src/store/verdicts/due.ts'
import { standingAt } from '../../src/store/verdicts/history.ts'
import type { StoredVerdict } from '../../src/store/verdicts.ts'
import { aWorld, clearState, type World } from '../support/closing.ts'
import { describeOnBoth } from '../support/databases.ts'
import { inWindow } from '../support/snapshot.ts'

type Given = ['passed' | 'waiting', number]

describeOnBoth('the verdict that stood at a merge', (open) => {
  let database: Database
  let world: World
  beforeAll(async () => {
    database = await open()
  })
  beforeEach(async () => {
    await clearState(database)
    world = aWorld(database)
  })

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

  /** What the calendar makes of the same evaluation, in the millisecond of the merge. */
  const rejudged = (was: StoredVerdict, state: StoredVerdict['state'], digest: string) => {
    const { nextAt, prepareAt } = was
    const before = { ...was, policy: was.policy ?? expect.fail(), upToDate: true }
    const { report, snapshot } = was
    const next = { state, digest, report, snapshot, decidedAt: new Date(inWindow), nextAt, prepareAt }
    return saveReevaluated(database, before, next).then((kept) => {
      expect(kept).toBe(true)
      return { ...was, state, digest }
    })
  }

  test('is the last one of those that one evaluation had in one millisecond', async () => {
    world.setTime(new Date(inWindow))
    const passed = await world.read(1)
    const frozen = await rejudged(passed, 'waiting', 'frozen')
    expect(await stood()).toEqual(['waiting', 0])
    const again = await rejudged(frozen, 'passed', passed.digest)
    expect(await stood()).toEqual(['passed', 0])
    await rejudged(again, 'failed', 'frozen')
    expect(await stood()).toEqual(['failed', 0])
  })
})
