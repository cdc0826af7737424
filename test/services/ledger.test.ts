import nock from 'nock'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openLedger } from '../../src/services/ledger.ts'
import { startScripted } from '../support/mcp-server.ts'

const url = 'https://ledger.test'
const ledger = () => openLedger({ url, key: 'least-key', timeout: 150 })
const rest = () => nock(url, { reqheaders: { apikey: 'least-key' } })

/** A table of so many rows, read in pages of at most `maxRows` (PostgREST's `db-max-rows`). Gives the pages asked for. */
function aTable(rows: { amount: string }[], maxRows = Number.POSITIVE_INFINITY) {
  const asked: string[] = []
  rest()
    .persist()
    .get('/rest/v1/t')
    .query(true)
    .optionally()
    .reply((request: Request) => {
      const { searchParams: query } = new URL(request.url)
      const [offset, limit] = [Number(query.get('offset')), Number(query.get('limit'))]
      asked.push(`${offset}+${limit}`)
      return [200, rows.slice(offset, offset + Math.min(limit, maxRows))]
    })
  return asked
}

const ones = (count: number) => Array.from({ length: count }, () => ({ amount: '1' }))

beforeEach(() => nock.disableNetConnect())
afterEach(() => {
  const pending = nock.pendingMocks()
  nock.cleanAll()
  nock.enableNetConnect()
  expect(pending).toEqual([])
})

describe('what is asked on the wire of PostgREST', () => {
  test('rows: only the columns named, as text, filtered and ordered', async () => {
    rest()
      .get('/rest/v1/reward_ledger')
      .query({
        select: 'amount::text',
        key: 'eq.k-1',
        note: 'is.null',
        order: 'amount.asc',
        offset: 0,
        limit: 1000,
      })
      .reply(200, [{ amount: '100.50' }])
    rest()
      .get('/rest/v1/reward_ledger')
      .query(({ offset, order }) => offset === '1' && order === 'amount.asc')
      .reply(200, [])
    expect(await ledger().rows('reward_ledger', ['amount'], { key: 'k-1', note: null })).toEqual({
      ok: true,
      value: [{ amount: '100.50' }],
    })
  })

  test('count: exact, without rows', async () => {
    rest()
      .head('/rest/v1/t')
      .query(true)
      .matchHeader('prefer', /count=exact/)
      .reply(200, undefined, { 'content-range': '*/42' })
    expect(await ledger().count('t', {})).toEqual({ ok: true, value: 42 })
  })

  test('newest: one row, nulls last', async () => {
    rest()
      .get('/rest/v1/t')
      .query({ select: 'made::text', order: 'made.desc.nullslast', limit: 1 })
      .reply(200, [{ made: '2026-11-20' }])
    expect(await ledger().newest('t', 'made')).toEqual({ ok: true, value: '2026-11-20' })
  })

  test('newest of an empty table is null', async () => {
    rest().get('/rest/v1/t').query(true).reply(200, [])
    expect(await ledger().newest('t', 'made')).toEqual({ ok: true, value: null })
  })
})

describe('the ledger is read whole: sums are exact, or there is no verdict', () => {
  test.each<[string, number, number | undefined, string[]]>([
    ['no rows', 0, undefined, ['0+1000']],
    ['one page', 3, undefined, ['0+1000', '3+1000']],
    ['page after page', 1003, undefined, ['0+1000', '1000+1000', '1003+1000']],
    ['pages that are all full', 2000, undefined, ['0+1000', '1000+1000', '2000+1000']],
    ['pages shorter than ours (max-rows)', 700, 500, ['0+1000', '500+1000', '700+1000']],
    ['rows that fill the last short page', 1000, 500, ['0+1000', '500+1000', '1000+1000']],
  ])('%s', async (_name, count, maxRows, pages) => {
    const asked = aTable(ones(count), maxRows)
    const read = await ledger().rows('t', ['amount'], {})
    expect(read.ok && read.value).toHaveLength(count)
    expect(asked).toEqual(pages)
  })

  test('no row is read twice or left out', async () => {
    const rows = Array.from({ length: 1234 }, (_, index) => ({ amount: String(index) }))
    aTable(rows, 100)
    const read = await ledger().rows('t', ['amount'], {})
    expect(read.ok && read.value).toEqual(rows)
  })

  test('as many rows as are read at most are all of them', async () => {
    const asked = aTable(ones(100_000))
    const read = await ledger().rows('t', ['amount'], {})
    expect(read.ok && read.value).toHaveLength(100_000)
    expect(asked.at(-1)).toBe('100000+1')
  })

  test('one row more is a fault that says how many were read and how to narrow it, and never a part of the rows', async () => {
    aTable(ones(100_001))
    const read = await ledger().rows('t', ['amount'], { status: 'issued' })
    expect(read).toEqual({
      ok: false,
      cause: 'too_many',
      message:
        't has more matching rows than are read: 100000 rows were read and none evaluated; narrow it with `where` so that fewer rows match',
    })
  })

  test('a fault on a later page is a fault of the whole', async () => {
    rest()
      .get('/rest/v1/t')
      .query(({ offset }) => offset === '0')
      .reply(200, ones(1000))
    rest()
      .get('/rest/v1/t')
      .query(({ offset }) => offset === '1000')
      .reply(503, 'gone')
    expect(await ledger().rows('t', ['amount'], {})).toMatchObject({ ok: false, cause: 'unavailable' })
  })
})

