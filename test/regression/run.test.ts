import { describe, expect, test } from 'vitest'
import type { Baseline } from '../../src/regression/contract-check.ts'
import { createRedactor } from '../../src/regression/redaction.ts'
import { type RunReport, runReportSchema } from '../../src/regression/report-schema.ts'
import { runRegression } from '../../src/regression/run.ts'
import { eventually } from '../support/eventually.ts'
import {
  aTool,
  nodeCommand,
  rpcError,
  type Script,
  startScripted,
  stdioServer,
  textResult,
} from '../support/mcp-server.ts'
import { aLedger, anInput, aSuite, gateOf, readCase, runAgainst } from '../support/regression-run.ts'

const writing = aTool('write', { annotations: { readOnlyHint: false } })
const writeCase = `
  - name: it writes
    writes: true
    steps: [ { tool: write, args: { key: "\${run.id}" } } ]
    verify: { ledger: { table: rewards, where: { key: "\${run.id}" }, within: 0ms, expect: { rows: 1, sum: { amount: 100 } } } }`
const row = { key: 'run-1', amount: '100' }

function aBaseline(more: Partial<Baseline> = {}): Baseline {
  return {
    version: 1,
    recordedAt: '2026-11-01T00:00:00.000Z',
    server: { name: 'scripted', version: '0.9.0' },
    protocolVersion: '2025-11-25',
    capabilities: { tools: {} },
    pinned: { capabilities: {}, login: 'none' },
    tools: [aTool('read') as Baseline['tools'][number]],
    latency: {},
    refused: [],
    spoken: [],
    asked: [],
    ...more,
  }
}

