import { describe, expect, test } from 'vitest'
import { exactNumber, isExact, parseJson, plain } from '../../../src/services/mcp.ts'
import { type Exchange, nodeCommand, opened, startScripted, stdioServer } from '../../support/mcp-server.ts'

const written =
  '{"id":9007199254740993,"wei":10000000000000000000000,"price":1.50,"share":0.1000000000000000055,"n":3}'
const result = `{"content":[],"structuredContent":${written}}`
const answerTo = ({ message }: Exchange) => `{"jsonrpc":"2.0","id":${message.id},"result":${result}}`

async function structuredOf(session: Awaited<ReturnType<typeof opened>>, args = {}) {
  const outcome = await session.callTool('read', args)
  await session.close()
  if (outcome.kind !== 'ok') throw new Error(JSON.stringify(outcome))
  return JSON.stringify(outcome.result.structuredContent)
}

describe('a number in JSON', () => {
  test.each([
    ['9007199254740993', true],
    ['10000000000000000000000', true],
    ['1.50', true],
    ['1e3', true],
    ['-0', true],
    ['1e400', true],
    ['9007199254740992', false],
    ['0.1', false],
    ['-12', false],
  ])('%s is kept as it is written (as raw JSON: %s)', (text, exact) => {
    expect(isExact(exactNumber(text))).toBe(exact)
    expect(JSON.stringify(parseJson(`[${text}]`))).toBe(`[${text}]`)
    expect(plain(parseJson(`[${text}]`))).toEqual([Number(text)])
  })

  test('within a text is left alone', () => {
    expect(parseJson('{"a":"9007199254740993"}')).toEqual({ a: '9007199254740993' })
  })
})

describe('an answer has its numbers as they are written', () => {
  test('in a JSON body', async () => {
    const server = await startScripted({
      call: (exchange) => {
        exchange.response.writeHead(200, { 'content-type': 'application/json' }).end(answerTo(exchange))
      },
    })
    expect(await structuredOf(await opened(server.url))).toBe(written)
    await server.close()
  })

  test('in a stream of events, whatever else it holds and wherever it is cut', async () => {
    const server = await startScripted({
      call: async (exchange) => {
        const { response } = exchange
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        const note =
          '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":{"result":1.50}}}'
        const [head, tail] = [answerTo(exchange).slice(0, 50), answerTo(exchange).slice(50)]
        response.write(`id: 12345678901234567890\nevent: message\ndata: ${note}\n\ndata: ${head}`)
        await new Promise((resolve) => setImmediate(resolve))
        response.end(`${tail}\n\n`)
      },
    })
    expect(await structuredOf(await opened(server.url))).toBe(written)
    await server.close()
  })

  test('from a command', async () => {
    const code = stdioServer(
      `process.stdout.write('{"jsonrpc":"2.0","id":' + id + ',"result":${result}}\\n')`,
    )
    expect(await structuredOf(await opened(nodeCommand(code)))).toBe(written)
  })
})

test('arguments are sent as they are written, over HTTP and to a command', async () => {
  const server = await startScripted()
  await structuredOf(await opened(server.url), parseJson(written) as Record<string, unknown>)
  expect(server.bodies.find((body) => body.includes('tools/call'))).toContain(`"arguments":${written}`)
  await server.close()
  const code = stdioServer('say(id, { content: [], structuredContent: { heard: line } })')
  const heard = await structuredOf(
    await opened(nodeCommand(code)),
    parseJson(written) as Record<string, unknown>,
  )
  expect(JSON.parse(heard ?? '').heard).toContain(`"arguments":${written}`)
})

describe('a command that prints what is not a message answers malformed at once', () => {
  test.each([
    ['NaN', `'{"jsonrpc":"2.0","id":' + id + ',"result":{"content":[],"n":NaN}}\\n'`],
    ['a batch', `'[{"jsonrpc":"2.0","id":' + id + ',"result":{"content":[]}}]\\n'`],
    ['an error that is a text', `'{"jsonrpc":"2.0","id":' + id + ',"error":"boom"}\\n'`],
    ['an error without a code', `'{"jsonrpc":"2.0","id":' + id + ',"error":{"message":"boom"}}\\n'`],
    ['an answer without its version', `'{"id":' + id + ',"result":{"content":[]}}\\n'`],
    ['a byte order mark', `'\\uFEFF{"jsonrpc":"2.0","id":' + id + ',"result":{"content":[]}}\\n'`],
    ['half a message', `'{"jsonrpc":"2.0","id":' + id + ',"resu\\n'`],
  ])('%s', async (_name, line) => {
    const session = await opened(nodeCommand(stdioServer(`process.stdout.write(${line})`)))
    expect(await session.callTool('read', {})).toMatchObject({ kind: 'transport_error', cause: 'malformed' })
    await session.close()
  })

  test.each([
    ['a line of a log', `'[info] got {"jsonrpc":"2.0"}\\n'`],
    ['a line of a log in JSON', `'{"level":30,"error":"slow","msg":"fine"}\\n'`],
    ['an empty line', `'\\n'`],
  ])('but not for %s, which is only counted', async (_name, line) => {
    const code = stdioServer(`process.stdout.write(${line}); say(id, { content: [] })`)
    const session = await opened(nodeCommand(code))
    expect(await session.callTool('read', {})).toMatchObject({ kind: 'ok' })
    expect(session.noise()).toBe(1)
    await session.close()
  })
})
