import { expect, test } from 'vitest'
import { openDatabase } from '../../src/store/database/open.ts'
import { waitForTurn } from '../../src/store/turns.ts'
import { aPostgresUrl, describeOnBoth } from '../support/databases.ts'
import { aGate } from '../support/queues.ts'

const never = new AbortController().signal

describeOnBoth('a turn on a staging environment', (open) => {
  const shared = { database: undefined as Promise<Awaited<ReturnType<typeof open>>> | undefined }
  const start = () => (shared.database ??= open())

  test('is taken one after the other, and at once where the key is another', async () => {
    const db = await start()
    const [begun, release] = [aGate(), aGate()]
    const order: string[] = []
    const first = waitForTurn(db, 'staging a', never, async () => {
      order.push('first begins')
      begun.resolve()
      await release.promise
      order.push('first ends')
    })
    await begun.promise
    const second = waitForTurn(db, 'staging a', never, async () => order.push('second'))
    await waitForTurn(db, 'staging b', never, async () => order.push('elsewhere'))
    release.resolve()
    await Promise.all([first, second])
    expect(order).toEqual(['first begins', 'elsewhere', 'first ends', 'second'])
  })

  test('is given back when the work throws', async () => {
    const db = await start()
    const fails = waitForTurn(db, 'staging c', never, async () => {
      throw new Error('broken')
    })
    await expect(fails).rejects.toThrow('broken')
    expect(await waitForTurn(db, 'staging c', never, async () => 'again')).toBe('again')
  })

  test('is waited for no longer than the signal allows', async () => {
    const db = await start()
    const [begun, release] = [aGate(), aGate()]
    const first = waitForTurn(db, 'staging d', never, async () => {
      begun.resolve()
      await release.promise
    })
    await begun.promise
    const stop = new AbortController()
    const second = waitForTurn(db, 'staging d', stop.signal, async () => 'never')
    stop.abort()
    await expect(second).rejects.toThrow(/abort/i)
    release.resolve()
    await first
  })

  test('of a process that died ends alone', async () => {
    const db = await start()
    await db.query(
      `INSERT INTO release_gate.leases (key, holder, expires_at) VALUES ('staging e', 'dead', clock_timestamp() - interval '1 second')`,
    )
    expect(await waitForTurn(db, 'staging e', never, async () => 'mine')).toBe('mine')
  })
})

test('two bots on one Postgres never work on one staging environment at the same time', async () => {
  const url = await aPostgresUrl()
  const bots = await Promise.all([openDatabase({ url }), openDatabase({ url })])
  const [begun, release] = [aGate(), aGate()]
  let working = 0
  let most = 0
  const work = async () => {
    most = Math.max(most, ++working)
    begun.resolve()
    await release.promise
    working -= 1
  }
  const turns = bots.map((bot) => waitForTurn(bot, 'staging', never, work))
  await begun.promise
  // The other one has asked by now, and is refused for as long as the first works.
  await expect(waitForTurn(bots[0], 'staging', AbortSignal.timeout(700), work)).rejects.toThrow(
    /abort|timeout/i,
  )
  expect(working).toBe(1)
  release.resolve()
  await Promise.all(turns)
  expect(most).toBe(1)
  await Promise.all(bots.map((bot) => bot.close()))
})
