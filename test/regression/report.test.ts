import { PassThrough } from 'node:stream'
import { describe, expect, test, vi } from 'vitest'
import { describeProgress, progressDisplay } from '../../src/commands/progress.ts'
import { latencyChart, millis } from '../../src/regression/latency-chart.ts'
import { forTerminal, inline } from '../../src/regression/markdown.ts'
import { reportJunit } from '../../src/regression/report-junit.ts'
import { reportMarkdown } from '../../src/regression/report-markdown.ts'
import type { CaseResult, RunReport, ToolRow } from '../../src/regression/report-schema.ts'
import { aliveIn } from '../support/rendered.ts'

function aRow(more: Partial<ToolRow> = {}): ToolRow {
  const counts = {
    calls: 20,
    passed: 20,
    toolErrors: 0,
    protocolErrors: 0,
    transportErrors: 0,
    expectedErrors: 0,
    flaky: 0,
  }
  return { tool: 'check', readOnly: true, ...counts, n: 20, p50: 100, p95: 200, p99: 250, ...more }
}

function aCase(more: Partial<CaseResult> = {}): CaseResult {
  const base = {
    flaky: false,
    attempts: 1,
    runs: 1,
    ms: 12,
    mismatches: [],
    gate: 'answers' as const,
    notes: [],
  }
  return { name: 'a case', tools: ['check'], verdict: 'passed', ...base, ...more }
}

function aReport(more: Partial<RunReport> = {}): RunReport {
  return {
    version: 1,
    runId: 'run-1',
    verdict: 'passed',
    summary: 'all gates passed',
    startedAt: '2026-11-23T12:00:00.000Z',
    durationMs: 1234,
    partial: false,
    server: { name: 'rewards', version: 'abc', protocol: '2025-11-25', transport: 'http' },
    gates: [{ gate: 'answers', verdict: 'passed', message: '1 case passed' }],
    errors: { calls: 60, errors: 0, rate: 0, low: 0, high: 0.06, limit: 0.02 },
    tools: [aRow()],
    notCovered: [],
    cases: [aCase()],
    contract: { changes: [], notes: [] },
    data: [],
    removedCases: [],
    changedParts: [],
    addedWaivers: [],
    addedReads: [],
    notes: [],
    ...more,
  }
}

const failure = aCase({
  verdict: 'failed',
  attempts: 3,
  mismatches: [{ where: '$.amount', expected: '100', actual: '200' }],
  notes: ['the reply was lost'],
})

