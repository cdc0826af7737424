import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { readiness } from '../../src/bot/readiness.ts'
import { logVerdict } from '../../src/gate/verdict-log.ts'
import { metricsHandler } from '../../src/server/metrics.ts'
import { countedFetch, metrics } from '../../src/services/metrics.ts'
import { saveAnchor } from '../../src/store/audit/anchors.ts'
import { appendRecord } from '../../src/store/audit.ts'
import { openDatabase } from '../../src/store/database/open.ts'
import type { Database } from '../../src/store/database.ts'
import { keepValidPolicy } from '../../src/store/policies.ts'
import { openQueue, type Queue } from '../../src/store/queue.ts'
import { aPostgresUrl, asClient } from '../support/databases.ts'
import { aLog, aPull } from '../support/queues.ts'
import { shaOf } from '../support/snapshot.ts'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const token = 'a-token-for-prometheus'

let database: Database
let queue: Queue
let url: string
let postgres: string
let close: () => void
beforeAll(async () => {
  // Another test file may have counted in this process.
  metrics.resetMetrics()
  postgres = await aPostgresUrl()
  database = await openDatabase({ url: postgres })
  queue = await openQueue({ database, log: aLog().log })
  const handler = metricsHandler({ database, token })
  const server = createServer((request, response) => void handler(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`
  close = () => server.close()
})
afterAll(async () => {
  close()
  await queue.stop()
  await database.close()
})

const scrape = async () => (await fetch(url)).text()
/** The names of metrics that an expression uses; those of a histogram without their ending. */
const namesIn = (expression: string) =>
  [...expression.matchAll(/release_gate_\w+/g)].map(([name]) => name.replace(/_bucket$/, ''))

describe('GET /metrics', () => {
  test('has the depth and age of the queues, the green checks, exceptions, overdue reviews and stale changes', async () => {
    await queue.enqueueEvaluate(aPull())
    await database.query(
      `INSERT INTO release_gate.check_runs (installation_id, repository_id, owner, repo, head_sha, external_id, state, title, digest, posted_at, outstanding)
       VALUES (1, 2, 'octo-org', 'shop', 'a', 'x', 'passed', '', '', now(), true)`,
    )
    await database.query(
      `INSERT INTO release_gate.landings (installation_id, repository_id, key, owner, repo, landed_at, record_seq, exception, urgent, review, due_at, notice)
       VALUES (1, 2, '#1', 'octo-org', 'shop', now(), 1, true, false, '{}', now() - interval '1 hour', '{}'),
              (1, 2, '#2', 'octo-org', 'shop', now(), 2, false, false, NULL, NULL, '{}')`,
    )
    const text = await scrape()
    for (const line of [
      'release_gate_queue_jobs{queue="evaluate",state="due"} 1',
      'release_gate_green_checks 1',
      'release_gate_merged_changes 2',
      'release_gate_exceptions 1',
      'release_gate_overdue_reviews 1',
      'release_gate_dead_letters 0',
      'release_gate_oldest_change_seconds 0',
    ])
      expect(text).toContain(`${line}\n`)
    expect(text).not.toContain('octo-org')
  })

  test('tells how long the oldest record of any chain waits for its anchor', async () => {
    const age = async () => Number(/^release_gate_anchor_age_seconds (\S+)$/m.exec(await scrape())?.[1])
    const hours = (count: number) => new Date(Date.now() - count * 3_600_000)
    const chain = async (installationId: number, ages: number[]) => {
      for (const age of ages)
        await appendRecord(database, { installationId, kind: 'decided', at: hours(age), body: {} })
    }
    const anchor = async (installationId: number, seq: number) =>
      saveAnchor(database, {
        installationId,
        seq,
        hash: 'f'.repeat(64),
        at: new Date(),
        owner: 'a',
        repo: 'b',
        issue: 1,
      })
    const policy = { text: 'gates: {}', blob: 'b' }
    for (const installationId of [11, 12])
      await keepValidPolicy(
        database,
        { installationId, repositoryId: installationId, owner: 'a', repo: 'b' },
        policy,
      )
    await chain(11, [90, 30, 5])
    await chain(12, [70])
    // Its App is not installed anymore.
    await chain(13, [200])
    expect(await age()).toBeCloseTo(90 * 3_600, -2)
    await anchor(11, 2)
    expect(await age()).toBeCloseTo(70 * 3_600, -2)
    await anchor(12, 1)
    expect(await age()).toBeCloseTo(5 * 3_600, -2)
    await anchor(11, 3)
    expect(await age()).toBe(0)
  })

  test('counts requests to GitHub and keeps what it says is left', async () => {
    const answer = new Response('', {
      status: 403,
      headers: { 'x-ratelimit-remaining': '17', 'x-ratelimit-resource': 'graphql' },
    })
    await countedFetch(async () => answer)('https://api.github.example')
    const text = await scrape()
    expect(text).toContain('release_gate_github_requests_total{status="403"} 1')
    expect(text).toContain('release_gate_github_remaining{resource="graphql"} 17')
  })

  test.each<[string, Record<string, string>, number]>([
    ['from the same machine', {}, 200],
    ['with the token', { authorization: `Bearer ${token}`, 'x-forwarded-for': '203.0.113.9' }, 200],
    ['through a proxy without it', { 'x-forwarded-for': '203.0.113.9' }, 401],
    ['with another token', { authorization: 'Bearer another-token-of-22-ch' }, 401],
  ])('is answered %s: %j → %i', async (_, headers, status) => {
    expect((await fetch(url, { headers })).status).toBe(status)
  })
})

describe('the line of the log about a verdict', () => {
  test('tells repository, pull request, head, from, to, why and how long it took, and counts it', () => {
    const { log, lines } = aLog()
    const report = { title: 'Waiting for 1 approval' }
    const after = { pull: aPull(), headSha: shaOf('a'), state: 'waiting', report }
    const deliveries = ['b4e0c2d0-0001']
    logVerdict(log, { state: 'passed' }, after as never, { deliveries, ms: 12, after: 80 })
    expect(lines).toMatchObject([
      {
        msg: 'A verdict changed',
        repository: 'octo-org/shop',
        pull: 7,
        head: shaOf('a'),
        from: 'passed',
        to: 'waiting',
        why: 'Waiting for 1 approval',
        deliveries,
        ms: 12,
        after: 80,
      },
    ])
  })
})

describe('examples/monitoring', () => {
  type Rules = { groups: { rules: { alert: string; expr: string; annotations: { summary: string } }[] }[] }
  const { rules = [] } = (parse(read('examples/monitoring/alerts.yml')) as Rules).groups[0] ?? {}
  const { panels } = JSON.parse(read('examples/monitoring/dashboard.json')) as {
    panels: { targets: { expr: string }[] }[]
  }

  test('alerts and panels use metrics that are served, and every metric is shown', async () => {
    const served = new Set(
      [...(await scrape()).matchAll(/^# TYPE (release_gate_\w+)/gm)].map(([, name]) => name ?? ''),
    )
    const shown = panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => namesIn(expr)))
    const used = [...shown, ...rules.flatMap(({ expr }) => namesIn(expr))]
    expect(used.filter((name) => !served.has(name))).toEqual([])
    expect([...served].filter((name) => !shown.includes(name))).toEqual([])
  })

  test('docs/operations.md says for each alert what to do, and for no other', () => {
    const told = [...read('docs/operations.md').matchAll(/^\| `(ReleaseGate\w+)` \| \S/gm)].map(
      ([, name]) => name,
    )
    expect(told).toEqual(rules.map(({ alert }) => alert))
  })

  test('promtool accepts the rules, where it is installed', () => {
    try {
      execFileSync('promtool', ['check', 'rules', 'examples/monitoring/alerts.yml'], { stdio: 'pipe' })
    } catch (error) {
      expect(error).toMatchObject({ code: 'ENOENT' })
    }
  })
})

describe('readiness', () => {
  test('is red with the reason while nothing can be written, and green otherwise', async () => {
    expect(await readiness(database, queue)).toEqual({
      looks: { repositories: 0, never: 0, unseen: 0 },
      refusedChannels: 0,
      ok: true,
      checks: { database: 'ok', writes: 'ok', queue: 'ok' },
    })
    const name = new URL(postgres).pathname.slice(1)
    await asClient(postgres, (client) =>
      client.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`),
    )
    const { openPostgres } = await import('../../src/store/database/postgres.ts')
    const readOnly = await openPostgres({ url: postgres })
    expect(await readiness(readOnly, queue)).toMatchObject({
      ok: false,
      checks: { database: 'ok', writes: expect.stringContaining('is the disk full'), queue: 'ok' },
    })
    await readOnly.close()
  })
})
