import { readdirSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { readiness } from '../../src/bot/readiness.ts'
import { hourlyCheckProbe } from '../../src/doctor/hourly-check-probe.ts'
import { type Probe, runProbes } from '../../src/doctor/probes.ts'
import { slackProbe } from '../../src/doctor/slack-probe.ts'
import { stagingProbes } from '../../src/doctor/staging-probes.ts'
import { stateProbes } from '../../src/doctor/state-probes.ts'
import { type Slack, startSlack } from '../../src/sandbox/slack.ts'
import { startStaging } from '../../src/sandbox/staging/start.ts'
import { readServers } from '../../src/settings/servers.ts'
import { openDatabase } from '../../src/store/database/open.ts'
import { type HourlyCheckAges, keepListed, recordChecked } from '../../src/store/hourly-checks.ts'
import { refuseChannel, reserveMessage } from '../../src/store/notices.ts'
import { aBarePglite, aDataFolder, aFolder, aPostgresUrl, asClient } from '../support/databases.ts'

const closing: (() => Promise<unknown> | unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const probe = (run: Probe['run']): Probe => ({ name: 'thing', run })

describe('a probe', () => {
  it.each([
    ['answers', async () => 'It answers.', 'ok', 'It answers.'],
    ['cannot tell', async () => ({ unknown: 'Not from here.' }), 'unknown', 'Not from here.'],
    [
      'throws',
      () => Promise.reject(new Error('connect ECONNREFUSED')),
      'failed',
      'The thing cannot be reached: connect ECONNREFUSED',
    ],
    [
      'never answers',
      () => new Promise<string>(() => undefined),
      'failed',
      'The thing cannot be reached: no answer in 0.02 s',
    ],
  ])('that %s', async (_, run, state, message) => {
    expect(await runProbes([probe(run)], 20)).toEqual([{ name: 'thing', state, message }])
  })

  it('that fails keeps no other from answering', async () => {
    const found = await runProbes([probe(() => Promise.reject(new Error('no'))), probe(async () => 'yes')])
    expect(found.map(({ state }) => state)).toEqual(['failed', 'ok'])
  })
})

async function state(settings: Parameters<typeof stateProbes>[0]) {
  return Object.fromEntries((await runProbes(stateProbes(settings))).map((one) => [one.name, one]))
}

const nowhere = { host: '127.0.0.1', port: 9 }

async function botThatSays(answer: object): Promise<number> {
  const server = createServer((request, response) => {
    response.writeHead(request.url === '/readyz' ? 200 : 404).end(JSON.stringify(answer))
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  closing.push(() => server.close())
  return (server.address() as AddressInfo).port
}

describe('the data folder', () => {
  it('that is not there is not known, and is not made', async () => {
    const dataDir = await aFolder()
    const { database, queue } = await state({ database: { dataDir }, ...nowhere })
    expect(database).toMatchObject({
      state: 'unknown',
      message: expect.stringContaining('has no database'),
    })
    expect(queue).toMatchObject({ state: 'unknown' })
    expect(readdirSync(dataDir)).toEqual([])
  })

  it('that no process holds is opened and asked', async () => {
    const dataDir = await aDataFolder()
    const found = await state({ database: { dataDir }, ...nowhere })
    expect(found).toMatchObject({ database: { state: 'ok' }, queue: { state: 'ok' } })
    // It is free again.
    await (await openDatabase({ dataDir })).close()
  })

  describe('that the running bot holds', () => {
    async function held(): Promise<string> {
      const dataDir = await aDataFolder()
      const database = await openDatabase({ dataDir })
      closing.push(database.close)
      return dataDir
    }

    it('is not opened: the bot is asked', async () => {
      const port = await botThatSays({ ok: false, checks: { database: 'ok', queue: 'does not answer' } })
      const found = await state({ database: { dataDir: await held() }, host: '0.0.0.0', port })
      expect(found).toMatchObject({
        database: { state: 'ok' },
        queue: { state: 'failed', message: 'The queue cannot be reached: does not answer' },
      })
    })

    it('is not known where the bot does not answer, or something else does', async () => {
      const dataDir = await held()
      const port = await botThatSays({ hello: 'world' })
      for (const address of [nowhere, { host: '127.0.0.1', port }]) {
        const { database } = await state({ database: { dataDir }, ...address })
        expect(database).toMatchObject({
          state: 'unknown',
          message: expect.stringContaining('holds the data folder'),
        })
      }
    })
  })
})

describe('a Postgres', () => {
  it('that answers is asked, and nothing is made in it: the tables of the jobs are told to be missing', async () => {
    const url = await aPostgresUrl('template0')
    const empty = await state({ database: { url }, ...nowhere })
    expect(empty).toMatchObject({
      database: { state: 'ok', message: 'The database works.' },
      queue: { state: 'failed', message: expect.stringContaining('the bot creates it when it starts') },
    })
    const schemas = `SELECT count(*)::int AS made FROM pg_namespace WHERE nspname LIKE 'release_gate%'`
    await asClient(url, async (client) => {
      expect((await client.query(schemas)).rows).toEqual([{ made: 0 }])
      await client.query(
        'CREATE SCHEMA release_gate_jobs; CREATE TABLE release_gate_jobs.version (version int)',
      )
    })
    expect(await state({ database: { url }, ...nowhere })).toMatchObject({ queue: { state: 'ok' } })
  })

  it('that cannot be reached has failed, and its password is not reported', async () => {
    const url = 'postgres://gate:canary-of-a-password@127.0.0.1:9/gate'
    const { database } = await state({ database: { url }, ...nowhere })
    expect(database).toMatchObject({ state: 'failed' })
    expect(JSON.stringify(database)).not.toContain('canary')
  })
})

describe('the hourly check', () => {
  const now = new Date('2026-11-24T22:00:00Z')
  const ages = (minutes: number, more: Partial<HourlyCheckAges> = {}): HourlyCheckAges => ({
    repositories: 3,
    oldest: new Date(now.getTime() - minutes * 60_000),
    never: 0,
    unseen: 0,
    ...more,
  })
  const none = ages(0, { repositories: 0, oldest: undefined })
  it.each<[string, HourlyCheckAges | { unknown: string }, string, string]>([
    ['of an hour', ages(60), 'ok', 'The repository checked least recently was checked 1 hour ago.'],
    ['of three hours', ages(180), 'failed', 'The repository checked least recently was checked 3 hours ago.'],
    [
      'that has just begun',
      ages(1, { oldest: undefined, never: 3 }),
      'ok',
      '3 of 3 repositories have not been checked yet.',
    ],
    [
      'that a repository is missing from',
      ages(10, { unseen: 1 }),
      'failed',
      'The repository checked least recently was checked 10 minutes ago. 1 could not be checked the last time.',
    ],
    ['before the first start', none, 'ok', 'The bot has not checked any repository yet.'],
    ['that nobody tells', { unknown: 'Not from here.' }, 'unknown', 'Not from here.'],
  ])('%s', async (_, read, state, message) => {
    const [found] = await runProbes([
      hourlyCheckProbe(
        async () => read,
        () => now,
      ),
    ])
    expect(found).toMatchObject({ name: 'hourly check', state, message })
    if (state === 'failed') expect(found?.fix).toMatch(/The log of the bot says why/)
  })

  it('is told by the database, and by the bot that holds it', async () => {
    const url = await aPostgresUrl()
    const database = await openDatabase({ url })
    closing.push(database.close)
    const at = new Date(Date.now() - 3 * 3_600_000)
    const one = { repositoryId: 7, nodeId: 'R_7', owner: 'acme', repo: 'shop' }
    await keepListed(database, 1, [one], at)
    await recordChecked(database, { installationId: 1, repositoryId: 7 }, at)
    const late = {
      state: 'failed',
      message: 'The repository checked least recently was checked 3 hours ago.',
    }
    expect((await state({ database: { url }, ...nowhere }))['hourly check']).toMatchObject(late)

    const dataDir = await aDataFolder()
    closing.push((await openDatabase({ dataDir })).close)
    const ready = await readiness(database, { ping: async () => undefined })
    const port = await botThatSays(ready)
    const held = await state({ database: { dataDir }, host: '127.0.0.1', port })
    expect(held['hourly check']).toMatchObject(late)
  })
})

describe('channels that Slack takes nothing for', () => {
  const slack = { token: 'xoxb-1', apiUrl: undefined }
  const refusedIn = async (database: Awaited<ReturnType<typeof openDatabase>>) => {
    const at = new Date()
    await reserveMessage(database, '#old', at)
    await refuseChannel(database, '#old', { channel: '#old', why: 'is_archived', at, until: at })
  }
  const failed = {
    state: 'failed',
    message: 'Slack takes no message for 1 channel, so notices wait.',
    fix: expect.stringContaining('release-gate status'),
  }

  it('are told by the database, and by the bot that holds it, as a number', async () => {
    const url = await aPostgresUrl()
    const database = await openDatabase({ url })
    closing.push(database.close)
    const told = async () => (await state({ database: { url }, slack, ...nowhere }))['Slack channels']
    expect(await told()).toMatchObject({ state: 'ok' })
    await refusedIn(database)
    expect(await told()).toMatchObject(failed)

    const dataDir = await aDataFolder()
    closing.push((await openDatabase({ dataDir })).close)
    const ready = await readiness(database, { ping: async () => undefined }, new Date())
    expect(ready).toMatchObject({ ok: true, refusedChannels: 1 })
    expect(JSON.stringify(ready)).not.toContain('#old')
    const port = await botThatSays(ready)
    const held = await state({ database: { dataDir }, slack, host: '127.0.0.1', port })
    expect(held['Slack channels']).toMatchObject(failed)
  })

  it('are unknown where the bot does not tell, and not asked for without Slack', async () => {
    const dataDir = await aDataFolder()
    closing.push((await openDatabase({ dataDir })).close)
    const port = await botThatSays({ checks: { database: 'ok', queue: 'ok' } })
    const place = { database: { dataDir }, host: '127.0.0.1', port }
    expect((await state({ ...place, slack }))['Slack channels']).toMatchObject({ state: 'unknown' })
    expect(Object.keys(await state({ ...place, slack: undefined }))).not.toContain('Slack channels')
  })
})

describe('Slack', () => {
  async function aSlack(): Promise<Slack> {
    const slack = await startSlack()
    closing.push(slack.close)
    return slack
  }

  it('that takes the token', async () => {
    const slack = await aSlack()
    expect(await runProbes([slackProbe({ token: slack.token, apiUrl: slack.url })])).toMatchObject([
      { name: 'Slack', state: 'ok', message: expect.stringContaining('Connected to Slack') },
    ])
  })

  it('that says what the token may do', async () => {
    const slack = await startSlack({ scopes: ['chat:write', 'channels:history'] })
    closing.push(slack.close)
    const [found] = await runProbes([slackProbe({ token: slack.token, apiUrl: slack.url })])
    expect(found).toMatchObject({ state: 'ok', scopes: ['chat:write', 'channels:history'] })
  })

  it('that does not take it, and the token is not reported', async () => {
    const slack = await aSlack()
    const [found] = await runProbes([slackProbe({ token: 'canary-of-a-token', apiUrl: slack.url })])
    expect(found).toMatchObject({ state: 'failed', message: expect.stringContaining('invalid_auth') })
    expect(JSON.stringify(found)).not.toContain('canary')
  })

  it('that is out of order, without retries', async () => {
    const slack = await aSlack()
    slack.fail(1, 500)
    expect(await runProbes([slackProbe({ token: slack.token, apiUrl: slack.url })])).toMatchObject([
      { state: 'failed' },
    ])
    expect(await runProbes([slackProbe({ token: slack.token, apiUrl: slack.url })])).toMatchObject([
      { state: 'ok' },
    ])
  })
})

describe('a staging server', () => {
  const environment = (url: string) => ({ SERVER_STAGING_URL: url, SERVER_STAGING_REPOSITORIES: 'acme/*' })

  it('that speaks MCP', async () => {
    const database = await aBarePglite()
    closing.push(() => database.close())
    const staging = await startStaging({ database })
    closing.push(() => staging.close())
    const { servers } = readServers(environment(staging.url))
    expect(await runProbes(stagingProbes(servers))).toMatchObject([
      { name: 'staging server staging', state: 'ok', message: expect.stringContaining('Connected to') },
    ])
  })

  it('that cannot be reached', async () => {
    const { servers } = readServers(environment('http://127.0.0.1:9/mcp'))
    expect(await runProbes(stagingProbes(servers))).toMatchObject([
      { state: 'failed', message: expect.stringContaining('The staging server staging cannot be reached') },
    ])
  })

  it('that nobody names is not checked', () => {
    expect(stagingProbes(readServers({}).servers)).toEqual([])
  })
})