describe('the verdict has three values', () => {
  test('passed: all gates passed', async () => {
    const { report } = await runAgainst({}, aSuite(readCase))
    expect([report.verdict, report.summary]).toEqual(['passed', 'all gates passed'])
    expect(runReportSchema.safeParse(report).success).toBe(true)
  })

  test('failed: a wrong answer', async () => {
    const { report } = await runAgainst(
      {},
      aSuite(`  - { name: it reads, tool: read, expect: { text: "something else" } }`),
    )
    expect([report.verdict, gateOf(report, 'answers')]).toEqual(['failed', 'failed'])
    expect(report.cases[0]?.mismatches).toEqual([
      { where: 'text', expected: 'contains "something else"', actual: '"fine"' },
    ])
  })

  test.each<[string, Script, RegExp]>([
    ['an unreachable server', { before: (request) => Boolean(request.socket.destroy()) }, /connection|broke/],
    ['a failed login', { before: (_request, response) => Boolean(response.writeHead(401).end()) }, /401/],
    [
      'a web page in its place',
      {
        before: (_request, response) =>
          Boolean(response.writeHead(200, { 'content-type': 'text/html' }).end('<p>')),
      },
      /web page/,
    ],
    [
      'a list that cannot be read',
      { list: ({ response }) => void response.writeHead(502).end() },
      /tools\/list could not be read/,
    ],
  ])('inconclusive: %s', async (_name, script, reason) => {
    const { report } = await runAgainst(script, aSuite(readCase))
    expect(report.verdict).toBe('inconclusive')
    expect(report.summary).toMatch(/^connection: /)
    expect(report.summary).toMatch(reason)
    expect(report.summary).not.toMatch(/regression|failed:/)
  })

  test('inconclusive: too few samples, even where all of them passed', async () => {
    const suite = aSuite(
      `  - { name: it writes, tool: write, writes: true }`,
      'gates: { samples: { per_tool: 5, total: 5 } }',
    )
    const { report } = await runAgainst({ tools: [writing] }, suite)
    expect([gateOf(report, 'answers'), gateOf(report, 'errors'), gateOf(report, 'latency')]).toEqual([
      'passed',
      'inconclusive',
      'inconclusive',
    ])
    expect(report.verdict).toBe('inconclusive')
    expect(latencyOf(report)).toBe('too few samples of read-only tools: 0 of 5 in all')
  })

  test('inconclusive: each tool with too few samples is named, with why', async () => {
    const names = ['fine', 'echo', 'slow']
    const cases = names.map((name) => `  - { name: a ${name}, tool: ${name}, expect: { text: fine } }`)
    const suite = aSuite(cases.join('\n'), 'gates: { samples: { per_tool: 3, total: 4 } }')
    const call: Script['call'] = ({ message }) =>
      textResult(message.params?.name === 'echo' ? 'wrong' : 'fine')
    const { report } = await runAgainst({ tools: names.map((name) => aTool(name)), call }, suite)
    expect(latencyOf(report)).toBe(
      'too few samples of read-only tools: echo has 1 of 3 samples (its case failed)',
    )
  })

  test('inconclusive: a run that died, whatever it had found before', async () => {
    const cases = `  - { name: wrong, tool: read, expect: { text: nope } }\n  - { name: deadly, tool: write, writes: true }`
    const server = await startScripted({
      tools: [aTool('read'), writing],
      call({ message, response }) {
        if (message.params?.name === 'read') return textResult('fine')
        response.destroy()
        void server.close()
        return undefined
      },
    })
    const { report } = await runRegression(
      anInput(server.url, aSuite(`${cases}\n  - { name: never, tool: write, writes: true }`)),
    )
    expect(report.verdict).toBe('inconclusive')
    expect(report.cases.map(({ name }) => name)).not.toContain('never')
    expect(report.cases[0]?.verdict).toBe('failed')
  })

  test('inconclusive: a command that dies at the start, with what it said last', async () => {
    const { report } = await runRegression(
      anInput(nodeCommand(`console.error('no database'); process.exit(3)`), aSuite(readCase)),
    )
    expect(report.verdict).toBe('inconclusive')
    expect(report.summary).toContain('it said: no database')
  })

  test.each([
    [
      'the error, not the version of Node that follows it',
      `throw new TypeError('no database')`,
      /it said: TypeError: no database\)/,
    ],
    [
      'the error of a file that is not there',
      `require('/nowhere/server.cjs')`,
      /it said: Error: Cannot find module '\/nowhere\/server\.cjs'\)/,
    ],
    [
      'the last lines where there is no error',
      `console.error('1\\n2\\n\\nout of\\nluck'); process.exit(1)`,
      /it said: 2 \/ out of \/ luck\)/,
    ],
    ['nothing where it said nothing', 'process.exit(1)', /went away[^:]*\(it ended with exit code 1\)$/],
  ])('inconclusive: a command that dies says %s', async (_, code, says) => {
    const { report } = await runRegression(anInput(nodeCommand(code), aSuite(readCase)))
    expect([report.verdict, report.summary]).toEqual(['inconclusive', expect.stringMatching(says)])
  })

  test('inconclusive: what a command said is redacted before it is cut', async () => {
    const secret = 'a-secret-of-the-operator'
    const code = `console.error('Error: ' + 'x'.repeat(285) + '${secret}' + 'y'.repeat(300)); process.exit(1)`
    const redactor = createRedactor([secret])
    const { report } = await runRegression(anInput(nodeCommand(code), aSuite(readCase), { redactor }))
    expect(report.summary).toMatch(/x\[redac/)
    expect(JSON.stringify(report)).not.toContain('a-secret')
    expect(report.summary.length).toBeLessThan(450)
  })

  test('inconclusive: a server that hangs, which is asked for a sign of life before the timeout', async () => {
    const seen: string[] = []
    const server = await startScripted({
      before: (request) => seen.length > 0 && request.method === 'POST' && seen.push('asked again') > 0,
      call: ({ response }) => {
        seen.push('called')
        response.on('close', () => seen.push('gave up'))
      },
    })
    const suite = aSuite(readCase, 'defaults: { timeout: 2s }')
    const { report } = await runRegression(anInput(server.url, suite))
    await eventually(() => expect(seen).toContain('gave up'))
    await server.close()
    expect([report.verdict, report.summary]).toEqual([
      'inconclusive',
      'connection: the server hangs: it gave no sign of life',
    ])
    // The call and its question may each be cancelled before its response is closed, which is another request.
    expect(seen.slice(0, 2)).toEqual(['called', 'asked again'])
  })

  test.each([401, 403])('inconclusive: a login that ends during the run, with %i', async (status) => {
    let calls = 0
    const call: Script['call'] = ({ response }) =>
      ++calls < 3 ? textResult('fine') : void response.writeHead(status).end()
    const suite = aSuite(`${readCase}\n  - { name: it reads again, tool: read }`)
    const { report } = await runAgainst({ call }, suite)
    expect([report.verdict, report.summary]).toEqual([
      'inconclusive',
      'connection: the login to the server failed during the run',
    ])
    expect(report.cases.map(({ verdict }) => verdict)).toEqual(['passed'])
  })

  test('failed: one tool hangs while the server lives', async () => {
    let calls = 0
    // The first call is the warm-up.
    const call = () => (++calls === 1 ? textResult('fine') : undefined)
    const { report } = await runAgainst({ call }, aSuite('  - { name: it reads, tool: read, timeout: 2s }'))
    expect(report.verdict).toBe('failed')
    expect(report.cases[0]?.mismatches[0]?.actual).toMatch(/transport error \(timeout\)/)
  })

  test('inconclusive: a run that was stopped', async () => {
    const stop = new AbortController()
    const { report } = await runAgainst({ call: () => void stop.abort() }, aSuite(readCase), {
      signal: stop.signal,
    })
    expect([report.verdict, report.summary]).toEqual(['inconclusive', 'connection: the run was stopped'])
  })

  test('inconclusive: another version answers at the end of the run', async () => {
    let version = 'a'
    const { report } = await runAgainst(
      {
        initialize: () => ({
          protocolVersion: '2025-11-25',
          serverInfo: { name: 's', version },
          capabilities: {},
        }),
        call: () => {
          version = 'b'
          return textResult('fine')
        },
      },
      aSuite(readCase),
    )
    expect(report.verdict).toBe('inconclusive')
    expect(report.summary).toContain('the server changed during the run: s a, then s b')
  })

  test('inconclusive: a server of another name answers at the end of the run', async () => {
    let name = 'a'
    const { report } = await runAgainst(
      {
        initialize: () => ({
          protocolVersion: '2025-11-25',
          serverInfo: { name, version: '1' },
          capabilities: {},
        }),
        call: () => {
          name = 'b'
          return textResult('fine')
        },
      },
      aSuite(readCase),
    )
    expect(report.verdict).toBe('inconclusive')
    expect(report.summary).toContain('the server changed during the run: a 1, then b 1')
  })

  test('inconclusive: the server does not report the head that it must report', async () => {
    const { report, calls } = await runAgainst({ version: 'abc' }, aSuite(readCase), { expectVersion: 'def' })
    expect(report.summary).toContain('the server reports version abc, not def')
    expect(calls()).toEqual([])
  })
})

