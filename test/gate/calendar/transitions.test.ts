import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { incidentSettings } from '../../../src/decision/incidents/settings.ts'
import type { Policy } from '../../../src/decision/policy.ts'
import { decide } from '../../../src/decision/verdict.ts'
import { evaluateDue } from '../../../src/gate/calendar/reevaluate-due.ts'
import { applyTransitions } from '../../../src/gate/calendar/transitions.ts'
import { writeHeads } from '../../../src/gate/calendar/write-checks.ts'
import { readRecords } from '../../../src/store/audit.ts'
import type { Database } from '../../../src/store/database.ts'
import { storeDelivery } from '../../../src/store/inbox.ts'
import { saveMonitor } from '../../../src/store/monitors.ts'
import { PRIORITY } from '../../../src/store/queue/queues.ts'
import { retryTimeOf } from '../../../src/store/retry-after-error.ts'
import { markPullChanged } from '../../../src/store/verdicts/changes.ts'
import { dueVerdicts } from '../../../src/store/verdicts/due.ts'
import { latestVerdict } from '../../../src/store/verdicts.ts'
import { noteWrite, reserveWrite } from '../../../src/store/write-budget.ts'
import { aWorld, clearState, closing, later, opening, prepared, type World } from '../../support/closing.ts'
import { aDatabase } from '../../support/databases.ts'
import { aLabel, anApproval, ann, aPolicy, bob, minutesLater } from '../../support/snapshot.ts'

let database: Database
let world: World
beforeAll(async () => {
  database = await aDatabase()
})
beforeEach(async () => {
  await clearState(database)
  world = aWorld(database)
})
afterAll(() => database.close())

const pullOf = (number: number) => ({
  installationId: 1,
  repositoryId: 2,
  owner: 'acme',
  repo: 'shop',
  number,
})
const untilMargin = later(closing, -60)
const published = async (count: number) => {
  for (let number = 1; number <= count; number++) {
    await world.read(number)
    await world.publish(number)
  }
}

