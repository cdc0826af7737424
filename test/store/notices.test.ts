import { beforeAll, expect, test } from 'vitest'
import type { Database } from '../../src/store/database.ts'
import {
  dropRequest,
  pauseChannel,
  pruneRequests,
  reserveMessage,
  savePermalink,
  saveSent,
  sentNotice,
  takeRequest,
} from '../../src/store/notices.ts'
import { describeOnBoth } from '../support/databases.ts'

const AT = new Date('2026-11-25T18:00:00.000Z')
const after = (milliseconds: number) => new Date(AT.getTime() + milliseconds)

let count = 0
const aName = () => `#channel-${++count}`

describeOnBoth('notices that were sent', (open) => {
  let db: Database
  beforeAll(async () => {
    db = await open()
  })

  test('are nothing before they are sent, and then found by their key', async () => {
    expect(await sentNotice(db, 'a')).toBeUndefined()
    await saveSent(db, { key: 'a', channel: 'C1', ts: '1795543200.000001', sentAt: AT })
    expect(await sentNotice(db, 'a')).toEqual({
      key: 'a',
      channel: 'C1',
      ts: '1795543200.000001',
      permalink: null,
      sentAt: AT,
    })
    await savePermalink(db, 'a', 'https://slack.example/p1')
    expect(await sentNotice(db, 'a')).toMatchObject({ permalink: 'https://slack.example/p1' })
    expect(await sentNotice(db, 'b')).toBeUndefined()
  })

  test('are requested once, and again after the request was dropped or is old', async () => {
    expect(await takeRequest(db, 'r', AT)).toBe(true)
    expect(await takeRequest(db, 'r', after(1))).toBe(false)
    await dropRequest(db, 'r')
    expect(await takeRequest(db, 'r', after(2))).toBe(true)
    await pruneRequests(db, after(2))
    expect(await takeRequest(db, 'r', after(3))).toBe(false)
    await pruneRequests(db, after(3))
    expect(await takeRequest(db, 'r', after(4))).toBe(true)
  })

  test('stay as they were first noted', async () => {
    await saveSent(db, { key: 'twice', channel: 'C1', ts: '1.1', sentAt: AT })
    await saveSent(db, { key: 'twice', channel: 'C1', ts: '2.2', sentAt: after(1) })
    expect(await sentNotice(db, 'twice')).toMatchObject({ ts: '1.1', sentAt: AT })
  })

  test('one message a second: the next may go a second later, and not a millisecond before', async () => {
    const channel = aName()
    expect(await reserveMessage(db, channel, AT)).toBeUndefined()
    expect(await reserveMessage(db, channel, after(999))).toEqual(after(1_000))
    expect(await reserveMessage(db, channel, after(1_000))).toBeUndefined()
    expect(await reserveMessage(db, channel, after(1_999))).toBeInstanceOf(Date)
  })

  test('of many that ask at once one goes, and the others are reported times a second apart', async () => {
    const channel = aName()
    const turns = await Promise.all(Array.from({ length: 6 }, () => reserveMessage(db, channel, AT)))
    expect(turns.filter((turn) => turn === undefined)).toHaveLength(1)
    const times = turns.flatMap((turn) => (turn ? [turn.getTime() - AT.getTime()] : []))
    expect(times.toSorted((a, b) => a - b)).toEqual([1_000, 2_000, 3_000, 4_000, 5_000])
  })

  test('channels do not wait for each other', async () => {
    expect(await reserveMessage(db, aName(), AT)).toBeUndefined()
    expect(await reserveMessage(db, aName(), AT)).toBeUndefined()
  })

  test('times that were promised long ago hold nobody back', async () => {
    const channel = aName()
    for (let asked = 0; asked < 5; asked++) await reserveMessage(db, channel, AT)
    expect(await reserveMessage(db, channel, after(3_600_000))).toBeUndefined()
    expect(await reserveMessage(db, channel, after(3_600_000))).toEqual(after(3_601_000))
  })

  test('a channel that Slack holds takes nothing before the time that was named', async () => {
    const channel = aName()
    await reserveMessage(db, channel, AT)
    await pauseChannel(db, channel, after(30_000))
    expect(await reserveMessage(db, channel, after(29_999))).toEqual(after(30_000))
    expect(await reserveMessage(db, channel, after(30_000))).toBeUndefined()
  })
})
