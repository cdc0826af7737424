import { describe, expect, test } from 'vitest'
import { type Baseline, storedList } from '../../src/regression/contract-check.ts'
import type { RunReport } from '../../src/regression/report-schema.ts'
import { aTool, type Script, textResult } from '../support/mcp-server.ts'
import { aSuite, readCase, runAgainst } from '../support/regression-run.ts'

const suite = aSuite(readCase)

function aBaseline(tools: unknown[], more: Partial<Baseline> = {}): Baseline {
  return storedList(
    JSON.stringify({
      version: 1,
      recordedAt: '2026-11-01T00:00:00.000Z',
      server: { name: 'scripted', version: '1.0.0' },
      protocolVersion: '2025-11-25',
      capabilities: { tools: {} },
      pinned: { capabilities: {}, login: 'none' },
      tools,
      ...more,
    }),
  )
}

function protocol({ gates }: RunReport): [string, string] | undefined {
  const found = gates.find(({ gate }) => gate === 'protocol')
  return found && [found.verdict, found.message]
}

const judged = async (script: Script, baseline?: Baseline) => {
  const { report, recorded } = await runAgainst(script, suite, baseline ? { baseline } : {})
  return { gate: protocol(report), verdict: report.verdict, recorded }
}

const withSchema = (inputSchema: unknown, more: object = {}): Script => ({
  tools: [aTool('read', { inputSchema, ...more })],
})
const ok = { type: 'object' }