describe('at the opening', () => {
  test('candidates are read again five minutes before, once, and only those that would turn green then', async () => {
    world.setTime(later(opening, -3600))
    const candidate = await world.read(1)
    const other = await world.read(2, { reviews: [] })
    await world.publish(1)
    await world.publish(2)
    expect(candidate.prepareAt).toEqual(prepared)
    expect(other.prepareAt).toBeUndefined()
    await world.carryOutAt(prepared)
    await world.carryOutAt(later(prepared, 1))
    expect(world.asked.evaluations).toEqual([{ number: 1, priority: undefined }])
  })

  test('those that were read are written without reading, exactly once each, and nothing else is', async () => {
    await published(3)
    await world.read(4, { reviews: [] })
    await world.publish(4)
    const writes = await world.carryOutAt(opening)
    expect(writes.map(({ conclusion }) => conclusion)).toEqual(['success', 'success', 'success'])
    expect(world.stateOf(4)).toBeUndefined()
    expect(await world.carryOutAt(later(opening, 1))).toEqual([])
  })

  test("by a clock that is not GitHub's nothing turns green: it is read again first", async () => {
    await published(1)
    world.shell.clockAhead = () => 31
    expect(await world.carryOutAt(opening)).toEqual([])
    expect(world.asked.evaluations).toEqual([{ number: 1, priority: PRIORITY.atOpening }])
  })

  test('then a background pass reads those afresh that were written, and no others', async () => {
    await published(2)
    await world.read(3, { reviews: [] })
    await world.publish(3)
    await world.carryOutAt(opening)
    expect(world.asked.evaluations.map(({ number }) => number).sort()).toEqual([1, 2])
  })

  test.each([
    ['read more than ten minutes before', later(opening, -601), async () => undefined],
    [
      'read in time and changed since',
      prepared,
      () => markPullChanged(database, pullOf(1), world.headOf(1).sha),
    ],
    [
      'read in time and another pull request opened on its head since',
      prepared,
      () => markPullChanged(database, pullOf(2), world.headOf(1).sha),
    ],
    [
      'read in time while a delivery has come in that was not processed yet',
      prepared,
      () =>
        storeDelivery(
          database,
          { guid: 'g', event: 'pull_request_review', body: Buffer.from('{}') },
          opening,
          async () => undefined,
        ),
    ],
  ])('%s: it is read again first, and never turns green from old facts', async (_, readAt, happens) => {
    world.setTime(readAt)
    await published(1)
    await happens()
    expect(await world.carryOutAt(opening)).toEqual([])
    expect(world.asked.evaluations).toContainEqual({ number: 1, priority: 10 })
    expect((await latestVerdict(database, pullOf(1)))?.state).toBe('waiting')
  })

  test('a pull request with another head leaves its facts fresh', async () => {
    await published(1)
    await markPullChanged(database, pullOf(2), world.headOf(2).sha)
    expect(await world.carryOutAt(opening)).toHaveLength(1)
  })

  test('changed before its evaluation began, in the same millisecond: its facts are fresh', async () => {
    await published(1)
    await markPullChanged(database, pullOf(1), world.headOf(1).sha)
    await world.read(1)
    expect(await world.carryOutAt(opening)).toHaveLength(1)
  })

  test('facts that are read while the calendar is carried out always win', async () => {
    await published(1)
    const { query } = database
    // Another evaluation takes its number and saves after the calendar has read the row, and before it writes its own.
    const racing: Database = {
      ...database,
      transaction: async (work) => {
        await world.read(1, { reviews: [] })
        return database.transaction(work)
      },
      query,
    }
    const shell = { ...world.shell, database: racing }
    world.setTime(opening)
    await evaluateDue(shell, opening, new AbortController().signal)
    expect((await latestVerdict(database, pullOf(1)))?.state).toBe('waiting')
  })

  test('a check whose write had to wait turns green only where no delivery is unread by then', async () => {
    await published(1)
    for (let times = 0; times < 60; times++) await noteWrite(database, 1, later(opening, -1))
    expect(await world.carryOutAt(opening)).toEqual([])
    const delivery = { guid: 'g', event: 'pull_request_review', body: Buffer.from('{}') }
    await storeDelivery(database, delivery, later(opening, 5), async () => undefined)
    expect(await world.carryOutAt(later(opening, 61))).toEqual([])
    await database.query('DELETE FROM release_gate.deliveries')
    expect(await world.carryOutAt(later(opening, 62))).toHaveLength(1)
  })

  test.each([
    ['turns green on facts of ten minutes before', later(opening, 61 - 600), ['success']],
    ['is read again first where its facts are older', later(opening, 61 - 601), []],
  ])('a check that had to wait for its turn %s', async (_, readAt, written) => {
    world.setTime(readAt)
    await published(1)
    for (let times = 0; times < 60; times++) await noteWrite(database, 1, later(opening, -1))
    await world.carryOutAt(opening)
    expect((await latestVerdict(database, pullOf(1)))?.state).toBe('passed')
    world.asked.evaluations = []
    const writes = await world.carryOutAt(later(opening, 61))
    expect(writes.map(({ conclusion }) => conclusion)).toEqual(written)
    expect(world.asked.evaluations.map(({ number }) => number)).toEqual([1])
  })

  test('an evaluation of another pull request with its head does not turn it green on what was read too long ago', async () => {
    world.setTime(later(opening, 61 - 601))
    await published(1)
    for (let times = 0; times < 60; times++) await noteWrite(database, 1, later(opening, -1))
    await world.carryOutAt(opening)
    world.setTime(later(opening, 61))
    const { sha } = world.headOf(1)
    await world.read(2, { head: { sha }, reviews: [ann, bob].map((by) => anApproval(by, { commit: sha })) })
    expect(await world.publish(1)).toMatchObject({ toRead: [{ number: 1 }] })
    expect(world.stateOf(1)).toBeUndefined()
  })

  test('the next run is asked for by each run, so that a death between a verdict and its job loses nothing', async () => {
    await published(1)
    await world.carryOutAt(opening)
    expect(world.asked.transitions).toContainEqual(untilMargin)
  })

  test('the next run is asked for before a check is written, so that a death amid the writes loses nothing', async () => {
    await published(1)
    world.asked.transitions = []
    let before: Date[] | undefined
    world.checks.disturb(() => {
      before ??= [...world.asked.transitions]
      return undefined
    })
    await world.carryOutAt(opening)
    expect(before).toEqual([untilMargin])
  })
})

