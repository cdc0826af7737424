import nock from 'nock'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openLedger } from '../../src/services/ledger.ts'
import { startScripted } from '../support/mcp-server.ts'

const url = 'https://ledger.test'
const ledger = () => openLedger({ url, key: 'least-key', timeout: 150 })
const rest = () => nock(url, { reqheaders: { apikey: 'least-key' } })

beforeEach(() => nock.disableNetConnect())
afterEach(() => {
  expect(nock.pendingMocks()).toEqual([])
  nock.cleanAll()
  nock.enableNetConnect()
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
    expect(await ledger().rows('reward_ledger', ['amount'], { key: 'k-1', note: null })).toEqual({
      ok: true,
      value: [{ amount: '100.50' }],
    })
  })

  test('rows: page after page', async () => {
    const page = (count: number) => Array.from({ length: count }, () => ({ amount: '1' }))
    rest()
      .get('/rest/v1/t')
      .query(({ offset }) => offset === '0')
      .reply(200, page(1000))
    rest()
      .get('/rest/v1/t')
      .query(({ offset }) => offset === '1000')
      .reply(200, page(3))
    const read = await ledger().rows('t', ['amount'], {})
    expect(read.ok && read.value.length).toBe(1003)
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

describe('an answer that could not be had is told apart, and is never "no rows"', () => {
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
    ['the answer is no list', 200, { hello: 1 }, 'malformed'],
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

  test('no answer in time', async () => {
    nock.enableNetConnect('127.0.0.1')
    const silent = await startScripted({ before: () => true })
    const began = performance.now()
    const read = await openLedger({ url: silent.url, key: 'least-key', timeout: 150 }).rows('t', ['a'], {})
    expect(read).toMatchObject({ ok: false, cause: 'timeout' })
    expect(performance.now() - began).toBeLessThan(2000)
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