describe('what a client that validates refuses is not a pass', () => {
  test.each<[string, Script, string]>([
    ['an inputSchema without a type', withSchema({}), 'read: inputSchema.type: expected "object"'],
    [
      'an inputSchema of another type',
      withSchema({ type: 'array' }),
      'read: inputSchema.type: expected "object"',
    ],
    ['no inputSchema', withSchema(undefined), 'read: inputSchema: expected object, received undefined'],
    [
      'an outputSchema that is not a schema of an object',
      withSchema(ok, { outputSchema: { type: 'string' } }),
      'read: outputSchema.type: expected "object"',
    ],
    [
      'a property that is not a schema',
      withSchema({ type: 'object', properties: { a: null } }),
      'read: inputSchema.properties.a: ',
    ],
    [
      'a description that is not text',
      withSchema(ok, { description: null }),
      'read: description: expected string',
    ],
    [
      'a hint that is not a boolean',
      withSchema(ok, { annotations: { readOnlyHint: 'yes' } }),
      'read: annotations.readOnlyHint',
    ],
    [
      'a pattern that ECMAScript cannot compile',
      withSchema({ type: 'object', properties: { a: { pattern: '^(?P<year>\\d+)$' } } }),
      'read: inputSchema has the pattern ^(?P<year>\\d+)$, which ECMAScript cannot compile',
    ],
    [
      'such a pattern for the names of properties',
      withSchema({ type: 'object', patternProperties: { '\\A[a-z]': {} } }),
      'read: inputSchema has the pattern \\A[a-z], which',
    ],
    [
      'an outputSchema that cannot be compiled',
      withSchema(ok, { outputSchema: { type: 'object', properties: { a: { $ref: '#/$defs/none' } } } }),
      "read: outputSchema cannot be compiled: can't resolve reference #/$defs/none",
    ],
    [
      'a cursor that is null',
      { list: () => ({ tools: [aTool('read')], nextCursor: null }) },
      'tools/list: nextCursor: ',
    ],
    [
      'an entry without a name',
      { tools: [aTool('read'), { inputSchema: ok }] },
      'tools/list: 1 of its entries have no name',
    ],
    [
      'content of an unknown type',
      { call: () => ({ content: [{ type: 'json', json: 1 }] }) },
      'read: content[0] has the unknown type "json"',
    ],
    [
      'content that lacks a member of its type',
      {
        call: () => ({
          content: [
            { type: 'text', text: 'a' },
            { type: 'image', data: 'YQ==' },
          ],
        }),
      },
      'read: content[1].mimeType: expected string, received undefined',
    ],
    [
      'structuredContent that is not an object',
      { call: () => textResult('fine', { structuredContent: [1] }) },
      'read: structuredContent: expected record, received array',
    ],
    [
      'isError: null',
      { call: () => textResult('fine', { isError: null }) },
      'read: isError: expected boolean, received null',
    ],
    [
      'content that is not a list',
      { call: () => ({ content: 'fine' }) },
      'read: content: expected array, received string',
    ],
  ])('%s', async (_name, script, problem) => {
    const { gate, verdict } = await judged(script)
    expect(gate?.[0]).toBe('failed')
    expect(gate?.[1]).toContain(problem)
    expect(verdict).toBe('failed')
  })

  test.each<[string, Script]>([
    ['a plain tool', {}],
    [
      'unknown members, and formats that nobody knows',
      withSchema({ type: 'object', properties: { a: { type: 'string', format: 'wallet' } } }, { 'x-own': 1 }),
    ],
    [
      'patterns of ECMAScript',
      withSchema({ type: 'object', properties: { a: { pattern: '^(?<year>\\d+)(?=x)\\p{L}$' } } }),
    ],
    [
      'what looks like a pattern in data',
      withSchema({ type: 'object', properties: { pattern: { const: { pattern: '(' } } } }),
    ],
    ['an answer without content', { call: () => ({ structuredContent: { id: 1 } }) }],
    [
      'an answer with numbers beyond 2^53',
      {
        call: ({ response, message }) =>
          void response
            .writeHead(200, { 'content-type': 'application/json' })
            .end(
              `{"jsonrpc":"2.0","id":${message.id},"result":{"content":[],"structuredContent":{"id":9007199254740993}}}`,
            ),
      },
    ],
  ])('%s is accepted', async (_name, script) => {
    expect((await judged(script)).gate).toEqual([
      'passed',
      'validating clients accept the tools and their answers',
    ])
  })

  test('all problems are counted, and five of them shown', async () => {
    const tools = [
      aTool('read'),
      ...['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => aTool(name, { inputSchema: {} })),
    ]
    const message = (await judged({ tools })).gate?.[1]
    expect(message).toContain('e: inputSchema.type')
    expect(message).toMatch(/; and 2 more$/)
  })
})

describe('what was there at the last release is a warning', () => {
  const broken = aTool('read', { inputSchema: {} })

  test('in a tool of the baseline, also where the baseline was recorded before this was looked at', async () => {
    const { gate, verdict } = await judged({ tools: [broken] }, aBaseline([broken]))
    expect(gate).toEqual([
      'passed',
      'warning: 1 problem that was there at the last release: read: inputSchema.type: expected "object"',
    ])
    expect(verdict).toBe('passed')
  })

  test('but not in another tool, nor another problem of this tool', async () => {
    const other = aTool('other', { inputSchema: {} })
    expect((await judged({ tools: [broken, other] }, aBaseline([broken]))).gate?.[0]).toBe('failed')
    const worse = { ...broken, description: 1 }
    expect((await judged({ tools: [worse] }, aBaseline([broken]))).gate?.[0]).toBe('failed')
  })

  test('of an answer it is known by what the last release recorded', async () => {
    const script: Script = { call: () => textResult('fine', { isError: null }) }
    const first = await judged(script)
    expect(first.gate?.[0]).toBe('failed')
    expect(first.recorded?.refused).toEqual(['read: isError: expected boolean, received null'])
    const again = await judged(script, first.recorded)
    expect(again.gate?.[0]).toBe('passed')
    expect(again.gate?.[1]).toContain('warning: 1 problem')
  })
})

describe('a server that lists tools without the capability tools', () => {
  const saying = (capabilities: object): Script => ({
    initialize: () => ({
      protocolVersion: '2025-11-25',
      serverInfo: { name: 'scripted', version: '1' },
      capabilities,
    }),
  })

  test('is refused, since the newer client lists none of them', async () => {
    const { gate, verdict } = await judged(saying({ logging: {} }))
    expect(gate?.[0]).toBe('failed')
    expect(gate?.[1]).toContain('the server does not declare the capability tools')
    expect(verdict).toBe('failed')
  })

  test('is not refused where it did so at the last release', async () => {
    const { recorded } = await judged(saying({}))
    const { gate } = await judged(saying({}), aBaseline(recorded?.tools as unknown[], { capabilities: {} }))
    expect(gate?.[0]).toBe('passed')
    expect(gate?.[1]).toContain('warning: 1 problem that was there at the last release')
  })

  test('is refused where it declared it at the last release', async () => {
    const { recorded } = await judged(saying({}))
    const { gate } = await judged(saying({}), aBaseline(recorded?.tools as unknown[]))
    expect(gate?.[0]).toBe('failed')
  })
})
