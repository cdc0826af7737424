import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openDatabase } from '../../src/store/database/open.ts'
import type { Database, Query } from '../../src/store/database.ts'
import { aDatabase, aPostgresUrl } from '../support/databases.ts'
import { aBossBeside, aLog, aPull, aQueue, untilIdle } from '../support/queues.ts'
import { transactionPooler } from '../support/transaction-pooler.ts'

type Prepared = { statement: string; runs: number }

/** What is prepared on the connection that is used last, which the pool gives out first. */
const preparedOn = (query: Query) =>
  query<Prepared>(
    'SELECT statement, (generic_plans + custom_plans)::int AS runs FROM pg_prepared_statements ORDER BY prepare_time',
  )

/** Every connection of the pool has run the statement. */
async function onAllConnections(database: Database, sql: string): Promise<void> {
  const all = Promise.withResolvers<void>()
  let running = 0
  const one = () =>
    database.transaction(async (tx) => {
      await tx.query(sql, [1])
      running += 1
      if (running === 8) all.resolve()
      await all.promise
    })
  await Promise.all(Array.from({ length: 8 }, one))
}

describe('on Postgres, a statement', () => {
  let database: Database
  beforeAll(async () => {
    database = await aDatabase()
  })
  afterAll(() => database.close())

  test('is prepared once per connection, in a transaction and outside of one', async () => {
    const sql = 'SELECT $1::int + 1 AS n'
    expect(await database.query(sql, [1])).toEqual([{ n: 2 }])
    expect(await database.query(sql, [2])).toEqual([{ n: 3 }])
    expect(await database.transaction((tx) => tx.query(sql, [3]))).toEqual([{ n: 4 }])
    const prepared = await preparedOn(database.query)
    expect(prepared.filter(({ statement }) => statement === sql)).toEqual([{ statement: sql, runs: 3 }])
  })

  test('is prepared without values too, but not with another one in the same text', async () => {
    const sql = 'SELECT 3 AS n'
    for (const _ of [1, 2]) expect(await database.query(sql)).toEqual([{ n: 3 }])
    await database.transaction((tx) => tx.script('SELECT 4; SELECT 5'))
    const prepared = await preparedOn(database.query)
    expect(prepared).toContainEqual({ statement: sql, runs: 2 })
    expect(prepared.filter(({ statement }) => /SELECT [45]/.test(statement))).toEqual([])
  })

  test('is prepared once where several that are equal are sent together', async () => {
    const sql = 'SELECT $1::int + 2 AS n'
    const work = database.transaction((tx) => Promise.all([1, 2, 3].map((n) => tx.query(sql, [n]))))
    expect(await work).toEqual([[{ n: 3 }], [{ n: 4 }], [{ n: 5 }]])
    const prepared = await preparedOn(database.query)
    expect(prepared).toContainEqual({ statement: sql, runs: 3 })
  })

  test('of the queue is prepared too', async () => {
    const { queue } = await aQueue(database)
    await queue.stop()
    const boss = await aBossBeside(database)
    await boss.send('evaluate', {}, { singletonKey: 'one' })
    const jobs = await boss.fetch('evaluate')
    const { rows } = await boss.getDb().executeSql('SELECT statement FROM pg_prepared_statements')
    await boss.stop({ graceful: false })
    expect(jobs).toHaveLength(1)
    expect(JSON.stringify(rows)).toContain('INSERT INTO release_gate_jobs')
    expect(JSON.stringify(rows)).toContain('SKIP LOCKED')
  })

  test('that failed is prepared again when it can succeed', async () => {
    const sql = 'SELECT n FROM comes_later WHERE n = $1'
    await expect(database.query(sql, [1])).rejects.toThrow('comes_later')
    await expect(database.transaction((tx) => tx.query(sql, [1]))).rejects.toThrow('comes_later')
    await database.query('CREATE TABLE comes_later AS SELECT 1 AS n')
    expect(await database.query(sql, [1])).toEqual([{ n: 1 }])
    expect(await database.transaction((tx) => tx.query(sql, [1]))).toEqual([{ n: 1 }])
  })

  test.each([
    ['outside of a transaction', (sql: string) => database.query(sql, [1])],
    ['in a transaction', (sql: string) => database.transaction((tx) => tx.query(sql, [1]))],
  ])('gives a column that was added since, %s, on whatever connection', async (where, run) => {
    const table = where.replaceAll(' ', '_')
    const sql = `SELECT * FROM ${table} WHERE n = $1`
    await database.query(`CREATE TABLE ${table} AS SELECT 1 AS n`)
    await onAllConnections(database, sql)
    await database.query(`ALTER TABLE ${table} ADD COLUMN m int DEFAULT 2`)
    const answers = await Promise.all(Array.from({ length: 20 }, () => run(sql)))
    expect(new Set(answers.map((rows) => JSON.stringify(rows)))).toEqual(new Set(['[{"n":1,"m":2}]']))
  })

  test('stops being prepared after 300 different ones, and still runs', async () => {
    for (let n = 0; n < 310; n++) await database.query(`SELECT $1::int + ${n} AS n`, [1])
    const prepared = await preparedOn(database.query)
    expect(prepared.length).toBeGreaterThan(200)
    expect(prepared.length).toBeLessThanOrEqual(300)
  })
})

