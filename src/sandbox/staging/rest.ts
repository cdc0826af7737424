import type { PGlite } from '@electric-sql/pglite'

/** The part of PostgREST that reading with supabase-js needs: select with casts, eq, is.null, order, limit, offset, count. */
export type RestAnswer = { status: number; headers?: Record<string, string>; body?: unknown }
export type RestRequest = {
  method: string
  path: string
  query: URLSearchParams
  apiKey: string
  prefer: string
}

const tables = ['diners', 'restaurants', 'reward_ledger', 'tool_log']
const reserved = new Set(['select', 'order', 'limit', 'offset'])

/** Answers a read of one table. Anything that writes is refused, as the least key would be. */
export async function answerRest(db: PGlite, key: string, request: RestRequest): Promise<RestAnswer> {
  if (request.apiKey !== key) return { status: 401, body: { message: 'Invalid API key' } }
  if (request.method !== 'GET' && request.method !== 'HEAD') return problem(403, '42501', 'permission denied')
  const table = request.path.split('/').at(-1) ?? ''
  if (!tables.includes(table)) return problem(404, 'PGRST205', `Could not find the table 'public.${table}'`)
  const known = await columnsOf(db, table)
  const query = parse(request.query)
  const unknown = [
    ...query.columns,
    ...query.filters.map(({ column }) => column),
    ...query.order.map(({ column }) => column),
  ].find((column) => column !== '*' && !known.has(column))
  if (unknown !== undefined) return problem(400, '42703', `column ${table}.${unknown} does not exist`)
  return read(db, table, query, request)
}

type Query = {
  columns: string[]
  casts: Map<string, boolean>
  filters: { column: string; value: string | null }[]
  order: { column: string; descending: boolean }[]
  limit: number
  offset: number
}

function parse(query: URLSearchParams): Query {
  const selected = (query.get('select') ?? '*').split(',').map((part) => part.split('::'))
  const filters = [...query].flatMap(([column, value]) => {
    if (reserved.has(column)) return []
    return [{ column, value: value === 'is.null' ? null : value.replace(/^eq\./, '') }]
  })
  const order = (query.get('order') ?? '').split(',').filter(Boolean)
  return {
    columns: selected.map(([column = '']) => column),
    casts: new Map(selected.map(([column = '', cast]) => [column, cast === 'text'])),
    filters,
    order: order.map((part) => ({ column: part.split('.')[0] ?? '', descending: part.includes('.desc') })),
    limit: Math.min(Number(query.get('limit') ?? 1000), 1000),
    offset: Number(query.get('offset') ?? 0),
  }
}

async function read(db: PGlite, table: string, query: Query, request: RestRequest): Promise<RestAnswer> {
  const values: string[] = []
  const where = query.filters.map(({ column, value }) => {
    if (value === null) return `"${column}" is null`
    values.push(value)
    return `"${column}"::text = $${values.length}`
  })
  const clause = where.length > 0 ? `where ${where.join(' and ')}` : ''
  const total = await db.query<{ count: number }>(
    `select count(*)::int as count from ${table} ${clause}`,
    values,
  )
  const headers = {
    'content-range': `*/${request.prefer.includes('count=exact') ? (total.rows[0]?.count ?? 0) : '*'}`,
  }
  if (request.method === 'HEAD') return { status: 200, headers }
  const { rows } = await db.query(
    `select ${projection(query)} from ${table} ${clause} ${ordering(query)} limit ${query.limit} offset ${query.offset}`,
    values,
  )
  return { status: 200, headers, body: rows }
}

function projection({ columns, casts }: Query): string {
  if (columns.includes('*')) return '*'
  return columns.map((column) => `"${column}"${casts.get(column) ? '::text' : ''} as "${column}"`).join(', ')
}

function ordering({ order }: Query): string {
  if (order.length === 0) return ''
  return `order by ${order.map(({ column, descending }) => `"${column}" ${descending ? 'desc nulls last' : 'asc'}`).join(', ')}`
}

async function columnsOf(db: PGlite, table: string): Promise<Set<string>> {
  const { rows } = await db.query<{ column_name: string }>(
    `select column_name from information_schema.columns where table_name = $1`,
    [table],
  )
  return new Set(rows.map(({ column_name }) => column_name))
}

function problem(status: number, code: string, message: string): RestAnswer {
  return { status, body: { code, message, details: null, hint: null } }
}
