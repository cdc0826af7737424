import { describe, expect, test } from 'vitest'
import { readOperator } from '../../src/regression/operator.ts'
import { checkIsolated } from '../../src/regression/staging-data.ts'
import type { Ledger } from '../../src/services/ledger.ts'
import { readServers } from '../../src/settings/servers.ts'
import { textResult } from '../support/mcp-server.ts'
import { aLedger, aSuite, gateOf, readCase, runAgainst } from '../support/regression-run.ts'

const entry = { table: 'rewards', as: 'tenantb', where: {} }
const rows = [{ amount: '1' }, { amount: '2' }]
const refused = aLedger({ ok: false, cause: 'refused', message: 'the ledger rejects the key' })
const checked = async (own: Ledger | undefined, other: Ledger | undefined) => {
  const as = new Map(other ? [['tenantb', other]] : [])
  const { verdict, message } = await checkIsolated(entry, { own, as, variables: new Map() })
  return { verdict, message }
}

describe('rows of another tenant', () => {
  test('that come back empty pass', async () => {
    expect(await checked(aLedger(rows), aLedger([]))).toEqual({
      verdict: 'passed',
      message: 'tenantb sees none of 2 rows',
    })
  })

  test('that come back fail', async () => {
    expect(await checked(aLedger(rows), aLedger(rows.slice(1)))).toEqual({
      verdict: 'failed',
      message: 'tenantb sees 1 of 2 rows',
    })
  })

  test.each([
    ['where there are none', aLedger([]), aLedger([]), 'an empty answer to the other says nothing'],
    ['where the other key is refused', aLedger(rows), refused, 'as tenantb: the ledger rejects the key'],
    ['where the own key is refused', refused, aLedger([]), 'the ledger rejects the key'],
    ['without a ledger', undefined, aLedger([]), 'no ledger is configured'],
    ['without the other key', aLedger(rows), undefined, 'set LEDGER_KEY_AS_TENANTB'],
  ])('are inconclusive %s', async (_, own, other, message) => {
    expect(await checked(own, other)).toEqual({
      verdict: 'inconclusive',
      message: expect.stringContaining(message),
    })
  })

  test('are found by a variable, which is filled in', async () => {
    const owned = aLedger([{ owner: 'own' }, { owner: 'another' }])
    const where = 'isolated: [ { table: rewards, as: tenantb, where: { owner: "$' + '{SUITE_OWNER}" } } ]'
    const suite = aSuite(readCase, `gates: { samples: { per_tool: 1, total: 1 } }\n${where}`)
    const { report } = await runAgainst({}, suite, {
      variables: new Map([['SUITE_OWNER', 'own']]),
      ledger: {
        ...owned,
        count: async (_table, wanted) => ({ ok: true, value: wanted.owner === 'own' ? 1 : 0 }),
      },
      ledgersAs: new Map([['tenantb', aLedger([])]]),
    })
    expect(report.data[0]).toMatchObject({ verdict: 'passed', message: 'tenantb sees none of 1 rows' })
  })

  test('are a part of the regression, which fails with them', async () => {
    const suite = aSuite(
      readCase,
      'gates: { samples: { per_tool: 1, total: 1 } }\nisolated: [ { table: rewards, as: tenantb } ]',
    )
    const call = () => textResult('{}')
    const { report } = await runAgainst({ call }, suite, {
      ledger: aLedger(rows),
      ledgersAs: new Map([['tenantb', aLedger(rows)]]),
    })
    expect([gateOf(report, 'data'), report.verdict]).toEqual(['failed', 'failed'])
    expect(report.summary).toContain('isolated rewards as tenantb')
  })
})

test('the key of another tenant comes from the operator, by its name, and is a secret', () => {
  const given = {
    SERVER_STAGING_URL: 'https://staging.example/mcp',
    SERVER_STAGING_REPOSITORIES: 'acme/shop',
    SERVER_STAGING_LEDGER_URL: 'https://db.example',
    SERVER_STAGING_LEDGER_KEY: 'own-key',
    SERVER_STAGING_LEDGER_KEY_AS_TENANTB: 'other-key',
  }
  const { servers, problems } = readServers(given)
  expect(problems).toEqual([])
  const read = readOperator(servers.get('staging')?.operator ?? {})
  expect(read.ok && [...read.operator.ledgerKeysAs]).toEqual([['tenantb', 'other-key']])
  expect(read.ok && read.operator.secrets).toContain('other-key')
  expect(readServers({ ...given, SERVER_STAGING_LEDGER_KEY_FOR_B: 'x' }).problems).toHaveLength(1)
})