describe('a sample is asked for as such', () => {
  test.each<[string, number, number, string[]]>([
    ['it holds no more rows than it should', 5000, 1500, ['0+1000', '1000+500']],
    ['it ends where the table ends', 700, 1500, ['0+1000', '700+800']],
  ])('%s', async (_name, count, sample, pages) => {
    const asked = aTable(ones(count))
    const read = await ledger().rows('t', ['amount'], {}, sample)
    expect(read.ok && read.value).toHaveLength(Math.min(count, sample))
    expect(asked).toEqual(pages)
  })

  test('a server that gives more rows than asked for makes it no longer', async () => {
    rest().get('/rest/v1/t').query(true).reply(200, ones(50))
    const read = await ledger().rows('t', ['amount'], {}, 20)
    expect(read.ok && read.value).toHaveLength(20)
  })
})

describe('an answer that could not be had is reported apart, and is never "no rows"', () => {
  const denied = { code: '42501', message: 'permission denied for table t', details: null, hint: null }
  test.each<[string, number, unknown, string]>([
    ['RLS or a missing grant refuses', 403, denied, 'refused'],
    ['the key is wrong', 401, { message: 'Invalid API key' }, 'refused'],
    ['there is no such table', 404, { code: 'PGRST205', message: 'Could not find the table' }, 'missing'],
    ['there is no such column', 400, { code: '42703', message: 'column t.x does not exist' }, 'missing'],
    [
      'the statement ran too long',
      500,
      { code: '57014', message: 'canceling statement due to statement timeout' },
      'timeout',
    ],
    ['500', 500, { message: 'oops' }, 'unavailable'],
    ['503 with a web page', 503, '<h1>Unavailable</h1>', 'unavailable'],
    ['429', 429, { message: 'slow down' }, 'unavailable'],
    ['the address is wrong, and says so with an empty list', 404, [], 'missing'],
    ['the address is wrong, and says nothing', 404, '', 'missing'],
    ['the answer is not a list', 200, { hello: 1 }, 'malformed'],
    ['the answer is a list of something else', 200, [1, 2], 'malformed'],
    ['the answer is cut off', 200, '[{"a":"1"', 'malformed'],
    ['the answer is a web page', 200, '<h1>Sign in</h1>', 'malformed'],
  ])('%s', async (_name, status, body, cause) => {
    rest()
      .get('/rest/v1/t')
      .query(true)
      .reply(status, body as nock.Body, { 'content-type': 'application/json' })
    const read = await ledger().rows('t', ['a'], {})
    expect(read).toMatchObject({ ok: false, cause })
  })

  test.each([
    [404, 'missing'],
    [401, 'refused'],
    [403, 'refused'],
    [503, 'unavailable'],
  ])('a count answered with HTTP %i, which has no body', async (status, cause) => {
    rest().head('/rest/v1/t').query(true).reply(status)
    expect(await ledger().count('t', {})).toMatchObject({ ok: false, cause })
  })

  test('a count that the answer does not tell', async () => {
    rest().head('/rest/v1/t').query(true).reply(200, undefined, { 'content-range': '0-24/*' })
    expect(await ledger().count('t', {})).toMatchObject({ ok: false, cause: 'malformed' })
  })

  test('no answer in time', async () => {
    nock.enableNetConnect('127.0.0.1')
    const silent = await startScripted({ before: () => true })
    const read = await openLedger({ url: silent.url, key: 'least-key', timeout: 150 }).rows('t', ['a'], {})
    expect(read).toMatchObject({ ok: false, cause: 'timeout' })
    await silent.close()
  })

  test('nobody there', async () => {
    rest().get('/rest/v1/t').query(true).replyWithError('connect ECONNREFUSED 127.0.0.1:1')
    expect(await ledger().rows('t', ['a'], {})).toMatchObject({ ok: false, cause: 'unavailable' })
  })

  test('a failed read is asked once, so that a poll keeps its own time', async () => {
    let asked = 0
    nock(url)
      .get('/rest/v1/t')
      .query(true)
      .times(3)
      .reply(() => [503, String(++asked)])
    await ledger().rows('t', ['a'], {})
    expect(asked).toBe(1)
    nock.cleanAll()
  })

  test('no message holds the key', async () => {
    rest().get('/rest/v1/t').query(true).reply(401, { message: 'Invalid API key' })
    expect(JSON.stringify(await ledger().rows('t', ['a'], {}))).not.toContain('least-key')
  })
})
