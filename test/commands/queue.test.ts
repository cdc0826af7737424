import { PgBoss } from 'pg-boss'
import { beforeAll, describe, expect, test } from 'vitest'
import { queueCommand } from '../../src/commands/queue.ts'
import { retryJobs } from '../../src/server/requests/queue.ts'
import { openDatabase } from '../../src/store/database/open.ts'
import type { Database } from '../../src/store/database.ts'
import { markFailed, readDelivery, storeDelivery } from '../../src/store/inbox.ts'
import { failedJobs, queueDepths } from '../../src/store/queue/inspect.ts'
import { openQueue, type Queue } from '../../src/store/queue.ts'
import { aDataFolder, aPostgresUrl } from '../support/databases.ts'
import { aLog, aPull } from '../support/queues.ts'
import { runCommand } from './command-run.ts'

type Place = { DATA_DIR: string; DATABASE_URL: string }

const opened = ({ DATA_DIR, DATABASE_URL }: Place) =>
  openDatabase(DATABASE_URL ? { url: DATABASE_URL } : { dataDir: DATA_DIR })

/** Works on the queue of a place while no command does. */
async function onQueue<T>(
  place: Place,
  work: (queue: Queue, boss: PgBoss, database: Database) => Promise<T>,
): Promise<T> {
  const database = await opened(place)
  const queue = await openQueue({ database, log: aLog().log })
  const boss = new PgBoss({
    ...database.boss,
    schema: 'release_gate_jobs',
    schedule: false,
    supervise: false,
    migrate: false,
  })
  await boss.start()
  try {
    return await work(queue, boss, database)
  } finally {
    await boss.stop({ close: database.kind === 'postgres' })
    await queue.stop()
    await database.close()
  }
}

/** Takes up the job that waits in a queue, and fails it: for the last time, or with attempts left. */
async function fail(database: Database, boss: PgBoss, queue: string, message: string, last: boolean) {
  if (last)
    await database.query(`UPDATE release_gate_jobs.job SET retry_count = retry_limit WHERE name = $1`, [
      queue,
    ])
  const [job] = await boss.fetch(queue)
  await boss.fail(queue, job?.id ?? '', { message })
}

const places: [string, () => Promise<Place>][] = [
  ['PGlite', async () => ({ DATA_DIR: await aDataFolder(), DATABASE_URL: '' })],
  ['Postgres', async () => ({ DATA_DIR: '/nowhere', DATABASE_URL: await aPostgresUrl() })],
]

