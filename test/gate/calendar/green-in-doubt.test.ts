import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { readRecords } from '../../../src/store/audit.ts'
import { postedRun } from '../../../src/store/check-runs.ts'
import type { Database } from '../../../src/store/database.ts'
import { storeDelivery } from '../../../src/store/inbox.ts'
import { saveMonitor } from '../../../src/store/monitors.ts'
import { retryAfterError } from '../../../src/store/retry-after-error.ts'
import { markPullsChanged } from '../../../src/store/verdicts/changes.ts'
import { noteWrite } from '../../../src/store/write-budget.ts'
import { aWorld, clearState, later, opening, type World } from '../../support/closing.ts'
import { aDatabase } from '../../support/databases.ts'
import { anApproval, ann, aPolicy, bob } from '../../support/snapshot.ts'

/** GitHub refused to turn a check green at the opening, or its answer was lost. */

let database: Database
let world: World
beforeAll(async () => {
  database = await aDatabase()
})
beforeEach(async () => {
  await clearState(database)
  await database.query('DELETE FROM release_gate.monitors')
  world = aWorld(database)
})
afterAll(() => database.close())

const repository = { installationId: 1, repositoryId: 2, owner: 'acme', repo: 'shop' }
const soon = later(opening, 2)

const refused: [string, () => Error][] = [
  ['a 502', () => new Error('502')],
  ['a rate limit', () => retryAfterError(soon, 'a rate limit')],
]
const inDoubt: [string, () => Error | 'lost'][] = [...refused, ['a lost answer', () => 'lost']]

/** A pull request is ready at the opening, and the write of its check fails. */
async function opensWith(trouble: () => Error | 'lost', read = () => world.read(1)) {
  await read()
  await world.publish(1)
  world.checks.disturb(trouble)
  await world.carryOutAt(opening).catch(() => undefined)
  world.checks.disturb(() => undefined)
  expect(await postedRun(database, world.headOf(1))).toMatchObject({ state: 'passed', runId: null })
  world.asked.evaluations = []
  world.asked.incidents = []
}

const changed = () => markPullsChanged(database, repository, [1])
const unread = () =>
  storeDelivery(
    database,
    { guid: 'g', event: 'pull_request_review', body: Buffer.from('{}') },
    opening,
    async () => undefined,
  )
const noRoom = async () => {
  for (let times = 0; times < 479; times++) await noteWrite(database, 1, later(opening, -120))
}
const evaluated = () => world.asked.evaluations.map(({ number }) => number)

describe.each(inDoubt)('after %s', (_, trouble) => {
  test.each<[string, () => Promise<unknown>, Date?]>([
    ['its pull request changed', changed],
    ['a delivery is unread', unread],
    ['a delivery is unread and no room is left for another green check', () => noRoom().then(unread)],
    ['its facts are older than ten minutes', async () => undefined, later(opening, 601)],
  ])('nothing is posted where %s, until it is evaluated', async (_why, happens, at = soon) => {
    await opensWith(trouble)
    await happens()
    expect(await world.carryOutAt(at)).toEqual([])
    expect(evaluated()).toEqual([1])
  })

  test('an evaluation that finds changes requested leaves no green check', async () => {
    await opensWith(trouble)
    await changed()
    await world.carryOutAt(soon)
    await world.read(1, { reviews: [] })
    await world.publish(1)
    expect(world.stateOf(1)).toBeUndefined()
    expect(await postedRun(database, world.headOf(1))).toMatchObject({ outstanding: false })
  })

  test('an evaluation that finds it ready turns it green', async () => {
    await opensWith(trouble)
    await changed()
    await world.carryOutAt(soon)
    await world.read(1)
    await world.publish(1)
    expect(world.stateOf(1)).toBe('success')
  })

  test('it is green where nothing changed, with one run', async () => {
    await opensWith(trouble)
    await world.carryOutAt(soon)
    expect(world.stateOf(1)).toBe('success')
    expect(world.checks.runsAt(world.headOf(1).sha)).toBe(1)
    expect(await world.carryOutAt(later(soon, 1))).toEqual([])
  })

  test('it is revoked without reading where another pull request with its head does not pass', async () => {
    await opensWith(trouble)
    const { sha } = world.headOf(1)
    await world.read(2, { head: { sha }, reviews: [] })
    await changed()
    const [write, ...more] = await world.carryOutAt(soon)
    expect(write).toMatchObject({ sha, conclusion: null })
    expect(more).toEqual([])
    expect(world.stateOf(1)).toBeUndefined()
  })

  test('it is not green while another pull request with its head has to be read', async () => {
    await opensWith(trouble)
    const { sha } = world.headOf(1)
    await world.read(2, { head: { sha }, reviews: [ann, bob].map((by) => anApproval(by, { commit: sha })) })
    await changed()
    expect((await world.publish(1)).toRead).toMatchObject([{ number: 1 }])
    expect(world.stateOf(1)).toBeUndefined()
  })
})

test.each(refused)('after %s the check and its record wait for fresh monitors', async (_, trouble) => {
  const policy = aPolicy({
    approvals: {},
    release_window: {},
    production_health: { monitors: [{ id: 7, name: 'Errors' }] },
  })
  const readAt = later(opening, -30)
  const health = { monitors: [{ id: 7, state: 'OK', readAt: readAt.toISOString(), incidents: [] }] }
  await saveMonitor(database, 7, 'OK', readAt)
  await opensWith(trouble, () => world.read(1, { health }, policy))
  const last = (await publishedRecords()).length
  await world.carryOutAt(later(readAt, 61))
  expect(world.stateOf(1)).toBeUndefined()
  expect(world.asked.incidents).toEqual([{ task: 'monitors', ids: [7] }])
  await saveMonitor(database, 7, 'OK', later(readAt, 62))
  await world.carryOutAt(later(readAt, 63))
  expect(world.stateOf(1)).toBe('success')
  const records = (await publishedRecords()).slice(last)
  expect(records.at(-1)).toMatchObject({ monitors: [{ id: 7, state: 'OK' }] })
})

async function publishedRecords() {
  const all = await Array.fromAsync(readRecords(database, 1))
  return all.filter(({ kind }) => kind === 'published').map(({ body }) => body)
}
