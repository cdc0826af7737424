import { mkdtemp, readFile, rm } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { CallRecord } from '../../src/regression/calls.ts'
import { defaultLimits, suiteLimits, tighten } from '../../src/regression/limits.ts'
import { ratio } from '../../src/regression/ratio.ts'
import type { RunReport } from '../../src/regression/report-schema.ts'
import { runRegression } from '../../src/regression/run.ts'
import { latencies } from '../../src/regression/tool-rows.ts'
import { aTool, nodeCommand, type Script, stdioServer, textResult } from '../support/mcp-server.ts'
import { anInput, aSuite, gateOf, readCase, runAgainst } from '../support/regression-run.ts'

const one = 'gates: { samples: { per_tool: 1, total: 1 } }'

/** What is measured lasts as long as a test says, however busy the machine is. */
function measuredByHand(): void {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
  afterEach(() => void vi.useRealTimers())
}

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
    expect(defaultLimits).toEqual({ errorRate: ratio('2%'), p95: 3000, warn: 2000, perTool: 20, total: 60 })
  })

  test('repeat sets more', async () => {
    const { report } = await runAgainst({}, aSuite('  - { name: it reads, tool: read, repeat: 9 }', one))
    expect(report.cases[0]?.runs).toBe(9)
  })

  test.each([1, 2])(
    'a tool that can get no more samples does not keep a run going, with %i calls at a time',
    async (concurrency) => {
      const tools = [aTool('statistics'), aTool('eligible')]
      const steps = '[{ tool: statistics }, { tool: eligible, expect: { status: tool_error } }]'
      const suite = aSuite(
        `  - { name: a, steps: ${steps} }\n  - { name: b, tool: eligible, args: { known: true }, expect: { text: no } }`,
        'gates: { samples: { per_tool: 3, total: 3 } }',
      )
      const call: Script['call'] = ({ message: { params } }) => {
        const isKnown = JSON.stringify(params).includes('known')
        return textResult('fine', { isError: params?.name === 'eligible' && !isKnown })
      }
      const { report, calls } = await runAgainst({ tools, call }, suite, { concurrency, longest: 20_000 })
      expect(report.gates[0]).toMatchObject({ gate: 'connection', verdict: 'passed' })
      expect(calls().length).toBeLessThan(100)
    },
  )

  test('a run that takes too long is ended as inconclusive', async () => {
    const suite = aSuite(readCase, 'gates: { samples: { per_tool: 1, total: 100000 } }')
    const { report } = await runAgainst({}, suite, { longest: 500 })
    expect(report).toMatchObject({
      verdict: 'inconclusive',
      summary: 'connection: the run took longer than 0.5 s',
    })
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

  test('expected errors of a tool that answers are not repeated: they stand for nothing', async () => {
    const cases = `${readCase}\n  - { name: it refuses, tool: read, args: { bad: true }, expect: { status: tool_error } }`
    const call: Script['call'] = ({ message }) => {
      const isBad = JSON.stringify(message.params).includes('bad')
      return textResult(isBad ? 'no' : 'fine', isBad ? { isError: true } : {})
    }
    const { report } = await runAgainst(
      { call },
      aSuite(cases, 'gates: { samples: { per_tool: 5, total: 5 } }'),
    )
    expect(report.cases.map(({ runs }) => runs)).toEqual([5, 1])
    expect(report.tools).toMatchObject([{ calls: 6, n: 5, expectedErrors: 1 }])
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
      ['passed at first, failed in run 3'],
    ])
    const error = await runAgainst(
      { call: third(textResult('x', { isError: true })) as NonNullable<Script['call']> },
      suite,
    )
    expect([gateOf(error.report, 'answers'), error.report.errors.errors]).toEqual(['passed', 1])
  })
})

