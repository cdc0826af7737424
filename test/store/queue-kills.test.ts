import type { PgBoss } from 'pg-boss'
import { afterEach, expect, test } from 'vitest'
import { storedMetrics } from '../../src/server/metrics.ts'
import type { Database } from '../../src/store/database.ts'
import { failedJobs } from '../../src/store/queue/inspect.ts'
import { isLostToKills, reviveOrphans } from '../../src/store/queue/orphans.ts'
import { openQueue } from '../../src/store/queue.ts'
import { aPglite, describeOnBoth } from '../support/databases.ts'
import { eventually } from '../support/eventually.ts'
import { aBossBeside, aLog, aPull, aQueue, untilIdle } from '../support/queues.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function aBossOn(database: Database): Promise<PgBoss> {
  const boss = await aBossBeside(database)
  closing.push(() => boss.stop({ close: database.kind === 'postgres' }))
  return boss
}

async function onPglite() {
  const database = await aPglite()
  closing.push(() => database.close())
  const { log } = aLog()
  const queue = await openQueue({ database, log })
  const boss = await aBossOn(database)
  closing.push(() => queue.stop())
  let killed = 0
  /** The job is taken up, and the process ends. Gives the attempts that pg-boss counted before. */
  const kill = async () => {
    const [job] = await boss.fetch('evaluate', { includeMetadata: true })
    killed += 1
    await reviveOrphans(boss, new Date(Date.now() - 60_000))
    return job?.retryCount
  }
  return { database, queue, boss, kill, kills: () => killed }
}

test('22 kills are not attempt: the job runs as if for the first time, and nobody is alerted', async () => {
  const { queue, database, kill } = await onPglite()
  await queue.enqueueEvaluate(aPull())
  for (let n = 0; n < 22; n += 1) expect(await kill()).toBe(0)
  const dead: object[] = []
  const attempts: number[] = []
  const after = await aQueue(database, {
    evaluate: async (_pull, _signal, attempt) => void attempts.push(attempt),
    dead: async (job) => void dead.push(job),
  })
  await after.work()
  await untilIdle(after.queue)
  await after.queue.stop()
  expect(attempts).toEqual([1])
  expect(dead).toEqual([])
  expect(after.lines.filter((line) => line.alert)).toEqual([])
})

test('kills between failures count nothing, and the failures still do', async () => {
  const { queue, boss, database, kill } = await onPglite()
  await queue.enqueueEvaluate(aPull())
  for (let n = 0; n < 3; n += 1) {
    const [job] = await boss.fetch('evaluate')
    await boss.fail('evaluate', job?.id ?? '', { message: 'GitHub answered 500' })
    await database.query(`UPDATE release_gate_jobs.job SET start_after = now() - interval '1 minute'`)
  }
  for (let n = 0; n < 12; n += 1) expect(await kill()).toBe(3)
})

test('a job that kills the process each time is given up in the end, with that reason', async () => {
  const { queue, database, kill } = await onPglite()
  await queue.enqueueEvaluate(aPull())
  for (let n = 0; n < 49; n += 1) await kill()
  expect(await failedJobs(database, 9)).toMatchObject([{ state: 'tried again' }])
  await kill()
  expect(await failedJobs(database, 9)).toMatchObject([
    { state: 'given up', problem: { message: 'The process ended while this job ran, for the 50th time.' } },
  ])
})

test('jobs that were cut off again and again are started one after the other', async () => {
  const { queue, boss, database } = await onPglite()
  for (const number of [1, 2, 3]) await queue.enqueueEvaluate(aPull({ number }))
  const startsAfter = async (kills: number) => {
    for (let n = 0; n < kills; n += 1) {
      await boss.fetch('evaluate', { batchSize: 3 })
      await reviveOrphans(boss, new Date('2026-11-25T18:00:00Z'))
    }
    const rows = await database.query<{ at: Date }>(
      `SELECT start_after AS at FROM release_gate_jobs.job WHERE name = 'evaluate' ORDER BY start_after`,
    )
    return rows.map(({ at }) => at.toISOString().slice(17, 19))
  }
  expect(await startsAfter(3)).toEqual(['00', '00', '00'])
  expect(await startsAfter(1)).toEqual(['00', '05', '10'])
})

