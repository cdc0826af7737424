import { describe, expect, test } from 'vitest'
import { runRegression } from '../../src/regression/run.ts'
import {
  aTool,
  type Exchange,
  nodeCommand,
  type Script,
  sendJson,
  startScripted,
  stdioServer,
  textResult,
} from '../support/mcp-server.ts'
import { aLedger, anInput, aSuite, gateOf, readCase } from '../support/regression-run.ts'

type End = (exchange: Exchange) => void
const with404: End = ({ response, message }) => {
  const error = { code: -32001, message: 'Session not found' }
  sendJson(response, { jsonrpc: '2.0', id: message.id, error }, 404)
}
const with400: End = ({ response }) => {
  const error = { code: -32600, message: 'Bad Request: No valid session ID provided' }
  sendJson(response, { jsonrpc: '2.0', id: 'server-error', error }, 400)
}

/** A server with sessions that ends one, in its own way, when the n-th request of a method comes. */
async function ending(
  method: string,
  nth: number[],
  { end = with404, tools = [aTool('read')] }: { end?: End; tools?: unknown[] } = {},
) {
  const live = new Set<string>()
  let [sessions, count] = [0, 0]
  const guarded =
    (name: string, answer: (exchange: Exchange) => unknown) =>
    (exchange: Exchange): unknown => {
      const id = String(exchange.request.headers['mcp-session-id'])
      if (name === method) {
        count += 1
        if (nth.includes(count)) live.delete(id)
      }
      return live.has(id) ? answer(exchange) : end(exchange)
    }
  const script: Script = {
    initialize: ({ response }) => {
      sessions += 1
      live.add(`s-${sessions}`)
      response.setHeader('mcp-session-id', `s-${sessions}`)
      return {
        protocolVersion: '2025-11-25',
        serverInfo: { name: 's', version: '1' },
        capabilities: { tools: {} },
      }
    },
    list: guarded('list', () => ({ tools })),
    call: guarded('call', () => textResult('fine')),
  }
  const server = await startScripted(script)
  const calls = () => server.received.filter((message) => message.method === 'tools/call').length
  return { ...server, calls, sessions: () => sessions }
}

const suite = aSuite(readCase, 'gates: { samples: { per_tool: 4, total: 4 } }')
const noted = (times: string) =>
  `the server ended the session ${times}; a new one was opened, and calls that are safe to repeat were repeated`

describe('a session that ends is opened again, and is not an error', () => {
  test.each<[string, string, number[], End, string]>([
    ['at the first call, which warms up', 'call', [1], with404, '1 time'],
    ['at a call that is measured', 'call', [3], with404, '1 time'],
    ['at several calls', 'call', [2, 4, 6], with404, '3 times'],
    ['while the tools are listed', 'list', [1], with404, '1 time'],
    ['with 400, as older servers on the Python SDK do', 'call', [3], with400, '1 time'],
  ])('%s', async (_name, method, nth, end, times) => {
    const server = await ending(method, nth, { end })
    const { report } = await runRegression(anInput(server.url, suite))
    await server.close()
    expect([report.verdict, report.errors.errors, report.cases[0]?.flaky]).toEqual(['passed', 0, false])
    expect(report.errors.calls).toBe(4)
    expect(report.tools[0]).toMatchObject({ calls: 4, passed: 4, transportErrors: 0, n: 4 })
    expect(report.notes).toEqual([noted(times)])
  })

  test('but a server that ends each session at once fails', async () => {
    const server = await ending('call', [2, 3, 4, 5, 6, 7, 8, 9, 10])
    const { report } = await runRegression(anInput(server.url, suite))
    await server.close()
    expect([report.verdict, gateOf(report, 'errors'), report.cases[0]?.verdict]).not.toContain('passed')
    expect(server.calls()).toBeLessThan(10)
  })
})

describe('a call that may write', () => {
  const tools = [aTool('write', { annotations: {} })]
  const writing = (verify = '') =>
    aSuite(
      `  - { name: w, tool: write, writes: true${verify} }`,
      'gates: { samples: { per_tool: 0, total: 0, reason: x } }',
    )

  test('is not repeated; nobody knows whether it happened, and it is not an error', async () => {
    const server = await ending('call', [1], { tools })
    const { report } = await runRegression(anInput(server.url, writing()))
    await server.close()
    expect(server.calls()).toBe(1)
    expect([report.verdict, report.cases[0]?.verdict, report.errors.errors]).toEqual([
      'inconclusive',
      'inconclusive',
      0,
    ])
    expect(report.cases[0]?.notes).toEqual([
      'the server ended the session instead of answering write, which may write, so it is not called again',
    ])
  })

  test('is looked up in the ledger', async () => {
    const server = await ending('call', [1], { tools })
    const verify = ', verify: { ledger: { table: paid, where: {}, within: 0ms, expect: { rows: 0 } } }'
    const { report } = await runRegression(
      anInput(server.url, writing(verify), { ledger: aLedger([{ a: '1' }]) }),
    )
    await server.close()
    expect([report.verdict, report.cases[0]?.gate]).toEqual(['failed', 'ledger'])
  })

  test('is repeated where it declares idempotentHint', async () => {
    const server = await ending('call', [1], {
      tools: [aTool('write', { annotations: { idempotentHint: true } })],
    })
    const { report } = await runRegression(anInput(server.url, writing()))
    await server.close()
    expect([report.cases[0]?.verdict, server.calls()]).toEqual(['passed', 2])
  })
})

test('a 404 outside a session is an error', async () => {
  let count = 0
  const call: Script['call'] = ({ response }) => {
    count += 1
    return count === 2 ? void response.writeHead(404).end() : textResult('fine')
  }
  const server = await startScripted({ call })
  const { report } = await runRegression(anInput(server.url, suite))
  await server.close()
  expect([report.errors.errors, report.notes]).toEqual([1, []])
})

test('a 400 within a session that is about something else is an error', async () => {
  const end: End = ({ response, message }) => {
    const error = { code: -32602, message: 'the session_id of the booking is not a uuid' }
    sendJson(response, { jsonrpc: '2.0', id: message.id, error }, 400)
  }
  const server = await ending('call', [2], { end })
  const { report } = await runRegression(anInput(server.url, suite))
  await server.close()
  expect(report.notes).toEqual([])
  expect(report.cases[0]?.mismatches[0]?.actual).toContain('the session_id of the booking')
})

test('a command that is ended for a too large answer is started again, and the next call is not blamed for it', async () => {
  const code = stdioServer(`
    if (params.arguments.long) process.stdout.write('x'.repeat(300_000));
    else say(id, { content: [{ type: 'text', text: 'fine' }] });`)
  const cases = '  - { name: long, tool: read, args: { long: true } }\n  - { name: short, tool: read }'
  const limits = 'defaults: { max_bytes: 100kB }\ngates: { samples: { per_tool: 1, total: 1 } }'
  const { report } = await runRegression(anInput(nodeCommand(code), aSuite(cases, limits)))
  expect(report.cases.map(({ verdict, attempts }) => [verdict, attempts])).toEqual([
    ['failed', 1],
    ['passed', 1],
  ])
  expect(report.tools).toMatchObject([{ calls: 2, transportErrors: 1, flaky: 0 }])
})
