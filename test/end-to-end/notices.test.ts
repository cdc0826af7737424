import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { TestClock } from 'pg-boss'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Notice } from '../../src/decision/notice.ts'
import { type Stage, type StageOptions, setStage } from '../../src/sandbox/stage.ts'
import { cast, setUpRepositories, type Workshop } from '../../src/sandbox/workshop.ts'
import { calendarLink } from '../../src/server/calendar-link.ts'
import { openDatabase } from '../../src/store/database/open.ts'
import type { Database } from '../../src/store/database.ts'
import { keyNamed } from '../../src/store/keys.ts'
import { openQueue, type Queue } from '../../src/store/queue.ts'
import { aPostgresUrl } from '../support/databases.ts'
import { eventually } from '../support/eventually.ts'
import { aMerge } from '../support/notices.ts'

const AT = new Date('2026-11-24T22:00:00Z')
const policy = 'gates:\n  approvals: {}\n  release_window: {}\nslack:\n  channel: "#releases"\n'

/** The real bot on a Postgres to which the test adds notices, as another process of the bot would. */
let stage: Stage
let shop: Workshop
let database: Database
let queue: Queue
let clock: TestClock

async function start(env: StageOptions['env'] = {}): Promise<void> {
  const url = await aPostgresUrl()
  stage = await setStage({ at: AT, database: { url }, env: { LOG_LEVEL: 'info', ...env } })
  cast(stage)
  shop = await setUpRepositories(stage, { policy })
  stage.github.installApp('foodyepay')
  await stage.settled()
  await open('first')
  database = await openDatabase({ url })
  clock = new TestClock(AT)
  queue = await openQueue({ database, clock, log: pino({ level: 'silent' }) })
}
afterEach(async () => {
  await queue.stop()
  await database.close()
  await stage.close()
})

const open = (branch: string) =>
  shop.openPull('ana', { branch, title: `Change ${branch}`, files: { [`src/${branch}.ts`]: 'a\n' } })

/** The notice of a merge in the repository of the stage, as the bot knows it. */
async function aNotice(key: string): Promise<Notice> {
  const [row] = await database.query<{ installationId: number; repositoryId: number }>(
    'SELECT installation_id AS "installationId", repository_id AS "repositoryId" FROM release_gate.policies',
  )
  if (!row) throw new Error('The bot has kept no policy.')
  const pull = { ...aMerge().pull, number: Number(key.split('/')[1]) }
  return aMerge({ key, pull, repository: { ...row, owner: 'foodyepay', repo: 'mcp-server' } })
}

async function send(...keys: string[]): Promise<void> {
  await clock.setTime(stage.now())
  for (const key of keys) await queue.enqueueNotice(await aNotice(key))
  await stage.settled()
}

const later = (seconds: number) => stage.moveTo(new Date(stage.now().getTime() + seconds * 1_000))

describe('the bot with Slack', () => {
  beforeEach(() => start())

  test('posts a notice to the channel of the policy, and tells its permalink to the database', async () => {
    await send('merged/1')
    expect(stage.slack.messages).toMatchObject([
      { channelName: 'releases', text: expect.stringContaining('Cap rewards at 100 points') },
    ])
    expect(await database.query('SELECT key, permalink FROM release_gate.notices')).toEqual([
      { key: 'merged/1', permalink: stage.slack.messages[0]?.permalink },
    ])
  })

  test('at one message a second: the others come as time moves on', async () => {
    await send('merged/1', 'merged/2', 'merged/3')
    const counts = [stage.slack.messages.length]
    for (let second = 0; second < 6; second++) {
      await later(1)
      counts.push(stage.slack.messages.length)
    }
    expect(counts.slice(0, 2)).toEqual([1, 2])
    expect(counts.at(-1)).toBe(3)
  })

  const calendarKey = async () => {
    if (!('url' in stage.database)) throw new Error('The bot of this test runs on Postgres.')
    const database = await openDatabase(stage.database)
    return keyNamed(database, 'calendar').finally(() => database.close())
  }

  test('answers the calendar feed of the repository, and nothing to who does not know its address', async () => {
    const { url } = stage.bot()
    const key = await calendarKey()
    const feed = await fetch(calendarLink(url, key, 'foodyepay/mcp-server'))
    expect(await feed.text()).toMatch(/DTSTART:20261125T180000Z/)
    expect((await fetch(calendarLink(url, key))).status).toBe(200)
    expect((await fetch(`${url}/calendar.ics?repository=foodyepay/mcp-server`)).status).toBe(404)
  })

  test('a repository without a pull request has its calendar when the bot has checked all of them', async () => {
    await setUpRepositories(stage, { repo: 'quiet', policy })
    await setUpRepositories(stage, { repo: 'broken', policy: 'gates: [' })
    await stage.stop()
    await stage.startBot()
    await stage.settled()
    const key = await calendarKey()
    const link = (repo: string) => calendarLink(stage.bot().url, key, `foodyepay/${repo}`)
    expect((await fetch(link('quiet'))).status).toBe(200)
    expect((await fetch(link('broken'))).status).toBe(404)
  })
})

describe('a broken Slack never delays a check', () => {
  const checkOf = (sha: string) => shop.check({ sha })

  test('where it answers 500 to all: checks appear and change as ever, and the notices arrive once it is fixed', async () => {
    await start()
    stage.slack.fail(6, 500)
    await send('merged/1', 'merged/2')
    const change = await open('one')
    expect(await checkOf(change.sha)).toMatchObject({ title: 'Waiting for 2 approvals' })
    await shop.review('chloe', change)
    expect(await checkOf(change.sha)).toMatchObject({ title: 'Waiting for 1 more approval' })
    expect(stage.slack.messages).toEqual([])
    for (let retry = 0; retry < 8; retry++) await later(301)
    expect(stage.slack.messages).toHaveLength(2)
    expect(stage.bot().log()).toContain('Slack could not be reached')
    expect(stage.bot().log()).not.toContain(stage.slack.token)
  })

  test('where it takes calls and never answers: a check appears while they hang', async () => {
    const calls: unknown[] = []
    const silent = createServer((request) => void calls.push(request)).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    try {
      await start({ SLACK_API_URL: `http://127.0.0.1:${port}/api/` })
      await clock.setTime(stage.now())
      await queue.enqueueNotice(await aNotice('merged/1'))
      await eventually(() => expect(calls).toHaveLength(1))
      const github = stage.as('ana')
      const copy = await stage.github.workingCopy(shop.name, 'ana')
      await copy.branch('two', 'origin/main')
      await copy.write({ 'src/two.ts': 'a\n' })
      const sha = await copy.commit('Two')
      await copy.push({ ref: 'two' })
      await github.rest.pulls.create({ ...shop.repository, title: 'Two', head: 'two', base: 'main' })
      await eventually(async () =>
        expect(await checkOf(sha)).toMatchObject({ title: 'Waiting for 2 approvals' }),
      )
      expect(await stage.bot().idle()).toBe(false)
      expect(calls).toHaveLength(1)
    } finally {
      silent.closeAllConnections()
      silent.close()
    }
  })
})

test('without a token: one line of the log at the start, no notices, and checks as ever', async () => {
  await start({ SLACK_BOT_TOKEN: '' })
  await send('merged/1')
  const change = await open('one')
  expect(await shop.check(change)).toMatchObject({ title: 'Waiting for 2 approvals' })
  expect(stage.slack.messages).toEqual([])
  expect(
    stage
      .bot()
      .log()
      .match(/no notices are sent/g),
  ).toHaveLength(1)
  expect(await queue.idle()).toBe(true)
})