describe('repeats', () => {
  const suite = aSuite(
    '  - { name: it reads, tool: read, expect: { text: fine } }',
    'gates: { errors: { rate: 50% }, samples: { per_tool: 6, total: 6 } }',
  )
  const nth = (answers: Record<number, (response: ServerResponse) => unknown>): Script['call'] => {
    let count = 0
    return ({ response }) => {
      count += 1
      const answer = answers[count]
      return answer ? answer(response) : textResult('fine')
    }
  }
  const unavailable = (response: ServerResponse) => void response.writeHead(503).end()

  test('a wrong answer that comes after a retry is wrong', async () => {
    const call = nth({ 3: unavailable, 4: () => textResult('other') })
    const { report } = await runAgainst({ ...(call ? { call } : {}) }, suite)
    expect([report.verdict, gateOf(report, 'answers'), report.cases[0]?.verdict]).toEqual([
      'failed',
      'failed',
      'failed',
    ])
  })

  test('an error that comes after a retry counts for the rate only', async () => {
    const call = nth({ 3: unavailable, 4: () => textResult('no', { isError: true }) })
    const { report } = await runAgainst({ ...(call ? { call } : {}) }, suite)
    expect([gateOf(report, 'answers'), report.errors.errors]).toEqual(['passed', 2])
  })

  test('a good answer where an error is expected is a wrong answer, and no error', async () => {
    const call = nth({ 4: () => textResult('found') })
    const refusing: Script['call'] = (exchange) => {
      const result = call?.(exchange) as { content: [{ text: string }] }
      return result.content[0].text === 'found' ? result : { ...result, isError: true }
    }
    const unknown = aSuite(
      '  - { name: unknown, tool: read, expect: { status: tool_error } }',
      'gates: { errors: { rate: 50% }, samples: { per_tool: 6, total: 6 } }',
    )
    const { report } = await runAgainst({ call: refusing }, unknown)
    expect([gateOf(report, 'answers'), report.errors.errors]).toEqual(['failed', 0])
  })

  test('a tool that asks for input in a repeat is wrong, and no error', async () => {
    const call = nth({ 4: () => ({ resultType: 'input_required', content: [] }) })
    const { report } = await runAgainst({ ...(call ? { call } : {}) }, suite)
    expect([gateOf(report, 'answers'), report.errors.errors]).toEqual(['failed', 0])
  })

  test('end where expected errors alone come, which do not stand for a tool that answers', async () => {
    let count = 0
    const call: Script['call'] = () => textResult('x', ++count > 3 ? { isError: true } : {})
    const either = aSuite(
      '  - { name: it reads, tool: read, expect: { status: [ok, tool_error] } }',
      'gates: { samples: { per_tool: 6, total: 6 } }',
    )
    const { report } = await runAgainst({ call }, either)
    expect([report.verdict, gateOf(report, 'latency')]).toEqual(['inconclusive', 'inconclusive'])
    expect(messageOf(report, 'latency')).toContain('read has 2 of 6 samples')
  })
})