describe.each(places)('queue, on %s', (_, aPlace) => {
  let place: Place
  const run = (...words: string[]) => runCommand(queueCommand(), words, place)
  const failedIn = async () =>
    JSON.parse((await run('ls', '--json')).out).failed as {
      id: string
      state: string
      queue: string
      about: string
      reason: string
    }[]

  beforeAll(async () => {
    place = await aPlace()
    await onQueue(place, async (queue, boss, database) => {
      await queue.enqueueEvaluate(aPull({ number: 7 }))
      await fail(database, boss, 'evaluate', 'GET /repos/octo-org/shop/pulls/7: 500', true)
      await queue.enqueueMerging({ task: 'merged', pull: aPull({ number: 8 }) })
      await fail(database, boss, 'merging', 'a limit of GitHub', false)
      await database.query(
        `UPDATE release_gate_jobs.job SET start_after = '2100-01-01Z' WHERE name = 'merging'`,
      )
      await storeDelivery(
        database,
        { guid: 'b4e0-1', event: 'push', body: Buffer.from('{}') },
        new Date(),
        (id, tx) => queue.enqueueDelivery(id, { tx }),
      )
      await fail(database, boss, 'deliveries', 'not JSON', true)
      await markFailed(database, '1', 'not JSON', new Date())
      await queue.enqueueRecheck(aPull({ number: 9 }), new Date('2100-01-01T00:00:00Z'))
    })
  })

  test('ls tells what waits, what was given up, of what, and why', async () => {
    const { out, code } = await run('ls')
    expect(code).toBe(1)
    for (const text of [
      'given up',
      'octo-org/shop#7',
      'pulls/7: 500',
      'tried again',
      'octo-org/shop#8',
      'push delivery b4e0-1',
      'not JSON',
    ])
      expect(out).toContain(text)
    const { queues } = JSON.parse((await run('ls', '--json')).out)
    expect(queues).toMatchObject([
      { queue: 'merging', due: 0, later: 1, running: 0 },
      { queue: 'recheck', due: 0, later: 1, running: 0 },
    ])
  })

  test('show prints one of them, by the first characters of its id', async () => {
    const [job] = (await failedIn()).filter(({ queue }) => queue === 'evaluate')
    const shown = JSON.parse((await run('show', job?.id.slice(0, 8) ?? '')).out)
    expect(shown).toMatchObject({
      state: 'given up',
      about: 'octo-org/shop#7',
      reason: 'GET /repos/octo-org/shop/pulls/7: 500',
      attempts: 11,
      data: aPull({ number: 7 }),
    })
  })

  test.each([
    [['show', 'ffffffff'], /There is no failed job ffffffff/],
    [['show', "x'; DROP TABLE"], /is not the id of a job/],
    [['retry'], /give the id of a job, or --all/],
    [['retry', 'ffffffff', '--all'], /give the id of a job, or --all/],
  ])('refuses %j', async (words, problem) => {
    await expect(run(...words)).rejects.toThrow(problem)
  })

  test.each<[string, (real: Queue) => Promise<Pick<Queue, 'resend'>>]>([
    ['the queue cannot be opened', () => Promise.reject(new Error('cut off'))],
    ['the job cannot be sent', async () => ({ resend: () => Promise.reject(new Error('cut off')) })],
    [
      'it is cut off when the job was sent',
      async (real) => ({
        resend: async (job, options) => {
          await real.resend(job, options)
          throw new Error('cut off')
        },
      }),
    ],
  ])('retry loses nothing where %s', async (_case, open) => {
    await onQueue(place, async (queue, _boss, database) => {
      const shell = { database, queue: () => open(queue) }
      for (const { id } of (await failedJobs(database, 10)).filter(({ state }) => state === 'given up'))
        await expect(retryJobs(shell, { job: id }, async () => undefined)).rejects.toThrow('cut off')
      expect(await readDelivery(database, '1')).toMatchObject({ state: 'failed' })
      expect((await queueDepths(database)).map((depth) => depth.queue)).toEqual(['merging', 'recheck'])
    })
    const left = (await failedIn()).filter(({ state }) => state === 'given up')
    expect(left.map(({ queue }) => queue).sort()).toEqual(['deliveries', 'evaluate'])
  })

  test('ls shows what a server answered without what moves the cursor of the terminal', async () => {
    const change = (message: string) =>
      onQueue(place, (_queue, _boss, database) =>
        database.query(
          `UPDATE release_gate_jobs.job SET output = jsonb_set(output, '{message}', to_jsonb($1::text)) WHERE output ? 'message'`,
          [message],
        ),
      )
    await change('GitHub said \u001b[2K\u009b1A\u202eno')
    const { out } = await run('ls')
    expect(out).toContain('GitHub said')
    expect(out.replaceAll('\n', '')).not.toMatch(/\p{C}/u)
    await change('a limit of GitHub')
  })

  test('retry starts one again, with its data and its key, once', async () => {
    const [job] = (await failedIn()).filter(({ queue }) => queue === 'evaluate')
    expect((await run('retry', job?.id ?? '')).out).toBe('Started again: evaluate, octo-org/shop#7\n')
    await expect(run('retry', job?.id ?? '')).rejects.toThrow(/There is no failed job/)
    await onQueue(place, async (queue, boss) => {
      await queue.enqueueEvaluate(aPull({ number: 7 }))
      expect(await boss.fetch('evaluate', { batchSize: 5 })).toMatchObject([{ data: aPull({ number: 7 }) }])
    })
  })

  test('retry of one that is tried again brings it forward', async () => {
    const [job] = (await failedIn()).filter(({ queue }) => queue === 'merging')
    expect((await run('retry', job?.id ?? '')).out).toBe('Started again: merging, octo-org/shop#8\n')
    const { queues } = JSON.parse((await run('ls', '--json')).out)
    expect(queues).toContainEqual(expect.objectContaining({ queue: 'merging', due: 1, later: 0 }))
  })

  test('retry --all starts the rest, and a delivery may be processed again', async () => {
    expect((await run('retry', '--all')).out).toBe('Started again: deliveries, push delivery b4e0-1\n')
    expect((await run('retry', '--all')).out).toBe('Nothing was given up.\n')
    await onQueue(place, async (_queue, boss, database) => {
      expect(await readDelivery(database, '1')).toMatchObject({ state: 'received' })
      expect(await boss.fetch('deliveries')).toMatchObject([{ data: { id: '1' } }])
    })
  })
})
