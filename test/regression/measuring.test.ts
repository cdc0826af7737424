import type { ServerResponse } from 'node:http'
import { describe, expect, test } from 'vitest'
import type { CallRecord } from '../../src/regression/calls.ts'
import { defaultLimits, suiteLimits, tighten } from '../../src/regression/limits.ts'
import { latencies } from '../../src/regression/tool-rows.ts'
import { aTool, type Script, textResult } from '../support/mcp-server.ts'
import { aSuite, gateOf, readCase, runAgainst } from '../support/regression-run.ts'

const one = 'gates: { samples: { per_tool: 1, total: 1 } }'

function failing(times: number, fail: (response: ServerResponse) => void): NonNullable<Script['call']> {
  let count = 0
  return ({ response }) => {
    count += 1
    // The first call is the warm-up, which is not measured.
    if (count === 1 || count > times + 1) return textResult('fine')
    fail(response)
    return undefined
  }
}

describe('samples', () => {
  test('passing read-only cases are repeated until the floors are met, after one warm-up', async () => {
    const tools = [aTool('read'), aTool('other')]
    const suite = aSuite(
      `${readCase}\n  - { name: b, tool: other }`,
      'gates: { samples: { per_tool: 4, total: 10 } }',
    )
    const { report, calls } = await runAgainst({ tools }, suite)
    expect(report.tools.map(({ tool, n }) => [tool, n])).toEqual([
      ['read', 5],
      ['other', 5],
    ])
    expect(calls()).toHaveLength(10 + 2)
    expect(report.verdict).toBe('passed')
  })

  test('60 in all and 20 a tool where nobody says otherwise', async () => {
    const { report } = await runAgainst({}, aSuite(readCase, ''))
    expect(report.tools[0]?.n).toBe(60)
    expect(defaultLimits).toEqual({ errorRate: 0.02, p95: 3000, warn: 2000, perTool: 20, total: 60 })
  })

  test('repeat sets more', async () => {
    const { report } = await runAgainst({}, aSuite('  - { name: it reads, tool: read, repeat: 9 }', one))
    expect(report.cases[0]?.runs).toBe(9)
  })

  test('cases that write are never repeated', async () => {
    const tools = [aTool('read'), aTool('write', { annotations: {} })]
    const suite = aSuite(
      `${readCase}\n  - { name: w, tool: write, writes: true }`,
      'gates: { samples: { per_tool: 3, total: 3 } }',
    )
    const { calls } = await runAgainst({ tools }, suite)
    expect(calls().filter((name) => name === 'write')).toHaveLength(1)
  })

  test('cases that failed are not repeated', async () => {
    const suite = aSuite(
      '  - { name: it reads, tool: read, expect: { text: nope } }',
      'gates: { samples: { per_tool: 5, total: 5 } }',
    )
    const { report, calls } = await runAgainst({}, suite)
    expect(calls()).toHaveLength(1 + 1)
    expect(gateOf(report, 'latency')).toBe('inconclusive')
  })

  test('calls go out one at a time', async () => {
    let [running, most] = [0, 0]
    const call = async () => {
      running += 1
      most = Math.max(most, running)
      await new Promise((resolve) => setImmediate(resolve))
      running -= 1
      return textResult('fine')
    }
    await runAgainst({ call }, aSuite(readCase, 'gates: { samples: { per_tool: 10, total: 10 } }'))
    expect(most).toBe(1)
  })

  test('a wrong answer in a repeat is wrong; an error in a repeat counts for the rate only', async () => {
    const suite = aSuite(
      '  - { name: it reads, tool: read, expect: { text: fine } }',
      'gates: { errors: { rate: 50% }, samples: { per_tool: 4, total: 4 } }',
    )
    const third = (result: unknown): Script['call'] => {
      let count = 0
      return () => {
        count += 1
        return count === 4 ? result : textResult('fine')
      }
    }
    const wrong = await runAgainst({ call: third(textResult('other')) as NonNullable<Script['call']> }, suite)
    expect([gateOf(wrong.report, 'answers'), wrong.report.cases[0]?.notes]).toEqual([
      'failed',
      ['passed at first, wrong in run 3'],
    ])
    const error = await runAgainst(
      { call: third(textResult('x', { isError: true })) as NonNullable<Script['call']> },
      suite,
    )
    expect([gateOf(error.report, 'answers'), error.report.errors.errors]).toEqual(['passed', 1])
  })
})

