import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast } from '../../src/sandbox/workshop.ts'
import { greensOf } from '../../src/store/check-runs.ts'
import { openDatabase } from '../../src/store/database/open.ts'
import { writeLoad } from '../../src/store/write-budget.ts'
import {
  about,
  allowBypass,
  aRepositoryOf,
  inWindow,
  letNoticesPass,
  type MergingShop,
  openedIssues,
  queueOn,
  type ReadRecord,
  recordsOf,
} from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

/** Merges of which GitHub does not tell everything, and merges of which the check and the facts say different things. */

let stage: Stage
let records: ReadRecord[]
const shops = new Map<string, MergingShop>()

const later = (seconds: number) => stage.moveTo(new Date(stage.now().getTime() + seconds * 1_000))
/** Deliveries wait until it is released, which is when the bot hears of anything. */
function backlog(): () => Promise<void> {
  const letGo = stage.github.faults.add({ kind: 'hold' })
  return async () => {
    letGo()
    await stage.settled()
  }
}
const merge = (login: string, { repository }: MergingShop, { number: pull_number, sha }: Change) =>
  stage.as(login).rest.pulls.merge({ ...repository, pull_number, sha })

async function shopOf(name: string, policy?: string): Promise<MergingShop> {
  const shop = await aRepositoryOf(stage, policy)
  shops.set(name, shop)
  return shop
}

/** The issue's events cannot be read, so often or for good. */
const refuseEvents = (shop: MergingShop, status: 404 | 502) =>
  stage.github.faults.add({
    kind: 'status',
    status,
    path: new RegExp(`${shop.repository.repo}/issues/\\d+/events`),
    only: 'app',
  })

/** Uses so many writes of the hour that none is left to revoke another green check, and gives them back. */
async function useWrites(installationId: number): Promise<() => Promise<void>> {
  const database = await openDatabase(stage.database)
  const at = new Date(stage.now().getTime() - 600_000)
  const { lastHour } = await writeLoad(database, installationId, stage.now())
  const { outstanding } = await greensOf(database, installationId, stage.now())
  await database.query(
    `INSERT INTO release_gate.writes (installation_id, at) SELECT $1, $2 FROM generate_series(1, $3::integer)`,
    [installationId, at, 481 - lastHour - outstanding],
  )
  return async () => {
    await database.query('DELETE FROM release_gate.writes WHERE at = $1', [at])
    await database.close()
  }
}

beforeAll(async () => {
  stage = await aStage({ at: inWindow })
  cast(stage)
  const { installationId } = stage.github.installApp('foodyepay')

  const forGood = await shopOf('for good')
  const unread = await forGood.approvedChange()
  const tellAll = backlog()
  await forGood.review('dev', unread, 'REQUEST_CHANGES')
  await later(1)
  await merge('eva', forGood, unread)
  const readAll = refuseEvents(forGood, 404)
  await tellAll()
  for (let times = 0; times < 12; times++) await later(10)
  readAll()

  const once = await shopOf('for a while')
  const slow = await once.approvedChange()
  const readAgain = refuseEvents(once, 502)
  await merge('eva', once, slow)
  await stage.settled()
  await later(3)
  readAgain()
  for (let times = 0; times < 4; times++) await later(10)

  const unheard = await shopOf('approved before')
  await allowBypass(stage, unheard)
  const half = await unheard.change()
  await unheard.review('chloe', half)
  let release = backlog()
  await unheard.review('dev', half)
  await later(1)
  await merge('olga', unheard, half)
  await release()

  const repaired = await shopOf('approved after')
  await allowBypass(stage, repaired)
  const open = await repaired.change()
  await repaired.review('chloe', open)
  release = backlog()
  await merge('olga', repaired, open)
  await later(1)
  await repaired.review('dev', open)
  await release()

  const promoted = await shopOf('access after')
  await allowBypass(stage, promoted)
  const triaged = await promoted.change()
  await promoted.review('chloe', triaged)
  await promoted.review('gus', triaged)
  await merge('olga', promoted, triaged)
  stage.github.setCollaborator(promoted.name, 'gus', 'write')
  await stage.settled()

  const revoked = await shopOf('revoked')
  await allowBypass(stage, revoked)
  const blind = await revoked.approvedChange()
  const seeAgain = refuseEvents(revoked, 502)
  await revoked.review('dev', blind, 'REQUEST_CHANGES')
  await later(10)
  await merge('olga', revoked, blind)
  await stage.settled()
  seeAgain()
  for (let times = 0; times < 3; times++) await later(10)

  const between = await shopOf('failed once')
  const green = await between.approvedChange()
  const recover = refuseEvents(between, 502)
  await between.review('dev', green, 'REQUEST_CHANGES')
  await merge('eva', between, green)
  await stage.settled()
  recover()
  for (let times = 0; times < 3; times++) await later(10)

  const full = await shopOf('no room')
  await allowBypass(stage, full)
  const ready = await full.change()
  await full.review('chloe', ready)
  const freeWrites = await useWrites(installationId)
  await full.review('dev', ready)
  await merge('olga', full, ready)
  await stage.settled()
  await freeWrites()

  const shared = await shopOf('shared head')
  await allowBypass(stage, shared)
  const passed = await shared.approvedChange()
  const copy = await stage.github.workingCopy(shared.name, 'ben')
  await copy.branch('same', `origin/${passed.branch}`)
  await copy.push({ ref: 'same' })
  const params = { ...shared.repository, title: 'Again', head: 'same', base: 'main', draft: true }
  await stage.as('ben').rest.pulls.create(params)
  await stage.settled()
  await merge('olga', shared, passed)
  await stage.settled()

  const queued = await queueOn(stage, { alsoNeeds: 'build' })
  shops.set('queue', queued)
  const member = await queued.approvedChange()
  await queued.succeed(member.sha)
  await queued.enqueue(member)
  const [group = ''] = await queued.groupHeads()
  release = backlog()
  await queued.review('dev', member, 'REQUEST_CHANGES')
  await later(1)
  await queued.succeed(group)
  expect(await queued.isMerged(member)).toBe(true)
  await release()

  await letNoticesPass(stage, 20)
  records = await recordsOf(stage)
})
afterAll(() => stage.close())