describe('the floors and the latency evaluate what repeatable cases call', () => {
  measuredByHand()
  const three = 'gates: { samples: { per_tool: 3, total: 6 } }'
  const tools = ['read', 'stat', 'balance'].map((name) => aTool(name))
  const writing = aTool('write', { annotations: {} })
  const slow = (slowTool: string): Script['call'] => {
    return ({ message }) => {
      if (message.params?.name === slowTool) vi.advanceTimersByTime(60)
      return textResult('{"total":1}')
    }
  }
  const reconciled = `reconcile: [ { name: r, tool: stat, value: $.total, equals: { csv: { file: a.csv } } } ]`
  const readFile = async () => 'a\n1\n'

  test('a tool that only reconcile calls needs no samples, and is named', async () => {
    const call = slow('nothing')
    const { report } = await runAgainst(
      { tools, ...(call ? { call } : {}) },
      aSuite(readCase, `${three}\n${reconciled}`),
      {
        readFile,
      },
    )
    expect([report.verdict, report.summary]).toEqual(['passed', 'all gates passed'])
    expect(messageOf(report, 'latency')).toMatch(/; not measured, because no read-only case calls it: stat$/)
    expect(report.tools.map(({ tool, n }) => [tool, n])).toEqual([
      ['read', 6],
      ['stat', 1],
    ])
  })

  test('a tool that reads only, within a case that writes, needs no samples and fills none', async () => {
    const suite = aSuite(
      `${readCase}\n  - { name: w, writes: true, steps: [ { tool: write }, { tool: balance }, { tool: stat } ] }`,
      three,
    )
    const { report } = await runAgainst({ tools: [...tools, writing] }, suite)
    expect([report.verdict, report.tools[0]]).toEqual([
      'passed',
      expect.objectContaining({ tool: 'read', n: 6 }),
    ])
    expect(messageOf(report, 'latency')).toMatch(/calls it: balance, stat$/)
  })

  test('its latency is not evaluated either', async () => {
    const more = `gates: { latency: { p95: 40ms }, samples: { per_tool: 1, total: 1 } }\n${reconciled}`
    const call = slow('stat')
    const { report } = await runAgainst({ tools, ...(call ? { call } : {}) }, aSuite(readCase, more), {
      readFile,
    })
    expect([gateOf(report, 'latency'), report.verdict]).toEqual(['passed', 'passed'])
  })

  test('a tool that a case reads is evaluated, wherever else it is called', async () => {
    const more = `gates: { latency: { p95: 40ms }, samples: { per_tool: 1, total: 1 } }\n${reconciled}`
    const call = slow('stat')
    const suite = aSuite(`${readCase}\n  - { name: s, tool: stat }`, more)
    const { report } = await runAgainst({ tools, ...(call ? { call } : {}) }, suite, { readFile })
    expect([gateOf(report, 'latency'), messageOf(report, 'latency')]).toEqual([
      'failed',
      'p95 above 40 ms: stat',
    ])
  })

  test('nothing is evaluated where no case reads: zero samples are never success', async () => {
    const suite = aSuite(
      '  - { name: w, writes: true, steps: [ { tool: write }, { tool: balance } ] }',
      three,
    )
    const { report } = await runAgainst({ tools: [...tools, writing] }, suite)
    expect([report.verdict, gateOf(report, 'latency')]).toEqual(['inconclusive', 'inconclusive'])
  })

  test('a tool that is called beside another in a case of expected errors gets its samples', async () => {
    const call: Script['call'] = ({ message }) =>
      textResult('x', (message.params?.arguments as { id?: string })?.id === 'nope' ? { isError: true } : {})
    const expected = 'args: { id: nope }, expect: { status: tool_error }'
    const suite = aSuite(
      `${readCase}\n  - { name: unknown, steps: [ { tool: read, ${expected} }, { tool: stat, ${expected} } ] }`,
      three,
    )
    const { report } = await runAgainst({ tools, call }, suite)
    expect([report.verdict, report.tools.map(({ tool, n }) => [tool, n >= 3])]).toEqual([
      'passed',
      [
        ['read', true],
        ['stat', true],
      ],
    ])
  })
})