/** Opens every connection of the pool, so that the pooler has as many to mix up. Nothing is prepared by it. */
async function connectAll(database: Database): Promise<void> {
  const one = () => database.transaction((tx) => tx.script('SELECT pg_sleep(0.1)'), { limits: 'none' })
  await Promise.all(Array.from({ length: 8 }, one))
}

describe('behind a pooler that gives each transaction another connection', () => {
  let pooler: Awaited<ReturnType<typeof transactionPooler>>
  let database: Database
  const { log, lines } = aLog()
  const messages = () => lines.filter(({ msg }) => String(msg).includes('pooler'))
  beforeAll(async () => {
    pooler = await transactionPooler(await aPostgresUrl())
    database = await openDatabase({ url: pooler.url, log })
  })
  afterAll(async () => {
    await database.close()
    await pooler.close()
  })

  test('what may take minutes, and does not run again, is not prepared', async () => {
    const run = (slow: number) =>
      database.transaction((tx) => tx.query('SELECT $1::int AS slow', [slow]), { limits: 'none' })
    await connectAll(database)
    const rows: unknown[] = []
    for (const slow of [1, 2, 3]) rows.push(await run(slow))
    expect(rows).toEqual([1, 2, 3].map((slow) => [{ slow }]))
    expect(messages()).toEqual([])
  })

  test('statements succeed, alone and in transactions, and one message names the remedy', async () => {
    const numbers = Array.from({ length: 40 }, (_, n) => n)
    const run = (sql: string) => (n: number) =>
      n % 2 ? database.query(sql, [n]) : database.transaction((tx) => tx.query(sql, [n]))
    const together = await Promise.all(numbers.map(run('SELECT $1::int AS n')))
    const inTurn: unknown[] = []
    for (const n of numbers) inTurn.push(await run('SELECT $1::int AS m')(n))
    expect(together).toEqual(numbers.map((n) => [{ n }]))
    expect(inTurn).toEqual(numbers.map((m) => [{ m }]))
    expect(messages().map(({ msg }) => msg)).toEqual([expect.stringContaining('session mode')])
  })

  test('a transaction runs again where a statement in it was prepared on another connection', async () => {
    const own = await openDatabase({ url: pooler.url })
    await connectAll(own)
    const run = (n: number) => own.transaction((tx) => tx.query('SELECT $1::int AS again', [n]))
    const rows: unknown[] = []
    for (const n of [1, 2, 3]) rows.push(await run(n))
    await own.close()
    expect(rows).toEqual([1, 2, 3].map((again) => [{ again }]))
  })

  test('jobs are sent, run and ended', async () => {
    // A process of its own does not know yet that it is behind a pooler.
    const own = await openDatabase({ url: pooler.url })
    await connectAll(own)
    const { queue, ran, work } = await aQueue(own)
    for (const number of [1, 2, 3]) await queue.enqueueEvaluate(aPull({ number }))
    await work()
    await untilIdle(queue)
    await queue.stop()
    await own.close()
    expect(ran.map(({ number }) => number).sort()).toEqual([1, 2, 3])
  })
})