function bodyOf(name: string) {
  const [record, ...more] = about(records, shops.get(name) as MergingShop, 'merged')
  expect(more).toEqual([])
  return record?.body as unknown as {
    exception: { kind: string; bypassed: string[] } | null
    atMerge: { state: string } | { unverified: string }
    approvers: { login: string }[]
    verdict: { state: string }
    posted: { conclusion: string | null; title: string }
  }
}

describe('a merge whose facts cannot be read', () => {
  test('for good is an exception that says which request failed, and is announced', async () => {
    const { exception, atMerge } = bodyOf('for good')
    expect(exception?.kind).toBe('unverified')
    expect(exception?.bypassed).toEqual([
      expect.stringMatching(
        /^The facts at the time of the merge could not be verified: GET \/.*\/issues\/1\/events answered 404\.$/,
      ),
    ])
    expect(atMerge).toMatchObject({ unverified: expect.stringContaining('answered 404') })
    const shop = shops.get('for good') as MergingShop
    expect(shop.messages()[0]).toContain('could not be verified')
    expect(await openedIssues(stage, shop)).toMatchObject([{ labels: ['release-exception'] }])
  })

  test('for a few seconds is recorded when they can be', () => {
    expect(bodyOf('for a while')).toMatchObject({ exception: null, atMerge: { state: 'passed' } })
  })
})

describe('a merge past a check that had not passed says what was true', () => {
  test('when the missing approval had been given before it', () => {
    const { exception, atMerge, approvers } = bodyOf('approved before')
    expect(exception).toEqual({
      kind: 'not passed',
      bypassed: [
        'Approvals: Waiting for 1 more approval',
        'Based on the facts at the time of the merge, this pull request would have passed.',
      ],
    })
    expect(atMerge).toMatchObject({ state: 'passed' })
    expect(approvers.map(({ login }) => login)).toEqual(['chloe', 'dev'])
  })

  test.each([
    ['when the missing approval is given after it', 'approved after'],
    ['when an approver is given write access after it', 'access after'],
  ])('%s, which repairs nothing', (_, name) => {
    const { exception, atMerge, approvers } = bodyOf(name)
    expect(exception).toEqual({ kind: 'not passed', bypassed: ['Approvals: Waiting for 1 more approval'] })
    expect(atMerge).toMatchObject({ state: 'waiting' })
    expect(approvers.map(({ login }) => login)).toEqual(['chloe'])
  })
})

describe('a merge of a pull request that could not be evaluated after a change', () => {
  const unread = 'Could not be verified: GET issues/1/events answered 502'

  test('past the revoked check is an exception with what the check said and what was true, announced and to be reviewed', async () => {
    const { exception, verdict, posted, atMerge } = bodyOf('revoked')
    expect(exception).toEqual({
      kind: 'not passed',
      bypassed: [`The check said "${unread}".`, 'Approvals: Changes requested by dev'],
    })
    expect(posted).toMatchObject({ conclusion: 'failure', title: unread })
    expect({ verdict, atMerge }).toMatchObject({ verdict: { state: 'failed' }, atMerge: { state: 'failed' } })
    const shop = shops.get('revoked') as MergingShop
    expect(shop.messages()[0]).toContain('Changes requested by dev')
    expect(await openedIssues(stage, shop)).toMatchObject([{ labels: ['release-exception'] }])
  })

  test('while the check was still green, after the first failure, is one too', async () => {
    const { exception, posted, atMerge } = bodyOf('failed once')
    expect(exception?.kind).toBe('outdated')
    expect(exception?.bypassed[0]).toBe('Approvals: Changes requested by dev')
    expect(exception?.bypassed.at(-1)).toMatch(/^The check still said "Ready to merge"/)
    expect(posted).toMatchObject({ conclusion: 'success', title: 'Ready to merge' })
    expect(atMerge).toMatchObject({ state: 'failed' })
    const shop = shops.get('failed once') as MergingShop
    expect(shop.messages()[0]).toContain('Changes requested by dev')
    expect(await openedIssues(stage, shop)).toMatchObject([{ labels: ['release-exception'] }])
  })
})

describe('a merge past a check that said less than the passed verdict', () => {
  test.each([
    ['where it waited for its turn', 'no room', 'Ready; waiting for its turn'],
    ['where it showed another pull request with the same head', 'shared head', 'Draft'],
  ])('%s, is an exception that names it', (_, name, title) => {
    const { exception, verdict, posted, atMerge } = bodyOf(name)
    expect({ verdict, atMerge }).toMatchObject({ verdict: { state: 'passed' }, atMerge: { state: 'passed' } })
    expect(posted).toMatchObject({ conclusion: null, title: expect.stringContaining(title) })
    expect(exception).toEqual({
      kind: 'not passed',
      bypassed: [
        `The check said "${posted.title}".`,
        'Based on the facts at the time of the merge, this pull request would have passed.',
      ],
    })
  })
})

test('a merge by a queue, of a group that passed before changes were requested, is an exception', () => {
  expect(bodyOf('queue').exception).toMatchObject({
    kind: 'outdated',
    bypassed: expect.arrayContaining(['Approvals: Changes requested by dev']),
  })
})
