import { expect, test } from 'vitest'
import type { RegressionRequest } from '../../src/decision/regression-request.ts'
import type { Database } from '../../src/store/database.ts'
import type { Queue } from '../../src/store/queue.ts'
import { waitForTurn } from '../../src/store/turns.ts'
import { describeOnBoth } from '../support/databases.ts'
import { eventually } from '../support/eventually.ts'
import { aGate, aPull, aQueue, untilIdle } from '../support/queues.ts'

const aRequest = (what: Partial<RegressionRequest> = {}): RegressionRequest => ({
  pull: aPull(),
  sha: 'a'.repeat(40),
  server: 'staging',
  why: 'gate',
  ...what,
})

/** One at a time for each staging environment, one for each head. */
describeOnBoth('runs of the staging regression', (open) => {
  const withQueue = async (
    regression: (request: RegressionRequest, signal: AbortSignal, database: Database) => Promise<void>,
    test: (queue: Queue) => Promise<void>,
  ) => {
    const database = await open()
    const { queue, work } = await aQueue(database, {
      regression: (request, signal) => regression(request, signal, database),
    })
    await work()
    try {
      await test(queue)
    } finally {
      await queue.stop()
      await database.query('DELETE FROM release_gate_jobs.job')
    }
  }

  test('a second request for the same head joins, whether the first waits or runs', async () => {
    const ran: RegressionRequest[] = []
    const [begun, release] = [aGate(), aGate()]
    const regression = async (request: RegressionRequest) => {
      ran.push(request)
      begun.resolve()
      await release.promise
    }
    await withQueue(regression, async (queue) => {
      await queue.enqueueRegression(aRequest())
      await begun.promise
      await queue.enqueueRegression(aRequest({ why: 'window', pull: aPull({ number: 8 }) }))
      release.resolve()
      await untilIdle(queue)
      expect(ran).toEqual([aRequest()])
      await queue.enqueueRegression(aRequest({ why: 'button' }))
      await untilIdle(queue)
      expect(ran).toHaveLength(2)
    })
  })

  // The queue alone lets a second one through now and then, where two workers fetch at once; the turn does not.
  test('one at a time on a staging environment; another environment does not wait', async () => {
    const now = new Map<string, number>()
    let most = 0
    const [other, release] = [aGate(), aGate()]
    const inTurn = async ({ server }: RegressionRequest) => {
      const running = (now.get(server) ?? 0) + 1
      now.set(server, running)
      most = Math.max(most, running)
      if (server === 'canary') other.resolve()
      else await release.promise
      now.set(server, running - 1)
    }
    const regression = (request: RegressionRequest, signal: AbortSignal, database: Database) =>
      waitForTurn(database, `staging ${request.server}`, signal, () => inTurn(request))
    await withQueue(regression, async (queue) => {
      for (const letter of ['a', 'b', 'c'])
        await queue.enqueueRegression(aRequest({ sha: letter.repeat(40) }))
      await queue.enqueueRegression(aRequest({ sha: 'd'.repeat(40), server: 'canary' }))
      await other.promise
      expect(await queue.idle()).toBe(false)
      release.resolve()
      await eventually(async () => expect(await queue.idle()).toBe(true))
      expect(most).toBe(1)
    })
  })
})
