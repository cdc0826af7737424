import { Hono } from 'hono'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createLive, type LiveOptions } from '../../../src/server/board/live.ts'
import type { BoardContext, Viewer } from '../../../src/server/board/session.ts'
import type { Queryable } from '../../../src/store/database.ts'

const silent = pino({ level: 'silent' })

/** A database whose repositories look as the test says. */
function aPulse() {
  const rows = new Map<number, string>([
    [2, 'a'],
    [9, 'a'],
  ])
  let asked = 0
  const query = async () => {
    asked += 1
    return [...rows].map(([id, version]) => ({ id, version }))
  }
  return { database: { query } as unknown as Queryable, rows, asked: () => asked }
}

function aStream(options: Partial<LiveOptions> & Pick<LiveOptions, 'database'>) {
  const ending = new AbortController()
  const live = createLive({ ending: ending.signal, every: 5, heartbeat: 10_000, log: silent, ...options })
  const app = new Hono<BoardContext>()
  app.use(async (context, next) => {
    context.set('viewer', { id: Number(context.req.query('viewer') ?? 1) } as Viewer)
    context.set('readable', new Set([2]))
    await next()
  })
  app.get('/events', live.stream)
  return { live, app, ending }
}

/** The events of a stream, one after the other, without its comments. */
async function* eventsOf(response: Response): AsyncGenerator<{ event: string; id: string }> {
  let rest = ''
  for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    rest += part
    const blocks = rest.split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? ''
      if (field('event')) yield { event: field('event'), id: field('id') }
    }
  }
}

const endings: AbortController[] = []
afterAll(() => {
  for (const ending of endings) ending.abort()
})

describe('GET /events', () => {
  let pulse: ReturnType<typeof aPulse>
  beforeAll(() => {
    pulse = aPulse()
  })

  test('says "changed" with a new id when a repository of the person changes, and nothing when another one does', async () => {
    const { app, live, ending } = aStream({ database: pulse.database })
    endings.push(ending)
    const version = await live.version(new Set([2]))
    const response = await app.request(`/events?version=${version}`)
    expect(response.headers.get('x-accel-buffering')).toBe('no')
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    const events = eventsOf(response)
    expect((await events.next()).value).toEqual({ event: 'current', id: version })
    const before = pulse.asked()
    pulse.rows.set(9, 'b')
    await expect.poll(() => pulse.asked()).toBeGreaterThan(before + 2)
    pulse.rows.set(2, 'b')
    const { value } = await events.next()
    expect(value?.event).toBe('changed')
    expect(value?.id).not.toBe(version)
    expect(value?.id).toBe(await live.version(new Set([2])))
    await events.return(undefined)
  })

  test('tells who comes back after a restart whether something changed meanwhile, by the last event id', async () => {
    const first = aStream({ database: pulse.database })
    const seen = await first.live.version(new Set([2]))
    first.ending.abort()
    const second = aStream({ database: pulse.database })
    endings.push(second.ending)
    const again = async (id: string) => {
      const response = await second.app.request('/events?version=older', { headers: { 'last-event-id': id } })
      const events = eventsOf(response)
      const { value } = await events.next()
      await events.return(undefined)
      return value?.event
    }
    expect(await again(seen)).toBe('current')
    expect(await again('something-else')).toBe('changed')
  })

  test('sends a comment while nothing happens', async () => {
    const { app, ending } = aStream({ database: pulse.database, heartbeat: 0 })
    endings.push(ending)
    const response = await app.request('/events')
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    while (!text.includes(': still here')) text += (await reader?.read())?.value
    await reader?.cancel()
    expect(text).toContain('event: ')
  })

  test('ends after its time, and when the server stops, so that a restart waits for nobody', async () => {
    const short = aStream({ database: pulse.database, longest: 0 })
    endings.push(short.ending)
    expect(await (await short.app.request('/events')).text()).toContain('event: ')
    const stopped = aStream({ database: pulse.database, every: 60_000 })
    const response = await stopped.app.request('/events')
    stopped.ending.abort()
    expect(await response.text()).toContain('event: ')
    expect((await stopped.app.request('/events')).status).toBe(503)
  })

  test('is refused past the limit of one person and of all, and again allowed when one has left', async () => {
    const { app, ending } = aStream({ database: pulse.database, most: 3, mostOfOne: 2 })
    endings.push(ending)
    const open = [await app.request('/events'), await app.request('/events')]
    expect((await app.request('/events')).status).toBe(503)
    open.push(await app.request('/events?viewer=2'))
    expect(open.map(({ status }) => status)).toEqual([200, 200, 200])
    expect((await app.request('/events?viewer=3')).headers.get('retry-after')).toBe('30')
    await open[0]?.body?.cancel()
    await expect.poll(async () => (await app.request('/events?viewer=3')).status).toBe(200)
  })

  test('asks the database once for many listeners, and never when nobody listens', async () => {
    const { database, asked } = aPulse()
    const { app, ending } = aStream({ database, every: 60_000 })
    endings.push(ending)
    expect(asked()).toBe(0)
    await Promise.all([1, 2, 3, 4].map((id) => app.request(`/events?viewer=${id}`)))
    await expect.poll(asked).toBe(1)
  })

  test('breaks off where the database fails, says so in the log alone, and frees its place', async () => {
    const failing = aPulse()
    const problems: unknown[] = []
    const log = { error: (about: unknown) => void problems.push(about) } as typeof silent
    const { app, ending } = aStream({ database: failing.database, most: 1, log })
    endings.push(ending)
    const events = eventsOf(await app.request('/events'))
    expect((await events.next()).value?.event).toBe('changed')
    failing.database.query = () => Promise.reject(new Error('db-7.internal.example is gone'))
    await expect(Array.fromAsync(events)).rejects.toThrow('the answer broke off')
    expect(problems).toEqual([{ problem: 'db-7.internal.example is gone' }])
    failing.database.query = async () => []
    expect((await app.request('/events')).status).toBe(200)
  })

  test('answers HEAD without opening a stream', async () => {
    const { app, ending } = aStream({ database: pulse.database, most: 1 })
    endings.push(ending)
    for (let count = 0; count < 3; count++)
      expect((await app.request('/events', { method: 'HEAD' })).status).toBe(200)
  })
})
