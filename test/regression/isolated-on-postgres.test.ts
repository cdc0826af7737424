import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sourcesOf } from '../../src/regression/open-sessions.ts'
import { readOperator } from '../../src/regression/operator.ts'
import { checkIsolated } from '../../src/regression/staging-data.ts'
import { answerRest } from '../../src/sandbox/staging/rest.ts'
import { aPostgresUrl } from '../support/databases.ts'

describe('row-level security of a real Postgres', () => {
  const [reader, tenant] = ['r', 'b'].map((name) => `${name}${randomUUID().replaceAll('-', '')}`)
  let client: pg.Client
  let url: string
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://rest')
    const role = request.headers.authorization === 'Bearer token-of-b' ? tenant : reader
    await client.query(`set role ${role}`)
    // The part of a PGlite that the sandbox's PostgREST asks.
    const db = { query: (sql: string, values: string[]) => client.query(sql, values) }
    const { status, headers } = await answerRest(db as unknown as PGlite, 'anon', {
      ...{ method: request.method ?? 'GET', path: pathname, query: searchParams },
      ...{ apiKey: String(request.headers.apikey), prefer: String(request.headers.prefer) },
    })
    await client.query('reset role')
    response.writeHead(status, headers).end()
  })
  beforeAll(async () => {
    client = new pg.Client({ connectionString: await aPostgresUrl() })
    await client.connect()
    await client.query(`
      create role ${reader}; create role ${tenant};
      create table reward_ledger (diner_wallet text);
      insert into reward_ledger values ('${reader}'), ('${reader}');
      grant select on reward_ledger to ${reader}, ${tenant}`)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve))
    await client.query(`drop owned by ${reader}, ${tenant}; drop role ${reader}, ${tenant}`)
    await client.end()
  })
  const seen = async () => {
    const read = readOperator({ LEDGER_URL: url, LEDGER_KEY: 'anon', LEDGER_KEY_AS_B: 'token-of-b' })
    if (!read.ok) throw new Error(read.message)
    const { ledger: own, ledgersAs: as } = await sourcesOf(read.operator, new AbortController().signal)
    return (
      await checkIsolated({ table: 'reward_ledger', as: 'b', where: {} }, { own, as, variables: new Map() })
    ).verdict
  }

  test('that is off shows the rows to both, and fails', async () => {
    expect(await seen()).toBe('failed')
  })

  test('that is on, with a policy, hides them from the other', async () => {
    await client.query(`
      alter table reward_ledger enable row level security;
      create policy own on reward_ledger using (diner_wallet = current_user)`)
    expect(await seen()).toBe('passed')
  })
})