describe('at closing', () => {
  test('green ones are evaluated first', async () => {
    world.setTime(later(opening, 60))
    await world.read(1, { reviews: [] })
    await world.read(2)
    await database.query('UPDATE release_gate.verdicts SET next_at = $1', [opening])
    expect((await dueVerdicts(database, closing)).map(({ pull }) => pull.number)).toEqual([2, 1])
  })

  test('while green checks are revoked nothing else is written', async () => {
    await published(2)
    await world.carryOutAt(opening)
    world.checks.disturb(() => new Error('502'))
    await world.carryOutAt(untilMargin).catch(() => undefined)
    const reserve = (purpose: 'update' | 'revoke green') =>
      database.transaction((tx) => reserveWrite(tx, 1, untilMargin, purpose))
    const refused = await reserve('update').catch((error: unknown) => retryTimeOf(error))
    expect(refused).toEqual(later(untilMargin, 15))
    await reserve('revoke green')
  })

  const openWith = async (count: number) => {
    await published(count)
    await world.carryOutAt(opening)
  }

  test('nothing turns green within the margin, and what is green is revoked at its beginning', async () => {
    await openWith(2)
    expect(await world.carryOutAt(later(untilMargin, -0.001))).toEqual([])
    expect(await world.carryOutAt(untilMargin)).toHaveLength(2)
    expect([world.stateOf(1), world.stateOf(2)]).toEqual([undefined, undefined])
    world.setTime(later(closing, -30))
    expect((await world.read(3)).state).toBe('waiting')
  })

  test('leaving green posts a new run: a PATCH of a completed one is answered and changes nothing', async () => {
    await openWith(1)
    const { sha } = world.headOf(1)
    const [write] = await world.carryOutAt(untilMargin)
    expect(write).toMatchObject({ kind: 'POST', conclusion: null })
    expect(world.checks.runsAt(sha)).toBe(2)
  })

  test('a PATCH that does not take effect is noticed by what comes back, and a new run is posted', async () => {
    await published(1)
    world.checks.disturb(({ kind }) => (kind === 'PATCH' ? 'ignored' : undefined))
    const writes = await world.carryOutAt(opening)
    expect(writes.map(({ kind }) => kind)).toEqual(['PATCH', 'POST'])
    expect(world.stateOf(1)).toBe('success')
  })

  test('a lost answer: the run is looked up by its id and not posted twice', async () => {
    await openWith(1)
    world.checks.disturb(() => 'lost')
    await expect(world.carryOutAt(untilMargin)).rejects.toThrow('hang up')
    world.checks.disturb(() => undefined)
    expect(await world.carryOutAt(later(untilMargin, 2))).toEqual([])
    expect(world.checks.runsAt(world.headOf(1).sha)).toBe(2)
    expect(world.stateOf(1)).toBeUndefined()
  })

  test.each([
    ['waits', 'in_progress', null],
    ['is green', 'completed', 'success'],
  ])(
    "a lost post is not taken for another App's run of the same id that %s",
    async (_name, status, conclusion) => {
      await openWith(1)
      world.checks.disturb(() => new Error('connect ECONNREFUSED'))
      await expect(world.carryOutAt(untilMargin)).rejects.toThrow('ECONNREFUSED')
      const [run] = await database.query<{ external_id: string }>(
        'SELECT external_id FROM release_gate.check_runs',
      )
      world.checks.forge(world.headOf(1).sha, { externalId: run?.external_id ?? '', status, conclusion })
      world.checks.disturb(() => undefined)
      expect(await world.carryOutAt(later(untilMargin, 2))).toMatchObject([{ kind: 'POST' }])
      expect(world.stateOf(1)).toBeUndefined()
    },
  )

  test('a post that GitHub never took is posted again, and the green one counts as standing until then', async () => {
    await openWith(1)
    world.checks.disturb(() => new Error('connect ECONNREFUSED'))
    await expect(world.carryOutAt(untilMargin)).rejects.toThrow('ECONNREFUSED')
    expect(world.stateOf(1)).toBe('success')
    world.checks.disturb(() => undefined)
    expect(await world.carryOutAt(later(untilMargin, 2))).toHaveLength(1)
    expect(world.stateOf(1)).toBeUndefined()
  })

  test('one that cannot be written keeps no other one waiting', async () => {
    await openWith(3)
    world.checks.disturb(({ sha }) => (sha === world.headOf(2).sha ? new Error('502') : undefined))
    await expect(world.carryOutAt(untilMargin)).rejects.toThrow('502')
    expect([1, 2, 3].map(world.stateOf)).toEqual([undefined, 'success', undefined])
  })

  test('a repository that is gone is logged and holds up nothing', async () => {
    await openWith(2)
    const gone = Object.assign(new Error('Not Found'), { status: 404 })
    world.checks.disturb(({ sha }) => (sha === world.headOf(1).sha ? gone : undefined))
    await world.carryOutAt(untilMargin)
    expect(world.stateOf(2)).toBeUndefined()
  })

  test('green checks on superseded heads are revoked, and those of closed pull requests', async () => {
    await openWith(2)
    world.setTime(later(opening, 60))
    await world.read(1, { head: { sha: world.headOf(9).sha }, reviews: [] })
    await world.publish(9)
    await world.read(2, { state: 'closed' })
    const writes = await world.carryOutAt(untilMargin)
    expect(writes.map(({ sha }) => sha).sort()).toEqual([world.headOf(1).sha, world.headOf(2).sha].sort())
  })

  test('one that was merged where alone it could go needs no write', async () => {
    await openWith(1)
    world.setTime(later(opening, 60))
    await world.read(1, { state: 'merged' })
    await world.publish(1, { settled: true })
    expect(await world.carryOutAt(untilMargin)).toEqual([])
  })

  test('revoking needs no fresh facts', async () => {
    await openWith(1)
    await markPullChanged(database, pullOf(1), world.headOf(1).sha)
    expect(await world.carryOutAt(untilMargin)).toHaveLength(1)
  })

  test('those that must not be green are written before those that may turn green', async () => {
    await openWith(1)
    const another = aPolicy({
      approvals: {},
      release_window: { windows: [{ opens: 'Wednesday 10:59', closes: 'Wednesday 12:00' }] },
    })
    world.setTime(later(closing, -300))
    await world.read(2, {}, another)
    await world.publish(2)
    const writes = await world.carryOutAt(untilMargin)
    expect(writes.map(({ conclusion }) => conclusion)).toEqual([null, 'success'])
  })
})

