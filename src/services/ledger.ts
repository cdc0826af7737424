import { createClient, type PostgrestError } from '@supabase/supabase-js'
import { z } from 'zod'

/**
 * Reads the ledger (Supabase) with the least privileged key possible. Nothing here can write. A failure is classified by who
 * can fix it, and never means "no rows".
 */
export type LedgerFault = {
  ok: false
  cause: 'refused' | 'missing' | 'too_many' | 'timeout' | 'unavailable' | 'malformed'
  message: string
}
export type LedgerAnswer<Value> = { ok: true; value: Value } | LedgerFault

export type LedgerWhere = Record<string, string | number | boolean | null>
export type LedgerRow = Record<string, string | null>

export type Ledger = {
  /**
   * All matching rows, every value as text, since a token amount may not fit a JavaScript number. More than 100,000 are
   * `too_many`, since a sum over a part of them would be wrong. A caller that needs only some rows passes the size of the
   * `sample`.
   */
  rows: (
    table: string,
    columns: string[],
    where: LedgerWhere,
    sample?: number,
  ) => Promise<LedgerAnswer<LedgerRow[]>>
  count: (table: string, where: LedgerWhere) => Promise<LedgerAnswer<number>>
  /** The newest value of a column, or null for an empty table. */
  newest: (table: string, column: string) => Promise<LedgerAnswer<string | null>>
}

export type LedgerOptions = {
  url: string
  key: string
  /** The token of another tenant, sent with the key. */
  as?: string
  /** Milliseconds for each request. */
  timeout?: number
  signal?: AbortSignal
}

/** Asked for at once. The server may give fewer (`db-max-rows` of PostgREST), so a short page is not the last one. */
const PAGE = 1000
const MOST = 100_000
const rowsSchema = z.array(z.record(z.string(), z.string().nullable()))

/**
 * Opens the ledger. Its reads never throw; whatever fails is a `LedgerFault`.
 * @throws for an invalid URL or an empty key.
 */
export function openLedger({ url, key, as, timeout = 10_000, signal }: LedgerOptions): Ledger {
  const client = createClient(url, key, {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
    global: { fetch: fetchTellingMissing },
    ...(as === undefined ? {} : { accessToken: async () => as }),
  })
  const limit = () => AbortSignal.any([AbortSignal.timeout(timeout), ...(signal ? [signal] : [])])

  async function page(table: string, columns: string[], where: LedgerWhere, from: number, count: number) {
    let query = client.from(table).select(columns.map((column) => `${column}::text`).join(','))
    for (const [column, value] of Object.entries(where)) {
      query = value === null ? query.is(column, null) : query.eq(column, value)
    }
    // Ordered by every column that is read, so rows that tie are equal in all of them.
    for (const column of columns) query = query.order(column)
    return answer(
      await query
        .range(from, from + count - 1)
        .abortSignal(limit())
        .retry(false),
      rowsSchema,
    )
  }

  return {
    async rows(table, columns, where, sample) {
      const wanted = sample ?? MOST + 1
      const rows: LedgerRow[] = []
      while (rows.length < wanted) {
        const next = await page(table, columns, where, rows.length, Math.min(PAGE, wanted - rows.length))
        if (!next.ok) return next
        if (next.value.length === 0) break
        rows.push(...next.value)
      }
      if (sample === undefined && rows.length > MOST) return tooMany(table)
      return { ok: true, value: rows.slice(0, wanted) }
    },
    async count(table, where) {
      let query = client.from(table).select('*', { count: 'exact', head: true })
      for (const [column, value] of Object.entries(where)) {
        query = value === null ? query.is(column, null) : query.eq(column, value)
      }
      const response = await query.abortSignal(limit()).retry(false)
      return answer({ ...response, data: response.count }, z.int().nonnegative())
    },
    async newest(table, column) {
      const query = client
        .from(table)
        .select(`${column}::text`)
        .order(column, { ascending: false, nullsFirst: false })
      const read = answer(await query.limit(1).abortSignal(limit()).retry(false), rowsSchema)
      return read.ok ? { ok: true, value: read.value[0]?.[column] ?? null } : read
    },
  }
}

function tooMany(table: string): LedgerFault {
  const message =
    `${table} has more matching rows than are read: ${MOST} rows were read and none evaluated; ` +
    'narrow it with `where` so that fewer rows match'
  return { ok: false, cause: 'too_many', message }
}

/** supabase-js takes a 404 for no rows where its body is empty or a list, so such a body is given words. */
async function fetchTellingMissing(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  // The key is in a header of Supabase's own, which `fetch` would take along to another host.
  const response = await fetch(input, { ...init, redirect: 'error' })
  if (response.status !== 404) return response
  const text = await response.text()
  const body = text === '' || text.trimStart().startsWith('[') ? '{"message":"HTTP 404"}' : text
  return new Response(body, { status: 404 })
}

type Reply = { data: unknown; error: PostgrestError | null; status: number }

function answer<Value>({ data, error, status }: Reply, schema: z.ZodType<Value>): LedgerAnswer<Value> {
  if (error || status >= 400) return fault(error, status)
  const parsed = schema.safeParse(data)
  if (parsed.success) return { ok: true, value: parsed.data }
  return {
    ok: false,
    cause: 'malformed',
    message: 'the ledger answered with something that is not a list of rows',
  }
}

/** PostgREST's own codes: https://postgrest.org/en/stable/references/errors.html */
function fault(error: PostgrestError | null, status: number): LedgerFault {
  const { code = '', message = '' } = error ?? {}
  if (/TimeoutError|AbortError|timed? ?out|aborted/i.test(message) || code === '57014') {
    return { ok: false, cause: 'timeout', message: 'the ledger did not answer in time' }
  }
  if (status === 401 || status === 403 || code === '42501') {
    return {
      ok: false,
      cause: 'refused',
      message: 'the ledger rejects the key (row level security or a missing grant)',
    }
  }
  if (code === '42P01' || code === 'PGRST205' || code === '42703' || code === 'PGRST204' || status === 404) {
    return { ok: false, cause: 'missing', message: `the ledger has no such table or column: ${message}` }
  }
  if (status >= 500 || status === 429) {
    return { ok: false, cause: 'unavailable', message: `the ledger answered HTTP ${status}` }
  }
  if (status === 0 || /fetch failed|ECONN/i.test(message)) {
    return { ok: false, cause: 'unavailable', message: 'the ledger cannot be reached' }
  }
  return { ok: false, cause: 'malformed', message: `the ledger could not be read: ${message}` }
}
