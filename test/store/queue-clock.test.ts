import { TestClock } from 'pg-boss'
import { afterEach, describe, expect, test } from 'vitest'
import type { Database } from '../../src/store/database.ts'
import { PRIORITY, RETRY_LIMIT } from '../../src/store/queue/queues.ts'
import { keyOf, senderOn } from '../../src/store/queue/sender.ts'
import type { DeadJob, Handlers, Queue } from '../../src/store/queue.ts'
import { retryAfterError } from '../../src/store/retry-after-error.ts'
import { aPglite, describeOnBoth } from '../support/databases.ts'
import { eventually } from '../support/eventually.ts'
import { aBossBeside, aGate, aPull, aQueue, untilIdle } from '../support/queues.ts'

const TUESDAY = new Date('2026-11-24T16:00:00Z')
const OPENS = new Date('2026-11-25T18:00:00Z')
const SECOND = 1_000

describeOnBoth('the queue under a clock that a story moves', (open) => {
  const queues: Queue[] = []
  let shared: Promise<Database> | undefined
  afterEach(async () => {
    await Promise.all(queues.splice(0).map((queue) => queue.stop()))
    await (await shared)?.query('DELETE FROM release_gate_jobs.job')
  })
  const start = async (handlers: Partial<Handlers> = {}, own?: Database) => {
    shared ??= open()
    const database = own ?? (await shared)
    const clock = new TestClock(TUESDAY)
    const started = await aQueue(database, handlers, clock)
    queues.push(started.queue)
    await started.work()
    /** What a story does: all settles, time moves, the workers look. */
    const moveTo = async (time: Date) => {
      await untilIdle(started.queue)
      await clock.setTime(time)
      await started.queue.nudge()
    }
    return { ...started, clock, database, moveTo }
  }
  const times = (ran: unknown[], count: number) => eventually(() => expect(ran).toHaveLength(count))

  test('an immediate job runs without a tick', async () => {
    const { queue, ran } = await start()
    await queue.enqueueEvaluate(aPull())
    await untilIdle(queue)
    expect(ran).toEqual([aPull()])
  })

  test('an immediate job of a transaction runs without a tick', async () => {
    const { queue, ran, database } = await start()
    await database.transaction((tx) => queue.enqueueEvaluate(aPull(), { tx }))
    await untilIdle(queue)
    expect(ran).toEqual([aPull()])
  })

  test.each([PRIORITY.mayBeGreen, PRIORITY.sameHead, undefined])(
    'a job of priority %i that waits for a limit keeps it',
    async (priority) => {
      let limited = true
      const at = new Date(TUESDAY.getTime() + 60 * SECOND)
      const { queue, ran, moveTo, database } = await start({
        evaluate: async () => {
          if (!limited) return
          limited = false
          throw retryAfterError(at, 'limit')
        },
      })
      await queue.enqueueEvaluate(aPull(), priority === undefined ? {} : { priority })
      await times(ran, 1)
      await moveTo(at)
      await times(ran, 2)
      const jobs = await database.query(`SELECT priority FROM release_gate_jobs.job WHERE name = 'evaluate'`)
      expect(jobs).toEqual([{ priority: priority ?? 0 }, { priority: priority ?? 0 }])
    },
  )

  const ways: [string, (database: Database, queue: Queue, priority: number) => Promise<unknown>][] = [
    [
      'that was delayed and is due',
      async (database, _queue, priority) => {
        const boss = await aBossBeside(database)
        await senderOn(boss, new TestClock(TUESDAY)).forward('evaluate', aPull(), keyOf(aPull()), priority)
        await boss.stop({ close: database.kind === 'postgres' })
      },
    ],
    ['that is new', (_database, queue, priority) => queue.enqueueEvaluate(aPull(), { priority })],
    [
      'of a transaction',
      (database, queue, priority) =>
        database.transaction((tx) => queue.enqueueEvaluate(aPull(), { tx, priority })),
    ],
  ]
  describe.each(ways)('a request %s', (_name, join) => {
    test.each([
      ['raises', PRIORITY.mayBeGreen, PRIORITY.mayBeGreen],
      ['never lowers', PRIORITY.sameHead, PRIORITY.atOpening],
    ])('%s the priority of an equal one that waits', async (_, own, becomes) => {
      shared ??= open()
      const database = await shared
      const { queue } = await aQueue(database, {}, new TestClock(TUESDAY))
      queues.push(queue)
      await queue.enqueueEvaluate(aPull(), { priority: PRIORITY.atOpening })
      await join(database, queue, own)
      const jobs = await database.query(`SELECT priority FROM release_gate_jobs.job WHERE name = 'evaluate'`)
      expect(jobs).toEqual([{ priority: becomes }])
    })
  })

  test('a recheck runs after the clock was moved past it, by setTime and nudge, and not before', async () => {
    const { queue, ran, moveTo } = await start()
    await queue.enqueueRecheck(aPull(), OPENS)
    await moveTo(new Date(OPENS.getTime() - SECOND))
    await untilIdle(queue)
    expect(ran).toEqual([])
    await moveTo(OPENS)
    await times(ran, 1)
    await untilIdle(queue)
    expect(ran).toEqual([aPull()])
  })

  test('a recheck runs as well after setTime and a tick of the polling interval', async () => {
    const { queue, ran, clock } = await start()
    await queue.enqueueRecheck(aPull(), OPENS)
    await untilIdle(queue)
    await clock.setTime(OPENS)
    expect(ran).toEqual([])
    await clock.tick(SECOND)
    await times(ran, 1)
  })

  test('a recheck that waits neither delays nor swallows an immediate evaluation', async () => {
    const { queue, ran, moveTo } = await start()
    await queue.enqueueRecheck(aPull(), OPENS)
    await queue.enqueueEvaluate(aPull({ requestedBy: 42 }))
    await untilIdle(queue)
    expect(ran).toEqual([aPull({ requestedBy: 42 })])
    await moveTo(OPENS)
    await times(ran, 2)
  })

  test('equal rechecks join, others each run at their time, and none carries who pressed a button', async () => {
    const { queue, ran, moveTo } = await start()
    const closes = new Date(OPENS.getTime() + 3_600 * SECOND)
    for (let n = 0; n < 3; n += 1) await queue.enqueueRecheck(aPull({ requestedBy: 42 }), OPENS)
    await queue.enqueueRecheck(aPull(), closes)
    await queue.enqueueRecheck(aPull({ number: 8 }), OPENS)
    await moveTo(OPENS)
    await times(ran, 2)
    await untilIdle(queue)
    expect(ran.map((pull) => pull.number).sort()).toEqual([7, 8])
    expect(ran.every((pull) => pull.requestedBy === undefined)).toBe(true)
    await moveTo(closes)
    await times(ran, 3)
  })

  test('a recheck that is further away than pg-boss keeps a job by default (14 days) still runs', async () => {
    const { queue, ran, moveTo } = await start()
    const afterTheFreeze = new Date('2027-01-06T18:00:00Z')
    await queue.enqueueRecheck(aPull(), afterTheFreeze)
    await moveTo(new Date(afterTheFreeze.getTime() - SECOND))
    await moveTo(afterTheFreeze)
    await times(ran, 1)
  })

  test('a limit completes the job, and the same work runs again after the named time', async () => {
    const at = new Date(TUESDAY.getTime() + 600 * SECOND)
    let limited = true
    const { queue, ran, moveTo, lines, database } = await start({
      evaluate: async () => {
        if (limited)
          throw new Error('GitHub refused', { cause: retryAfterError(at, 'The hourly limit is reached') })
      },
    })
    await queue.enqueueEvaluate(aPull({ requestedBy: 42 }))
    await untilIdle(queue)
    expect(ran).toHaveLength(1)
    const states = await database.query(
      "SELECT state::text FROM release_gate_jobs.job WHERE name = 'evaluate'",
    )
    expect(states).toEqual([{ state: 'completed' }])
    expect(lines.filter((line) => line.level === 40)).toEqual([])
    limited = false
    await moveTo(new Date(at.getTime() - SECOND))
    await untilIdle(queue)
    expect(ran).toHaveLength(1)
    await moveTo(at)
    await times(ran, 2)
    expect(ran[1]).toEqual(aPull({ requestedBy: 42 }))
  })

  test('a limit that waits does not hold back a new request for the pull request', async () => {
    let limited = true
    const { queue, ran } = await start({
      evaluate: async () => {
        if (limited) throw retryAfterError(new Date(TUESDAY.getTime() + 600 * SECOND), 'limit')
      },
    })
    await queue.enqueueEvaluate(aPull())
    await untilIdle(queue)
    limited = false
    await queue.enqueueEvaluate(aPull())
    await untilIdle(queue)
    expect(ran).toHaveLength(2)
  })

  test('a limit that names the past does not run in a circle', async () => {
    const { queue, ran, moveTo } = await start({
      evaluate: async () => {
        throw retryAfterError(new Date(0), 'limit')
      },
    })
    await queue.enqueueEvaluate(aPull())
    await untilIdle(queue)
    expect(ran).toHaveLength(1)
    await moveTo(new Date(TUESDAY.getTime() + SECOND))
    await times(ran, 2)
  })

  test('a delivery and a notice that meet a limit run again too', async () => {
    const at = new Date(TUESDAY.getTime() + 60 * SECOND)
    const seen: unknown[] = []
    const { queue, moveTo } = await start({
      delivery: async (id) => {
        if (seen.push(id) <= 2) throw retryAfterError(at, 'limit')
      },
      notice: async (notice) => {
        if (seen.push(notice) <= 2) throw retryAfterError(at, 'limit')
      },
    })
    await queue.enqueueDelivery('5')
    await queue.enqueueNotice({ text: 'x' })
    await untilIdle(queue)
    expect(seen).toHaveLength(2)
    await moveTo(at)
    await times(seen, 4)
    expect(seen.slice(2)).toEqual(expect.arrayContaining(['5', { text: 'x' }]))
  })

  test('notices that meet one limit each run again: none is taken for another', async () => {
    const at = new Date(TUESDAY.getTime() + 60 * SECOND)
    const seen: unknown[] = []
    const { queue, clock } = await start({
      notice: async (notice) => {
        if (seen.push(notice) <= 3) throw retryAfterError(at, 'limit')
      },
    })
    const notices = [{ text: 'a' }, { text: 'b' }, { text: 'c' }]
    const run = (count: number) =>
      eventually(async () => {
        await queue.nudge()
        expect(seen).toHaveLength(count)
      })
    for (const notice of notices) await queue.enqueueNotice(notice)
    await run(3)
    await untilIdle(queue)
    await clock.setTime(at)
    await run(6)
    expect(seen.slice(3)).toEqual(expect.arrayContaining(notices))
  })

  test('a poison job is tried again with growing delays, ends as a dead letter with an alert, and never stops others', async () => {
    const dead: DeadJob[] = []
    const { queue, ran, lines, moveTo, clock } = await start({
      evaluate: async (pull) => {
        if (pull.number === 1) throw new Error('poison')
      },
      dead: async (job) => {
        dead.push(job)
      },
    })
    await queue.enqueueEvaluate(aPull({ number: 1 }))
    for (let attempt = 1; attempt <= RETRY_LIMIT + 1; attempt += 1) {
      await eventually(() => expect(ran.filter((pull) => pull.number === 1)).toHaveLength(attempt))
      if (attempt <= RETRY_LIMIT) await moveTo(new Date(clock.now() + 301 * SECOND))
    }
    await untilDead(queue, () => expect(dead).toHaveLength(1))
    expect(dead[0]).toEqual({ queue: 'evaluate', data: aPull({ number: 1 }), problem: 'poison' })
    expect(lines.filter((line) => line.alert)).toHaveLength(1)
    await queue.enqueueEvaluate(aPull({ number: 2 }))
    await queue.enqueueEvaluate(aPull({ number: 1 }))
    await eventually(() =>
      expect(
        ran
          .slice(-2)
          .map((pull) => pull.number)
          .sort(),
      ).toEqual([1, 2]),
    )
  })

  test('a failing job that meets an older failing one joins it without an alert', async () => {
    const dead: DeadJob[] = []
    const { queue, ran, lines, moveTo, clock } = await start({
      evaluate: async () => {
        if (ran.length <= 2) throw new Error('not yet')
      },
      dead: async (job) => {
        dead.push(job)
      },
    })
    await queue.enqueueEvaluate(aPull())
    await times(ran, 1)
    await untilIdle(queue)
    await queue.enqueueEvaluate(aPull())
    await times(ran, 2)
    await untilDead(queue, () => expect(lines.map((line) => line.msg)).toContain(JOINED))
    await moveTo(new Date(clock.now() + 301 * SECOND))
    await times(ran, 3)
    await untilIdle(queue)
    expect(dead).toEqual([])
    expect(lines.filter((line) => line.alert)).toEqual([])
  })

  test('a handler that outlives its expiry of 60 s has its signal aborted, and its job runs again', async () => {
    const running = aGate()
    const aborted = aGate()
    const { queue, ran, clock, moveTo } = await start({
      evaluate: async (_, signal) => {
        if (ran.length > 1) return
        running.resolve()
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
        aborted.resolve()
      },
    })
    await queue.enqueueEvaluate(aPull())
    await running.promise
    await sleep(clock, 61)
    await aborted.promise
    await untilIdle(queue)
    await moveTo(new Date(clock.now() + 301 * SECOND))
    await times(ran, 2)
  })

  test('a job whose worker died is found by its heartbeat, and runs again', async () => {
    // Its own: pg-boss notes when it last looked, and the stories above were further on in time.
    const { queue, ran, clock, database, moveTo } = await start({}, await open())
    // As another process would leave it: taken up, one heartbeat, and silence.
    await database.query(
      `INSERT INTO release_gate_jobs.job (name, data, state, policy, singleton_key, started_on, heartbeat_on,
         heartbeat_seconds, retry_limit, retry_backoff, retry_delay, expire_seconds, start_after, keep_until)
       VALUES ('evaluate', $1, 'active', 'stately', '1/2/7', $2::timestamptz, $2::timestamptz, 10, 10, true, 2, 60, $2::timestamptz, $2::timestamptz + interval '1 day')`,
      [JSON.stringify(aPull()), TUESDAY],
    )
    expect(await queue.idle()).toBe(false)
    for (const _ of Array(2)) await sleep(clock, database.kind === 'pglite' ? 61 : 13)
    await untilIdle(queue)
    await moveTo(new Date(clock.now() + 5 * SECOND))
    await times(ran, 1)
  })
})