describe('what else the calendar changes', () => {
  test('an urgent change turns red when it expires outside the window', async () => {
    world.setTime(later(opening, -86_400))
    const at = world.now().toISOString()
    const policy = aPolicy({ approvals: {}, release_window: { urgent: { expires_after: '2h' } } })
    await world.read(1, { labels: [aLabel({ by: ann, at })] }, policy)
    await world.publish(1)
    expect(world.stateOf(1)).toBe('success')
    expect(await world.carryOutAt(later(world.now(), 7199))).toEqual([])
    expect(await world.carryOutAt(later(new Date(at), 7200))).toHaveLength(1)
    expect(world.stateOf(1)).toBeUndefined()
  })

  test('an urgent change stays green over closing, costs no write, and its record says why', async () => {
    const at = minutesLater(-30, opening.toISOString())
    world.setTime(later(opening, 60))
    await world.read(1, { labels: [aLabel({ by: ann, at })] })
    await world.publish(1)
    expect(await world.carryOutAt(untilMargin)).toEqual([])
    const verdict = await latestVerdict(database, pullOf(1))
    expect(verdict?.report.summary).toContain('until')
    expect(verdict?.report.summary).toContain('`ann` marked it as `urgent`')
    expect(world.stateOf(1)).toBe('success')
  })

  test('a passed window is followed by a recheck, and each finding of the window is', async () => {
    const at = (time: Date, what = {}) => {
      world.setTime(time)
      return world.read(1, what)
    }
    expect((await at(later(opening, -60))).nextAt).toEqual(opening)
    expect((await at(opening)).nextAt).toEqual(untilMargin)
    expect((await at(untilMargin)).nextAt).toEqual(closing)
    expect((await at(closing)).nextAt).toEqual(later(opening, 7 * 86_400))
    const labelled = { labels: [aLabel({ by: ann, at: closing.toISOString() })] }
    expect((await at(later(closing, 1), labelled)).nextAt).toEqual(later(closing, 86_400))
  })

  test('a freeze that begins inside a window revokes at its margin', async () => {
    const policy = aPolicy({
      approvals: {},
      release_window: { freezes: [{ from: '2026-11-25 10:30', to: '2026-11-25 12:00', reason: 'Sale' }] },
    })
    await world.read(1, {}, policy)
    await world.publish(1)
    await world.carryOutAt(opening)
    expect(world.stateOf(1)).toBe('success')
    await world.carryOutAt(later(opening, 29 * 60))
    expect(world.stateOf(1)).toBeUndefined()
  })
})

describe('the process was down', () => {
  test('over an opening: candidates are read first, for their facts are old', async () => {
    await published(1)
    expect(await world.carryOutAt(later(opening, 900))).toEqual([])
    expect(world.asked.evaluations).toEqual([{ number: 1, priority: 10 }])
  })

  test('over a closing: every green check is revoked at the start', async () => {
    await published(2)
    await world.carryOutAt(opening)
    expect(await world.carryOutAt(later(closing, 300))).toHaveLength(2)
  })

  test('over an opening and its closing: nothing turns green, and the next opening is asked for', async () => {
    await published(1)
    expect(await world.carryOutAt(later(closing, 300))).toEqual([])
    expect(world.asked.evaluations).toEqual([])
    expect(world.asked.transitions).toContainEqual(later(prepared, 7 * 86_400))
  })
})

