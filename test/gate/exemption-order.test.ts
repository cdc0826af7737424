import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { noticeSchema } from '../../src/decision/notice.ts'
import { recordFreezeOrder } from '../../src/gate/calendar/freeze-order.ts'
import { type ExemptionOutcome, recordExemptionOrder } from '../../src/gate/exemption-order.ts'
import { readRecords } from '../../src/store/audit.ts'
import type { Database } from '../../src/store/database.ts'
import { exemptionFact } from '../../src/store/exemptions.ts'
import { keepValidPolicy } from '../../src/store/policies.ts'
import { verificationOf } from '../../src/store/verdicts/unverified.ts'
import { aWorld, clearState, later, type World } from '../support/closing.ts'
import { aDatabase } from '../support/databases.ts'
import { aPolicy, shaOf } from '../support/snapshot.ts'

/** Two people exempt a pull request from freezes, in advance of one. */

const friday = new Date('2026-11-27T20:00:00Z')
const until = later(friday, 7_200)
const pull = { installationId: 1, repositoryId: 2, owner: 'acme', repo: 'shop', number: 1 }
const withoutWindow = aPolicy({ approvals: {} })
let database: Database
let world: World
let asked: { number: number; green: boolean }[]
let told: object[]

beforeAll(async () => {
  database = await aDatabase()
})
beforeEach(async () => {
  await clearState(database)
  for (const table of ['freezes', 'freeze_orders', 'policies', 'exemptions'])
    await database.query(`DELETE FROM release_gate.${table}`)
  world = aWorld(database)
  world.setTime(friday)
  asked = []
  told = []
  await keepValidPolicy(database, pull, { text: 'gates:\n  approvals: {}\n', blob: 'b' })
  await green()
})
afterAll(() => database.close())

/** What an evaluation reads and publishes, the exemption included. */
async function green(more: Parameters<World['read']>[1] = {}): Promise<void> {
  await world.read(1, { ...(await exemptionFact(database, pull, world.now())), ...more }, withoutWindow)
  await world.publish(1)
}

const ids: Record<string, number> = { ana: 1, renamed: 1, ben: 2, cleo: 3 }
const personCalled = (login: string) => ({ id: ids[login] ?? 9, login, authority: 'maintain' })

/** The number of the exemption that stands. */
const standing = async () => (await exemptionFact(database, pull, world.now())).exemption?.order ?? 0

async function apply(order: {
  action: 'confirm' | 'revoke' | 'order'
  by: string
  number?: number
  until?: Date
  confirms?: number
  repositoryId?: number
}): Promise<ExemptionOutcome> {
  const { action, by, number = 1, until: end = until, repositoryId = pull.repositoryId } = order
  const about = { repository: 'Acme/Shop', installationId: 1, repositoryId, number, by: personCalled(by) }
  const enqueueAll = async (pulls: { pull: { number: number }; green: boolean }[]) =>
    void asked.push(...pulls.map((one) => ({ number: one.pull.number, green: one.green })))
  const enqueueNotice = async (notice: object) => void told.push(notice)
  const shell = { database, now: world.now, queue: { enqueueAll, enqueueNotice } }
  if (action === 'order')
    return recordExemptionOrder(shell, { ...about, action, reason: 'Tax', until: end.toISOString() })
  if (action === 'revoke') return recordExemptionOrder(shell, { ...about, action })
  return recordExemptionOrder(shell, { ...about, action, order: order.confirms ?? (await standing()) })
}

async function freeze(): Promise<void> {
  const shell = { ...world.shell, now: world.now }
  await recordFreezeOrder(shell, {
    action: 'freeze',
    orderer: { authority: 'operator token' },
    reason: 'Ledger',
    at: world.now().toISOString(),
  })
  await world.carryOutAt(world.now())
}

const refused = (outcome: ExemptionOutcome) => ('refused' in outcome ? outcome.status : undefined)