describe('each gate is seen failing', () => {
  test('contract: a tool of the last release is gone', async () => {
    const gone = aTool('gone') as Baseline['tools'][number]
    const { report } = await runAgainst({}, aSuite(readCase), {
      baseline: aBaseline({ tools: [...aBaseline().tools, gone] }),
    })
    expect([report.verdict, gateOf(report, 'contract'), gateOf(report, 'answers')]).toEqual([
      'failed',
      'failed',
      'passed',
    ])
    expect(report.contract.changes.filter(({ severity }) => severity === 'breaking')).toMatchObject([
      { tool: 'gone' },
    ])
  })

  test('answers: the structured answer does not keep the outputSchema', async () => {
    const tools = [
      aTool('read', {
        outputSchema: { type: 'object', properties: { total: { type: 'number' } }, required: ['total'] },
      }),
    ]
    const call = () => textResult('x', { structuredContent: { total: 'many' } })
    const { report } = await runAgainst({ tools, call }, aSuite(readCase))
    expect(gateOf(report, 'answers')).toBe('failed')
    expect(report.cases[0]?.mismatches).toEqual([
      {
        where: 'outputSchema',
        expected: 'an answer that matches the outputSchema',
        actual: 'the answer/total must be number',
      },
    ])
  })

  test('ledger: a repeated call paid twice', async () => {
    const { report } = await runAgainst({ tools: [writing] }, aSuite(writeCase), {
      ledger: aLedger([row, row]),
    })
    expect([report.verdict, gateOf(report, 'ledger'), gateOf(report, 'answers')]).toEqual([
      'failed',
      'failed',
      'passed',
    ])
    expect(report.cases[0]?.mismatches).toEqual([
      { where: 'ledger rewards', expected: '1 rows', actual: '2 rows' },
      { where: 'ledger sum of rewards.amount', expected: '100', actual: '200' },
    ])
  })

  test('errors: 1 of 49 is 2.04% and fails; 1 of 50 passes', async () => {
    const erring = (total: number) => {
      let count = 0
      const call = () => {
        count += 1
        return count === 10 ? textResult('overloaded', { isError: true }) : textResult('fine')
      }
      return runAgainst(
        { call },
        aSuite(readCase, `gates: { samples: { per_tool: ${total}, total: ${total} } }`),
      )
    }
    const [less, enough] = [await erring(49), await erring(50)]
    expect([gateOf(less.report, 'errors'), less.report.errors.rate.toFixed(4)]).toEqual(['failed', '0.0204'])
    expect([gateOf(enough.report, 'errors'), enough.report.verdict]).toEqual(['passed', 'passed'])
    expect(enough.report.errors.low).toBeLessThan(0.02)
  })

  test('latency: p95 above the limit', async () => {
    const call = () => new Promise((resolve) => setTimeout(() => resolve(textResult('slow')), 30))
    const suite = aSuite(readCase, 'gates: { latency: { p95: 10ms }, samples: { per_tool: 3, total: 3 } }')
    const { report } = await runAgainst({ call }, suite)
    expect([report.verdict, gateOf(report, 'latency'), gateOf(report, 'errors')]).toEqual([
      'failed',
      'failed',
      'passed',
    ])
  })

  test('coverage: a tool without a case, where coverage is required', async () => {
    const tools = [aTool('read'), aTool('other')]
    const required = aSuite(readCase, 'coverage: required\ngates: { samples: { per_tool: 1, total: 1 } }')
    const { report } = await runAgainst({ tools }, required)
    expect([report.verdict, gateOf(report, 'coverage'), report.notCovered]).toEqual([
      'failed',
      'failed',
      ['other'],
    ])
    const optional = await runAgainst({ tools }, aSuite(readCase))
    expect([optional.report.verdict, optional.report.notCovered]).toEqual(['passed', ['other']])
  })

  test.each([
    ['a step calls', '  - { name: a, steps: [{ tool: read }, { tool: other }] }', '', []],
    [
      'a reconciliation calls',
      readCase,
      'reconcile: [{ name: r, tool: other, value: $, equals: { csv: { file: a.csv } } }]\n',
      [],
    ],
    [
      'only a cleanup calls, whose answer nothing checks',
      '  - { name: a, tool: read, writes: true, cleanup: [{ tool: other }] }',
      '',
      ['other'],
    ],
  ])('coverage: a tool that %s', async (_name, cases, more, missing) => {
    const tools = [aTool('read'), aTool('other')]
    const floors = 'gates: { samples: { per_tool: 1, total: 1 } }'
    const { report } = await runAgainst({ tools }, aSuite(cases, `coverage: required\n${more}${floors}`))
    expect(report.notCovered).toEqual(missing)
    expect(gateOf(report, 'coverage')).toBe(missing.length === 0 ? 'passed' : 'failed')
  })
})

