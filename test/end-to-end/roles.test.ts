import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BotProcess } from '../../src/sandbox/bot-process.ts'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast, setUpRepositories, type Workshop } from '../../src/sandbox/workshop.ts'
import { aPostgresUrl, asClient } from '../support/databases.ts'
import { eventually } from '../support/eventually.ts'
import { aStage } from '../support/stage.ts'

describe('one web process and two workers on one Postgres', () => {
  let stage: Stage
  let shop: Workshop
  let change: Change
  let url: string
  beforeAll(async () => {
    url = await aPostgresUrl()
    stage = await aStage({
      database: { url },
      at: new Date('2026-11-24T22:00:00Z'),
      env: { LOG_LEVEL: 'info' },
      roles: ['web', 'worker', 'worker'],
    })
    await stage.settled()
  })
  afterAll(() => stage.close())

  const linesOf = (bot: BotProcess, message: string) =>
    bot
      .log()
      .split('\n')
      .filter((line) => line.includes(`"msg":"${message}"`))
  const workers = () => stage.bots().filter(({ role }) => role === 'worker')
  const holders = () => stage.bots().filter((bot) => linesOf(bot, chores).length > 0)
  const chores = 'This process runs the periodic tasks'
  const statusOf = async (url: string, init?: RequestInit) => (await fetch(url, init)).status

  test('only one of them has checked all installations and for missed deliveries', () => {
    const { byRoute } = stage.github.requests.counts
    expect(byRoute.get('GET /app/installations')).toBe(1)
    expect(byRoute.get('GET /app/hook/deliveries')).toBe(1)
    expect(holders().map(({ role }) => role)).toEqual(['worker'])
  })

  test('take a pull request from its opening to its merge, each doing its part', async () => {
    cast(stage)
    shop = await setUpRepositories(stage)
    stage.github.installApp(shop.repository.owner)
    await stage.settled()
    change = await shop.openPull('ana', { branch: 'a', title: 'A', files: { 'src/a.ts': 'a\n' } })
    await shop.review('chloe', change)
    await shop.review('dev', change)
    expect((await shop.check(change))?.title).toMatch(/^Opens Wed/)
    await stage.moveTo(new Date('2026-11-25T18:05:00Z'))
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
    expect(await shop.merge('eva', change)).toBeUndefined()

    const did = stage
      .bots()
      .map((bot) => [
        bot.role,
        linesOf(bot, 'Received a webhook').length > 0,
        linesOf(bot, 'A verdict changed').length > 0,
      ])
    expect(did[0]).toEqual(['web', true, false])
    const verdicts = workers().reduce((sum, bot) => sum + linesOf(bot, 'A verdict changed').length, 0)
    expect(verdicts).toBeGreaterThan(3)
    expect(workers().flatMap((bot) => linesOf(bot, 'Received a webhook'))).toEqual([])
  })

  test('log each change of a verdict once, with what caused it, and nothing where a verdict stays as it is', async () => {
    const canary = 'canary-7d31c0'
    const quiet = await shop.openPull('ben', {
      branch: 'quiet',
      title: canary,
      body: canary,
      files: { 'src/quiet.ts': `// ${canary}\n` },
    })
    await shop.review('chloe', quiet)
    await shop.review('dev', quiet, 'COMMENT')
    await shop.label('eva', quiet, 'documentation')
    await stage.moveTo(new Date('2026-11-25T19:05:00Z'))
    await shop.review('dev', quiet)

    const told = workers()
      .flatMap((bot) => linesOf(bot, 'A verdict changed'))
      .map((line) => JSON.parse(line))
      .sort((one, other) => one.time - other.time)
    const about = (number: number) =>
      told
        .filter(({ pull }) => pull === number)
        .map(
          ({ from, to, by, deliveries = [] }) =>
            `${from} → ${to}: ${[...(by ? [by] : []), ...deliveries.map(eventOf)].join(', ')}`,
        )
    expect(about(change.number)).toEqual([
      'none → waiting: pull_request opened',
      'waiting → waiting: pull_request_review submitted',
      'waiting → waiting: pull_request_review submitted',
      'waiting → passed: calendar',
      'passed → passed: pull_request closed',
    ])
    expect(about(quiet.number)).toEqual([
      'none → waiting: pull_request opened',
      'waiting → waiting: pull_request_review submitted',
      'waiting → waiting: pull_request_review submitted',
    ])
    for (const line of told)
      expect(line).toMatchObject({ repository: shop.name, head: expect.any(String), why: expect.any(String) })
    for (const { ms } of told) expect(ms).toEqual(expect.any(Number))

    const { webhookSecret, privateKey } = stage.github.app
    const logs = stage.bots().map((bot) => bot.log())
    for (const secret of [canary, webhookSecret, privateKey.split('\n')[3] ?? '', stage.slack.token])
      for (const log of logs) expect(log).not.toContain(secret)
  })

  const eventOf = (guid: string) => {
    const delivery = stage.github.deliveries.log.find((each) => each.guid === guid)
    return `${delivery?.event} ${delivery?.action}`
  }

  test('all tell their health and their metrics, and only the web process takes deliveries and requests', async () => {
    for (const { url, role } of stage.bots()) {
      for (const path of ['/healthz', '/readyz', '/metrics']) expect(await statusOf(url + path)).toBe(200)
      const posts = ['/api/github/webhooks', '/api/status', '/api/freeze', '/api/database']
      const answers = await Promise.all(posts.map((path) => statusOf(url + path, { method: 'POST' })))
      expect(answers).toEqual(role === 'web' ? [401, 401, 401, 401] : [404, 404, 404, 404])
    }
  })

  test('after kill -9 of the one that ran the periodic tasks, the other recovers a lost delivery', async () => {
    await stage.moveTo(new Date('2026-11-25T18:10:00Z'))
    const late = await shop.openPull('ana', { branch: 'b', title: 'B', files: { 'src/b.ts': 'b\n' } })
    await shop.review('chloe', late)
    await shop.review('dev', late)
    expect(await shop.check(late)).toMatchObject({ conclusion: 'success' })

    const [holder] = holders()
    await holder?.end('SIGKILL')
    stage.github.faults.deliveries.add({ kind: 'drop', event: 'pull_request_review', times: 1 })
    const before = (await shop.review('eva', late, 'REQUEST_CHANGES')) && (await shop.check(late))
    expect(before).toMatchObject({ conclusion: 'success' })

    await eventually(async () => expect(await shop.check(late)).toMatchObject({ conclusion: 'failure' }))
    expect(holders()).toEqual(workers())
  })

  test('all of them are ready again after the database ended all of their connections, ten times in a row', async () => {
    const before = stage.bots()
    const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()`
    for (let times = 0; times < 10; times++) {
      await asClient(url, (client) => client.query(end))
      await eventually(async () => {
        for (const bot of before) expect(await statusOf(`${bot.url}/readyz`)).toBe(200)
      })
    }
    expect(stage.bots()).toEqual(before)
  })
})
