import { randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Alert } from '../../src/decision/incidents/alert.ts'
import { logDrainHandler } from '../../src/server/log-drain.ts'
import { aPostgresUrl } from '../support/databases.ts'

/** The log drain, with the errors of a real Postgres in the form of Supabase's batches. */

const secret = 'a-secret-of-the-drain'
let server: Server
let address: string
let taken: { alert: Alert; delivery: string }[] = []
let logged: { level: string; said: string }[] = []
let stores: () => { owner: string; repo: string } | string = () => ({ owner: 'acme', repo: 'incidents' })

beforeAll(async () => {
  const write = (level: string) => (about: object, said: string) =>
    void logged.push({ level, said: `${said} ${JSON.stringify(about)}` })
  const handler = logDrainHandler({
    secret,
    takeIn: async (alert, delivery) => {
      taken.push({ alert, delivery })
      return stores()
    },
    now: () => new Date('2026-11-25T18:00:00Z'),
    log: { error: write('error'), info: write('info'), warn: write('warn') } as never,
  })
  server = createServer((request, response) => void handler(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})
beforeEach(() => {
  taken = []
  logged = []
  stores = () => ({ owner: 'acme', repo: 'incidents' })
})
afterAll(() => new Promise((resolve) => server.close(resolve)))

const send = (body: string | Buffer, headers: Record<string, string> = { 'x-release-gate-secret': secret }) =>
  fetch(address, { method: 'POST', body: new Uint8Array(Buffer.from(body)), headers }).then(
    ({ status }) => status,
  )
const aLine = (message: string, query?: string) => ({
  id: randomUUID(),
  event_message: message,
  timestamp: 1_764_093_600_000_000,
  metadata: [{ parsed: [{ sql_state_code: '42501', user_name: 'diner', query }] }],
})
const violation = aLine('new row violates row-level security policy for table "rewards"')

describe('what Postgres tells of row-level security', () => {
  const role = `t${randomUUID().replaceAll('-', '')}`
  let owner: pg.Client
  let errors: Record<string, { code: string; message: string }>
  let silent: (number | null)[]
  beforeAll(async () => {
    owner = new pg.Client({ connectionString: await aPostgresUrl() })
    await owner.connect()
    await owner.query(`
      create role ${role};
      create table rewards (diner text, amount int);
      create table private_notes (note text);
      insert into rewards values ('grace', 5);
      alter table rewards enable row level security;
      create policy own on rewards using (diner = current_user) with check (diner = current_user);
      grant select, insert, update, delete on rewards to ${role};
      set role ${role}`)
    const failing = async (sql: string) => {
      const error = await owner.query(sql).then(
        () => undefined,
        (thrown: pg.DatabaseError) => thrown,
      )
      return { code: error?.code ?? '', message: error?.message ?? '' }
    }
    errors = {
      insert: await failing(`insert into rewards values ('grace', 1)`),
      grant: await failing('select * from private_notes'),
    }
    const count = async (sql: string) => (await owner.query(sql)).rowCount
    silent = [
      await count('select * from rewards'),
      await count('update rewards set amount = 9'),
      await count('delete from rewards'),
    ]
  })
  afterAll(async () => {
    await owner.query(`reset role; drop owned by ${role}; drop role ${role}`)
    await owner.end()
  })

  test('a refused row is an alert', async () => {
    expect(errors.insert?.code).toBe('42501')
    expect(await send(JSON.stringify([aLine(errors.insert?.message ?? '')]))).toBe(202)
    expect(taken).toMatchObject([
      { alert: { source: 'supabase', severity: 'P1', id: 'row-level security rewards' } },
    ])
  })

  test('a missing grant has the same code, and is a warning in the log instead', async () => {
    expect(errors.grant?.code).toBe('42501')
    expect(await send(JSON.stringify([aLine(errors.grant?.message ?? '')]))).toBe(202)
    expect(taken).toEqual([])
    expect(logged).toMatchObject([{ level: 'warn', said: expect.stringContaining('private_notes') }])
  })

  test('refused reads, updates and deletes are silent: only a suite can find them', () => {
    expect(silent).toEqual([0, 0, 0])
  })
})

describe('a batch', () => {
  test('of 250 lines is one alert, packed or not', async () => {
    const batch = JSON.stringify(Array.from({ length: 250 }, () => violation))
    expect(await send(batch)).toBe(202)
    expect(await send(gzipSync(batch), { 'x-release-gate-secret': secret, 'content-encoding': 'gzip' })).toBe(
      202,
    )
    expect(taken.map(({ delivery }) => delivery)).toEqual([
      'rewards 2025-11-25T18:00',
      'rewards 2025-11-25T18:00',
    ])
  })

  test('shows nothing of a statement in the alert or in the log', async () => {
    const query = `insert into rewards values ('ada@diners.example', 4242)`
    expect(await send(JSON.stringify([aLine(violation.event_message, query)]))).toBe(202)
    expect(JSON.stringify([taken, logged])).not.toMatch(/ada@|4242/)
  })

  test.each([
    ['another secret', { 'x-release-gate-secret': `${secret}x` }],
    ['the beginning of the secret', { 'x-release-gate-secret': secret.slice(0, -1) }],
    ['no secret', {}],
  ])('with %s is refused', async (_, headers) => {
    expect(await send(JSON.stringify([violation]), headers as Record<string, string>)).toBe(401)
    expect(taken).toEqual([])
  })

  test('that is too large is refused, also where only its content is', async () => {
    const line = JSON.stringify([violation, 'x'.repeat(9 * 1024 * 1024)])
    expect(await send(line).catch(() => 413)).toBe(413)
    expect(await send(gzipSync(line), { 'x-release-gate-secret': secret, 'content-encoding': 'gzip' })).toBe(
      413,
    )
    expect(taken).toEqual([])
  })

  test.each(['not JSON', '{}', '"text"'])(
    'that cannot be read is taken with an alert in the log: %s',
    async (body) => {
      expect(await send(body)).toBe(202)
      expect(logged).toMatchObject([{ level: 'error', said: expect.stringContaining('could not be read') }])
    },
  )

  test('that has nowhere to go is asked for again', async () => {
    stores = () => 'No policy names an incident repository.'
    expect(await send(JSON.stringify([violation]))).toBe(503)
    expect(logged.map(({ said }) => said).join()).toContain('nowhere to go')
  })
})