describe('the contract', () => {
  test('passes with a note where no baseline is known, and is recorded raw', async () => {
    const tool = aTool('read', { 'x-future': [1] })
    const { report, recorded } = await runAgainst({ tools: [tool] }, aSuite(readCase))
    expect(report.gates.find(({ gate }) => gate === 'contract')).toMatchObject({
      verdict: 'passed',
      message: expect.stringContaining('no list of an earlier release'),
    })
    expect(recorded).toMatchObject({
      tools: [tool],
      pinned: { capabilities: {}, login: 'none' },
      protocolVersion: '2025-11-25',
    })
  })

  test('fails on duplicate names', async () => {
    const { report } = await runAgainst({ tools: [aTool('read'), aTool('read')] }, aSuite(readCase))
    expect(gateOf(report, 'contract')).toBe('failed')
  })

  test('is inconclusive where the baseline was read with another login', async () => {
    const gone = aTool('gone') as Baseline['tools'][number]
    const baseline = aBaseline({ tools: [gone], pinned: { capabilities: {}, login: 'bearer' } })
    const { report } = await runAgainst({}, aSuite(readCase), { baseline })
    expect([gateOf(report, 'contract'), report.verdict]).toEqual(['inconclusive', 'inconclusive'])
  })

  const waiver = (expires: string, rule = 'tool-removed') =>
    `contract: { waivers: [ { rule: ${rule}, tool: gone, reason: agreed, expires: ${expires} } ] }\ngates: { samples: { per_tool: 1, total: 1 } }`
  const baseline = aBaseline({ tools: [...aBaseline().tools, aTool('gone') as Baseline['tools'][number]] })
  const now = () => new Date('2026-11-23T12:00:00Z')

  test.each([
    ['a waiver covers its change until its last day', waiver('2026-11-23'), 'passed'],
    ['an expired waiver fails', waiver('2026-11-22'), 'failed'],
    ['a waiver that matches nothing fails', waiver('2026-12-31', 'enum-value-removed'), 'failed'],
  ])('%s', async (_name, more, verdict) => {
    const { report } = await runAgainst({}, aSuite(readCase, more), { baseline, now })
    expect(gateOf(report, 'contract')).toBe(verdict)
  })

  test('fail_on: warning counts warnings as well', async () => {
    const before = aBaseline({
      tools: [aTool('read', { description: 'Reads one thing' }) as Baseline['tools'][number]],
    })
    const script = { tools: [aTool('read', { description: 'Reads another thing' })] }
    const strict = 'contract: { fail_on: warning }\ngates: { samples: { per_tool: 1, total: 1 } }'
    expect(
      gateOf((await runAgainst(script, aSuite(readCase), { baseline: before })).report, 'contract'),
    ).toBe('passed')
    expect(
      gateOf((await runAgainst(script, aSuite(readCase, strict), { baseline: before })).report, 'contract'),
    ).toBe('failed')
  })

  test('is inconclusive where the baseline was read with other capabilities', async () => {
    const gone = aTool('gone') as Baseline['tools'][number]
    const elicitation = { elicitation: { form: { applyDefaults: true } } }
    const baseline = aBaseline({ tools: [gone], pinned: { capabilities: elicitation, login: 'none' } })
    const plain = await runAgainst({}, aSuite(readCase), { baseline })
    expect([gateOf(plain.report, 'contract'), plain.report.verdict]).toEqual(['inconclusive', 'inconclusive'])
    const same = 'defaults: { elicitation: defaults }\ngates: { samples: { per_tool: 1, total: 1 } }'
    const { report } = await runAgainst({}, aSuite(readCase, same), { baseline })
    expect(gateOf(report, 'contract')).toBe('failed')
  })
})

