import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { recordFreezeOrder } from '../../../src/gate/calendar/freeze-order.ts'
import { statusOf } from '../../../src/server/status-report.ts'
import { readRecords } from '../../../src/store/audit.ts'
import type { Database } from '../../../src/store/database.ts'
import { activeFreezes } from '../../../src/store/freezes.ts'
import { keepValidPolicy } from '../../../src/store/policies.ts'
import { latestVerdict } from '../../../src/store/verdicts.ts'
import { aWorld, clearState, later, type World } from '../../support/closing.ts'
import { aDatabase } from '../../support/databases.ts'
import { aLabel, aPolicy } from '../../support/snapshot.ts'

/** A freeze under a policy that names no release window, at a time at which the default one is closed. */

const friday = new Date('2026-11-27T20:00:00Z')
const text = 'gates:\n  approvals: {}\n'
const withoutWindow = aPolicy({ approvals: {} })
let database: Database
let world: World
beforeAll(async () => {
  database = await aDatabase()
})
beforeEach(async () => {
  await clearState(database)
  for (const table of ['freezes', 'freeze_orders', 'policies'])
    await database.query(`DELETE FROM release_gate.${table}`)
  world = aWorld(database)
  world.setTime(friday)
  await keepValidPolicy(database, pullOf(1), { text, blob: 'b' })
})
afterAll(() => database.close())

const pullOf = (number: number) => ({
  installationId: 1,
  repositoryId: 2,
  owner: 'acme',
  repo: 'shop',
  number,
})
const order = (
  action: 'freeze' | 'unfreeze',
  more: { until?: string; repository?: string; repositoryId?: number; organization?: string } = {},
) =>
  recordFreezeOrder(
    { ...world.shell, now: world.now },
    {
      action,
      orderer: { person: { id: 7, login: 'eva' }, authority: 'owner of acme' },
      reason: 'Ledger',
      at: world.now().toISOString(),
      ...more,
    },
  )
/** Carries out what an order asked for. */
const carriedOut = () => world.carryOutAt(world.now())
async function green(number: number, what: Parameters<World['read']>[1] = {}): Promise<void> {
  await world.read(number, what, withoutWindow)
  await world.publish(number)
  expect(world.stateOf(number)).toBe('success')
}

