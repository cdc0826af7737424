import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterAll, expect, test } from 'vitest'
import { openDatabase } from '../../src/store/database/open.ts'
import { aPostgresUrl } from '../support/databases.ts'
import { eventually } from '../support/eventually.ts'
import { aBossBeside } from '../support/queues.ts'

/** As where a network drops what is sent over connections that were open before it failed: no answer comes, and no end either. */
const ends: (() => unknown)[] = []
afterAll(async () => {
  for (const end of ends.reverse()) await end()
})

test('a query of the queue on a connection that fell silent fails, and later ones have new connections', async () => {
  const proxy = await silencingProxy(await aPostgresUrl())
  const database = await openDatabase({ url: proxy.url })
  const { boss } = database
  if (boss.backend !== 'postgres') throw new Error('not on Postgres')
  // Forty times sooner than the bot.
  const beside = await aBossBeside({
    ...database,
    boss: { ...boss, query_timeout: boss.query_timeout / 40 },
  })
  ends.push(
    proxy.close,
    () => database.close(),
    () => beside.stop({ graceful: false }),
  )
  const ask = () => beside.getDb().executeSql('SELECT 1 AS one')
  await ask()
  proxy.silence()
  await expect(ask()).rejects.toThrow('timeout')
  await eventually(async () => expect((await ask()).rows).toEqual([{ one: 1 }]))
})

/** In front of Postgres: connections that are open when it is told to silence them carry nothing from then on; new ones work. */
async function silencingProxy(url: string) {
  const target = new URL(url)
  const silent = new Set<Socket>()
  const clients = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname)
    clients.add(client)
    client.on('data', (chunk) => silent.has(client) || upstream.write(chunk))
    upstream.on('data', (chunk) => silent.has(client) || client.write(chunk))
    for (const socket of [client, upstream]) {
      socket.on('error', () => undefined)
      socket.on('close', () => [client, upstream].forEach((each) => void each.destroy()))
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const own = new URL(url)
  own.port = String((server.address() as AddressInfo).port)
  own.searchParams.delete('host')
  return {
    url: own.href,
    silence: () => {
      for (const client of clients) silent.add(client)
    },
    close: () => {
      for (const client of clients) client.destroy()
      server.close()
    },
  }
}
