import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Notice, NoticeOf } from '../../src/decision/notice.ts'
import { type NotifyShell, notify } from '../../src/notices/notify.ts'
import { type Slack as LocalSlack, startSlack } from '../../src/sandbox/slack.ts'
import { createSlack } from '../../src/services/slack.ts'
import { createWebhook } from '../../src/services/slack-webhook.ts'
import type { Database } from '../../src/store/database.ts'
import { refusedChannels } from '../../src/store/notices.ts'
import { keepValidPolicy } from '../../src/store/policies.ts'
import { retryTimeOf } from '../../src/store/retry-after-error.ts'
import { aDatabase } from '../support/databases.ts'
import { aFreeze, anException, aRepository } from '../support/notices.ts'

/** A channel that takes nothing: its notices wait until it does, or until the policy names another one. */

const signal = new AbortController().signal
const start = new Date('2026-11-25T17:00:00Z')
const minute = 60_000
let database: Database
let slack: LocalSlack
let shell: NotifyShell
let time: Date
let lines: object[]

beforeAll(async () => {
  database = await aDatabase()
})
afterAll(() => database.close())
beforeEach(async () => {
  time = start
  lines = []
  slack = await startSlack({
    clock: () => time.getTime(),
    channelLimit: true,
    channels: [{ name: 'general' }, { name: 'releases' }, { name: 'incidents' }],
  })
  const now = () => time
  const log = (line: object) => void lines.push(line)
  shell = {
    database,
    slack: createSlack({ token: slack.token, apiUrl: slack.url, now }),
    now,
    log: { info: () => undefined, error: log },
    secrets: [],
    web: 'https://github.com',
  }
  await keep('#incidents')
})
afterEach(async () => {
  await slack.close()
  await database.query(
    'TRUNCATE release_gate.notices, release_gate.notice_channels, release_gate.notice_attempts, release_gate.facts, release_gate.policies',
  )
})

const keep = (channel: string, repositoryId = aRepository.repositoryId, repo = aRepository.repo) =>
  keepValidPolicy(
    database,
    { ...aRepository, repositoryId, repo },
    {
      text: `gates:\n  approvals: {}\nslack:\n  channel: "#releases"\nincidents:\n  repository: foodyepay/incidents\n  channel: "${channel}"\n`,
      blob: channel,
    },
  )
const anIncident = (seq: number): NoticeOf<'incident'> => ({
  kind: 'incident',
  key: `incident/2/7/${seq}`,
  repository: aRepository,
  issue: { number: 7, title: 'Rewards', url: 'https://github.com/foodyepay/incidents/issues/7' },
  severity: 'P0',
  state: 'open',
  lines: [`Change ${seq}`],
  due: [],
  late: false,
})
/** Runs the job of a notice; gives when it is to run again. */
const run = (notice: Notice) =>
  notify(shell, notice, signal).then(
    () => undefined,
    (error: unknown) => {
      const at = retryTimeOf(error)
      if (!at) throw error
      return at
    },
  )
const later = (minutes: number) => {
  time = new Date(time.getTime() + minutes * minute)
}
const told = () => slack.messages.map(({ channelName }) => channelName)
const posts = () => slack.calls.filter((call) => call === 'chat.postMessage').length

describe.each([
  ['is archived', { isArchived: true }, { isArchived: false }, 'is_archived'],
  ['the bot was removed from', { isMember: false }, { isMember: true }, 'not_in_channel'],
])('a channel that %s', (_, refuses, takes, name) => {
  test('is asked again every five minutes for as long as it takes, and the notice arrives once', async () => {
    slack.change('incidents', refuses)
    for (let tries = 0; tries < 40; tries++) {
      expect(await run(anIncident(1))).toEqual(new Date(time.getTime() + 5 * minute))
      later(5)
    }
    expect(told()).toEqual([])
    slack.change('incidents', takes)
    expect(await run(anIncident(1))).toBeUndefined()
    expect(await run(anIncident(1))).toBeUndefined()
    expect(told()).toEqual(['incidents'])
  })

  test('is known with the reason and since when, and alerted once, until it takes a message', async () => {
    slack.change('incidents', refuses)
    await run(anIncident(1))
    later(5)
    await run(anIncident(1))
    expect(await refusedChannels(database, time)).toEqual([
      { line: '#incidents', channel: '#incidents', why: expect.stringContaining(name), since: start },
    ])
    expect(lines).toEqual([expect.objectContaining({ alert: true, channel: '#incidents' })])
    slack.change('incidents', takes)
    later(5)
    await run(anIncident(1))
    expect(await refusedChannels(database, time)).toEqual([])
    slack.change('incidents', refuses)
    later(5)
    await run(anIncident(2))
    expect(lines).toHaveLength(2)
  })
})

test('the others that wait for a channel do not ask Slack meanwhile, and all arrive', async () => {
  slack.change('incidents', { isArchived: true })
  await run(anIncident(1))
  const again = await Promise.all([2, 3, 4].map((seq) => run(anIncident(seq))))
  expect(posts()).toBe(1)
  for (const at of again) expect(at?.getTime()).toBeGreaterThanOrEqual(time.getTime() + 5 * minute)
  slack.change('incidents', { isArchived: false })
  later(6)
  for (const seq of [1, 2, 3, 4]) {
    expect(await run(anIncident(seq))).toBeUndefined()
    later(1)
  }
  expect(told()).toHaveLength(4)
})

test('goes to another channel as soon as the policy names it', async () => {
  slack.change('incidents', { isArchived: true })
  await run(anIncident(1))
  await keep('#general')
  later(5)
  expect(await run(anIncident(1))).toBeUndefined()
  expect(told()).toEqual(['general'])
})

test('nothing is said of a channel that nothing waits for any more', async () => {
  slack.change('incidents', { isArchived: true })
  await run(anIncident(1))
  later(61)
  expect(await refusedChannels(database, time)).toEqual([])
})

test('a notice for several channels arrives in those that take it, and once in the other when it does', async () => {
  await keepValidPolicy(
    database,
    { ...aRepository, repositoryId: 3, repo: 'a' },
    { text: 'gates: {}\nslack: { channel: "#incidents" }\n', blob: 'a' },
  )
  slack.change('releases', { isArchived: true })
  const freeze = aFreeze({ scope: 'foodyepay/*' })
  expect(await run(freeze)).toEqual(new Date(time.getTime() + 5 * minute))
  expect(told()).toEqual(['incidents'])
  slack.change('releases', { isArchived: false })
  later(5)
  expect(await run(freeze)).toBeUndefined()
  expect(told()).toEqual(['incidents', 'releases'])
})

test('an exception waits too', async () => {
  slack.change('releases', { isArchived: true })
  expect(await run(anException())).toEqual(new Date(time.getTime() + 5 * minute))
})

test('the channel of an incoming webhook is waited for too', async () => {
  shell = { ...shell, slack: createWebhook({ url: slack.webhookUrl, now: () => time }) }
  slack.change('general', { isArchived: true })
  expect(await run(anIncident(1))).toEqual(new Date(time.getTime() + 5 * minute))
  slack.change('general', { isArchived: false })
  later(5)
  expect(await run(anIncident(1))).toBeUndefined()
  expect(told()).toEqual(['general'])
})

test.each(['invalid_auth', 'invalid_blocks', 'internal_error'])(
  'a message that is refused with %s is a failure, and the channel is not',
  async (error) => {
    slack.fail(1, error)
    await expect(run(anIncident(1))).rejects.toThrow(error)
    expect(await refusedChannels(database, time)).toEqual([])
  },
)
