import { createServer } from 'node:http'
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { requestMissed } from '../../src/bot/missed-deliveries.ts'
import { createAppProbot } from '../../src/services/github/app-client.ts'
import type { GitHub } from '../../src/services/github/client.ts'
import type { Database } from '../../src/store/database.ts'
import { storeDelivery } from '../../src/store/inbox.ts'
import { aDatabase } from '../support/databases.ts'
import { aDesk, type Desk, type Pull, type Shop } from '../support/desk.ts'

let desk: Desk
let shop: Shop
let pull: Pull
let database: Database
let app: GitHub
let answer = 202
const receiver = createServer((request, response) =>
  request.resume().on('end', () => response.writeHead(answer).end()),
)

beforeAll(async () => {
  desk = await aDesk()
  database = await aDatabase()
  const { id: appId, privateKey, webhookSecret } = desk.github.app
  const settings = { appId, privateKey, webhookSecrets: [webhookSecret], apiUrl: desk.github.url }
  app = await createAppProbot(settings, pino({ level: 'silent' }), { now: desk.now }).auth()
  await new Promise<void>((listening) => receiver.listen(0, '127.0.0.1', listening))
  const { port } = receiver.address() as { port: number }
  shop = await desk.shop()
  pull = await shop.open('ana', { 'src/price.ts': 'export const price = 1\n' })
  desk.github.setWebhook({ url: `http://127.0.0.1:${port}/`, secret: webhookSecret })
})
beforeEach(async () => {
  answer = 202
  desk.later(100 * 60)
  await database.query('DELETE FROM release_gate.facts')
  await database.query('DELETE FROM release_gate.deliveries')
})
afterAll(async () => {
  receiver.close()
  await desk.close()
  await database.close()
})

const round = async () => {
  const { asked } = await requestMissed({ database, now: desk.now }, app)
  await desk.github.settled()
  return asked.length
}
/** Rounds, one every five minutes. @returns how many deliveries they asked for, together. */
const roundsFor = async (hours: number) => {
  let asked = 0
  for (let n = 0; n < hours * 12; n++) {
    desk.later(5)
    asked += await round()
  }
  return asked
}
/** A review that GitHub could not deliver, since the receiver answered this. */
const missed = async (status: number) => {
  answer = status
  await shop.review('chloe', pull)
  await desk.github.settled()
}

test('a delivery that failed is asked for though newer ones have arrived and been stored since', async () => {
  await round()
  await missed(503)
  answer = 202
  desk.later(3 * 60)
  const body = new Uint8Array()
  await storeDelivery(database, { guid: 'newer', event: 'push', body }, desk.now(), async () => undefined)
  expect(await round()).toBe(1)
  expect(await round()).toBe(0)
})

test('at the first round, all of the last three days that failed are asked for', async () => {
  await missed(503)
  desk.later(70 * 60)
  expect(await round()).toBe(1)
})

test.each([401, 503])(
  'a receiver that keeps answering %i gets three attempts, in all of its 24 hours',
  async (status) => {
    await round()
    await missed(status)
    expect(await roundsFor(24)).toBe(2)
  },
)

test('a delivery that failed while there were no rounds gets three attempts as well', async () => {
  await round()
  await missed(503)
  desk.later(30 * 60)
  expect(await roundsFor(12)).toBe(2)
})
