import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { TestClock } from 'pg-boss'
import { afterEach, describe, expect, test } from 'vitest'
import { shortLived } from '../../src/sandbox/bot-process.ts'
import { openDatabase } from '../../src/store/database/open.ts'
import type { Database } from '../../src/store/database.ts'
import type { Queue } from '../../src/store/queue.ts'
import { aDataFolder, describeOnBoth } from '../support/databases.ts'
import { eventually } from '../support/eventually.ts'
import { aGate, aPull, aQueue, untilIdle } from '../support/queues.ts'

const warnings: string[] = []
process.on('warning', (warning) => warnings.push(`${warning.name}: ${warning.message}`))

describeOnBoth('the queue', (open) => {
  const queues: Queue[] = []
  let shared: Promise<Database> | undefined
  afterEach(async () => {
    await Promise.all(queues.splice(0).map((queue) => queue.stop()))
    await (await shared)?.query('DELETE FROM release_gate_jobs.job')
  })
  const start = async (...rest: Parameters<typeof aQueue> extends [Database, ...infer R] ? R : never) => {
    shared ??= open()
    const database = await shared
    const started = await aQueue(database, ...rest)
    queues.push(started.queue)
    return { ...started, database }
  }

  test('runs an evaluation with the pull request that it was asked for', async () => {
    const { queue, ran, work } = await start()
    await work()
    await queue.enqueueEvaluate(aPull({ number: 9, requestedBy: 42 }))
    await untilIdle(queue)
    expect(ran).toEqual([aPull({ number: 9, requestedBy: 42 })])
  })

  test('wakes the worker by NOTIFY: a job at idle starts where no poll comes', async () => {
    const { queue, ran, work } = await start({}, new TestClock())
    await work()
    // The first of them may come before the workers have looked once.
    for (const number of [1, 2, 3]) {
      await untilIdle(queue)
      await queue.enqueueEvaluate(aPull({ number }))
      await eventually(() => expect(ran).toHaveLength(number))
    }
  })

  test('runs jobs that one statement sent at once, as many as there are workers, where no poll comes', async () => {
    const release = aGate()
    const { queue, ran, work } = await start({ evaluate: () => release.promise }, new TestClock())
    await work()
    await untilIdle(queue)
    const pulls = [1, 2, 3, 4, 5, 6].map((number) => ({ pull: aPull({ number }), green: false }))
    await queue.enqueueAll(pulls)
    await eventually(() => expect(ran).toHaveLength(4))
    release.resolve()
    await eventually(() => expect(ran).toHaveLength(6))
  })

  test('takes a job that came while each worker was busy, where no poll comes', async () => {
    const release = aGate()
    const { queue, ran, work } = await start({ evaluate: () => release.promise }, new TestClock())
    await work()
    await untilIdle(queue)
    for (const number of [1, 2, 3, 4]) await queue.enqueueEvaluate(aPull({ number }))
    await eventually(() => expect(ran).toHaveLength(4))
    await queue.enqueueEvaluate(aPull({ number: 5 }))
    await queue.enqueueEvaluate(aPull({ number: 1 }))
    release.resolve()
    await eventually(() => expect(ran.map(({ number }) => number).sort()).toEqual([1, 1, 2, 3, 4, 5]))
  })

  test('a job whose error holds what Postgres takes in no JSON fails like any other, and is retried', async () => {
    let attempts = 0
    const evaluate = async () => {
      attempts += 1
      if (attempts === 1) throw new Error('GitHub said a\0b\ud83d')
    }
    const { queue, work, database } = await start({ evaluate })
    await work()
    await queue.enqueueEvaluate(aPull())
    await eventually(async () => {
      const [job] = await database.query<{ state: string; output: { message?: string } | null }>(
        `SELECT state, output FROM release_gate_jobs.job WHERE name = 'evaluate'`,
      )
      expect(job).toMatchObject({ state: 'retry', output: { message: 'GitHub said a\ufffdb\ufffd' } })
    })
  })

  test('joins requests for one pull request that wait, and keeps who asked last', async () => {
    const { queue, ran, work } = await start()
    await queue.enqueueEvaluate(aPull())
    await queue.enqueueEvaluate(aPull({ requestedBy: 42 }))
    await queue.enqueueEvaluate(aPull())
    await work()
    await untilIdle(queue)
    expect(ran).toEqual([aPull({ requestedBy: 42 })])
  })

  test('runs once more after a run for all that was asked while it ran, and never two at a time', async () => {
    const running = aGate()
    const release = aGate()
    let atOnce = 0
    let most = 0
    const { queue, ran, work } = await start({
      evaluate: async () => {
        atOnce += 1
        most = Math.max(most, atOnce)
        running.resolve()
        await release.promise
        atOnce -= 1
      },
    })
    await work()
    await queue.enqueueEvaluate(aPull())
    await running.promise
    for (let n = 0; n < 3; n += 1) await queue.enqueueEvaluate(aPull())
    expect(ran).toHaveLength(1)
    release.resolve()
    await untilIdle(queue)
    expect(ran).toHaveLength(2)
    expect(most).toBe(1)
  })

  test('runs other pull requests while one hangs', async () => {
    const release = aGate()
    const other = aGate()
    const { queue, work } = await start({
      evaluate: async (pull) => (pull.number === 1 ? release.promise : other.resolve()),
    })
    await work()
    await queue.enqueueEvaluate(aPull({ number: 1 }))
    await queue.enqueueEvaluate(aPull({ number: 2 }))
    await other.promise
    expect(await queue.idle()).toBe(false)
    release.resolve()
    await untilIdle(queue)
  })

  test('takes the request with the higher priority before those that came first', async () => {
    const release = aGate()
    const { queue, ran, work } = await start({ evaluate: () => release.promise })
    const numbers = [1, 2, 3, 4, 5, 6, 7, 8]
    for (const number of numbers) await queue.enqueueEvaluate(aPull({ number }))
    await queue.enqueueEvaluate(aPull({ number: 8 }), { priority: 10 })
    await work()
    // As many as there are workers run at once, in no order among them.
    await eventually(() => expect(ran).toHaveLength(4))
    expect(ran.map(({ number }) => number)).toContain(8)
    release.resolve()
    await untilIdle(queue)
    expect(ran.map(({ number }) => number).sort()).toEqual(numbers)
  })

  test('evaluates what may be green while every other worker is busy, before whatever else waits', async () => {
    const busy = aGate()
    const green = aGate()
    const { queue, ran, work } = await start({
      evaluate: async ({ number }) => (number === 100 ? green.resolve() : busy.promise),
    })
    await queue.enqueueAll(
      Array.from({ length: 20 }, (_, n) => ({ pull: aPull({ number: n + 1 }), green: false })),
    )
    await work()
    await eventually(() => expect(ran).toHaveLength(4))
    await queue.enqueueAll([{ pull: aPull({ number: 100 }), green: true }])
    await green.promise
    expect(ran.map(({ number }) => number).filter((number) => number !== 100)).toHaveLength(4)
    busy.resolve()
    await untilIdle(queue)
    expect(ran).toHaveLength(21)
  })

  test('keeps a job of a transaction that commits, and drops it with one that rolls back', async () => {
    const seen: string[] = []
    const { queue, ran, work, database } = await start({
      delivery: async (id) => {
        seen.push(id)
      },
    })
    await work()
    await database.transaction(async (tx) => {
      await queue.enqueueDelivery('1', { tx })
      await queue.enqueueEvaluate(aPull({ number: 1 }), { tx })
    })
    const failing = database.transaction(async (tx) => {
      await queue.enqueueDelivery('2', { tx })
      await queue.enqueueEvaluate(aPull({ number: 2 }), { tx })
      throw new Error('rolled back')
    })
    await expect(failing).rejects.toThrow('rolled back')
    await untilIdle(queue)
    expect(seen).toEqual(['1'])
    expect(ran.map((pull) => pull.number)).toEqual([1])
  })

  test('carries a notice', async () => {
    const seen: object[] = []
    const { queue, work } = await start({
      notice: async (notice) => {
        seen.push(notice)
      },
    })
    await work()
    await queue.enqueueNotice({ kind: 'blocked', text: 'x' })
    await untilIdle(queue)
    expect(seen).toEqual([{ kind: 'blocked', text: 'x' }])
  })

  test('stores of a failure its text alone, not the fields of the error', async () => {
    const failed = aGate()
    const { queue, work, database, lines } = await start({
      evaluate: async () => {
        failed.resolve()
        throw Object.assign(new Error('GitHub said 500'), {
          request: { headers: { authorization: 'canary-1234' } },
        })
      },
    })
    await work()
    await queue.enqueueEvaluate(aPull())
    await failed.promise
    await untilIdle(queue)
    const [job] = await database.query<{ state: string; output: unknown }>(
      "SELECT state::text, output FROM release_gate_jobs.job WHERE name = 'evaluate'",
    )
    expect(job?.state).toBe('retry')
    expect(JSON.stringify(job?.output)).toContain('GitHub said 500')
    expect(JSON.stringify([job, lines])).not.toContain('canary-1234')
  })

  test('is not idle while a job is queued or runs, and is idle when only later ones wait', async () => {
    const release = aGate()
    const { queue, work } = await start({ evaluate: () => release.promise })
    expect(await queue.idle()).toBe(true)
    await queue.enqueueRecheck(aPull(), new Date(Date.now() + 3_600_000))
    expect(await queue.idle()).toBe(true)
    await queue.enqueueEvaluate(aPull())
    expect(await queue.idle()).toBe(false)
    await work()
    release.resolve()
    await untilIdle(queue)
  })

  test('waits at its stop for the job that runs', async () => {
    const running = aGate()
    const release = aGate()
    let ended = false
    const { queue, work } = await start({
      evaluate: async () => {
        running.resolve()
        await release.promise
        ended = true
      },
    })
    await work()
    await queue.enqueueEvaluate(aPull())
    await running.promise
    const stopped = queue.stop()
    release.resolve()
    await stopped
    expect(ended).toBe(true)
  })

  test('sends no connection a statement while another one runs on it', async () => {
    const { queue, ran, work, database } = await start()
    await work()
    const numbers = Array.from({ length: 20 }, (_, index) => index + 1)
    await Promise.all(
      numbers.map((number) => database.transaction((tx) => queue.enqueueEvaluate(aPull({ number }), { tx }))),
    )
    await untilIdle(queue)
    expect(ran).toHaveLength(20)
    expect(warnings).toEqual([])
  })
})

describe('on PGlite, a job that was cut off by kill -9', () => {
  test('runs again at once after the next start', async () => {
    const folder = await aDataFolder()
    const child = spawn(process.execPath, [...shortLived, 'test/support/crash-worker.ts', folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await once(child, 'exit')
    const database = await openDatabase({ dataDir: folder })
    const { queue, ran, work, lines } = await aQueue(database)
    await work()
    // Below the minute after which pg-boss would look for silent workers.
    await eventually(() => expect(ran).toEqual([aPull()]))
    expect(lines.map((line) => line.msg)).toContain('Interrupted jobs run again')
    await untilIdle(queue)
    expect(ran).toHaveLength(1)
    await queue.stop()
    await database.close()
  })
})
