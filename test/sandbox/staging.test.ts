import { readFileSync } from 'node:fs'
import type { PGlite } from '@electric-sql/pglite'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Baseline } from '../../src/regression/contract-check.ts'
import { createRedactor } from '../../src/regression/redaction.ts'
import type { RunReport } from '../../src/regression/report-schema.ts'
import { runRegression } from '../../src/regression/run.ts'
import type { RunInput } from '../../src/regression/run-input.ts'
import { readSuite } from '../../src/regression/suite-file.ts'
import type { Suite } from '../../src/regression/suite-schema.ts'
import { type Staging, sandboxDiner, startStaging } from '../../src/sandbox/staging/start.ts'
import { openLedger } from '../../src/services/ledger.ts'
import { openReceipts } from '../../src/services/receipts.ts'
import { aBarePglite } from '../support/databases.ts'
import { opened } from '../support/mcp-server.ts'
import { anInput, aSuite, gateOf } from '../support/regression-run.ts'

let database: PGlite
let staging: Staging
beforeAll(async () => {
  database = await aBarePglite()
})
afterAll(() => database.close())
beforeEach(async () => {
  staging = await startStaging({ database, version: 'head-1' })
  await database.exec('truncate reward_ledger, chain_receipts')
})
afterEach(() => staging.close())

const cases = `
  - name: an eligible diner can be rewarded
    tool: check_reward_eligibility
    args: { diner_wallet: "\${SUITE_DINER}", restaurant_id: r-1 }
    expect: { json: { $.eligible: true } }
  - name: an unknown diner is a tool error
    tool: check_reward_eligibility
    args: { diner_wallet: nope, restaurant_id: r-1 }
    expect: { status: tool_error, text: { matches: "not found" } }
  - name: the statistics are numbers
    tool: reward_statistics
    expect: { json: { $.total_amount: { gte: 0 } } }
  - name: a reward is issued once
    writes: true
    steps:
      - tool: issue_reward
        args: { diner_wallet: "\${SUITE_DINER}", idempotency_key: "\${run.id}-1" }
        capture: { reward_id: { path: $.reward_id, redact: true }, tx_hash: { path: $.tx_hash } }
        expect: { json: { $.reward_id: { any: uuid }, $.amount: { gte: 1 } } }
      - repeat_previous: true
    verify:
      ledger: { table: reward_ledger, where: { idempotency_key: "\${run.id}-1" }, within: 0ms, expect: { rows: 1, sum: { amount: 100 } } }
      receipt: { hash: "\${tx_hash}", within: 0ms }
    cleanup: [ { tool: void_reward, args: { reward_id: "\${reward_id}" } } ]`
/** Wide limits by default: the machine may be busy, and only two of the modes are about time. */
const more = ({ timeout = '20s', p95 = '10s' } = {}) => `
defaults: { timeout: ${timeout}, max_total: 60s }
gates: { latency: { p95: ${p95} }, samples: { per_tool: 5, total: 10 } }
reconcile:
  - { name: totals, tool: reward_statistics, value: $.total_amount, equals: { ledger: { table: reward_ledger, where: { status: issued }, sum: amount } } }
sanitized: [ { table: diners, columns: [email, phone] } ]`

async function regress(given: Partial<RunInput> = {}, suite: Suite = aSuite(cases, more())) {
  return runRegression(
    anInput(staging.url, suite, {
      variables: new Map([['SUITE_DINER', sandboxDiner]]),
      redactor: createRedactor([staging.ledger.key]),
      ledger: openLedger(staging.ledger),
      receipts: openReceipts({ url: staging.receiptsUrl }),
      ...given,
    }),
  )
}

function failing(report: RunReport): string[] {
  return report.gates
    .filter(({ verdict }) => verdict !== 'passed')
    .map(({ gate, verdict }) => `${gate} ${verdict}`)
}

test('the whole suite passes on a sound server, which reports the head as its version', async () => {
  const { report } = await regress({ expectVersion: 'head-1' })
  expect([report.verdict, failing(report)]).toEqual(['passed', []])
  expect(report.cases.at(-1)?.notes).toEqual(['1 row in reward_ledger', 'receipt success'])
  expect(report.server).toMatchObject({ name: 'foodyepay-rewards', version: 'head-1' })
})

test('the example suite passes as it is written', async () => {
  const file = new URL('../../examples/mcp-regression.yml', import.meta.url)
  const result = readSuite(readFileSync(file, 'utf8'), 'mcp-regression.yml')
  if (!result.ok) throw new Error('the example is not valid')
  const { report } = await regress({}, result.value)
  expect([report.verdict, failing(report)]).toEqual(['passed', []])
})

test('cleaning up voids the reward', async () => {
  await regress()
  const { rows } = await database.query('select status from reward_ledger')
  expect(rows).toEqual([{ status: 'void' }])
})