describe('an order to freeze, under a policy without a window', () => {
  test.each([{}, { organization: 'Acme' }, { repository: 'acme/shop' }])(
    'turns every green check red: %o',
    async (scope) => {
      await green(1)
      await green(2)
      await order('freeze', scope)
      await carriedOut()
      expect([1, 2].map(world.stateOf)).toEqual([undefined, undefined])
      expect((await latestVerdict(database, pullOf(1)))?.report.title).toBe('Frozen: Ledger')
    },
  )

  test.each([{ repository: 'acme/other' }, { organization: 'acm' }, { organization: 'other' }])(
    'of another repository or organization leaves it green: %o',
    async (scope) => {
      await green(1)
      await order('freeze', scope)
      await carriedOut()
      expect(world.stateOf(1)).toBe('success')
    },
  )

  test('of an organization ends by its own order, not by one of a repository in it', async () => {
    await green(1)
    await order('freeze', { organization: 'acme' })
    expect(await order('unfreeze', { repository: 'acme/shop' })).toEqual({
      message:
        'acme/shop has no freeze of its own, but every repository of acme is still frozen: "Ledger". To lift that freeze, run `release-gate unfreeze --organization acme`.',
      frozen: true,
    })
    await carriedOut()
    expect(world.stateOf(1)).toBeUndefined()
    world.setTime(later(friday, 60))
    expect(await order('unfreeze', { organization: 'acme' })).toEqual({
      message: 'The freeze of every repository of acme was lifted.',
      frozen: false,
    })
    await carriedOut()
    expect(world.stateOf(1)).toBe('success')
  })

  test('of a repository is lifted under its new name, and recorded with its id', async () => {
    await green(1)
    await order('freeze', { repository: 'acme/shop' })
    await keepValidPolicy(database, { ...pullOf(1), repo: 'store' }, { text, blob: 'b' })
    await carriedOut()
    expect(world.stateOf(1)).toBeUndefined()
    world.setTime(later(friday, 60))
    expect(await order('unfreeze', { repository: 'acme/shop' })).toMatchObject({ status: 404 })
    expect(await order('unfreeze', { repository: 'acme/store' })).toEqual({
      message: 'The freeze of acme/store was lifted.',
      frozen: false,
    })
    await carriedOut()
    expect(world.stateOf(1)).toBe('success')
    const bodies = []
    for await (const { kind, body } of readRecords(database, 1))
      if (kind.endsWith('frozen')) bodies.push(body)
    expect(bodies.slice(-2)).toMatchObject([
      { scope: 'acme/shop', repositoryId: 2 },
      { scope: 'acme/store', repositoryId: 2 },
    ])
  })

  test('of everything names what stays frozen as it is named now', async () => {
    await order('freeze', { repository: 'acme/shop' })
    await order('freeze')
    await keepValidPolicy(database, { ...pullOf(1), repo: 'store' }, { text, blob: 'b' })
    world.setTime(later(friday, 60))
    expect(await order('unfreeze')).toMatchObject({
      message: 'The freeze of every repository was lifted. Still frozen on their own: acme/store ("Ledger").',
    })
  })

  test('lifts nothing of another repository that had the name, where GitHub said which one has it', async () => {
    await order('freeze', { repository: 'acme/shop' })
    await keepValidPolicy(database, { ...pullOf(1), repositoryId: 3 }, { text, blob: 'b' })
    world.setTime(later(friday, 60))
    expect(await order('unfreeze', { repository: 'acme/shop', repositoryId: 3 })).toMatchObject({
      message: 'acme/shop was not frozen.',
    })
    expect((await activeFreezes(database, world.now())).map(({ repositoryId }) => repositoryId)).toEqual([2])
  })

  test('is recorded with who ordered it, and with what lets them', async () => {
    await order('freeze', { organization: 'acme' })
    const records = []
    for await (const { kind, body } of readRecords(database, 1)) if (kind === 'frozen') records.push(body)
    expect(records.at(-1)).toEqual({
      scope: 'acme/*',
      by: 'eva (owner of acme)',
      person: { id: 7, login: 'eva' },
      authority: 'owner of acme',
      reason: 'Ledger',
      until: null,
    })
  })

  test('is lifted by an order, and what is fresh turns green again without being read', async () => {
    await green(1)
    await order('freeze')
    await carriedOut()
    world.setTime(later(friday, 60))
    await order('unfreeze')
    await carriedOut()
    expect(world.stateOf(1)).toBe('success')
  })

  test('ends at its end: read again five minutes before, green at that time and no sooner', async () => {
    await green(1)
    const until = later(friday, 3_600)
    await order('freeze', { until: until.toISOString() })
    await carriedOut()
    expect(world.asked.transitions).toContainEqual(later(until, -300))
    world.asked.evaluations = []
    await world.carryOutAt(later(until, -300))
    expect(world.asked.evaluations.map(({ number }) => number)).toEqual([1])
    expect(world.asked.transitions).toContainEqual(until)
    const frozen = { reason: 'Ledger', by: 'eva', since: friday.toISOString(), until: until.toISOString() }
    await world.read(1, { frozen }, withoutWindow)
    await world.carryOutAt(new Date(until.getTime() - 1))
    expect(world.stateOf(1)).toBeUndefined()
    await world.carryOutAt(until)
    expect(world.stateOf(1)).toBe('success')
  })

  test('is lifted by the label urgent, until that expires', async () => {
    await green(1, { labels: [aLabel({ at: later(friday, -600).toISOString() })] })
    await order('freeze')
    await carriedOut()
    expect(world.stateOf(1)).toBe('success')
    const expires = later(friday, 24 * 3_600 - 600)
    expect((await latestVerdict(database, pullOf(1)))?.nextAt).toEqual(expires)
    await world.carryOutAt(expires)
    expect(world.stateOf(1)).toBeUndefined()
  })

  test('is shown by the status of the repository and of its pull requests', async () => {
    await green(1)
    await order('freeze')
    await carriedOut()
    const { repositories } = await statusOf({ database, now: world.now })
    expect(repositories).toMatchObject([
      {
        repository: 'acme/shop',
        frozen: { reason: 'Ledger', by: 'eva (owner of acme)' },
        pulls: [{ number: 1, state: 'ready', check: 'Frozen: Ledger' }],
      },
    ])
    expect(repositories[0]).not.toHaveProperty('window')
  })
})
