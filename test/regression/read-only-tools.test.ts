import { describe, expect, test } from 'vitest'
import { regressionSettings } from '../../src/decision/regression-settings.ts'
import { tighten } from '../../src/regression/limits.ts'
import { limitsOfPolicy } from '../../src/regression/policy-limits.ts'
import { compareSuites, readSuite } from '../../src/regression/suite-file.ts'
import { aTool, rpcError, type Script, textResult } from '../support/mcp-server.ts'
import { aSuite, gateOf, readCase, runAgainst } from '../support/regression-run.ts'

const bare = (name: string, annotations?: Record<string, unknown>) => aTool(name, { annotations })
const floors = 'gates: { samples: { per_tool: 3, total: 5 } }'
const messageOf = (report: Awaited<ReturnType<typeof runAgainst>>['report'], name: string) =>
  report.gates.find(({ gate }) => gate === name)?.message

describe('a server without hints', () => {
  test('passes where the suite lists its tools under reads: their calls are repeated and count as samples', async () => {
    const suite = aSuite(readCase, `${floors}\nreads: [read]`)
    const { report, calls } = await runAgainst({ tools: [bare('read')] }, suite, { writesAllowed: false })
    expect([report.verdict, calls().length, report.tools[0]?.readOnly]).toEqual(['passed', 6, true])
    expect(report.notes).toEqual([
      'the suite declares that these tools only read; the server does not say so: read',
    ])
  })

  test('passes where a case declares that it reads, and no other case of the tool is believed', async () => {
    const cases = `${readCase}\n  - { name: a set, tool: read, args: { set: 1 } }`.replace(
      'tool: read }',
      'tool: read, reads: true }',
    )
    const { report } = await runAgainst({ tools: [bare('read')] }, aSuite(cases, floors), {
      writesAllowed: false,
    })
    expect(report.cases.map(({ verdict }) => verdict)).toEqual(['passed', 'failed'])
    expect(report.cases[0]?.runs).toBe(5)
    expect(report.notes).toEqual(['the suite declares that these cases only read: it reads'])
  })

  test('says how to get a verdict', async () => {
    const { report } = await runAgainst({ tools: [bare('read')] }, aSuite(readCase))
    expect(report.cases[0]?.mismatches).toEqual([
      {
        where: 'writes',
        expected: 'writes: true; or, if it only reads, the tool under `reads` of the suite',
        actual: 'read does not declare readOnlyHint',
      },
    ])
    const writing = aSuite('  - { name: w, tool: read, writes: true }', floors)
    const { report: other } = await runAgainst({ tools: [bare('read')] }, writing)
    expect(messageOf(other, 'latency')).toContain('list the read-only ones under `reads`')
  })

  test('is retried as one that reads', async () => {
    let count = 0
    const script: Script = {
      tools: [bare('read')],
      call: ({ response }) => {
        count += 1
        return count === 2 ? void response.writeHead(503).end() : textResult('fine')
      },
    }
    const { report } = await runAgainst(script, aSuite(readCase.replace(' }', ', reads: true }')))
    expect(report.cases[0]).toMatchObject({ verdict: 'passed', flaky: true, attempts: 2 })
  })
})

describe('what the server says itself is not overruled', () => {
  test.each([
    ['readOnlyHint: false', { readOnlyHint: false }],
    ['destructiveHint: true', { destructiveHint: true }],
  ])('%s', async (says, annotations) => {
    for (const suite of [
      aSuite(readCase, `${floors}\nreads: [read]`),
      aSuite(readCase.replace(' }', ', reads: true }')),
    ]) {
      const { report, calls } = await runAgainst({ tools: [bare('read', annotations)] }, suite)
      expect(calls()).toEqual([])
      expect(report.cases[0]?.mismatches).toEqual([
        { where: 'writes', expected: 'writes: true', actual: `read declares ${says}` },
      ])
    }
  })

  test('and a tool that only reads by its own word needs nothing', async () => {
    const { report } = await runAgainst(
      { tools: [bare('read', { readOnlyHint: true, destructiveHint: true })] },
      aSuite(readCase),
    )
    expect(report.verdict).toBe('passed')
  })
})

test('a name under reads that the server does not list is reported', async () => {
  const { report } = await runAgainst(
    {},
    aSuite(readCase, 'reads: [raed]\ngates: { samples: { per_tool: 1, total: 1 } }'),
  )
  expect(report.notes).toContain('reads: the server does not list raed')
})

test('a case that both reads and writes is refused', () => {
  const read = readSuite('version: 1\ncases: [ { name: x, tool: t, reads: true, writes: true } ]', 's.yml')
  expect(read.ok ? [] : read.problems.map(({ message }) => message)).toEqual([
    expect.stringContaining('a case either reads or writes'),
  ])
})

test('what a pull request declares as reading is listed', () => {
  const head = aSuite(readCase.replace(' }', ', reads: true }'), 'reads: [read, other]')
  const base = aSuite(readCase, 'reads: [other]')
  expect(compareSuites(base, head).addedReads).toEqual(['read', 'the case it reads'])
})

