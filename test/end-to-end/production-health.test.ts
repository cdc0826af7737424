import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import type { Change, Workshop } from '../../src/sandbox/workshop.ts'
import { timelineOf } from '../../src/server/board/timeline.ts'
import { type AuditRecord, readRecords } from '../../src/store/audit.ts'
import { changesNamed, isIntact, recordsAfterMerge } from '../../src/store/board/records-of-change.ts'
import { openDatabase } from '../../src/store/database/open.ts'
import type { Database } from '../../src/store/database.ts'
import { aWorldWithIncidents, openIncidents, workOn } from '../support/incidents.ts'
import { letNoticesPass, recordsOf } from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

const policy = `gates:
  approvals: { count: 1 }
  production_health:
    monitors: [{ id: 42, name: Error rate }]
    watch: { warm_up: 5m, checks: 2, every: 5m, traffic: { query: "sum:requests{*}", minimum: 20 } }
slack:
  channel: "#releases"
incidents:
  repository: foodyepay/incidents
`

let stage: Stage
let shop: Workshop
let change: Change
const minutes = (count: number) => stage.moveTo(new Date(stage.now().getTime() + count * 60_000))
const datadog = () => {
  if (!stage.operations) throw new Error('There is no Datadog')
  return stage.operations.datadog
}
const approved = async (branch: string, body = '') => {
  const opened = await shop.openPull('ana', {
    branch,
    title: branch,
    body,
    files: { [`src/${branch}.ts`]: 'a\n' },
  })
  await shop.review('chloe', opened)
  return opened
}
const setState = (state: string) => datadog().monitors.set(42, { name: 'Error rate over 2 %', state })
const conclusions = async ({ sha }: Change) => {
  const { data } = await stage
    .as('ana')
    .rest.checks.listForRef({ ...shop.repository, ref: sha, filter: 'all' })
  return data.check_runs.map(({ conclusion }) => conclusion)
}
async function allRecords(database: Database): Promise<AuditRecord[]> {
  const [{ id = 0 } = {}] = await database.query<{ id: number }>(
    'SELECT DISTINCT installation_id AS id FROM release_gate.audit_records',
  )
  const records: AuditRecord[] = []
  for await (const record of readRecords(database, id)) records.push(record)
  return records
}
const verdicts = async () =>
  (await recordsOf(stage)).filter(({ kind }) => kind === 'watched').map(({ body }) => body.verdict)

beforeAll(async () => {
  stage = await aStage({ at: new Date('2026-10-19T16:00:00Z'), operations: true })
  datadog().monitors.set(42, { name: 'Error rate over 2 %', state: 'OK' })
  shop = await aWorldWithIncidents(stage, policy)
  change = await approved('one')
})
afterAll(() => stage.close())