describe('an exemption', () => {
  test('that two people gave keeps a check green in a freeze that comes later, until it ends', async () => {
    await apply({ action: 'order', by: 'ana' })
    expect(await apply({ action: 'confirm', by: 'ben' })).toMatchObject({
      state: 'confirmed',
      message: expect.stringMatching(/^Acme\/Shop#1 at commit 0000000 is exempt .*ana requested it: "Tax"/),
    })
    await green()
    await freeze()
    expect(world.stateOf(1)).toBe('success')
    await world.carryOutAt(new Date(until.getTime() - 1))
    expect(world.stateOf(1)).toBe('success')
    await world.carryOutAt(until)
    expect(world.stateOf(1)).toBeUndefined()
  })

  test('that one person gave keeps nothing green', async () => {
    await apply({ action: 'order', by: 'ana' })
    await green()
    await freeze()
    expect(world.stateOf(1)).toBeUndefined()
  })

  test.each(['ana', 'renamed'])('is not confirmed by who ordered it, here as %s', async (by) => {
    await apply({ action: 'order', by: 'ana' })
    const outcome = await apply({ action: 'confirm', by })
    expect(refused(outcome)).toBe(403)
    expect((await exemptionFact(database, pull, friday)).exemption?.confirmed).toBeUndefined()
  })

  test('is not confirmed after a push, nor twice, nor without an order', async () => {
    expect(refused(await apply({ action: 'confirm', by: 'ben' }))).toBe(409)
    await apply({ action: 'order', by: 'ana' })
    await apply({ action: 'confirm', by: 'ben' })
    expect(refused(await apply({ action: 'confirm', by: 'cleo' }))).toBe(409)
    await apply({ action: 'order', by: 'ana' })
    await world.read(1, { head: { sha: shaOf('f') } }, withoutWindow)
    expect(await apply({ action: 'confirm', by: 'ben' })).toMatchObject({
      status: 409,
      refused: expect.stringContaining('was pushed since'),
    })
  })

  test('is not confirmed by the number of one that was replaced: the terms that stand are shown instead', async () => {
    const first = await apply({ action: 'order', by: 'ana' })
    const confirms = 'order' in first ? first.order : expect.fail()
    await apply({ action: 'order', by: 'ana', until: later(until, 3_600) })
    const outcome = await apply({ action: 'confirm', by: 'ben', confirms })
    expect(outcome).toMatchObject({
      status: 409,
      refused: expect.stringMatching(/by ana, at commit 0000000, until Fri, Nov 27, .*"Tax"/),
    })
    const named = /--confirm (\d+)/.exec('refused' in outcome ? outcome.refused : '')?.[1]
    expect(await exemptionFact(database, pull, world.now())).not.toHaveProperty('exemption.confirmed')
    expect(await apply({ action: 'confirm', by: 'ben', confirms: Number(named) })).toMatchObject({
      state: 'confirmed',
    })
  })

  test('is not confirmed once the pull request has another base branch', async () => {
    await apply({ action: 'order', by: 'ana' })
    await green({ base: { ref: 'release/1' } })
    expect(await apply({ action: 'confirm', by: 'ben' })).toMatchObject({
      status: 409,
      refused: expect.stringContaining('to be merged into release/1 now'),
    })
  })

  test('that two people gave for one base branch keeps nothing green on another', async () => {
    await apply({ action: 'order', by: 'ana' })
    await apply({ action: 'confirm', by: 'ben' })
    await green({ base: { ref: 'release/1' } })
    await freeze()
    expect(world.stateOf(1)).toBeUndefined()
  })

  test('that is ordered again needs a confirmation again', async () => {
    await apply({ action: 'order', by: 'ana' })
    await apply({ action: 'confirm', by: 'ben' })
    world.setTime(later(friday, 60))
    await apply({ action: 'order', by: 'ben', until: later(until, 60) })
    expect((await exemptionFact(database, pull, world.now())).exemption).toMatchObject({ by: 'ben' })
    await green()
    await freeze()
    expect(world.stateOf(1)).toBeUndefined()
  })

  test('that was revoked lets no check turn green, and the pull request is evaluated again, green ones first', async () => {
    await apply({ action: 'order', by: 'ana' })
    await apply({ action: 'confirm', by: 'ben' })
    await green()
    asked = []
    world.setTime(later(friday, 60))
    expect(await apply({ action: 'revoke', by: 'ana' })).toMatchObject({ state: 'revoked' })
    expect(asked).toEqual([{ number: 1, green: true }])
    expect(await verificationOf(database, pull)).toMatchObject({ open: true, changedFor: expect.any(Number) })
    await green()
    await freeze()
    expect(world.stateOf(1)).toBeUndefined()
    expect(refused(await apply({ action: 'revoke', by: 'ana' }))).toBe(409)
  })

  test('has the other pull request with the same head evaluated too, and no one with another', async () => {
    await world.read(2, { head: { sha: world.headOf(1).sha } }, withoutWindow)
    await world.read(3, {}, withoutWindow)
    await apply({ action: 'order', by: 'ana' })
    expect(asked).toEqual([
      { number: 1, green: true },
      { number: 2, green: true },
    ])
  })

  test('is known as it stood at a merge that is read later', async () => {
    await apply({ action: 'order', by: 'ana' })
    await apply({ action: 'confirm', by: 'ben' })
    world.setTime(later(friday, 60))
    await apply({ action: 'revoke', by: 'ben' })
    expect((await exemptionFact(database, pull, later(friday, 30))).exemption).toMatchObject({
      confirmed: { by: 'ben' },
    })
    expect(await exemptionFact(database, pull, later(friday, -1))).toEqual({})
    expect(await exemptionFact(database, pull, later(friday, 61))).toEqual({})
    const within = await exemptionFact(database, pull, later(friday, 59.5), later(friday, 60.499))
    expect(within).toEqual({})
  })

  test('is refused for a pull request that is not known, and for an end that has passed', async () => {
    expect(refused(await apply({ action: 'order', by: 'ana', number: 7 }))).toBe(404)
    expect(refused(await apply({ action: 'order', by: 'ana', until: friday }))).toBe(400)
    expect(asked).toEqual([])
  })

  test('is refused for another repository that has the name under which the pull request was read', async () => {
    expect(refused(await apply({ action: 'order', by: 'ana', repositoryId: 3 }))).toBe(404)
    expect(await exemptionFact(database, pull, world.now())).toEqual({})
    await apply({ action: 'order', by: 'ana' })
    expect(refused(await apply({ action: 'confirm', by: 'ben', repositoryId: 3 }))).toBe(404)
    expect(refused(await apply({ action: 'revoke', by: 'ben', repositoryId: 3 }))).toBe(404)
    expect(await standing()).toBeGreaterThan(0)
    expect(await exemptionFact(database, pull, world.now())).not.toHaveProperty('exemption.confirmed')
  })

  test('is announced with its terms when it is requested, confirmed and revoked; what was refused is not', async () => {
    await apply({ action: 'confirm', by: 'ben' })
    await apply({ action: 'order', by: 'ana' })
    const number = await standing()
    await apply({ action: 'confirm', by: 'ana' })
    await apply({ action: 'confirm', by: 'ben' })
    await apply({ action: 'revoke', by: 'cleo' })
    const { number: _, ...repository } = pull
    const terms = {
      kind: 'exemption',
      repository,
      pull: expect.objectContaining({ number: 1, url: 'https://github.com/acme/shop/pull/1' }),
      order: number,
      until: until.toISOString(),
      zone: 'UTC',
      reason: 'Tax',
    }
    expect(told.map((notice) => noticeSchema.parse(notice))).toEqual([
      { ...terms, key: `exemption/2/${number}/requested`, action: 'requested', by: 'ana (maintain)' },
      {
        ...terms,
        key: `exemption/2/${number}/confirmed`,
        action: 'confirmed',
        by: 'ben (maintain)',
        requestedBy: 'ana',
      },
      {
        ...terms,
        key: `exemption/2/${number}/revoked`,
        action: 'revoked',
        by: 'cleo (maintain)',
        requestedBy: 'ana',
      },
    ])
  })

  test('is recorded with both people, and what was refused is not', async () => {
    const before = (await Array.fromAsync(readRecords(database, 1))).length
    await apply({ action: 'order', by: 'ana' })
    await apply({ action: 'confirm', by: 'ana' })
    await apply({ action: 'confirm', by: 'ben' })
    await apply({ action: 'revoke', by: 'cleo' })
    const records = (await Array.fromAsync(readRecords(database, 1))).slice(before)
    expect(records.map(({ kind, body }) => [kind, (body as { by: string }).by])).toEqual([
      ['exemption ordered', 'ana'],
      ['exemption confirmed', 'ben'],
      ['exemption revoked', 'cleo'],
    ])
    expect(records[1]?.body).toMatchObject({ orderedBy: 'ana', reason: 'Tax', until: until.toISOString() })
  })
})