describe('a floor of 0', () => {
  const zero = (reason = '') => `gates: { samples: { per_tool: 0, total: 0${reason} } }`
  const writing = '  - { name: w, tool: write, writes: true }'

  test('needs a reason', () => {
    expect(() => aSuite(writing, zero())).toThrow(/give the reason in `reason`/)
    expect(regressionSettings.safeParse({ limits: { total: 0 } }).success).toBe(false)
  })

  test('lets a server whose tools all write pass, and the check shows the reason', async () => {
    const suite = aSuite(writing, zero(', reason: "every tool writes"'))
    const { report } = await runAgainst({ tools: [bare('write')] }, suite)
    expect(report.verdict).toBe('passed')
    expect(messageOf(report, 'latency')).toBe(
      'not evaluated, because no samples are required: every tool writes',
    )
  })

  test('is not a success without any call', async () => {
    const suite = aSuite(writing, zero(', reason: x'))
    const { report } = await runAgainst({ tools: [bare('write')] }, suite, { writesAllowed: false })
    expect([report.verdict, gateOf(report, 'errors')]).toEqual(['inconclusive', 'inconclusive'])
  })

  test('still evaluates the latency of what reads', async () => {
    const call = () => new Promise((resolve) => setTimeout(() => resolve(textResult('slow')), 30))
    const suite = aSuite(
      readCase,
      'gates: { latency: { p95: 10ms }, samples: { per_tool: 0, total: 0, reason: x } }',
    )
    const { report } = await runAgainst({ call }, suite)
    expect(gateOf(report, 'latency')).toBe('failed')
  })

  test('of a suite does not count against a policy, and one of the policy does', () => {
    const { gates } = aSuite(writing, zero(', reason: x'))
    const policy = (limits: object) => limitsOfPolicy(regressionSettings.parse({ limits }))
    expect(tighten(policy({}), gates)).toMatchObject({
      limits: { perTool: 20, total: 60 },
      refused: ['samples.per_tool', 'samples.total'],
    })
    expect(tighten(policy({ per_tool: 0, total: 0, reason: 'all write' }), gates).limits).toMatchObject({
      total: 0,
      reason: 'all write',
    })
  })
})

describe('a tool that the server does not list', () => {
  const tools = ['issue_reward', 'void_reward', 'check_reward_eligibility'].map((name) => aTool(name))
  const unknown: Script['call'] = ({ message }) => {
    throw rpcError(-32602, `Unknown tool: ${message.params?.name}`)
  }

  test.each([
    ['isue_reward', 'issue_reward'],
    ['check_eligibility', undefined],
    ['reward', 'issue_reward, void_reward, check_reward_eligibility'],
    ['Void_Reward', 'void_reward'],
  ])('%s is reported with the nearest names', async (name, near) => {
    const { report, calls } = await runAgainst(
      { tools, call: unknown },
      aSuite(`  - { name: x, tool: ${name} }`),
    )
    const actual = report.cases[0]?.mismatches[0]?.actual
    expect(actual).toBe(`the server does not list this tool${near ? `; the nearest: ${near}` : ''}`)
    expect(calls()).toEqual([])
  })

  test.each<[string, NonNullable<Script['call']>, string]>([
    ['with -32602', unknown, 'passed'],
    ['with an error of the tool', () => textResult('Tool nobody not found', { isError: true }), 'passed'],
    [
      'with -32603',
      () => {
        throw rpcError(-32603, 'no such tool: nobody')
      },
      'passed',
    ],
    ['with an answer', () => textResult('fine'), 'failed'],
    ['with another error', () => textResult('overloaded', { isError: true }), 'failed'],
  ])('can be tested: a server answers %s', async (_name, call, verdict) => {
    const suite = aSuite('  - { name: x, tool: nobody, expect: { status: unknown_tool } }')
    const { report, calls } = await runAgainst({ tools, call }, suite, { writesAllowed: false })
    expect([report.cases[0]?.verdict, calls()]).toEqual([verdict, ['nobody']])
  })

  test.each(['tool_error', '[protocol_error, unknown_tool]'])(
    'is not a test of the status %s: the name may be misspelled',
    async (status) => {
      const suite = aSuite(`  - { name: x, tool: isue_reward, expect: { status: ${status} } }`)
      const { report, calls } = await runAgainst({ tools, call: unknown }, suite)
      expect([report.cases[0]?.verdict, calls()]).toEqual(['failed', []])
    },
  )

  test('a tool that writes is not called without `writes: true` by asking for unknown_tool', async () => {
    const suite = aSuite('  - { name: x, tool: write, expect: { status: unknown_tool } }')
    const { report, calls } = await runAgainst({ tools: [bare('write')] }, suite)
    expect([report.cases[0]?.verdict, calls()]).toEqual(['failed', []])
  })
})