describe('reopening ends passed, and its time is not in the measure', () => {
  measuredByHand()
  const suite = aSuite(readCase, 'gates: { errors: { rate: 50% }, samples: { per_tool: 4, total: 4 } }')

  test('after a session that the server forgot (404)', async () => {
    let [calls, sessions] = [0, 0]
    const initialize = () => {
      sessions += 1
      if (sessions === 2) vi.advanceTimersByTime(300)
      const serverInfo = { name: 's', version: '1' }
      return { protocolVersion: '2025-11-25', serverInfo, capabilities: { tools: {} } }
    }
    const call: Script['call'] = ({ response }) => {
      calls += 1
      return calls === 3 ? void response.writeHead(404).end() : textResult('fine')
    }
    const { report } = await runAgainst({ call, initialize }, suite)
    // The first session, the one after the break, and the look at the end.
    expect([report.verdict, sessions, report.errors.errors]).toEqual(['passed', 3, 1])
    expect([report.durationMs, report.tools[0]?.p99]).toEqual([300, 0])
  })

  test('after a restart', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'restart-'))
    const mark = JSON.stringify(join(folder, 'died'))
    const start = `
      const { existsSync, writeFileSync } = require('node:fs');
      let calls = 0;
      const again = existsSync(${mark});`
    const code = stdioServer(
      `calls += 1;
       if (calls === 3 && !again) { writeFileSync(${mark}, ''); process.exit(1); }
       say(id, { content: [{ type: 'text', text: 'fine' }] });`,
      start,
    )
    const input = anInput(nodeCommand(code), suite)
    let sessions = 0
    const open: typeof input.open = (signal) => {
      if (++sessions === 2) vi.advanceTimersByTime(300)
      return input.open(signal)
    }
    const { report } = await runRegression({ ...input, open })
    const died = await readFile(join(folder, 'died'), 'utf8')
    await rm(folder, { recursive: true })
    expect([died, report.verdict, report.errors.errors]).toEqual(['', 'passed', 1])
    expect(report.cases[0]?.flaky).toBe(true)
    expect([report.durationMs, report.tools[0]?.p99]).toEqual([300, 0])
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

  test('a tool that asks for input needs input, which is not an error; its case fails', async () => {
    const call: Script['call'] = ({ message }) =>
      message.params?.name === 'ask' ? { resultType: 'input_required', content: [] } : textResult('fine')
    const tools = [aTool('read'), aTool('ask')]
    const { report } = await runAgainst(
      { tools, call },
      aSuite(`${readCase}\n  - { name: a, tool: ask }`, one),
    )
    expect([report.errors.errors, gateOf(report, 'errors'), gateOf(report, 'answers')]).toEqual([
      0,
      'passed',
      'failed',
    ])
    expect(report.tools.at(-1)).toMatchObject({
      tool: 'ask',
      calls: 1,
      passed: 0,
      toolErrors: 0,
      protocolErrors: 0,
      transportErrors: 0,
      expectedErrors: 0,
    })
    expect(report.cases[1]?.mismatches[0]?.actual).toMatch(/^needs input/)
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
    ['404', (response) => response.writeHead(404).end()],
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

test.each([
  ['only reads', { readOnlyHint: true }, ''],
  ['is idempotent', { idempotentHint: true }, ', writes: true'],
])('a timeout is never retried, even for a tool that %s', async (_name, annotations, writes) => {
  const suite = aSuite(
    `  - { name: it hangs, tool: slow${writes} }`,
    'defaults: { timeout: 2s }\ngates: { samples: { per_tool: 1, total: 1 } }',
  )
  // A read-only tool is called once more before, to warm it up.
  let count = 0
  const call: Script['call'] = () => {
    count += 1
    return writes === '' && count === 1 ? textResult('fine') : undefined
  }
  const { report, calls } = await runAgainst({ tools: [aTool('slow', { annotations })], call }, suite)
  expect(calls()).toHaveLength(writes === '' ? 2 : 1)
  expect(report.cases[0]).toMatchObject({ verdict: 'failed', attempts: 1 })
  expect(report.cases[0]?.mismatches[0]?.actual).toMatch(/\(timeout\)/)
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
      limits: { errorRate: ratio('1%'), p95: 1000, warn: 1000, perTool: 30, total: 90 },
      refused: [],
    })
  })

  test('without a policy the suite counts', () => {
    expect(suiteLimits(gates('{ samples: { per_tool: 1 } }'))).toEqual({ ...defaultLimits, perTool: 1 })
  })

  test('refused limits are reported in the report', async () => {
    const { report } = await runAgainst({}, aSuite(readCase, one), { refusedLimits: ['samples.total'] })
    expect(report.notes).toEqual([
      'the suite asks for a looser samples.total than the policy; the policy applies',
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

function messageOf({ gates }: RunReport, name: string): string | undefined {
  return gates.find(({ gate }) => gate === name)?.message
}
