import { describe, expect, test } from 'vitest'
import { runRegression } from '../../src/regression/run.ts'
import { aTool, type Handler, type Script, sendJson, startModern, textResult } from '../support/mcp-server.ts'
import { anInput, aSuite, readCase, runAgainst } from '../support/regression-run.ts'

const suite = aSuite(readCase)
const connectionOf = async (script: Script) => {
  const { report } = await runAgainst(script, suite)
  return [report.verdict, report.gates.find(({ gate }) => gate === 'connection')?.message]
}

/** Answers that are given one after the other, the last of them for ever. */
function inTurn<T>(...answers: T[]): () => T {
  let count = 0
  return () => answers[Math.min(count++, answers.length - 1)] as T
}

const initialized =
  (more: object = {}): Handler =>
  () => ({
    protocolVersion: '2025-11-25',
    serverInfo: { name: 'scripted', version: '1.0.0' },
    capabilities: { tools: {} },
    ...more,
  })
const begin = (...more: object[]): Handler => {
  const next = inTurn(...more)
  return (exchange) => initialized(next())(exchange)
}
const lists = (...tools: unknown[][]): Handler => {
  const next = inTurn(...tools)
  return () => ({ tools: next() })
}
const read = aTool('read')

describe('what changes during a run makes it inconclusive, and is named', () => {
  test.each<[string, Script, string]>([
    ['a tool added', { list: lists([read], [read, aTool('new')]) }, 'the tool new was added to the list'],
    ['a tool gone', { list: lists([read, aTool('old')], [read]) }, 'the tool old is no longer listed'],
    [
      'a tool that is another',
      { list: lists([read], [{ ...read, description: 'x' }]) },
      'the tool read is listed differently',
    ],
    [
      'the version',
      { initialize: begin({}, { serverInfo: { name: 'scripted', version: '1.0.1' } }) },
      'scripted 1.0.0, then scripted 1.0.1',
    ],
    [
      'a capability gained',
      { initialize: begin({}, { capabilities: { tools: {}, logging: {} } }) },
      'the capability logging was added',
    ],
    [
      'a capability lost',
      { initialize: begin({ capabilities: { tools: {}, prompts: {} } }, {}) },
      'the capability prompts is gone',
    ],
    [
      'a capability of another kind',
      { initialize: begin({}, { capabilities: { tools: { listChanged: true } } }) },
      'the capability tools changed',
    ],
    [
      'the protocol',
      { initialize: begin({}, { protocolVersion: '2025-06-18' }) },
      'protocol 2025-11-25, then 2025-06-18',
    ],
  ])('%s', async (_name, script, what) => {
    expect(await connectionOf(script)).toEqual(['inconclusive', `the server changed during the run: ${what}`])
  })

  test('a list that another session gets, as from a second instance behind the same address', async () => {
    let sessions = 0
    const initialize: Handler = (exchange) => {
      sessions += 1
      return initialized()(exchange)
    }
    const list: Handler = () => ({ tools: sessions > 1 ? [read, aTool('old')] : [read] })
    expect(await connectionOf({ initialize, list })).toEqual([
      'inconclusive',
      'the server changed during the run: the tool old was added to the list',
    ])
  })

  test('the same tools in another order are not a change', async () => {
    const other = aTool('other')
    expect(await connectionOf({ list: lists([read, other], [other, read]) })).toEqual([
      'passed',
      'connected throughout',
    ])
  })
})

describe('a list that is announced to have changed is read at once', () => {
  const announcing: Handler = ({ message, response }) => {
    const lines = [
      { jsonrpc: '2.0', method: 'notifications/tools/list_changed' },
      { jsonrpc: '2.0', id: message.id, result: textResult('fine') },
    ].map((line) => `data: ${JSON.stringify(line)}\n\n`)
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(lines.join(''))
  }
  const many = aSuite(['a', 'b', 'c'].map((name) => `  - { name: ${name}, tool: read }`).join('\n'))

  test('a change that is undone before the end is seen', async () => {
    const script = { call: announcing, list: lists([read], [read, aTool('flag')], [read]) }
    const { report } = await runAgainst(script, many)
    expect(report.summary).toContain('the server changed during the run: the tool flag was added to the list')
  })

  test('where nothing changed, the announcement is harmless', async () => {
    const { report } = await runAgainst({ call: announcing }, many)
    expect(report.verdict).toBe('passed')
  })
})

describe('a list of which the end is never seen is inconclusive, and the cursor is named', () => {
  const paging = (cursor: (page: number) => string): Handler => {
    let page = 0
    return () => {
      page += 1
      return { tools: [aTool(`read${page}`)], nextCursor: cursor(page) }
    }
  }

  test.each<[string, Handler, string]>([
    ['a cursor twice', paging((page) => `page-${page % 2}`), 'it repeats the cursor "page-1"'],
    [
      'new cursors forever',
      paging((page) => `page-${page}`),
      'it has a next cursor, "page-200", after 200 pages',
    ],
    ['a cursor without end', paging(() => 'x'.repeat(5000)), `it repeats the cursor "${'x'.repeat(79)}…"`],
  ])('%s', async (_name, list, what) => {
    expect(await connectionOf({ list })).toEqual([
      'inconclusive',
      `tools/list could not be read: tools/list does not end: ${what}`,
    ])
  })
})

test('a server of the 2026 protocol is asked for its list at the end, too', async () => {
  let asked = 0
  const server = await startModern({
    before(request, response) {
      if (request.headers['mcp-method'] !== 'tools/list') return false
      asked += 1
      if (asked < 2) return false
      sendJson(response, { error: 'no more' }, 503)
      return true
    },
  })
  const { report } = await runRegression(
    anInput(server.url, aSuite('  - { name: it reads, tool: read, writes: true }')),
  )
  await server.close()
  expect(asked).toBe(2)
  expect(report.summary).toContain('tools/list could not be read')
})
