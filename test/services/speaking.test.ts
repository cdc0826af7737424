import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { FindingState } from '../../src/decision/gate.ts'
import { decisivePulls } from '../../src/decision/same-head-pulls.ts'
import type { Database } from '../../src/store/database.ts'
import { nextGeneration, type StoredVerdict, saveVerdict } from '../../src/store/verdicts.ts'
import { aDatabase } from '../support/databases.ts'
import { accessOf, ann, aPerson, aSnapshot, reads } from '../support/snapshot.ts'

let database: Database
const outsider = aPerson('outsider')
const states: FindingState[] = ['passed', 'waiting', 'failed']

beforeAll(async () => {
  database = await aDatabase()
})
beforeEach(() => database.query('DELETE FROM release_gate.verdicts'))
afterAll(() => database.close())

async function aVerdict(
  number: number,
  state: FindingState,
  writer: boolean,
  baseRef: string,
): Promise<StoredVerdict> {
  const snapshot = aSnapshot({ author: writer ? ann : outsider, access: accessOf(reads, outsider) })
  const verdict: StoredVerdict = {
    pull: { ...snapshot.pull, number },
    generation: await nextGeneration(database),
    headSha: snapshot.head.sha,
    baseRef,
    counts: true,
    state,
    digest: String(number),
    report: { status: 'in_progress', title: 'x', summary: 'x' },
    snapshot,
    policy: undefined,
    source: { where: 'x', blob: 'x', valid: true, note: '' },
    decidedAt: new Date(snapshot.takenAt),
    nextAt: undefined,
    prepareAt: undefined,
  }
  await saveVerdict(database, verdict)
  return verdict
}

/** Every way in which two pull requests can offer a commit to one base, with a third to the same or to another. */
const pairs = states.flatMap((a) =>
  states.flatMap((b) =>
    [true, false].flatMap((first) =>
      [true, false].flatMap((second) => ['main', 'lax'].map((third) => ({ a, b, first, second, third }))),
    ),
  ),
)

test('the database and the decision agree on who has a say in the check of a commit', async () => {
  for (const { a, b, first, second, third } of pairs) {
    await database.query('DELETE FROM release_gate.verdicts')
    const verdicts = [
      await aVerdict(1, a, first, 'main'),
      await aVerdict(2, b, second, 'main'),
      await aVerdict(3, 'waiting', false, third),
    ]
    const rows = await database.query<{ number: number }>(
      'SELECT number FROM release_gate.speaking ORDER BY number',
    )
    expect({ a, b, first, second, third, say: rows.map(({ number }) => number) }).toEqual({
      a,
      b,
      first,
      second,
      third,
      say: decisivePulls(verdicts).map(({ pull }) => pull.number),
    })
  }
  expect(pairs).toHaveLength(72)
})
