import { expect, test } from 'vitest'
import { storedList } from '../../src/regression/contract-check.ts'
import { aTool, type Script, textResult } from '../support/mcp-server.ts'
import { aSuite, gateOf, runAgainst } from '../support/regression-run.ts'

/** A server that counts how many calls are under way, and holds each until others had the time to come. */
function counting(answer: (name: unknown) => unknown = () => textResult('fine')) {
  const seen = { now: 0, most: 0, whileWriting: 0, order: [] as string[] }
  let writing = false
  const call: Script['call'] = async ({ message }) => {
    const name = String((message.params?.arguments as { n?: unknown } | undefined)?.n ?? message.params?.name)
    seen.order.push(name)
    seen.now += 1
    seen.most = Math.max(seen.most, seen.now)
    if (message.params?.name === 'write') writing = true
    if (writing) seen.whileWriting = Math.max(seen.whileWriting, seen.now)
    await new Promise((resolve) => setTimeout(resolve, 20))
    if (message.params?.name === 'write') writing = false
    seen.now -= 1
    return answer(name)
  }
  return { seen, call, tools: [aTool('read'), aTool('write', { annotations: {} })] }
}

const reads = (count: number) =>
  Array.from(
    { length: count },
    (_value, n) => `  - { name: read-${n}, tool: read, args: { n: "${n}" } }`,
  ).join('\n')
const floors = 'gates: { samples: { per_tool: 12, total: 12 } }'

test('read-only cases run so many at a time, in sessions of their own; the report has them in their order', async () => {
  const { seen, call, tools } = counting()
  let sessions = 0
  const initialize = () => {
    sessions += 1
    return {
      protocolVersion: '2025-11-25',
      serverInfo: { name: 's', version: '1' },
      capabilities: { tools: {} },
    }
  }
  const { report } = await runAgainst({ call, tools, initialize }, aSuite(reads(6), floors), {
    concurrency: 3,
  })
  expect([report.verdict, seen.most, sessions]).toEqual(['passed', 3, 4])
  expect(report.cases.map(({ name }) => name)).toEqual([0, 1, 2, 3, 4, 5].map((n) => `read-${n}`))
  expect(report.errors.calls).toBeGreaterThanOrEqual(12)
})

test('what may write runs alone', async () => {
  const { seen, call, tools } = counting()
  const writes = [0, 1].map((n) => `  - { name: write-${n}, tool: write, writes: true }`).join('\n')
  const { report } = await runAgainst({ call, tools }, aSuite(`${writes}\n${reads(4)}`, floors), {
    concurrency: 4,
  })
  expect([report.verdict, seen.whileWriting]).toEqual(['passed', 1])
  expect(seen.most).toBeGreaterThan(1)
})

test('one call at a time where nothing is said, in the order of the suite', async () => {
  const { seen, call, tools } = counting()
  await runAgainst({ call, tools }, aSuite(reads(3)))
  expect([seen.most, seen.order.slice(1)]).toEqual([1, ['0', '1', '2']])
})

test('latency is marked as measured under load: neither compared with the last release nor recorded for the next', async () => {
  const { call, tools } = counting()
  const baseline = storedList(
    JSON.stringify({
      version: 1,
      recordedAt: '2026-11-01T00:00:00.000Z',
      server: { name: 's', version: '1' },
      protocolVersion: '',
      capabilities: {},
      pinned: { capabilities: {}, login: 'none' },
      tools,
      latency: { read: 1 },
    }),
  )
  const suite = aSuite(reads(4), floors)
  const loaded = await runAgainst({ call, tools }, suite, { concurrency: 2, baseline })
  expect(loaded.report.concurrency).toBe(2)
  expect(loaded.report.gates.find(({ gate }) => gate === 'latency')?.message).toContain(
    'measured under load (2 calls at a time), not compared with the last release',
  )
  expect([loaded.report.tools[0]?.before, loaded.recorded?.latency]).toEqual([undefined, {}])
  const alone = await runAgainst({ call, tools }, suite, { baseline })
  expect([alone.report.concurrency, alone.report.tools[0]?.before]).toEqual([undefined, 1])
  expect(alone.recorded?.latency).toHaveProperty('read')
})

test('a wrong answer is reported for the case that got it', async () => {
  const { call, tools } = counting((name) => textResult(name === '2' ? 'wrong' : 'fine'))
  const cases = reads(5).replaceAll(' } }', ' }, expect: { text: fine } }')
  const { report } = await runAgainst({ call, tools }, aSuite(cases, floors), { concurrency: 5 })
  expect(report.cases.filter(({ verdict }) => verdict === 'failed').map(({ name }) => name)).toEqual([
    'read-2',
  ])
})

test('a server that dies stops all of them, and the run is inconclusive', async () => {
  let calls = 0
  const call: Script['call'] = ({ response }) => {
    calls += 1
    return calls > 3 ? void response.writeHead(401).end() : textResult('fine')
  }
  const { report } = await runAgainst({ call }, aSuite(reads(40)), { concurrency: 4 })
  expect([report.verdict, gateOf(report, 'connection')]).toEqual(['inconclusive', 'inconclusive'])
  expect(calls).toBeLessThan(12)
})
