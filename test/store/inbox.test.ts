import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { createServer } from '../../src/server/server.ts'
import type { Database } from '../../src/store/database.ts'
import {
  type Delivery,
  isAnyUnread,
  markFailed,
  markProcessed,
  pruneDeliveries,
  readDelivery,
  storeDelivery,
} from '../../src/store/inbox.ts'
import { describeOnBoth } from '../support/databases.ts'
import { aLog, aQueue, untilIdle } from '../support/queues.ts'

const AT = new Date('2026-11-25T18:00:00.000Z')
const later = (hours: number) => new Date(AT.getTime() + hours * 3_600_000)
const aDelivery = (changes: Partial<{ guid: string; event: string; body: Uint8Array }> = {}) => ({
  guid: 'guid-1',
  event: 'pull_request',
  body: Buffer.from('{"action":"opened"}'),
  ...changes,
})

describeOnBoth('the inbox', (open) => {
  let shared: Promise<Database> | undefined
  const start = async () => {
    shared ??= open()
    const db = await shared
    await db.query('DELETE FROM release_gate.deliveries')
    const enqueued: string[] = []
    const store = (changes: Parameters<typeof aDelivery>[0] = {}, at = AT) =>
      storeDelivery(db, aDelivery(changes), at, async (id) => void enqueued.push(id))
    return { db, enqueued, store }
  }
  const first = (ids: string[]) => ids[0] ?? ''

  test('keeps the bytes as they came, and asks for one job', async () => {
    const { db, enqueued, store } = await start()
    const body = Buffer.from([0x7b, 0x00, 0xff, 0x7d])
    expect(await store({ body })).toBe(true)
    expect(enqueued).toHaveLength(1)
    const row = await readDelivery(db, first(enqueued))
    expect(row).toMatchObject({ guid: 'guid-1', event: 'pull_request', state: 'received', receivedAt: AT })
    expect(Buffer.from(row?.body ?? [])).toEqual(body)
  })

  test('keeps no row when the job cannot be asked for', async () => {
    const { db } = await start()
    const failing = storeDelivery(db, aDelivery(), AT, () => Promise.reject(new Error('no queue')))
    await expect(failing).rejects.toThrow('no queue')
    expect(await db.query('SELECT 1 FROM release_gate.deliveries')).toEqual([])
  })

  test('takes a delivery once: a duplicate before or after its processing asks for no second job', async () => {
    const { db, enqueued, store } = await start()
    await store()
    expect(await store()).toBe(false)
    await markProcessed(db, first(enqueued), AT)
    expect(await store()).toBe(false)
    expect(enqueued).toHaveLength(1)
    expect((await readDelivery(db, first(enqueued)))?.state).toBe('processed')
  })

  test('keeps one that nothing is left to do for as processed, at once and once', async () => {
    const { db, enqueued } = await start()
    const store = (at: Date) =>
      storeDelivery(db, aDelivery(), at, async (id) => void enqueued.push(id), 'processed')
    expect(await store(AT)).toBe(true)
    expect(await store(later(1))).toBe(false)
    expect(enqueued).toHaveLength(1)
    const all = 'SELECT state, problem, settled_at FROM release_gate.deliveries'
    expect(await db.query(all)).toEqual([{ state: 'processed', problem: null, settled_at: AT }])
    expect(await isAnyUnread(db)).toBe(false)
    await db.query("UPDATE release_gate.deliveries SET state = 'failed', problem = 'no policy'")
    expect(await store(later(1))).toBe(true)
    expect(await db.query(all)).toEqual([{ state: 'processed', problem: null, settled_at: later(1) }])
  })

  test.each(['processed', 'received'] as const)(
    'takes the true event where the body was %s before as another one, and neither again',
    async (state) => {
      const { db, enqueued } = await start()
      const store = (event: string) =>
        storeDelivery(db, aDelivery({ event }), AT, async (id) => void enqueued.push(id), state)
      expect(await store('label')).toBe(true)
      expect(await store('repository')).toBe(true)
      expect(await store('label')).toBe(false)
      expect(await store('repository')).toBe(false)
      expect(await Promise.all(enqueued.map(async (id) => (await readDelivery(db, id))?.event))).toEqual([
        'label',
        'repository',
      ])
    },
  )

  test('takes one of many duplicates that come at once', async () => {
    const { enqueued, store } = await start()
    const taken = await Promise.all(Array.from({ length: 8 }, () => store()))
    expect(taken.filter(Boolean)).toHaveLength(1)
    expect(enqueued).toHaveLength(1)
  })

  test('takes a redelivery of one that failed', async () => {
    const { db, enqueued, store } = await start()
    await store()
    await markFailed(db, first(enqueued), 'GitHub was away', AT)
    expect(await store({}, later(1))).toBe(true)
    expect(enqueued).toEqual([first(enqueued), first(enqueued)])
    expect(await readDelivery(db, first(enqueued))).toMatchObject({ state: 'received', receivedAt: later(1) })
  })

  test('a late failure does not undo what was processed', async () => {
    const { db, enqueued, store } = await start()
    await store()
    await markProcessed(db, first(enqueued), AT)
    await markFailed(db, first(enqueued), 'too late', AT)
    expect((await readDelivery(db, first(enqueued)))?.state).toBe('processed')
  })

  test('takes the same unsigned id with another signed body: a replayed id keeps nothing out', async () => {
    const { db, enqueued, store } = await start()
    await store({ body: Buffer.from('{"old":true}') })
    expect(await store({ body: Buffer.from('{"true":"one"}') })).toBe(true)
    const rows = await Promise.all(enqueued.map((id) => readDelivery(db, id)))
    expect(rows.map((row) => Buffer.from(row?.body ?? []).toString())).toEqual([
      '{"old":true}',
      '{"true":"one"}',
    ])
  })

  test('prunes only what is settled and old', async () => {
    const { db, enqueued, store } = await start()
    for (const guid of ['processed', 'failed', 'waiting', 'new'])
      await store({ guid }, guid === 'new' ? later(5) : AT)
    await markProcessed(db, enqueued[0] ?? '', AT)
    await markFailed(db, enqueued[1] ?? '', 'x', AT)
    await markProcessed(db, enqueued[3] ?? '', AT)
    expect(await pruneDeliveries(db, later(1))).toBe(2)
    const left = await Promise.all(enqueued.map((id) => readDelivery(db, id)))
    expect(left.map((row) => row?.guid)).toEqual([undefined, undefined, 'waiting', 'new'])
  })

  test('takes a body of 25 MB', async () => {
    const { db, enqueued, store } = await start()
    await store({ body: Buffer.alloc(25 * 1024 * 1024, 'x') })
    expect((await readDelivery(db, first(enqueued)))?.body.length).toBe(25 * 1024 * 1024)
  })

  test('a webhook goes from HTTP through its row to its handler, a duplicate does not, and 503 tells that the database is gone', async () => {
    const db = await open()
    const handled: (Delivery | undefined)[] = []
    const { queue, work } = await aQueue(db, {
      delivery: async (id) => {
        handled.push(await readDelivery(db, id))
        await markProcessed(db, id, new Date())
      },
    })
    await work()
    const { deliver, stop } = await aFront((received) =>
      storeDelivery(db, received, new Date(), (id, tx) => queue.enqueueDelivery(id, { tx })),
    )
    expect(await deliver('{"number":7}')).toBe(202)
    await untilIdle(queue)
    expect(await deliver('{"number":7}')).toBe(202)
    await untilIdle(queue)
    expect(handled).toHaveLength(1)
    expect(Buffer.from(handled[0]?.body ?? []).toString()).toBe('{"number":7}')
    await queue.stop()
    await db.close()
    expect(await deliver('{"number":8}')).toBe(503)
    await stop()
  })
})

const SECRET = 'a-webhook-secret-of-32-characters'

async function aFront(inbox: Parameters<typeof createServer>[0]['inbox']) {
  const server = createServer({
    inbox,
    secrets: [SECRET],
    isHandled: (event) => event === 'pull_request',
    ready: async () => ({ ok: true, checks: {} }),
    log: aLog().log,
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const deliver = async (body: string) => {
    const response = await fetch(`http://127.0.0.1:${port}/api/github/webhooks`, {
      method: 'POST',
      body,
      headers: {
        'x-github-delivery': 'guid-http',
        'x-github-event': 'pull_request',
        'x-hub-signature-256': `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`,
      },
    })
    return response.status
  }
  const stop = async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  return { deliver, stop }
}