describeOnBoth('a job whose processes fell silent each time', (open) => {
  const lost = { value: { message: 'job heartbeat timeout' } }
  /** The last of its attempts fails so. */
  const failLast = async (database: Database, boss: PgBoss, output: object) => {
    await database.query(
      `UPDATE release_gate_jobs.job SET retry_count = retry_limit, started_on = NULL, start_after = now() WHERE name = 'evaluate' AND state < 'active'`,
    )
    const [job] = await boss.fetch('evaluate')
    await boss.fail('evaluate', job?.id ?? '', output)
  }

  test.each([
    ['is started again, and not listed as given up', lost, { ran: 1, dead: 0, listed: 0, counted: 0 }],
    [
      'is given up where it failed alone, and listed so',
      { message: 'GitHub answered 500' },
      { ran: 0, dead: 1, listed: 1, counted: 1 },
    ],
  ])('%s', async (_, output, wanted) => {
    const database = await open()
    const dead: object[] = []
    const { queue, ran, work } = await aQueue(database, { dead: async (job) => void dead.push(job) })
    const boss = await aBossOn(database)
    await queue.enqueueEvaluate(aPull())
    await failLast(database, boss, output)
    await work()
    await untilIdle(queue)
    await queue.stop()
    const listed = (await failedJobs(database, 9)).length
    const metrics = await (await storedMetrics(database)).metrics()
    const counted = Number(/^release_gate_dead_letters (\d+)$/m.exec(metrics)?.[1])
    expect({ ran: ran.length, dead: dead.length, listed, counted }).toEqual(wanted)
  })

  test('is given up when that goes on', async () => {
    const database = await open()
    const dead: { problem: string }[] = []
    const { queue, ran, work } = await aQueue(database, { dead: async (job) => void dead.push(job) })
    const boss = await aBossOn(database)
    for (let n = 0; n < 4; n += 1) {
      await queue.enqueueEvaluate(aPull())
      await failLast(database, boss, lost)
    }
    await work()
    // One dead letter a poll, of which one comes every five seconds.
    await eventually(async () => {
      await queue.nudge()
      expect(await queue.idle()).toBe(true)
    })
    await queue.stop()
    expect(dead.map(({ problem }) => problem)).toContain('job heartbeat timeout')
    expect(ran.length).toBeLessThanOrEqual(1)
  })

  /** Of notices, which have no key: which of those whose last attempt was lost are not started again. */
  const givenUpOf = async (texts: string[]) => {
    const database = await open()
    const { queue } = await aQueue(database)
    const boss = await aBossOn(database)
    for (const text of texts) {
      await queue.enqueueNotice({ text })
      await database.query(
        `UPDATE release_gate_jobs.job SET retry_count = retry_limit, start_after = now() WHERE name = 'notices' AND state < 'active'`,
      )
      const [job] = await boss.fetch('notices')
      await boss.fail('notices', job?.id ?? '', lost)
    }
    const dead = await boss.fetch<{ text: string }>('dead-letters', { includeMetadata: true, batchSize: 9 })
    const wanted = await Promise.all(dead.map((job) => isLostToKills(boss, job)))
    await queue.stop()
    expect(dead).toHaveLength(texts.length)
    return dead.filter((_, place) => !wanted[place]).map(({ data }) => data.text)
  }

  test.each([
    ['is started again, however many others were', ['a', 'b', 'c', 'd', 'e'], []],
    ['is given up when that goes on with the same one', ['a', 'b', 'a', 'a', 'a'], ['a', 'a', 'a', 'a']],
  ])('and that has no key %s', async (_, texts, givenUp) => {
    expect(await givenUpOf(texts)).toEqual(givenUp)
  })
})
