import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readAnchors } from '../../src/decision/anchor.ts'
import type { Stage } from '../../src/sandbox/stage.ts'
import { cast, setUpRepositories, type Workshop } from '../../src/sandbox/workshop.ts'
import { verifyChain } from '../../src/store/audit/verify.ts'
import { openDatabase } from '../../src/store/database/open.ts'
import { aStage } from '../support/stage.ts'

const policy = 'slack: { channel: "#releases" }\ngates: { approvals: {} }\n'

describe('the daily look', () => {
  let stage: Stage
  let shop: Workshop
  beforeAll(async () => {
    stage = await aStage({ at: new Date('2026-11-24T22:00:00Z'), env: { LOG_LEVEL: 'info' } })
    cast(stage)
    stage.github.installApp('foodyepay')
    shop = await setUpRepositories(stage, { policy })
    await shop.openPull('ana', { branch: 'a', title: 'A', files: { 'src/a.ts': 'a\n' } })
  })
  afterAll(() => stage.close())

  /** The bot looks when it starts, once a day. */
  const wakeUp = async (at: string) => {
    await stage.moveTo(new Date(at))
    await stage.stop()
    await stage.startBot()
    await stage.settled()
  }
  const told = () =>
    stage.slack.messages.filter(
      ({ text }) => text.includes('not fully enforced') || text.includes('enforced'),
    )

  test('announces drift once, and again only when there is something new', async () => {
    await wakeUp('2026-11-25T23:00:00Z')
    const first = told().length
    await wakeUp('2026-11-25T23:30:00Z')
    await wakeUp('2026-11-27T00:00:00Z')
    expect(told()).toHaveLength(first)

    const { data: rulesets } = await stage
      .as('olga')
      .request('GET /repos/{owner}/{repo}/rulesets', shop.repository)
    await stage.as('olga').request('DELETE /repos/{owner}/{repo}/rulesets/{ruleset_id}', {
      ...shop.repository,
      ruleset_id: rulesets[0]?.id ?? 0,
    })
    await wakeUp('2026-11-28T01:00:00Z')
    expect(told()).toHaveLength(first + 1)
    expect(told().at(-1)?.text).toMatch(/Release gate/)
    await wakeUp('2026-11-29T02:00:00Z')
    expect(told()).toHaveLength(first + 1)
  })

  test('writes the newest hash of the records down in one closed issue, a line a day, and only where there is a new one', async () => {
    const issue = async () => {
      const { data } = await stage
        .as('eva')
        .rest.issues.listForRepo({ ...shop.repository, state: 'all', labels: 'release-gate-records' })
      expect(data).toHaveLength(1)
      return data[0]
    }
    const before = readAnchors((await issue())?.body ?? '')
    expect(before.length).toBeGreaterThan(0)
    expect(await issue()).toMatchObject({ state: 'closed', title: 'release-gate: the records of 2026' })
    await shop.openPull('ana', { branch: 'b', title: 'B', files: { 'src/b.ts': 'b\n' } })
    await wakeUp('2026-11-30T03:00:00Z')
    const anchors = readAnchors((await issue())?.body ?? '')
    expect(anchors).toHaveLength(before.length + 1)
    await wakeUp('2026-12-01T04:00:00Z')
    expect(readAnchors((await issue())?.body ?? '')).toEqual(anchors)

    await stage.bot().end('SIGTERM')
    const database = await openDatabase(stage.database)
    expect(await verifyChain(database, undefined, { anchors })).toMatchObject({ ok: true })
    await database.close()
    await stage.startBot()
  })

  test('tries within the hour what could not be anchored, and then not before the next day', async () => {
    const lines = async () => {
      const { data } = await stage
        .as('eva')
        .rest.issues.listForRepo({ ...shop.repository, state: 'all', labels: 'release-gate-records' })
      return readAnchors(data[0]?.body ?? '').length
    }
    const change = (branch: string) =>
      shop.openPull('ana', { branch, title: branch, files: { [`src/${branch}.ts`]: 'x\n' } })
    const before = await lines()
    await change('late')
    const path = /\/issues\/\d+$/
    stage.github.faults.add({ kind: 'secondary-rate-limit', path, times: 1, only: 'app', retryAfter: 30 })
    await wakeUp('2026-12-02T05:00:00Z')
    expect(await lines()).toBe(before)
    await wakeUp('2026-12-02T06:05:00Z')
    expect(await lines()).toBe(before + 1)
    await change('later')
    await wakeUp('2026-12-02T07:10:00Z')
    expect(await lines()).toBe(before + 1)
  })

  test('runs once after days in which the bot was down, and not once for each of them', async () => {
    const lines = async () => {
      const { data } = await stage
        .as('eva')
        .rest.issues.listForRepo({ ...shop.repository, state: 'all', labels: 'release-gate-records' })
      return readAnchors(data[0]?.body ?? '').length
    }
    /** Of the process that was started last. */
    const runs = () => stage.bot().log().split('Removed old deliveries and facts').length - 1
    const change = (branch: string) =>
      shop.openPull('ana', { branch, title: branch, files: { [`src/${branch}.ts`]: 'x\n' } })
    await change('down')
    await stage.stop()
    const before = await lines()
    await stage.moveTo(new Date('2026-12-08T05:00:00Z'))
    await stage.startBot()
    await stage.settled()
    expect(runs()).toBe(1)
    expect(await lines()).toBe(before + 1)
    await change('again')
    for (const hour of ['06', '07', '08']) {
      await wakeUp(`2026-12-08T${hour}:01:00Z`)
      expect(runs()).toBe(0)
    }
    expect(await lines()).toBe(before + 1)
    await wakeUp('2026-12-09T05:01:00Z')
    expect(runs()).toBe(1)
    expect(await lines()).toBe(before + 2)
  })

  test('removes what was received more than 14 days ago and is done, and facts that were not used for 180 days', async () => {
    const ago = (days: number) => new Date(Date.parse('2026-12-10T06:00:00Z') - days * 86_400_000)
    const database = await openDatabase(stage.database)
    for (const [guid, days, state] of [
      ['young', 13, 'processed'],
      ['old', 15, 'processed'],
      ['failed', 15, 'failed'],
      ['unread', 15, 'received'],
    ])
      await database.query(
        `INSERT INTO release_gate.deliveries (guid, body_digest, event, body, received_at, state) VALUES ($1, $1, 'ping', '', $2, $3)`,
        [guid, ago(Number(days)), state],
      )
    for (const [key, days] of [
      ['used', 179],
      ['unused', 181],
    ])
      await database.query(`INSERT INTO release_gate.facts (key, value, last_used_at) VALUES ($1, '1', $2)`, [
        key,
        ago(Number(days)),
      ])
    await wakeUp('2026-12-10T06:00:00Z')
    const left = await database.query<{ name: string }>(
      `SELECT guid AS name FROM release_gate.deliveries WHERE event = 'ping'
       UNION ALL SELECT key FROM release_gate.facts WHERE key LIKE '%used'`,
    )
    await database.close()
    expect(left.map(({ name }) => name).sort()).toEqual(['unread', 'used', 'young'])
  })

  test('neither anchors nor cuts records that do not hold, and tells so', async () => {
    await shop.openPull('ana', { branch: 'c', title: 'C', files: { 'src/c.ts': 'c\n' } })
    await stage.bot().end('SIGTERM')
    const database = await openDatabase(stage.database)
    const change = async (sql: string) => {
      await database.query('ALTER TABLE release_gate.audit_records DISABLE TRIGGER USER')
      await database.query(sql)
      await database.query('ALTER TABLE release_gate.audit_records ENABLE TRIGGER USER')
    }
    const before = await database.query('SELECT count(*) AS kept FROM release_gate.anchors')
    await change(`UPDATE release_gate.audit_records SET kind = 'forged' WHERE seq = 2`)
    await database.close()
    await stage.startBot()
    await stage.settled()
    await wakeUp('2028-06-01T04:00:00Z')
    expect(stage.bot().log()).toContain('The audit chain is broken')
    await stage.bot().end('SIGTERM')
    const after = await openDatabase(stage.database)
    expect(await after.query('SELECT count(*) AS kept FROM release_gate.anchors')).toEqual(before)
    expect(await after.query('SELECT 1 FROM release_gate.checkpoints')).toEqual([])
    await after.close()
    await stage.startBot()
    await stage.settled()
  })
})