test('two that carry out the same opening record and write it once', async () => {
  await published(4)
  const since = await latestSeq()
  world.setTime(opening)
  const { signal } = new AbortController()
  await Promise.all([applyTransitions(world.shell, signal), applyTransitions(world.shell, signal)])
  expect(world.checks.greens()).toHaveLength(4)
  const kinds: string[] = []
  for await (const { kind } of readRecords(database, 1, { after: since })) kinds.push(kind)
  expect(kinds.sort()).toEqual([...Array(4).fill('decided'), ...Array(4).fill('published')])
})

async function latestSeq(): Promise<number> {
  const [row] = await database.query<{ seq: number | null }>(
    'SELECT max(seq) AS seq FROM release_gate.audit_records WHERE installation_id = 1',
  )
  return Number(row?.seq ?? 0)
}

describe('what the bot reads all the time counts as it is now, not as it was when the pull request was read', () => {
  const gates = { approvals: {}, release_window: {} }
  const monitors = [{ id: 1, name: 'Errors' }]
  const healthy = aPolicy({ ...gates, production_health: { monitors } })
  const monitorWas = (state: string) => ({
    health: { monitors: [{ id: 1, state, readAt: world.now().toISOString(), incidents: [] }] },
  })
  const calm: Policy = {
    ...aPolicy({ ...gates, incidents: {} }),
    incidents: incidentSettings.parse({ repository: 'acme/incidents' }),
  }
  const noIncident = (readAt: Date) => ({
    incidents: { readAt: readAt.toISOString(), unresolved: [], postMortems: [] },
  })
  const earlier = later(opening, -1_800)

  beforeEach(() => database.query('DELETE FROM release_gate.monitors'))

  test('so a candidate is one although its facts will be older at the opening', async () => {
    world.setTime(earlier)
    expect((await world.read(1, monitorWas('OK'), healthy)).prepareAt).toEqual(prepared)
    expect((await world.read(2, monitorWas('Alert'), healthy)).prepareAt).toBeUndefined()
    expect((await world.read(3, noIncident(later(opening, -10_000)), calm)).prepareAt).toEqual(prepared)
  })

  test.each([
    ['OK', 'success'],
    ['Alert', undefined],
  ])('a monitor that is %s at the opening decides', async (state, conclusion) => {
    await world.read(1, monitorWas('OK'), healthy)
    await world.publish(1)
    await saveMonitor(database, 1, state, later(opening, -30))
    await world.carryOutAt(opening)
    expect(world.stateOf(1)).toBe(conclusion)
  })

  test('no check turns green at the opening on a reading of more than a minute ago, until it was read again', async () => {
    await world.read(1, monitorWas('OK'), healthy)
    await world.publish(1)
    await saveMonitor(database, 1, 'OK', later(opening, -61))
    await world.carryOutAt(opening)
    expect(world.stateOf(1)).toBeUndefined()
    expect(world.asked.incidents).toEqual([{ task: 'monitors', ids: [1] }])
    const evaluations = world.asked.evaluations.length
    await saveMonitor(database, 1, 'OK', later(opening, -60))
    await world.carryOutAt(opening)
    expect(world.stateOf(1)).toBe('success')
    expect(world.asked.evaluations.slice(0, evaluations)).toEqual([])
  })

  test('nor on what a monitor says no more', async () => {
    await world.read(1, monitorWas('OK'), healthy)
    await saveMonitor(database, 1, 'OK', later(opening, -30))
    world.setTime(opening)
    const { signal } = new AbortController()
    await evaluateDue(world.shell, opening, signal)
    expect((await latestVerdict(database, pullOf(1)))?.state).toBe('passed')
    await saveMonitor(database, 1, 'Alert', later(opening, -1))
    expect((await writeHeads(world.shell, signal)).again).toMatchObject([{ number: 1 }])
    expect(world.stateOf(1)).toBeUndefined()
  })

  test.each([
    ['one minute', 1, 'success'],
    ['three minutes', 3, null],
  ])(
    'a check that is green stays so while its monitor was read within %s',
    async (_, minutes, conclusion) => {
      world.setTime(opening)
      await saveMonitor(database, 1, 'OK', opening)
      await world.read(1, monitorWas('OK'), healthy)
      await world.publish(1)
      expect(world.stateOf(1)).toBe('success')
      const after = later(opening, 1_200)
      await saveMonitor(database, 1, 'OK', later(after, -60 * minutes))
      await world.carryOutAt(after)
      expect(world.checks.standsAt(world.headOf(1).sha) ?? null).toBe(conclusion)
      const { snapshot, state, decidedAt } = (await latestVerdict(database, pullOf(1))) ?? expect.fail()
      expect(decide({ ...snapshot, takenAt: decidedAt.toISOString() }, healthy).state).toBe(state)
    },
  )
})