describe('every mode breaks what it says, and recovers', () => {
  test.each<[string, Parameters<Staging['setModes']>[0], string[]]>([
    ['slow', { slow: 160 }, ['latency failed']],
    ['erring at a set rate', { erring: 0.2 }, ['answers failed', 'errors failed']],
    ['double issuance', { issuance: 'double' }, ['ledger failed']],
    ['leaking a secret', { leaking: true }, []],
  ])('%s', async (_name, modes, expected) => {
    staging.setModes(modes)
    const slow = 'slow' in modes ? aSuite(cases, more({ p95: '150ms' })) : undefined
    const { report } = await regress({}, slow)
    expect(failing(report)).toEqual(expect.arrayContaining(expected))
    expect(report.verdict).toBe(expected.length > 0 ? 'failed' : 'passed')
    staging.setModes({})
    expect((await regress({ runId: 'run-2' })).report.verdict).toBe('passed')
  })

  test('contract changed: stopped by its changes, and the repair passes', async () => {
    const sound = (await regress()).recorded as Baseline
    staging.setModes({ contract: 'changed' })
    const broken = await regress({ baseline: sound })
    expect(gateOf(broken.report, 'contract')).toBe('failed')
    const rules = broken.report.contract.changes.filter(({ severity }) => severity === 'breaking')
    expect(rules.map(({ tool, path }) => `${tool} ${path}`)).toEqual(
      expect.arrayContaining(['issue_reward /campaign', 'issue_reward /amount']),
    )
    staging.setModes({})
    staging.deploy('head-2')
    const mended = await regress({ baseline: sound, expectVersion: 'head-2' })
    expect([mended.report.verdict, mended.report.contract.changes]).toEqual(['passed', []])
  })

  test('lost reply after commit: the idempotent tool is tried again, and the ledger holds one row', async () => {
    staging.setModes({ reply: 'lost' })
    const { report } = await regress()
    const issued = report.cases.at(-1)
    expect(issued).toMatchObject({ verdict: 'failed', attempts: 3 })
    expect(issued?.notes).toContain('the reply was lost; the ledger shows 1 row in reward_ledger')
    expect(report.cases.slice(0, 3).every(({ verdict }) => verdict === 'passed')).toBe(true)
  })

  test('huge answer: cut off, not taken in', async () => {
    staging.setModes({ answer: 'huge' })
    const session = await opened(staging.url)
    expect(await session.callTool('reward_statistics', {})).toMatchObject({ cause: 'too_large' })
    await session.close()
  })

  test('hung: could not be evaluated, at its timeout', async () => {
    staging.setModes({ hung: true })
    const { report } = await regress({}, aSuite(cases, more({ timeout: '400ms' })))
    expect(report).toMatchObject({
      verdict: 'inconclusive',
      summary: expect.stringContaining('no answer within the time allowed'),
    })
  })

  test('dying: could not be evaluated, never a regression', async () => {
    staging.setModes({ dying: 3 })
    const { report } = await regress()
    expect(report.verdict).toBe('inconclusive')
    expect(report.summary).toContain('the server died during the run')
    staging.setModes({})
    expect((await regress()).report.verdict).toBe('passed')
  })

  test('HTML: could not be evaluated', async () => {
    staging.setModes({ html: true })
    expect((await regress()).report).toMatchObject({
      verdict: 'inconclusive',
      summary: expect.stringContaining('web page'),
    })
  })

  test('a leaked secret is in no report, and the report says that one was there', async () => {
    staging.setModes({ leaking: true })
    const output = await regress(
      {},
      aSuite(`${cases}\n  - { name: wrong, tool: reward_statistics, expect: { text: nothing } }`, more()),
    )
    expect(JSON.stringify(output)).not.toMatch(/sb_secret_sandbox/)
    expect(output.report.notes).toEqual([expect.stringMatching(/look like secrets/)])
  })
})

describe('the ledger endpoint answers as PostgREST does', () => {
  const ledger = () => openLedger(staging.ledger)

  test('reads, filters, counts and finds the newest', async () => {
    await regress()
    expect(await ledger().count('reward_ledger', { status: 'void' })).toEqual({ ok: true, value: 1 })
    expect(await ledger().count('reward_ledger', { status: 'issued' })).toEqual({ ok: true, value: 0 })
    expect(await ledger().rows('reward_ledger', ['amount'], {})).toEqual({
      ok: true,
      value: [{ amount: '100' }],
    })
    expect(await ledger().newest('diners', 'created_at')).toMatchObject({
      ok: true,
      value: expect.stringMatching(/^20/),
    })
    expect(await ledger().rows('diners', ['email'], { phone: null })).toMatchObject({
      ok: true,
      value: [{ email: 'ada@diners.example' }, {}],
    })
  })

  test.each([
    ['another key', () => openLedger({ ...staging.ledger, key: 'other' }).count('diners', {}), 'refused'],
    ['an unknown table', () => ledger().rows('secrets', ['a'], {}), 'missing'],
    ['an unknown column', () => ledger().rows('diners', ['password'], {}), 'missing'],
  ])('%s is refused', async (_name, ask, cause) => {
    expect(await ask()).toMatchObject({ ok: false, cause })
  })

  test('nothing can be written', async () => {
    const headers = { apikey: staging.ledger.key }
    const response = await fetch(`${staging.ledger.url}/rest/v1/diners`, { method: 'DELETE', headers })
    expect(response.status).toBe(403)
    expect(await ledger().count('diners', {})).toEqual({ ok: true, value: 2 })
  })
})

test('the chain endpoint knows no other method, and no receipt that was not issued', async () => {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_accounts', params: [] })
  const response = await fetch(staging.receiptsUrl, { method: 'POST', body })
  expect(await response.json()).toMatchObject({ error: { code: -32601 } })
  expect(await openReceipts({ url: staging.receiptsUrl }).status('0xabc')).toEqual({
    ok: true,
    status: 'pending',
  })
})
