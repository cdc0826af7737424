import nock from 'nock'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openReceipts } from '../../src/services/receipts.ts'
import { type Script, startScripted } from '../support/mcp-server.ts'

const hash = `0x${'ab'.repeat(32)}`
const chain = () => openReceipts({ url: 'https://chain.test/v2/secret-node-key-1234', timeout: 150 })
const node = () => nock('https://chain.test').post('/v2/secret-node-key-1234')

beforeEach(() => nock.disableNetConnect())
afterEach(() => {
  const pending = nock.pendingMocks()
  nock.cleanAll()
  nock.enableNetConnect()
  expect(pending).toEqual([])
})

const receipt = (status: string, transactionHash = hash) => ({
  jsonrpc: '2.0',
  id: 1,
  result: { transactionHash, status },
})

test('asks eth_getTransactionReceipt for the hash', async () => {
  const body = { jsonrpc: '2.0', id: 1, method: 'eth_getTransactionReceipt', params: [hash] }
  nock('https://chain.test').post('/v2/secret-node-key-1234', body).reply(200, receipt('0x1'))
  expect(await chain().status(hash)).toEqual({ ok: true, status: 'success' })
})

describe('what the chain says', () => {
  test.each([
    ['a success', receipt('0x1'), 'success'],
    ['a reverted transaction', receipt('0x0'), 'reverted'],
    ['no receipt yet', { jsonrpc: '2.0', id: 1, result: null }, 'pending'],
    ['no receipt yet, and no error', { jsonrpc: '2.0', id: 1, error: null, result: null }, 'pending'],
    ['a hash in capitals', receipt('0x1', hash.toUpperCase().replace('0X', '0x')), 'success'],
  ])('%s', async (_name, body, status) => {
    node().reply(200, body)
    expect(await chain().status(hash)).toEqual({ ok: true, status })
  })

  test.each<[string, number, unknown, string]>([
    [
      'an error of the node',
      200,
      { jsonrpc: '2.0', id: 1, error: { code: -32005, message: 'limit exceeded' } },
      'refused',
    ],
    [
      'an error beside an empty result',
      200,
      { jsonrpc: '2.0', id: 1, error: { code: -32005, message: 'limit exceeded' }, result: null },
      'refused',
    ],
    [
      'an error in words beside an empty result',
      200,
      { error: 'too many requests', result: null },
      'malformed',
    ],
    [
      'an error without a code beside an empty result',
      200,
      { jsonrpc: '2.0', id: 1, error: { message: 'slow down' }, result: null },
      'refused',
    ],
    ['an empty result that is not JSON-RPC', 200, { result: null }, 'malformed'],
    ['an empty result for another request', 200, { jsonrpc: '2.0', id: 7, result: null }, 'malformed'],
    ['JSON-RPC without a result', 200, { jsonrpc: '2.0', id: 1 }, 'malformed'],
    ['an empty answer', 200, '', 'malformed'],
    [
      'a receipt without a status',
      200,
      { jsonrpc: '2.0', id: 1, result: { transactionHash: hash } },
      'malformed',
    ],
    ['401', 401, {}, 'refused'],
    ['404 with an empty result', 404, { jsonrpc: '2.0', id: 1, result: null }, 'unavailable'],
    ['429', 429, { jsonrpc: '2.0', id: 1, result: null }, 'unavailable'],
    ['502', 502, '<h1>', 'unavailable'],
    ['something that is not a receipt', 200, { hello: 1 }, 'malformed'],
    ['a web page', 200, '<h1>', 'malformed'],
    ['a receipt of another transaction', 200, receipt('0x1', `0x${'cd'.repeat(32)}`), 'malformed'],
  ])('%s evaluates nothing', async (_name, status, body, cause) => {
    node().reply(status, body as nock.Body)
    expect(await chain().status(hash)).toMatchObject({ ok: false, cause })
  })

  test.each<[string, Script]>([
    ['no answer in time', { before: () => true }],
    [
      'an answer that begins and does not end',
      { before: (_request, response) => response.writeHead(200).write('{"jsonrpc"') },
    ],
  ])('%s', async (_name, script) => {
    nock.enableNetConnect('127.0.0.1')
    const silent = await startScripted(script)
    expect(await openReceipts({ url: silent.url, timeout: 150 }).status(hash)).toMatchObject({
      ok: false,
      cause: 'timeout',
    })
    await silent.close()
  })

  test('nobody there, and the address with its key is not repeated', async () => {
    node().replyWithError('connect ECONNREFUSED')
    const answer = await chain().status(hash)
    expect(answer).toMatchObject({ ok: false, cause: 'unavailable' })
    expect(JSON.stringify(answer)).not.toContain('secret-node-key')
  })
})