describe('cases that write', () => {
  test('a tool that does not declare readOnlyHint needs writes: true, and is not called without', async () => {
    const { report, calls } = await runAgainst(
      { tools: [{ name: 'read', inputSchema: {} }] },
      aSuite(readCase),
    )
    expect(report.cases[0]).toMatchObject({
      verdict: 'failed',
      mismatches: [{ where: 'writes', actual: 'read does not declare readOnlyHint' }],
    })
    expect(calls()).toEqual([])
  })

  test('nothing is written to a server that is not marked as safe; the run is then inconclusive', async () => {
    const { report, calls } = await runAgainst({ tools: [writing] }, aSuite(writeCase), {
      writesAllowed: false,
    })
    expect([report.verdict, report.cases[0]?.verdict]).toEqual(['inconclusive', 'skipped'])
    expect(calls()).toEqual([])
  })

  test('repeat_previous calls again with the same arguments', async () => {
    const suite = aSuite(`
  - name: twice
    writes: true
    steps: [ { tool: write, args: { key: "\${run.id}-1" } }, { repeat_previous: true } ]`)
    const { server } = await runAgainst({ tools: [writing] }, suite)
    const sent = server.received
      .filter(({ method }) => method === 'tools/call')
      .map(({ params }) => params?.arguments)
    expect(sent).toEqual([{ key: 'run-1-1' }, { key: 'run-1-1' }])
  })

  test('a write that lost its reply is looked up in the ledger and never repeated', async () => {
    const ledger = aLedger([row])
    const script = {
      tools: [writing],
      call: ({ response }: { response: import('node:http').ServerResponse }) => void response.destroy(),
    }
    const { report, calls } = await runAgainst(script, aSuite(writeCase), { ledger })
    expect(calls()).toEqual(['write'])
    expect(ledger.asked).toBeGreaterThan(0)
    expect(report.cases[0]).toMatchObject({
      verdict: 'failed',
      attempts: 1,
      notes: ['the reply was lost; the ledger shows 1 row in rewards'],
    })
  })

  test.each([
    ['no ledger is configured', undefined],
    [
      'the ledger refuses the key',
      aLedger({ ok: false, cause: 'refused', message: 'the ledger rejects the key' }),
    ],
  ])('inconclusive where %s', async (_name, ledger) => {
    const { report } = await runAgainst({ tools: [writing] }, aSuite(writeCase), ledger ? { ledger } : {})
    expect([report.verdict, gateOf(report, 'ledger')]).toEqual(['inconclusive', 'inconclusive'])
  })

  test('cleaning up happens after a failure, too, and its own failure is only reported', async () => {
    const suite = aSuite(
      `
  - name: dirty
    writes: true
    steps: [ { tool: write, expect: { text: nope } } ]
    cleanup: [ { tool: undo, args: {} } ]`,
    )
    const tools = [writing, aTool('undo', { annotations: {} })]
    const call: Script['call'] = ({ message }) =>
      textResult('x', message.params?.name === 'undo' ? { isError: true } : {})
    const { report, calls } = await runAgainst({ tools, call }, suite)
    expect(calls()).toEqual(['write', 'undo'])
    expect(report.cases[0]?.notes).toEqual(['cleaning up with undo failed (tool_error)'])
    expect(report.tools.map(({ tool }) => tool)).toEqual(['write'])
  })
})