/** On PGlite, where pg-boss has no connections of its own that could be counted. */
describe('workers without work', () => {
  const start = async () => {
    const database = await aPglite()
    const statements: string[] = []
    if (!('db' in database.boss)) throw new Error('PGlite gives pg-boss its connection')
    const { db } = database.boss
    const counted = {
      ...db,
      executeSql: (text: string, values?: unknown[]) => {
        statements.push(text)
        return db.executeSql(text, values)
      },
    }
    const clock = new TestClock(TUESDAY)
    const started = await aQueue({ ...database, boss: { ...database.boss, db: counted } }, {}, clock)
    await started.work()
    await untilIdle(started.queue)
    await clock.tick(SECOND)
    statements.length = 0
    const close = async () => {
      await started.queue.stop()
      await database.close()
    }
    return { ...started, clock, database, statements, close }
  }

  test('ask the database twice a second, all together', async () => {
    const { clock, statements, close } = await start()
    await clock.tick(10 * SECOND)
    const asked = statements.filter((text) => text.includes('release_gate_jobs.job'))
    expect(asked.length).toBeGreaterThanOrEqual(20)
    expect(asked.length).toBeLessThan(25)
    await close()
  })

  test.each(['evaluate', 'recheck', 'later', 'dead-letters'])(
    'start what becomes due in %s within a second, without a notification',
    async (name) => {
      const { clock, database, queue, close } = await start()
      await database.query(
        `INSERT INTO release_gate_jobs.job (name, data, start_after) VALUES ($1, $2, $3)`,
        [
          name,
          JSON.stringify({ ...aPull(), queue: 'evaluate', data: aPull(), key: null }),
          new Date(clock.now() + 5 * SECOND),
        ],
      )
      const waiting = () =>
        database.query(`SELECT 1 FROM release_gate_jobs.job WHERE name = $1 AND state < 'active'`, [name])
      await clock.tick(4 * SECOND)
      expect(await waiting()).toHaveLength(1)
      await clock.tick(2 * SECOND)
      await eventually(async () => expect(await waiting()).toEqual([]))
      await untilIdle(queue)
      await close()
    },
  )

  test('are not all woken for one job: it takes three looks, of the six workers that could take it', async () => {
    const { queue, ran, statements, close } = await start()
    await queue.enqueueEvaluate(aPull())
    await eventually(() => expect(ran).toHaveLength(1))
    await untilIdle(queue)
    const looks = statements.filter((text) => /WITH\s+next/.test(text) && text.includes(`'evaluate'`))
    expect(looks.length).toBeGreaterThan(0)
    expect(looks.length).toBeLessThanOrEqual(3)
    await close()
  })

  test('ask again after the database did not answer, and log each outage once', async () => {
    const { clock, database, queue, lines, ran, close } = await start()
    const outage = async () => {
      await database.query('ALTER TABLE release_gate_jobs.job RENAME TO job_away')
      await clock.tick(10 * SECOND)
      await database.query('ALTER TABLE release_gate_jobs.job_away RENAME TO job')
      await clock.tick(2 * SECOND)
      return lines.filter(({ msg }) => msg === 'The queue cannot be asked for due jobs').length
    }
    expect(await outage()).toBe(1)
    expect(await outage()).toBe(2)
    await queue.enqueueRecheck(aPull(), new Date(clock.now() + 5 * SECOND))
    await clock.tick(7 * SECOND)
    await eventually(() => expect(ran).toHaveLength(1))
    await close()
  })
})

/** Lets time pass as if this process had slept: every timer that became due meanwhile fires once. */
async function sleep(clock: TestClock, seconds: number): Promise<void> {
  await clock.setTime(new Date(clock.now() + seconds * SECOND))
  await clock.tick(1)
}

/** A dead letter comes without a NOTIFY, and this clock fires no poll. */
function untilDead(queue: Queue, expected: () => void): Promise<void> {
  return eventually(async () => {
    await queue.nudge()
    expected()
  })
}

const JOINED = 'A failed job joined an older attempt that is waiting for its retry'
