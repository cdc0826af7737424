import { describe, expect, test } from 'vitest'
import {
  type Attempt,
  type DeliveriesClient,
  recover,
  redeliveries,
} from '../../../src/services/github/recovery.ts'

const NOW = new Date('2026-11-25T18:00:00Z')
const hoursAgo = (hours: number) => new Date(NOW.getTime() - hours * 3_600_000)

let ids = 0
const anAttempt = (changes: Partial<Attempt> = {}): Attempt => {
  ids += 1
  return {
    id: ids,
    guid: `guid-${ids}`,
    redelivery: false,
    deliveredAt: hoursAgo(1),
    statusCode: 500,
    event: 'pull_request',
    action: 'opened',
    ...changes,
  }
}
const attempt = (guid: string, hours: number, statusCode: number, changes: Partial<Attempt> = {}) =>
  anAttempt({ guid, deliveredAt: hoursAgo(hours), statusCode, ...changes })

describe('redeliveries', () => {
  const table: [string, Attempt[], string[]][] = [
    ['nothing was delivered', [], []],
    ['what arrived is left', [attempt('a', 1, 200), attempt('b', 1, 202), attempt('c', 1, 204)], []],
    ['what failed with 5xx is asked for', [attempt('a', 1, 503)], ['a']],
    ['what was refused with 4xx is asked for', [attempt('a', 1, 401)], ['a']],
    ['what never got an answer (status 0) is asked for', [attempt('a', 1, 0)], ['a']],
    ['a redirect did not arrive', [attempt('a', 1, 301)], ['a']],
    [
      'the newest attempt wins: a redelivery that arrived settles it',
      [attempt('a', 3, 500), attempt('a', 1, 200)],
      [],
    ],
    [
      'the newest attempt wins, in whatever order they are listed',
      [attempt('a', 1, 200), attempt('a', 3, 500)],
      [],
    ],
    ['a failed redelivery is asked for once more', [attempt('a', 3, 500), attempt('a', 1, 500)], ['a']],
    ['three attempts are enough', [attempt('a', 3, 500), attempt('a', 2, 500), attempt('a', 1, 500)], []],
    ['72 hours back is taken', [attempt('a', 72, 500)], ['a']],
    ['more than 72 hours back is left', [attempt('a', 72.01, 500)], []],
    [
      'of which the first attempt was made before is left, since others may have been',
      [attempt('a', 1, 500, { redelivery: true }), attempt('b', 1, 500)],
      ['b'],
    ],
    [
      'the oldest is first',
      [attempt('a', 1, 500), attempt('b', 5, 500), attempt('c', 3, 500)],
      ['b', 'c', 'a'],
    ],
    [
      'events and actions that would be dropped are left',
      [
        attempt('a', 1, 500, { event: 'watch' }),
        attempt('b', 1, 500),
        attempt('c', 1, 500, { action: 'assigned' }),
        attempt('d', 1, 500, { action: null }),
      ],
      ['b'],
    ],
  ]
  test.each(table)('%s', (_, attempts, guids) => {
    const found = redeliveries(
      attempts,
      NOW,
      (event, action) => event === 'pull_request' && action === 'opened',
    )
    expect(found.map((each) => each.guid)).toEqual(guids)
  })

  test('it is the newest attempt that is asked for, at one moment that with the higher id', () => {
    const older = attempt('a', 2, 500)
    const newer = attempt('a', 1, 500)
    expect(redeliveries([newer, older], NOW).map((each) => each.id)).toEqual([newer.id])
    const same = [attempt('b', 1, 500), attempt('b', 1, 200)]
    expect(redeliveries(same, NOW)).toEqual([])
    expect(redeliveries(same.toReversed(), NOW)).toEqual([])
  })
})

