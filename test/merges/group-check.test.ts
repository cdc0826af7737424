import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Policy } from '../../src/decision/policy.ts'
import type { Snapshot } from '../../src/decision/snapshot.ts'
import { decide } from '../../src/decision/verdict.ts'
import { postGroupCheck, revokeGroupGreen } from '../../src/merges/group-check.ts'
import type { Database } from '../../src/store/database.ts'
import { saveFreezeOrder } from '../../src/store/freezes.ts'
import { passedGroups } from '../../src/store/merge-groups.ts'
import { saveMonitor } from '../../src/store/monitors.ts'
import { retryTimeOf } from '../../src/store/retry-after-error.ts'
import { nextGeneration } from '../../src/store/verdicts.ts'
import { aWorld, clearState, closing, later, opening, type World } from '../support/closing.ts'
import { aDatabase } from '../support/databases.ts'
import { aPolicy, shaOf } from '../support/snapshot.ts'

let database: Database
let world: World
beforeAll(async () => {
  database = await aDatabase()
})
beforeEach(async () => {
  await clearState(database)
  await database.query('DELETE FROM release_gate.freezes')
  await database.query('DELETE FROM release_gate.freeze_orders')
  await database.query('DELETE FROM release_gate.merge_groups')
  world = aWorld(database)
  world.setTime(later(opening, 60))
})
afterAll(() => database.close())

const repository = { installationId: 1, repositoryId: 2, owner: 'acme', repo: 'shop' }
const headSha = shaOf('9')

/** A group of pull request 1, which passes; `then`: what happens between its reading and its check. */
async function postAfter(
  then: () => Promise<unknown> | unknown,
  { facts, policy = aPolicy() }: { facts?: Partial<Snapshot>; policy?: Policy } = {},
) {
  const generation = await nextGeneration(database)
  const { snapshot } = await world.read(1, facts, policy)
  const group = {
    repository,
    headSha,
    headRef: 'refs/heads/gh-readonly-queue/main/pr-1-9',
    baseRef: 'refs/heads/main',
    members: [{ snapshot, policy }],
    generation,
  }
  await then()
  const verdict = decide(snapshot, policy)
  expect(verdict.state).toBe('passed')
  return postGroupCheck(world.shell, world.checks.client, group, [{ number: 1, verdict }], [])
}

const changed = () =>
  database.query(
    `UPDATE release_gate.verdicts SET heard = nextval('release_gate.generation') WHERE number = 1`,
  )
const frozen = (scope: string) =>
  database.transaction((tx) =>
    saveFreezeOrder(tx, {
      scope,
      by: 'eva',
      issuedAt: world.now(),
      at: world.now(),
      freeze: { reason: 'Ledger', until: null },
    }),
  )

describe('the check of a merge group turns green', () => {
  test.each<[string, () => Promise<unknown> | unknown]>([
    ['when nothing changed since its pull requests were read', () => undefined],
    ['when another repository was frozen meanwhile', () => frozen('acme/other')],
    ['when they were read ten minutes ago', () => world.setTime(later(world.now(), 600))],
  ])('%s', async (_name, then) => {
    await postAfter(then)
    expect(world.checks.standsAt(headSha)).toBe('success')
    expect(await passedGroups(database, repository)).toHaveLength(1)
  })
})

describe('the check of a merge group stays as it is, and the group is evaluated again', () => {
  test.each<[string, () => Promise<unknown> | unknown, RegExp, Date?]>([
    ['when one of its pull requests changed after it was read', changed, /#1 .* changed after it was read/],
    ['when a freeze was ordered after they were read', () => frozen('acme/shop'), /a freeze began/],
    ['when they were read too long ago', () => world.setTime(later(world.now(), 601)), /too long ago/],
    [
      'when closing has begun since',
      () => world.setTime(later(closing, -60)),
      /calendar changed/,
      later(closing, -300),
    ],
  ])('%s', async (_name, then, why, start) => {
    if (start) world.setTime(start)
    const refusal = await postAfter(then).catch((error: unknown) => error)
    expect(retryTimeOf(refusal)).toEqual(world.now())
    expect(String(refusal)).toMatch(why)
    expect(world.checks.writes).toEqual([])
    expect(await passedGroups(database, repository)).toEqual([])
  })
})

test.each([
  ['was read a minute ago', 60, 'success'],
  ['was read before that', 61, undefined],
])('the check of a merge group whose monitor %s', async (_name, seconds, stands) => {
  const readAt = later(world.now(), -seconds)
  const health = { monitors: [{ id: 1, state: 'OK', readAt: readAt.toISOString(), incidents: [] }] }
  await database.query('DELETE FROM release_gate.monitors')
  await saveMonitor(database, 1, 'OK', readAt)
  const policy = aPolicy({ approvals: {}, production_health: { monitors: [{ id: 1, name: 'Errors' }] } })
  const refusal = await postAfter(() => undefined, { facts: { health }, policy }).catch(String)
  expect(world.checks.standsAt(headSha)).toBe(stands)
  if (stands === undefined) expect(refusal).toMatch(/the monitor 1 was read too long ago/)
})

describe("another App's run with the id that ours would have does not stand for it", () => {
  const group = {
    repository,
    headSha,
    headRef: 'refs/heads/gh-readonly-queue/main/pr-1-9',
    baseRef: 'refs/heads/main',
    members: [],
    generation: 1,
  }
  const forge = (state: string, status: string, conclusion: string | null) =>
    world.checks.forge(headSha, { externalId: `group ${headSha} ${state}`, status, conclusion })
  beforeEach(async () => {
    await postAfter(() => undefined)
    expect(world.checks.standsAt(headSha)).toBe('success')
  })

  test('when the group fails: its green check is failed all the same', async () => {
    forge('failed', 'completed', 'failure')
    await postGroupCheck(world.shell, world.checks.client, group, [{ number: 1, verdict: undefined }], [])
    expect(world.checks.standsAt(headSha)).toBe('failure')
  })

  test('when GitHub drops the group: its green check is revoked all the same', async () => {
    forge('given up', 'in_progress', null)
    await revokeGroupGreen(world.shell, world.checks.client, group)
    expect(world.checks.standsAt(headSha)).toBeUndefined()
    expect(await passedGroups(database, repository)).toEqual([])
  })

  test('though our own of that id does, and costs no second write', async () => {
    const fail = () =>
      postGroupCheck(world.shell, world.checks.client, group, [{ number: 1, verdict: undefined }], [])
    await fail()
    forge('failed', 'completed', 'failure')
    await fail()
    expect(world.checks.writes.map(({ conclusion }) => conclusion)).toEqual(['success', 'failure'])
  })
})
