import { createHash } from 'node:crypto'
import type { Context } from 'hono'
import type { Logger } from 'pino'
import { type Pulse, pulseOf } from '../../store/board/pulse.ts'
import type { Queryable } from '../../store/database.ts'
import type { BoardContext } from './session.ts'
import { streamed } from './streaming.ts'

export type LiveOptions = {
  database: Queryable
  log: Pick<Logger, 'error'>
  /** Aborted when the server is about to stop. */
  ending: AbortSignal
  /** How often the database is asked while somebody listens, in milliseconds. */
  every?: number
  /** A proxy cuts a connection on which nothing is sent for a minute. */
  heartbeat?: number
  /** A stream ends after this time, so that who listens is asked again who they are and what they can read. */
  longest?: number
  most?: number
  mostOfOne?: number
}

export type Live = {
  /** What the repositories that a person can read look like now, as a short text: equal texts are equal pages. */
  version: (readable: Set<number>) => Promise<string>
  /** `GET /events`. */
  stream: (context: Context<BoardContext>) => Response | Promise<Response>
}

/**
 * Tells browsers when what they show has changed, by server-sent events. The database is the only source, so changes by other processes
 * are seen too, and its version is the id of each event: who reconnects after a restart with an old one gets an event at once.
 */
export function createLive(options: LiveOptions): Live {
  const { database, log, ending, every = 2_000, heartbeat = 20_000, longest = 10 * 60_000 } = options
  const { most = 200, mostOfOne = 8 } = options
  const listening = new Map<number, number>()
  let pulse: { value: Promise<Pulse>; at: number } | undefined

  const read = (): Promise<Pulse> => {
    const now = performance.now()
    if (!pulse || now - pulse.at >= every / 2) pulse = { value: pulseOf(database), at: now }
    return pulse.value
  }
  const version = async (readable: Set<number>) => versionOf(await read(), readable)

  const eventsFor = async function* (readable: Set<number>, seen: string): AsyncGenerator<string> {
    let last = await version(readable)
    let written = performance.now()
    const until = written + longest
    yield eventText(last === seen ? 'current' : 'changed', last)
    while (!ending.aborted && performance.now() < until) {
      await pause(every, ending)
      const next = await version(readable)
      const isQuiet = next === last
      if (isQuiet && performance.now() - written < heartbeat) continue
      last = next
      written = performance.now()
      yield isQuiet ? ': still here\n\n' : eventText('changed', next)
    }
  }

  return {
    version,
    stream: (context) => {
      const { viewer, readable } = context.var
      const own = listening.get(viewer.id) ?? 0
      const all = [...listening.values()].reduce((sum, count) => sum + count, 0)
      if (ending.aborted || all >= most || own >= mostOfOne)
        return context.json({ error: 'Too many pages are open. Close some.' }, 503, { 'retry-after': '30' })
      if (context.req.raw.method === 'HEAD') return context.body(null)
      listening.set(viewer.id, own + 1)
      const seen = context.req.header('last-event-id') ?? context.req.query('version') ?? ''
      const ended = () => {
        const left = (listening.get(viewer.id) ?? 1) - 1
        if (left > 0) listening.set(viewer.id, left)
        else listening.delete(viewer.id)
      }
      return context.body(streamed(eventsFor(readable, seen), log, ended), 200, eventHeaders)
    },
  }
}

/** Of an event stream that no proxy collects. */
const eventHeaders = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache',
  connection: 'keep-alive',
  'transfer-encoding': 'chunked',
  'x-accel-buffering': 'no',
}

function eventText(event: string, id: string): string {
  return `event: ${event}\ndata: now\nid: ${id}\nretry: 3000\n\n`
}

function versionOf(pulse: Pulse, readable: Set<number>): string {
  const parts = [...pulse].filter(([id]) => readable.has(id)).sort(([a], [b]) => a - b)
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 16)
}

/** Waits, but not past the end of the server. */
function pause(milliseconds: number, ending: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      ending.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, milliseconds)
    ending.addEventListener('abort', done, { once: true })
  })
}