describe('captures', () => {
  const suite = aSuite(`
  - name: chain
    writes: true
    steps:
      - { tool: write, capture: { secret_id: { path: $.id, redact: true } } }
      - { tool: write, args: { id: "\${secret_id}" }, expect: { text: nothing } }`)

  test('go into later steps, and a redacted one appears nowhere', async () => {
    const call = () => textResult('{"id":"very-private-id"}')
    const { report, server } = await runAgainst({ tools: [writing], call }, suite)
    const last = server.received.filter(({ method }) => method === 'tools/call').at(-1)
    expect(last?.params?.arguments).toEqual({ id: 'very-private-id' })
    expect(JSON.stringify(report)).not.toContain('very-private-id')
    expect(JSON.stringify(report)).toContain('[redacted]')
  })

  test('that find nothing fail the step', async () => {
    const { report, calls } = await runAgainst({ tools: [writing], call: () => textResult('{}') }, suite)
    expect(report.cases[0]?.mismatches).toEqual([
      { where: 'step 1: capture secret_id', expected: 'a value at $.id', actual: 'nothing' },
    ])
    expect(calls()).toHaveLength(1)
  })
})

describe('secrets', () => {
  test('are redacted in the report and in the recorded list', async () => {
    const secret = 'operator-secret-1234'
    const tools = [aTool('read', { description: `uses ${secret}` })]
    const call = () => textResult(`key ${secret} and sb_secret_abcdefghijkl`)
    const output = await runAgainst(
      { tools, call },
      aSuite(`  - { name: it reads, tool: read, expect: { text: nope } }`),
      {
        redactor: createRedactor([secret]),
      },
    )
    const kept = JSON.stringify([output.report, output.recorded])
    expect(kept).not.toContain(secret)
    expect(kept).not.toContain('sb_secret_abcdefghijkl')
    expect(output.report.notes).toEqual([expect.stringMatching(/look like secrets/)])
  })

  test('a suite cannot unmake the verdict by capturing its words as secrets', async () => {
    const suite = aSuite(`
  - name: sly
    tool: read
    capture: { a: { path: $.a, redact: true }, b: { path: $.b, redact: true }, c: { path: $.c, redact: true } }
    expect: { text: nope }`)
    const call = () => textResult('{"a":"failed","b":"answers","c":"read"}')
    const { report, recorded } = await runAgainst({ call }, suite)
    expect([report.verdict, gateOf(report, 'answers')]).toEqual(['failed', 'failed'])
    expect(runReportSchema.safeParse(report).success).toBe(true)
    expect(recorded?.tools.map(({ name }) => name)).toEqual(['read'])
  })

  test('an unset variable is reported before anything is called', async () => {
    const suite = aSuite(
      `  - { name: it reads, tool: read, args: { a: "\${GITHUB_TOKEN}", b: "\${SUITE_X}" } }`,
    )
    const { report, server } = await runAgainst({}, suite, { variables: new Map([['SUITE_X', '1']]) })
    expect(report.gates).toEqual([
      {
        gate: 'suite',
        verdict: 'failed',
        message:
          'case "it reads" reads $' +
          '{GITHUB_TOKEN}, which is not set; a suite can read only run.id, captures of the same case and variables named SUITE_…',
      },
    ])
    expect(server.received).toEqual([])
  })
})

