import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { SessionOptions } from '../../../src/services/mcp.ts'
import { causeOf, opened, startScripted, textResult } from '../../support/mcp-server.ts'

/** What a server asks of its client in the middle of a call: nobody sits there to answer. */

type Answer = { id?: unknown; method?: string; result?: unknown; error?: { code: number } }

/** The outcome of a call during which the server asks something and waits for the answer, and that answer. */
async function askedDuringCall(
  method: string,
  params: object,
  options: Partial<SessionOptions> = {},
): Promise<{ outcome: string; answer: Answer | undefined }> {
  const answers = () => server.received as Answer[]
  const given = () => answers().find(({ id, method: asked }) => id === 'asked' && asked === undefined)
  const server = await startScripted({
    async call({ message, response }) {
      const say = (what: object) => response.write(`data: ${JSON.stringify({ jsonrpc: '2.0', ...what })}\n\n`)
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      say({ id: 'asked', method, params })
      while (given() === undefined) await wait(5)
      say({ id: message.id, result: textResult('fine') })
      response.end()
    },
  })
  const session = await opened(server.url, options)
  try {
    return { outcome: causeOf(await session.callTool('read', {})), answer: given() }
  } finally {
    await session.close()
    await server.close()
  }
}

const form = {
  message: 'How many?',
  requestedSchema: { type: 'object', properties: { count: { type: 'integer', default: 7 } } },
}

test.each([
  [
    'a text of a model',
    'sampling/createMessage',
    { messages: [{ role: 'user', content: { type: 'text', text: 'Hi' } }], maxTokens: 9 },
  ],
  ['the input of a person', 'elicitation/create', form],
  ['the folders of its client', 'roots/list', {}],
  ['something that nobody knows', 'secrets/list', {}],
])('a server that asks for %s is refused, and its answer to the call counts', async (_, method, params) => {
  const { outcome, answer } = await askedDuringCall(method, params)
  expect(outcome).toBe('ok')
  expect(answer).toMatchObject({ error: { code: -32601 } })
  expect(answer).not.toHaveProperty('result')
})

test('a server that asks for a form gets its defaults, where the suite says so', async () => {
  const { outcome, answer } = await askedDuringCall('elicitation/create', form, { elicitation: 'defaults' })
  expect(outcome).toBe('ok')
  expect(answer?.result).toEqual({ action: 'accept', content: { count: 7 } })
})

test('a server that asks for a model is refused there, too', async () => {
  const { outcome, answer } = await askedDuringCall(
    'sampling/createMessage',
    { messages: [], maxTokens: 9 },
    { elicitation: 'defaults' },
  )
  expect(outcome).toBe('ok')
  expect(answer).toMatchObject({ error: { code: -32601 } })
})

test('a server that asks for a sign of life gets one', async () => {
  expect(await askedDuringCall('ping', {})).toEqual({
    outcome: 'ok',
    answer: { jsonrpc: '2.0', id: 'asked', result: {} },
  })
})
