import { describe, expect, test } from 'vitest'
import { regressionSettings } from '../../src/decision/regression-settings.ts'
import { readOperator } from '../../src/regression/operator.ts'
import { exactNumber } from '../../src/services/mcp.ts'
import { type Around, newThread, type RunApart, runApart } from '../../src/staging/run-apart.ts'
import { aTool, type Script, startScripted, textResult } from '../support/mcp-server.ts'

const settings = regressionSettings.parse({ limits: { per_tool: 1, total: 1 } })
const suiteOf = (expected: string) => `version: 1\ncases:\n  - { name: it reads, tool: read${expected} }\n`

/** Runs a suite against a server in a thread. */
async function run(script: Script, text: string, more: Partial<RunApart & Around> = {}) {
  const server = await startScripted({ tools: [aTool('read')], call: () => textResult('ok'), ...script })
  const operator = readOperator({})
  if (!operator.ok) throw new Error(operator.message)
  const staging = {
    ...{ name: 'staging', url: server.url, repositories: [], writesAllowed: false, declared: undefined },
    ...{ databaseUrl: undefined, operator: {}, variables: new Map([['SUITE_WORD', 'ok']]) },
  }
  const task = {
    ...{ settings, server: staging, operator: operator.operator, sha: 'a'.repeat(40), runId: 'run-1' },
    ...{ deployment: undefined, baseline: undefined, baseTexts: undefined, runbooks: undefined },
    ...{ texts: [{ file: 'suite.yml', text }], at: new Date('2026-11-25T18:00:00Z') },
    ...more,
  }
  const around = {
    ...{ readHead: async () => undefined, signal: new AbortController().signal, onProgress: () => undefined },
    ...{ patience: 60_000, ...more },
  }
  const { readHead, signal, onProgress, patience, startThread, ...plain } = { ...task, ...around }
  try {
    return await runApart(plain, { readHead, signal, onProgress, patience, startThread })
  } finally {
    await server.close()
  }
}

const deep = (levels: number): unknown => (levels === 0 ? 1 : { a: deep(levels - 1), b: 1 })
const doubling = Object.fromEntries(
  Array.from({ length: 40 }, (_, level) => {
    const next = { $ref: `#/$defs/d${level + 1}` }
    return [`d${level}`, level === 39 ? { type: 'object' } : { allOf: [next, next] }]
  }),
)
const answering = (structuredContent: unknown) => ({ call: () => textResult('ok', { structuredContent }) })

describe('a run that never ends is ended', () => {
  test.each<[string, Script, string]>([
    [
      'a pattern of a JSONPath that backtracks',
      answering([{ x: 'a'.repeat(50) }]),
      `, expect: { json: { "$[?search(@.x, '^(a|a)*b$')]": { absent: true } } }`,
    ],
    [
      'a JSONPath of many descendants',
      answering(deep(200)),
      ', expect: { json: { "$..*..*..*..*..*..*": { count: 1 } } }',
    ],
    [
      'a schema that doubles with each level',
      {
        tools: [aTool('read', { outputSchema: { type: 'object', $ref: '#/$defs/d0', $defs: doubling } })],
        ...answering({}),
      },
      '',
    ],
    [
      'a large pattern over a large text',
      { call: () => textResult(`${'a'.repeat(900_000)}!`) },
      `, expect: { text: { matches: '(\\w?){490}!$' } }`,
    ],
  ])('by %s', async (_name, script, expected) => {
    const ended = await run(script, suiteOf(expected), { patience: 1_500 })
    expect(ended).toEqual({ ended: expect.stringContaining('takes longer than 1.5 s to evaluate') })
  })

  test('by one that needs too much memory', async () => {
    const fifty = <Item>(item: Item) => Array.from({ length: 50 }, () => item)
    const path = '$[*,*,*,*,*,*][*,*,*,*,*,*][*,*,*,*,*,*]'
    const ended = await run(
      answering(fifty(fifty(fifty(1)))),
      suiteOf(`, expect: { json: { "${path}": 1 } }`),
    )
    expect(ended).toEqual({ ended: expect.stringContaining('MB of memory') })
  })
})

describe('any other run', () => {
  test('gives its report and the list of tools, with numbers as the server writes them', async () => {
    const maximum = exactNumber('12345678901234567890.50')
    const inputSchema = { type: 'object', properties: { id: { type: 'number', maximum } } }
    const evaluated = await run(
      { tools: [aTool('read', { inputSchema })] },
      suiteOf(', args: { id: "\u0024{SUITE_WORD}" }, expect: { text: ok }'),
    )
    expect(evaluated).toMatchObject({
      report: {
        ...{ runId: 'run-1', verdict: 'passed', startedAt: expect.stringContaining('2026-11-25T18:00') },
        changedParts: ['not known: the default branch has no suite that can be read'],
      },
      recorded: expect.stringContaining('"maximum":12345678901234567890.50'),
      suiteRead: true,
    })
  })

  test('may wait longer for the server than it may be silent', async () => {
    const call = async () => {
      await new Promise((resolve) => setTimeout(resolve, 4_500))
      return textResult('ok')
    }
    const evaluated = await run({ call }, suiteOf(', expect: { text: ok }'), {
      settings: { ...settings, limits: { ...settings.limits, p95: '9s' } },
      patience: 3_000,
    })
    expect(evaluated).toMatchObject({ report: { verdict: 'passed' } })
  })

  test('fails by a suite that is not valid', async () => {
    expect(await run({}, 'version: 2')).toMatchObject({
      report: { verdict: 'failed', summary: expect.stringContaining('suite.yml:1:10') },
      suiteRead: false,
    })
  })

  test('stops when it is told to', async () => {
    const stopped = new AbortController()
    const call = () => {
      stopped.abort()
      return new Promise(() => undefined)
    }
    const evaluated = await run({ call }, suiteOf(''), { signal: stopped.signal })
    expect(evaluated).toMatchObject({
      report: { verdict: 'inconclusive', summary: expect.stringContaining('the run was stopped') },
    })
  })

  test('may follow another one in its thread, which what stopped that one does not stop', async () => {
    const { worker } = newThread()
    const startThread = () => ({ worker, end: async () => undefined })
    const stopped = AbortSignal.abort()
    const failed = await run({}, suiteOf(', expect: { text: other }'), { startThread })
    expect(failed).toMatchObject({ report: { verdict: 'failed' } })
    const halted = await run({}, suiteOf(''), { startThread, signal: stopped })
    expect(halted).toMatchObject({ report: { verdict: 'inconclusive' } })
    const passed = await run({}, suiteOf(', expect: { text: ok }'), { startThread })
    expect(passed).toMatchObject({ report: { verdict: 'passed' } })
    await worker.terminate()
  })

  test('leaves no thread behind', async () => {
    const threads: ReturnType<typeof newThread>[] = []
    const startThread = () => {
      const thread = newThread()
      threads.push(thread)
      return thread
    }
    await run({}, suiteOf(''), { startThread })
    expect(threads.map(({ worker }) => worker.threadId)).toEqual([-1])
  })

  test('that cannot start for want of a file of the head is repeated: the error is the one of GitHub', async () => {
    const unreachable = new Error('GitHub answered 502')
    const readHead = () => Promise.reject(unreachable)
    await expect(run({}, suiteOf(', expect: { snapshot: true }'), { readHead })).rejects.toBe(unreachable)
  })
})