describe('reports are cut', () => {
  const long = 'x'.repeat(100_000)

  test.each<[string, Script['call']]>([
    ['a wrong text', () => textResult(long)],
    ['a long error', () => textResult(long, { isError: true })],
    [
      'a long protocol error',
      () => {
        throw rpcError(-32000, long)
      },
    ],
  ])('%s of 100 kB', async (_name, call) => {
    const suite = aSuite('  - { name: it reads, tool: read, expect: { text: { equals: fine } } }')
    const { report } = await runAgainst({ ...(call ? { call } : {}) }, suite)
    const actual = report.cases[0]?.mismatches[0]?.actual ?? ''
    expect([actual.length > 400, actual.length < 600]).toEqual([true, true])
    expect(JSON.stringify(report).length).toBeLessThan(10_000)
  })

  test('a list that cannot be read, with a long reason', async () => {
    const list = () => {
      throw rpcError(-32000, long)
    }
    const { report } = await runAgainst({ list }, aSuite(readCase))
    expect(report.verdict).toBe('inconclusive')
    expect(JSON.stringify(report).length).toBeLessThan(10_000)
  })
})

test.each([
  [
    'what two cases read is to be set once',
    `  - { name: a, tool: read, args: { k: "\${SUITE_K}" } }\n  - { name: b, tool: read, args: { k: "\${SUITE_K}" } }`,
    {},
    'case "a" reads $_{SUITE_K}, which is not set; case "b" reads $_{SUITE_K}, which is not set; set SUITE_K in the environment (for the bot, with the prefix SERVER_<NAME>_)',
  ],
  [
    'what reconcile reads',
    `${readCase}\nreconcile: [ { name: totals, tool: read, args: { a: ["\${SUITE_A}"] }, value: $.t, equals: { ledger: { table: t, where: { k: "\${SUITE_B}" } } } } ]`,
    {},
    'reconcile "totals" reads $_{SUITE_A}, which is not set; reconcile "totals" reads $_{SUITE_B}, which is not set; set SUITE_A, SUITE_B in the environment (for the bot, with the prefix SERVER_<NAME>_)',
  ],
  [
    'what isolated reads',
    `${readCase}\nisolated: [ { table: t, as: tenantb, where: { k: "\${SUITE_A}" } } ]`,
    {},
    'isolated "t as tenantb" reads $_{SUITE_A}, which is not set; set SUITE_A in the environment (for the bot, with the prefix SERVER_<NAME>_)',
  ],
  [
    'what a case captured, read by reconcile',
    `  - { name: it reads, tool: read, capture: { id: { path: $.id } } }\nreconcile: [ { name: totals, tool: read, args: { a: "\${id}" }, value: $.t, equals: { csv: { file: a.csv } } } ]`,
    {},
    'reconcile "totals" reads $_{id}, which is not set; a suite can read only run.id, captures of the same case and variables named SUITE_…',
  ],
  [
    'what args, verify, cleanup and expect read',
    `  - name: w
    writes: true
    steps: [ { tool: write, expect: { json: { $.a: "\${A}" } }, args: { b: "\${B}" } } ]
    verify: { ledger: { table: t, where: { k: "\${C}" }, expect: { rows: 1 } }, receipt: { hash: "\${D}" } }
    cleanup: [ { tool: write, args: { k: "\${E}" } } ]`,
    {},
    'case "w" reads $_{B}, which is not set; case "w" reads $_{A}, which is not set; case "w" reads $_{C}, which is not set; case "w" reads $_{D}, which is not set; case "w" reads $_{E}, which is not set; a suite can read only run.id, captures of the same case and variables named SUITE_…',
  ],
  [
    'a case that is not there, beside the first ten that are',
    Array.from({ length: 12 }, (_, index) => `  - { name: c${index}, tool: read }`).join('\n'),
    { only: ['nobody'] },
    'no case is named "nobody"; the suite has "c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9" and 2 more',
  ],
])('a suite that cannot be run: %s', async (_, cases, more, message) => {
  const { report, server } = await runAgainst({}, aSuite(cases), more)
  expect(server.received).toEqual([])
  expect(report.gates).toEqual([{ gate: 'suite', verdict: 'failed', message: message.replaceAll('$_', '$') }])
})