describe('the gate production_health', () => {
  test('passes while the monitor is OK, which one reading tells for every pull request', async () => {
    await approved('two')
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
    expect(datadog().reads()).toBe(1)
  })

  test('gets no monitor read for a pull request that proposes one: its check says that nobody looked whether it exists', async () => {
    const reads = datadog().reads()
    const files = { '.github/release-gate.yml': policy.replace('id: 42', 'id: 43') }
    const proposed = await shop.openPull('ana', { branch: 'monitor', title: 'Monitor', files })
    expect((await shop.check(proposed))?.summary).toContain(
      'adds names that were not looked up. If one of them does not exist, its gate cannot pass:\n- 1 monitor: `43`',
    )
    expect(datadog().reads()).toBe(reads)
  })

  test('is never green on a reading of more than a minute ago: the monitor is read then, once for all', async () => {
    const reads = datadog().reads()
    setState('Alert')
    await minutes(1.1)
    const risky = [await approved('alerting'), await approved('too')]
    expect(datadog().reads()).toBe(reads + 1)
    for (const one of risky) {
      expect(await shop.check(one)).toMatchObject({ title: 'Production alert: Error rate' })
      expect(await conclusions(one)).not.toContain('success')
    }
  })

  test('turns green on a reading that is new, which a record says', async () => {
    const reads = datadog().reads()
    setState('OK')
    await minutes(1.1)
    const well = await approved('well')
    expect(await shop.check(well)).toMatchObject({ conclusion: 'success' })
    expect(datadog().reads()).toBe(reads + 1)
    const published = (await recordsOf(stage)).filter(
      ({ kind, body }) => kind === 'published' && body.head === well.sha && body.state === 'passed',
    )
    const [read] = published.map(({ body }) => body.monitors)
    expect(read).toEqual([{ id: 42, state: 'OK', readAt: stage.now().toISOString() }])
  })

  test('watches the release, which passes', async () => {
    expect(await shop.merge('eva', change)).toBeUndefined()
    for (const _ of [1, 2, 3]) await minutes(5.1)
    expect(await verdicts()).toEqual(['passed'])
  })

  test('has a record of the watch that names the change record by its number and hash, and is found from the change', async () => {
    const database = await openDatabase(stage.database)
    const records = await allRecords(database)
    const merged = records.find(({ kind }) => kind === 'merged')
    const watched = records.find(({ kind }) => kind === 'watched')
    expect(watched?.body).toMatchObject({ change: { seq: merged?.seq, hash: merged?.hash } })
    const [known] = await changesNamed(database, { ...shop.repository, number: change.number })
    const after = known ? await recordsAfterMerge(database, known) : []
    expect(after.map(({ seq }) => seq)).toContain(watched?.seq)
    expect(timelineOf(after, { zone: 'UTC' }).map(({ what }) => what)).toContainEqual(
      expect.stringContaining('The watch after the release passed: `every monitor was OK at all 2 checks`'),
    )
    expect(after.every((record) => isIntact(record))).toBe(true)
    await database.close()
    const told = () => stage.slack.messages.map((message) => JSON.stringify(message)).join()
    for (let tries = 0; tries < 10 && !told().includes('Watch after'); tries++) await letNoticesPass(stage, 2)
    expect(told()).toContain(`Record ${watched?.seq} has each check. Change record: ${merged?.seq}.`)
  })

  test('fails while the monitor alerts, and yields to the urgent fix of the incident that the alert opened', async () => {
    const {
      datadog: { alert },
    } = { datadog: datadog() }
    expect(await alert(`${stage.bot().url}/api/datadog/webhooks`, 42, 'severity:P1,component:rewards')).toBe(
      202,
    )
    await stage.settled()
    const [{ number = 0 } = {}] = await openIncidents(stage)
    const blocked = await approved('three')
    expect(await shop.check(blocked)).toMatchObject({
      conclusion: 'failure',
      title: 'Production alert: Error rate',
    })
    const fix = await approved('four', `Urgent: errors, foodyepay/incidents#${number}`)
    await shop.label('eva', fix, 'urgent')
    expect(await shop.check(fix)).toMatchObject({ conclusion: 'success' })
  })

  test('is OK again after no data, of which no webhook tells: the incident gets one comment, and one for the next alert', async () => {
    const [{ number = 0 } = {}] = await openIncidents(stage)
    const told = async () =>
      (await workOn(stage, number).read()).said.filter((text) => text.includes('The monitor'))
    const turn = async (state: string) => {
      setState(state)
      await minutes(1.5)
      await approved(`monitor-${stage.now().getTime()}`)
    }
    await turn('No Data')
    expect(await told()).toEqual([])
    await turn('OK')
    const [again, ...others] = await told()
    expect(again).toMatch(/^The monitor `Error rate` has been OK again since Mon, Oct 19, 9:\d\d:\d\d AM PDT/)
    expect(others).toEqual([])
    await stage.stop()
    await stage.startBot()
    await minutes(1.5)
    await workOn(stage, number).comment('ana', 'I look at it.')
    expect(await told()).toHaveLength(1)
    await turn('Alert')
    expect((await told()).slice(1)).toEqual([
      expect.stringContaining('`Error rate` has been alerting again since'),
    ])
    setState('OK')
    await minutes(1.5)
  })

  test('was not watched in time where the bot was down, and PagerDuty is told when it was merged', async () => {
    const ready = await approved('ready')
    expect(await shop.check(ready)).toMatchObject({ conclusion: 'success' })
    const mergedAt = stage.now()
    await stage.stop()
    expect(await shop.merge('eva', ready)).toBeUndefined()
    await minutes(60)
    await stage.startBot()
    await stage.settled()
    await minutes(1)
    const [watch] = (await recordsOf(stage)).filter(({ kind }) => kind === 'watched').slice(-1)
    expect(watch?.body).toMatchObject({
      release: `${shop.name}#${ready.number}`,
      verdict: 'inconclusive',
      why: 'production was not watched in time',
      baseline: { 42: 'OK' },
    })
    const changes = stage.operations?.pagerDuty.changes ?? []
    const [{ timestamp = '' } = {}] = changes.filter(({ summary }) => summary.includes(`#${ready.number} `))
    expect(Math.abs(Date.parse(timestamp) - mergedAt.getTime())).toBeLessThan(2_000)
  })

  test('waits while Datadog cannot be reached', async () => {
    datadog().fail(503, 10)
    await minutes(2)
    const waiting = await approved('five')
    expect(await shop.check(waiting)).toMatchObject({
      conclusion: null,
      title: 'Waiting for the monitor Error rate',
    })
  })
})