describe('the report', () => {
  test.each([
    ['passed', 'all gates passed', '✅ **Staging regression passed**: all gates passed'],
    [
      'failed',
      'answers: 1 of 2 cases failed',
      '❌ **Staging regression failed**: answers: 1 of 2 cases failed',
    ],
    ['inconclusive', 'connection: gone', '⚠️ **Staging regression inconclusive**: connection: gone'],
  ] as const)('the verdict %s is in the first line', (verdict, summary, first) => {
    expect(reportMarkdown(aReport({ verdict, summary })).split('\n')[0]).toBe(first)
  })

  test('a suite that cannot be run is not a regression: nothing was tested', () => {
    const gates = [{ gate: 'suite' as const, verdict: 'failed' as const, message: 'no case is named "x"' }]
    const report = aReport({ verdict: 'failed', summary: 'suite: no case is named "x"', gates })
    const { server: _, ...unasked } = report
    const text = reportMarkdown(unasked)
    expect(text.split('\n')[0]).toMatch(/^❌ \*\*The suite cannot be run\*\*: .*\. Nothing was tested\.$/)
    expect(text).not.toMatch(/regression failed|No server answered/)
  })

  test('an inconclusive run is not called a regression that failed', () => {
    const text = reportMarkdown(aReport({ verdict: 'inconclusive', summary: 'connection: gone' }))
    expect(text).not.toMatch(/regression failed/)
  })

  test('each tool has a row with its calls, three kinds of errors, percentiles and n', () => {
    const row = aRow({
      calls: 25,
      passed: 21,
      toolErrors: 1,
      protocolErrors: 2,
      transportErrors: 1,
      flaky: 3,
    })
    const text = reportMarkdown(aReport({ tools: [row], notCovered: ['other'] }))
    expect(text).toContain(
      '| check (flaky: 3 passed on retry) | 25 | 21 | 1 | 2 | 1 | 100 ms | 200 ms | 250 ms | 20 |',
    )
    expect(text).toContain('| other (not covered) | – |')
    expect(text).toContain('0 of 60 calls, 0.00% (95% interval 0.00% to 6.00%; limit 2%)')
  })

  test('failures show expected, actual and attempts, ten at most', () => {
    const cases = Array.from({ length: 12 }, (_value, index) => ({ ...failure, name: `case ${index}` }))
    const text = reportMarkdown(aReport({ verdict: 'failed', cases }))
    expect(text).toContain('**case 9** (check, 3 attempts)')
    expect(text).toContain('| `$.amount` | 100 | 200 |')
    expect(text).not.toContain('**case 10**')
    expect(text).toContain('and 2 more failed cases')
  })

  test('contract changes come by severity, with what waives them', () => {
    const change = { rule: 'r', tool: 't', path: '/a', side: 'input', message: 'changed' }
    const changes = [
      { ...change, severity: 'info' as const },
      { ...change, severity: 'breaking' as const, waived: 'agreed' },
      { ...change, severity: 'warning' as const },
    ]
    const text = reportMarkdown(aReport({ contract: { changes, notes: [] } }))
    expect(text.match(/^\| (breaking|warning|info).*$/gm)).toEqual([
      '| breaking, waived | t | /a | changed (waived: agreed) | r |',
      '| warning | t | /a | changed | r |',
      '| info | t | /a | changed | r |',
    ])
  })

  test('ledger, mirror, removed cases, added waivers and notes are listed', () => {
    const text = reportMarkdown(
      aReport({
        data: [{ kind: 'mirror', name: 'diners', verdict: 'failed', message: 'too old' }],
        removedCases: ['gone'],
        addedWaivers: ['r on t until 2026-12-15'],
        notes: ['leak'],
      }),
    )
    for (const part of ['❌ mirror | diners | too old', '- gone', '- r on t until 2026-12-15', '- leak'])
      expect(text).toContain(part)
  })

  test('what a pull request takes from its suite comes before the tables, whose length the head decides', () => {
    const text = reportMarkdown(
      aReport({
        notCovered: ['a tool of the head'],
        removedCases: ['gone'],
        addedWaivers: ['a waiver'],
        addedReads: ['a read'],
        changedParts: ['mirror of t'],
      }),
    )
    for (const part of ['- gone', '- a waiver', '- a read', '- mirror of t'])
      expect(text.indexOf(part)).toBeGreaterThan(0)
    for (const part of ['- gone', '- a waiver', '- a read', '- mirror of t'])
      expect(text.indexOf(part)).toBeLessThan(text.indexOf('| Gate |'))
  })

  test('it says which server and deployment were evaluated, and how to run the same', () => {
    const text = reportMarkdown(aReport({ deployment: 'staging 7' }), {
      command: 'release-gate regress --suite s.yml',
    })
    expect(text).toContain('Server rewards abc, MCP 2025-11-25 over http; deployment staging 7')
    expect(text).toContain('release-gate regress --suite s.yml')
    expect(reportMarkdown(aReport())).toContain('tied to the head at the time of the run')
    expect(reportMarkdown(aReport(), { atHead: false })).not.toContain('tied to the head')
  })

  test('a run of some cases only says that it is not evidence', () => {
    expect(reportMarkdown(aReport({ partial: true })).split('\n')[0]).toContain(
      'does not count as evidence for a release',
    )
  })
})

describe('text from servers and suites does nothing in our report', () => {
  const nasty = [
    '@octocat see #1 and https://evil.example',
    '![x](https://evil.example/x.png)',
    '[click](javascript:alert(1))',
    '<img src=x onerror=alert(1)>',
    '| a | b |\n|---|---|',
    '# heading\n- list\n> quote',
    '`code` **bold** _it_ ~~no~~',
    'www.evil.example ftp://evil.example',
    '\u202Etxt.exe\u200B\u0007',
    '```\nfence',
  ]

  test.each(nasty)('%j', (text) => {
    const changes = [
      {
        severity: 'breaking' as const,
        rule: text,
        tool: text,
        path: text,
        side: 'input',
        message: text,
        waived: text,
      },
    ]
    const report = aReport({
      verdict: 'failed',
      summary: text,
      server: { name: text, version: text, protocol: text, transport: 'http' },
      tools: [aRow({ tool: text })],
      cases: [
        {
          ...failure,
          name: text,
          tools: [text],
          notes: [text],
          mismatches: [{ where: text, expected: text, actual: text }],
        },
      ],
      contract: { changes, notes: [text] },
      data: [{ kind: 'mirror', name: text, verdict: 'failed', message: text }],
      gates: [{ gate: 'answers', verdict: 'failed', message: text }],
      notes: [text],
      removedCases: [text],
    })
    const markdown = reportMarkdown(report, { command: text })
    const dead = markdown.replace(/```text[\s\S]*?```/g, '')
    expect(aliveIn(dead).filter((token) => !/^(escape|hr)/.test(token))).toEqual([])
    for (const unseen of ['\u202E', '\u200B', '\u0007']) expect(markdown).not.toContain(unseen)
  })

  test('plain words stay as they are', () => {
    expect(inline('p95 of check-it is 3.00 s, at most 2%')).toBe('p95 of check-it is 3.00 s, at most 2%')
  })

  test('a terminal gets no control characters either', () => {
    expect(forTerminal('\u001b[31mred\u001b[0m | x')).toBe('[31mred [0m ¦ x')
  })
})

