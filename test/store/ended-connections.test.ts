import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openDatabase } from '../../src/store/database/open.ts'
import type { Database } from '../../src/store/database.ts'
import { aPostgresUrl } from '../support/databases.ts'
import { aQueue } from '../support/queues.ts'

/**
 * A server that restarts can end a connection in the same breath in which it says that it is ready: both messages arrive at once,
 * before anybody who waits for the connection has heard of it. An error that nobody listens to would end the process, and the
 * test run with it.
 */
describe('a connection that Postgres ends as soon as it is ready', () => {
  let proxy: Awaited<ReturnType<typeof endingProxy>>
  let database: Database
  beforeAll(async () => {
    proxy = await endingProxy(await aPostgresUrl())
    database = await openDatabase({ url: proxy.url })
  })
  afterAll(async () => {
    await database.close()
    await proxy.close()
  })

  test('fails the transaction that asked for it, and the next one works', async () => {
    const busy = Array.from({ length: 2 }, () =>
      database.transaction((tx) => tx.query('SELECT pg_sleep(0.1)')),
    )
    proxy.endNext()
    await expect(Promise.all([...busy, database.transaction((tx) => tx.query('SELECT 1'))])).rejects.toThrow()
    expect(proxy.ended()).toBe(1)
    expect(await database.transaction((tx) => tx.query('SELECT 1 AS one'))).toEqual([{ one: 1 }])
  })

  test('is listened to in the pool of the queue from its beginning', async () => {
    const { boss } = database
    if (boss.backend !== 'postgres') throw new Error('not on Postgres')
    const listeners: number[] = []
    const onConnect: typeof boss.onConnect = (client) => {
      const before = client.listenerCount('error')
      boss.onConnect(client)
      listeners.push(client.listenerCount('error') - before)
    }
    const { queue } = await aQueue({ ...database, boss: { ...boss, onConnect } })
    await queue.stop()
    expect(listeners.length).toBeGreaterThan(0)
    expect(new Set(listeners)).toEqual(new Set([1]))
  })
})

const ready = Buffer.from('5a0000000549', 'hex')
const fields = ['SFATAL', 'VFATAL', 'C57P01', 'Mterminating connection due to administrator command', '']
const text = Buffer.from(fields.map((field) => `${field}\0`).join(''))
const fatal = Buffer.concat([Buffer.from('E'), lengthOf(text), text])

function lengthOf(body: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length + 4)
  return length
}

/** In front of Postgres: it ends as many of the next new connections as it was told, when the server says that they are ready. */
async function endingProxy(url: string) {
  const target = new URL(url)
  let toEnd = 0
  let ended = 0
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => [client, upstream].forEach((each) => void each.destroy()))
    }
    client.pipe(upstream)
    let isNew = true
    upstream.on('data', (chunk: Buffer) => {
      const ends = isNew && toEnd > 0 && chunk.subarray(-6).equals(ready)
      if (chunk.subarray(-6).equals(ready)) isNew = false
      if (!ends) return void client.write(chunk)
      toEnd -= 1
      ended += 1
      client.end(Buffer.concat([chunk, fatal]))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const own = new URL(url)
  own.port = String((server.address() as AddressInfo).port)
  own.hostname = '127.0.0.1'
  own.search = ''
  return {
    url: own.href,
    endNext: (count = 1) => {
      toEnd = count
    },
    ended: () => ended,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