test('--only runs the named cases and marks the report as partial', async () => {
  const suite = aSuite(`${readCase}\n  - { name: other, tool: read, args: { n: 2 } }`)
  const { report } = await runAgainst({}, suite, { only: ['other'] })
  expect([report.partial, report.cases.map(({ name }) => name)]).toEqual([true, ['other']])
})

test('an unknown name for --only is an error', async () => {
  const { report } = await runAgainst({}, aSuite(readCase), { only: ['nobody'] })
  expect(gateOf(report, 'suite')).toBe('failed')
})

test('a case for a tool that the server does not list says so, whatever shape the server would answer in', async () => {
  const { report, calls } = await runAgainst({ tools: [] }, aSuite(readCase))
  expect(report.cases[0]?.mismatches).toEqual([
    { where: 'tool', expected: 'read', actual: 'the server does not list this tool' },
  ])
  expect(calls()).toEqual([])
})

test('a command that prints lines that are not JSON is evaluated, and the lines are reported', async () => {
  const code = stdioServer(
    `say(id, { content: [{ type: 'text', text: 'fine' }] })`,
    `console.log('Server started');`,
  )
  const { report } = await runRegression(anInput(nodeCommand(code), aSuite(readCase)))
  expect([report.verdict, report.notes]).toEqual([
    'passed',
    ['the server printed 1 line that is not JSON-RPC'],
  ])
})

function latencyOf({ gates }: RunReport): string | undefined {
  return gates.find(({ gate }) => gate === 'latency')?.message
}