describe('JUnit XML', () => {
  test('holds cases and gates with their failures', async () => {
    const cases = [
      aCase(),
      failure,
      aCase({ name: 'later', verdict: 'inconclusive', notes: ['no ledger'] }),
      aCase({ name: 'skip', verdict: 'skipped' }),
    ]
    const xml = await reportJunit(
      aReport({ cases, gates: [{ gate: 'answers', verdict: 'failed', message: '1 failed' }] }),
    )
    expect(xml).toMatch(/<testsuite name="cases"[^>]* tests="4" failures="1" errors="1" skipped="1"/)
    expect(xml).toContain('$.amount: expected 100, got 200')
    expect(xml).toContain('<testcase classname="gate" name="answers">')
  })

  test('characters that XML cannot hold, and markup, are harmless', async () => {
    const xml = await reportJunit(aReport({ cases: [aCase({ name: '<b>&"\u0000\u001b\uD800' })] }))
    expect(xml).toContain('&lt;b>&amp;&quot;\uFFFD\uFFFD\uFFFD')
    for (const control of ['\u0000', '\u001b']) expect(xml).not.toContain(control)
  })

  test('what turns the letters around it, and what ends a section of text, is harmless', async () => {
    const text = 'a\u202eb\u2066c\u009bd ]]><failure/> e'
    const cases = [
      aCase({ ...failure, notes: [text], mismatches: [{ where: '$', expected: text, actual: 'x' }] }),
    ]
    const xml = await reportJunit(aReport({ cases }))
    expect(xml).toContain('a\uFFFDb\uFFFDc\uFFFDd')
    expect(xml).not.toMatch(/[\u202e\u2066\u009b]/)
    expect(xml).toContain('message="$: expected a\uFFFDb\uFFFDc\uFFFDd ]]>&lt;failure/> e, got x"')
    expect(xml).toContain(
      '<system-out><![CDATA[a\uFFFDb\uFFFDc\uFFFDd ]]]]><![CDATA[><failure/> e]]></system-out>',
    )
  })
})

describe('the chart of latency', () => {
  test('shows each read-only tool now and before, on one scale', () => {
    const chart = latencyChart([aRow({ p95: 200, before: 100 }), aRow({ tool: 'w', readOnly: false })], 3000)
    expect(chart.split('\n')).toEqual([
      `check now    ${'█'.repeat(32)} 200 ms`,
      `      before ${'█'.repeat(16)}${'·'.repeat(16)} 100 ms`,
    ])
  })

  test('marks what is over the limit', () => {
    expect(latencyChart([aRow({ p95: 3200 })], 3000)).toContain('3.20 s over the limit')
  })

  test('is empty where nothing was measured', () => {
    expect(latencyChart([], 3000)).toBe('')
  })

  test.each([
    [0.84, '0.8 ms'],
    [12.3, '12 ms'],
    [3249, '3.25 s'],
  ])('%s is written as %s', (value, text) => {
    expect(millis(value)).toBe(text)
  })
})

test('progress tells how many of how many', () => {
  expect(describeProgress({ phase: 'cases', done: 12, total: 50, name: 'a\u001b[2Jb' })).toBe(
    '12 of 50 cases: a[2Jb',
  )
  expect(describeProgress({ phase: 'samples', done: 50, total: 60, name: '' })).toBe('50 of 60 samples')
})

test.each([
  ['a terminal shows it', true],
  ['a log does not', false],
])('progress: %s', async (_name, isTTY) => {
  vi.stubEnv('NO_COLOR', undefined)
  const stream = Object.assign(new PassThrough(), {
    isTTY,
    clearLine: () => true,
    cursorTo: () => true,
    moveCursor: () => true,
  })
  const display = await progressDisplay(stream as unknown as NodeJS.WriteStream)
  display.show({ phase: 'cases', done: 1, total: 2, name: 'a' })
  display.stop()
  expect(stream.read() !== null).toBe(isTTY)
})