describe('recover', () => {
  const aClient = (pages: Attempt[][], redeliver = async (_: number) => undefined as undefined) => {
    const read: (string | undefined)[] = []
    const asked: number[] = []
    const client: DeliveriesClient = {
      list: async (cursor) => {
        read.push(cursor)
        const page = Number(cursor ?? 0)
        return { attempts: pages[page] ?? [], ...(page + 1 < pages.length && { next: String(page + 1) }) }
      },
      redeliver: async (id) => {
        asked.push(id)
        await redeliver(id)
      },
    }
    return { client, read, asked }
  }

  test('pages back until before the time of the last delivery, and no further', async () => {
    const pages = [
      [attempt('a', 1, 500)],
      [attempt('b', 2, 500)],
      [attempt('c', 9, 500)],
      [attempt('d', 10, 500)],
    ]
    const { client, read } = aClient(pages)
    const result = await recover(client, { now: NOW, since: hoursAgo(8) })
    expect(result.asked).toEqual(['b', 'a'])
    expect(read).toEqual([undefined, '1', '2'])
  })

  test('without a time it pages back 72 hours, and never more', async () => {
    const pages = [
      [attempt('a', 1, 500)],
      [attempt('b', 71, 500)],
      [attempt('c', 73, 500)],
      [attempt('d', 74, 500)],
    ]
    const { client, read } = aClient(pages)
    expect((await recover(client, { now: NOW })).asked).toEqual(['b', 'a'])
    expect(read).toHaveLength(3)
    const old = aClient(pages)
    await recover(old.client, { now: NOW, since: hoursAgo(1_000) })
    expect(old.read).toHaveLength(3)
  })

  test('sees attempts of one guid on different pages as one delivery', async () => {
    const { client, asked } = aClient([[attempt('a', 1, 200)], [attempt('a', 2, 500)]])
    expect((await recover(client, { now: NOW })).asked).toEqual([])
    expect(asked).toEqual([])
  })

  test('one that GitHub refuses does not stop the others', async () => {
    const bad = attempt('bad', 2, 500)
    const { client } = aClient([[attempt('good', 1, 500), bad]], async (id) => {
      if (id === bad.id) throw new Error('422')
    })
    expect(await recover(client, { now: NOW })).toMatchObject({
      asked: ['good'],
      refused: [{ guid: 'bad', problem: '422' }],
    })
  })

  const failing = (status?: number) =>
    Object.assign(new Error('refused'), status === undefined ? {} : { status })
  test.each([
    ['that were asked for', undefined, hoursAgo(5)],
    ['that GitHub may take the next time', failing(502), hoursAgo(5)],
    ['that a limit stopped', failing(), hoursAgo(5)],
    ['that GitHub does not have anymore, of which there are none', failing(404), undefined],
    ['that GitHub does not deliver again, of which there are none', failing(422), undefined],
  ])('says when the first of those was made %s', async (_, problem, unsettled) => {
    const attempts = [attempt('a', 1, 500, { redelivery: true }), attempt('a', 5, 500), attempt('b', 2, 500)]
    const { client } = aClient([[...attempts, attempt('c', 9, 200)]], async () => {
      if (problem) throw problem
    })
    expect((await recover(client, { now: NOW })).unsettled).toEqual(unsettled)
  })

  test('ends when a page names itself as the next, or is empty', async () => {
    const calls: unknown[] = []
    const circle: DeliveriesClient = {
      list: async (cursor) => {
        calls.push(cursor)
        return { attempts: [attempt('a', 1, 200)], next: 'x' }
      },
      redeliver: async () => undefined,
    }
    await recover(circle, { now: NOW })
    expect(calls).toEqual([undefined, 'x'])
    const empty = aClient([[], [attempt('b', 1, 500)]])
    expect((await recover(empty.client, { now: NOW })).asked).toEqual([])
  })

  test('a page that cannot be read fails the round, and asks for nothing', async () => {
    const { client, asked } = aClient([[attempt('a', 1, 500)]])
    const broken = { ...client, list: () => Promise.reject(new Error('502')) }
    await expect(recover(broken, { now: NOW })).rejects.toThrow('502')
    expect(asked).toEqual([])
  })
})
