import { afterEach, describe, expect, test, vi } from 'vitest'
import { outputChecker } from '../../src/regression/output-check.ts'
import { aTool } from '../support/mcp-server.ts'
import { aSuite, readCase, runAgainst } from '../support/regression-run.ts'

describe('a format that nobody knows', () => {
  afterEach(() => vi.restoreAllMocks())
  const outputSchema = { type: 'object', properties: { wallet: { type: 'string', format: 'wallet' } } }
  const answer = { content: [], structuredContent: { wallet: '0x1' } }

  test('is not checked, and nothing is printed about it', async () => {
    const printed = (['log', 'warn', 'error'] as const).map((name) => vi.spyOn(console, name))
    const tool = aTool('read', { outputSchema })
    expect(outputChecker()({ name: 'read', outputSchema }, answer)).toEqual([])
    const { report } = await runAgainst({ tools: [tool], call: () => answer }, aSuite(readCase))
    expect(report.verdict).toBe('passed')
    for (const spy of printed) expect(spy).not.toHaveBeenCalled()
  })
})

describe('a schema without an end', () => {
  const loop = { type: 'object', $ref: '#' }
  const node = { type: 'object', properties: { next: { $ref: '#' } } }
  const nested = (depth: number): object => (depth === 0 ? {} : { next: nested(depth - 1) })
  const check = (outputSchema: object, structuredContent: object) =>
    outputChecker()({ name: 'read', outputSchema }, { content: [], structuredContent })

  test('that refers to itself at once is not usable, and the run goes on', async () => {
    expect(check(loop, {})).toEqual([
      {
        where: 'outputSchema',
        expected: 'a schema that an answer can be checked by',
        actual: 'the answer cannot be checked: Maximum call stack size exceeded',
      },
    ])
    const call = () => ({ content: [], structuredContent: {} })
    const tools = [aTool('read', { outputSchema: loop })]
    const { report } = await runAgainst({ tools, call }, aSuite(readCase))
    expect([report.verdict, report.gates.find(({ gate }) => gate === 'connection')?.verdict]).toEqual([
      'failed',
      'passed',
    ])
  })

  test('that refers to itself in a part is checked at each depth', () => {
    expect(check(node, nested(50))).toEqual([])
    expect(check(node, { next: { next: 'text' } })).toEqual([
      expect.objectContaining({ expected: 'an answer that matches the outputSchema' }),
    ])
  })

  test.each([
    ['elsewhere', { $ref: 'https://evil.example/schema.json' }],
    ['nowhere', { $ref: '#/$defs/gone' }],
  ])('that refers %s is not usable, and nothing is fetched', (_, part) => {
    const fetched = vi.spyOn(globalThis, 'fetch')
    expect(check({ type: 'object', properties: { a: part } }, { a: 1 })).toEqual([
      expect.objectContaining({ expected: 'a valid outputSchema' }),
    ])
    expect(fetched).not.toHaveBeenCalled()
    fetched.mockRestore()
  })
})

describe('a pattern that RE2 cannot compute', () => {
  const lookahead = '^(?!ERR).+$'
  const check = (code: object, value: unknown) =>
    outputChecker()(
      { name: 'read', outputSchema: { type: 'object', properties: { code } } },
      { content: [], structuredContent: { code: value } },
    )

  test.each<[string, object, unknown, unknown]>([
    ['with a lookahead', { type: 'string', pattern: lookahead }, 'OK-1', 'ERR-1'],
    ['with a lookbehind', { type: 'string', pattern: '(?<=#)7$' }, '#7', '17'],
    ['with a backreference', { type: 'string', pattern: '^(a|b)\\1$' }, 'aa', 'ab'],
    ['in what is forbidden', { not: { pattern: lookahead } }, 'ERR-1', 'OK-1'],
    [
      'of the names of properties',
      { type: 'object', patternProperties: { '^(?!x-)': { type: 'number' } } },
      { 'x-a': 'text', a: 1 },
      { a: 'text' },
    ],
    ['with a named group and Unicode', { type: 'string', pattern: '^(?<a>\\p{L})\\k<a>$' }, 'éé', 'éa'],
  ])('is checked as ECMAScript does: %s', (_, schema, right, wrong) => {
    expect(check(schema, right)).toEqual([])
    expect(check(schema, wrong)).toEqual([
      expect.objectContaining({ expected: 'an answer that matches the outputSchema' }),
    ])
  })

  test('or nothing can, does not pass', () => {
    expect(check({ type: 'string', pattern: '(' }, 'x')).toEqual([
      expect.objectContaining({ expected: 'a valid outputSchema' }),
    ])
  })

  test('fails the run', async () => {
    const outputSchema = { type: 'object', properties: { code: { type: 'string', pattern: lookahead } } }
    const call = () => ({ content: [], structuredContent: { code: 'ERR-1' } })
    const { report } = await runAgainst({ tools: [aTool('read', { outputSchema })], call }, aSuite(readCase))
    expect(report.verdict).toBe('failed')
    expect(report.summary).toContain('answers')
  })
})
