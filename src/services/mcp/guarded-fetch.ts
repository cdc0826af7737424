import { setTimeout as wait } from 'node:timers/promises'
import { type Fault, faultOfResponse, faultOfThrown } from './faults.ts'
import { brokenOff, currentTrace, TOO_LARGE, type Trace } from './trace.ts'

type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>

/**
 * How long a stream that ended may take through the SDK's parser before it counts as broken off: short where it held no
 * answer, patient where it held something like one and this process is busy.
 */
const PARSER_GRACE_MS = { without: 25, with: 1000 }

/**
 * A `fetch` that watches each exchange: it caps the bytes of the answer, tells HTML, redirects and HTTP errors apart,
 * and notices a stream that ends without an answer. `held` gives the trace for long-lived streams (the old SSE
 * transport answers every call on one GET).
 */
export function guardedFetch(base: Fetch, held?: () => Trace | undefined): Fetch {
  return async (url, init) => {
    const posted = init?.method === 'POST'
    const shared = !posted && held !== undefined
    const traceOf = shared ? held : currentTrace
    const trace = traceOf()
    if (!trace || isNotification(init)) return base(url, init)
    trace.inSession = new Headers(init?.headers).has('mcp-session-id')
    const response = await send(base, url, init, trace, shared)
    trace.answered = true
    if (posted || shared)
      noteFault(trace, faultOfResponse(response, new URL(url), posted, posted && trace.inSession))
    // A stream of our own that the server does not offer (GET, 405) is not the fault of the exchange that opened it.
    return watched(response, () => traceOf() ?? trace, posted || shared)
  }
}

function noteFault(trace: Trace, fault: Fault | undefined): void {
  if (fault) trace.fault = fault
  else delete trace.fault
}

async function send(
  base: Fetch,
  url: string | URL,
  init: RequestInit | undefined,
  trace: Trace,
  shared: boolean,
) {
  // A stream shared by many exchanges must outlive the one that opened it.
  const signals = shared ? [init?.signal] : [init?.signal, trace.abort.signal]
  try {
    return await base(url, { ...init, signal: AbortSignal.any(signals.filter((signal) => !!signal)) })
  } catch (error) {
    trace.fault ??= faultOfThrown(error)
    throw error
  }
}

async function watched(response: Response, traceOf: () => Trace, answers: boolean): Promise<Response> {
  if (!response.body) return response
  const events = (response.headers.get('content-type') ?? '').includes('text/event-stream')
  return events
    ? watchedStream(response, response.body, traceOf, answers)
    : wholeBody(response, response.body, traceOf())
}

/** Read at once, as the SDK would next; piped through a stream it would take twice as long. */
async function wholeBody(
  { status, statusText, headers }: Response,
  body: ReadableStream<Uint8Array>,
  trace: Trace,
): Promise<Response> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) {
    trace.bytes += chunk.byteLength
    if (trace.bytes > trace.maxBytes) {
      trace.fail({ cause: 'too_large', message: `${TOO_LARGE} ${trace.maxBytes} bytes` })
      throw new Error('the answer is too large')
    }
    chunks.push(chunk)
  }
  trace.heard?.push({ events: false, chunks })
  return new Response(Buffer.concat(chunks), { status, statusText, headers })
}

function watchedStream(
  response: Response,
  body: ReadableStream<Uint8Array>,
  traceOf: () => Trace,
  answers: boolean,
): Response {
  const answered = answerSpotter()
  const keep = keeper()
  const seen = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      const trace = traceOf()
      trace.bytes += chunk.byteLength
      keep(trace, chunk)
      const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1')
      if (!trace.resumable) trace.resumable = /^id:/m.test(text)
      answered.look(text)
      if (trace.bytes <= trace.maxBytes) return controller.enqueue(chunk)
      trace.fail({ cause: 'too_large', message: `${TOO_LARGE} ${trace.maxBytes} bytes` })
      controller.error(new Error('the answer is too large'))
    },
    flush() {
      if (answers) void reportBreak(traceOf(), answered.seen())
    },
  })
  const { status, statusText, headers } = response
  return new Response(body.pipeThrough(seen), { status, statusText, headers })
}

/** Keeps the chunks with the exchange during which they came: a shared stream serves one after the other. */
function keeper(): (trace: Trace, chunk: Uint8Array) => void {
  const parts = new WeakMap<Trace, Uint8Array[]>()
  return (trace, chunk) => {
    if (!trace.heard) return
    const known = parts.get(trace)
    if (known) return void known.push(chunk)
    const chunks = [chunk]
    parts.set(trace, chunks)
    trace.heard.push({ events: true, chunks })
  }
}

/** Looks for what could be an answer, across the borders of chunks, until one was seen. */
function answerSpotter(): { look: (text: string) => void; seen: () => boolean } {
  let tail = ''
  let seen = false
  return {
    look(text) {
      if (seen) return
      seen = /"(result|error)"\s*:/.test(tail + text)
      tail = text.slice(-16)
    },
    seen: () => seen,
  }
}

async function reportBreak(trace: Trace, answered: boolean): Promise<void> {
  await wait(answered ? PARSER_GRACE_MS.with : PARSER_GRACE_MS.without, undefined, { ref: false })
  if (!trace.resumable) trace.fail(brokenOff(trace))
}

function isNotification(init: RequestInit | undefined): boolean {
  if (typeof init?.body !== 'string' || init.body.length > 4096) return false
  return /^\{[^{}]*"method":"notifications\//.test(init.body)
}