describe('three columns', () => {
  test('tool, protocol and transport errors are counted apart', async () => {
    const call: Script['call'] = ({ message, response }) => {
      const kind = (message.params?.arguments as { kind?: string } | undefined)?.kind
      if (kind === 'tool') return textResult('no', { isError: true })
      if (kind === 'transport') return void response.writeHead(500).end()
      throw Object.assign(new Error('no'), { rpc: { code: -32000, message: 'no' } })
    }
    const cases = ['tool', 'protocol', 'transport'].map(
      (kind) => `  - { name: ${kind}, tool: read, args: { kind: ${kind} } }`,
    )
    const { report } = await runAgainst({ call }, aSuite(cases.join('\n'), one))
    expect(report.tools[0]).toMatchObject({
      calls: 3,
      passed: 0,
      toolErrors: 1,
      protocolErrors: 1,
      transportErrors: 1,
    })
  })

  test('expected errors do not count towards the rate', async () => {
    const call = () => textResult('diner not found', { isError: true })
    const suite = aSuite(
      '  - { name: unknown, tool: read, expect: { status: tool_error, text: { matches: "not found" } } }',
      one,
    )
    const { report } = await runAgainst({ call }, suite)
    expect([report.verdict, report.errors.errors, report.tools[0]?.expectedErrors]).toEqual(['passed', 0, 1])
  })

  test('the Wilson interval of the error rate is in the report', async () => {
    const { report } = await runAgainst(
      {},
      aSuite(readCase, 'gates: { samples: { per_tool: 50, total: 50 } }'),
    )
    expect(report.errors.low).toBe(0)
    expect(report.errors.high).toBeCloseTo(0.0713, 3)
  })
})

describe('retries', () => {
  test.each<[string, (response: ServerResponse) => void]>([
    ['a broken connection', (response) => response.destroy()],
    ['429', (response) => response.writeHead(429).end()],
    ['502', (response) => response.writeHead(502).end()],
    ['503', (response) => response.writeHead(503).end()],
    ['504', (response) => response.writeHead(504).end()],
  ])('a read-only tool is called again after %s: flaky, shown, counted', async (_name, fail) => {
    const { report } = await runAgainst({ call: failing(1, fail) }, aSuite(readCase, one))
    expect(report.cases[0]).toMatchObject({ verdict: 'passed', flaky: true, attempts: 2 })
    expect(report.tools[0]).toMatchObject({ calls: 2, flaky: 1, transportErrors: 1 })
  })

  test('three attempts are made, and no more', async () => {
    const { report, calls } = await runAgainst(
      { call: failing(9, (response) => response.writeHead(503).end()) },
      aSuite(readCase, one),
    )
    expect(report.cases[0]).toMatchObject({ verdict: 'failed', attempts: 3 })
    expect(calls()).toHaveLength(1 + 3)
  })

  test.each<[string, (response: ServerResponse) => void]>([
    ['500', (response) => response.writeHead(500).end()],
    ['HTML', (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>')],
  ])('nothing is called again after %s', async (_name, fail) => {
    const { report } = await runAgainst({ call: failing(1, fail) }, aSuite(readCase, one))
    expect(report.cases[0]).toMatchObject({ verdict: 'failed', attempts: 1 })
  })

  test.each([
    ['an idempotent one', { idempotentHint: true }, 2],
    ['one that is not idempotent', { idempotentHint: false }, 1],
    ['one that says nothing', undefined, 1],
  ])('of the tools that write, %s', async (_name, annotations, attempts) => {
    let count = 0
    const call: Script['call'] = ({ response }) => {
      count += 1
      return count > 1 ? textResult('fine') : void response.writeHead(503).end()
    }
    const tools = [aTool('write', { annotations })]
    const { calls } = await runAgainst(
      { tools, call },
      aSuite('  - { name: w, tool: write, writes: true }', one),
    )
    expect(calls()).toHaveLength(attempts)
  })
})

describe('limits', () => {
  const gates = (text: string) => aSuite(readCase, `gates: ${text}`).gates

  test('a suite may only tighten what the policy says', () => {
    const loose = tighten(
      defaultLimits,
      gates('{ errors: { rate: 5% }, latency: { p95: 9s }, samples: { per_tool: 1, total: 1 } }'),
    )
    expect(loose).toEqual({
      limits: defaultLimits,
      refused: ['latency.p95', 'errors.rate', 'samples.per_tool', 'samples.total'],
    })
    const tight = tighten(
      defaultLimits,
      gates('{ errors: { rate: 1% }, latency: { p95: 1s }, samples: { per_tool: 30, total: 90 } }'),
    )
    expect(tight).toEqual({
      limits: { errorRate: 0.01, p95: 1000, warn: 1000, perTool: 30, total: 90 },
      refused: [],
    })
  })

  test('without a policy the suite counts', () => {
    expect(suiteLimits(gates('{ samples: { per_tool: 1 } }'))).toEqual({ ...defaultLimits, perTool: 1 })
  })

  test('refused limits are told in the report', async () => {
    const { report } = await runAgainst({}, aSuite(readCase, one), { refusedLimits: ['samples.total'] })
    expect(report.notes).toEqual([
      'the suite asks for a looser samples.total than the policy; the policy holds',
    ])
  })
})

describe('the times that stand for a tool', () => {
  const record = (kind: CallRecord['kind'], expected: boolean, ms: number): CallRecord => ({
    tool: 't',
    kind,
    expected,
    ms,
    attempt: 1,
  })

  test('are of answers and of what went wrong, not of expected errors', () => {
    expect(
      latencies([
        record('ok', true, 10),
        record('tool_error', true, 1),
        record('transport_error', false, 99),
      ]),
    ).toEqual([10, 99])
  })

  test('are of expected errors where a tool has nothing else', () => {
    expect(latencies([record('tool_error', true, 1)])).toEqual([1])
  })
})
