import { TestClock } from 'pg-boss'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Notice } from '../../src/decision/notice.ts'
import { deadLetterNotice } from '../../src/notices/dead-letter-notice.ts'
import { type NotifyShell, notify, type Sent } from '../../src/notices/notify.ts'
import { type Slack as LocalSlack, type SlackOptions, startSlack } from '../../src/sandbox/slack.ts'
import { createSlack } from '../../src/services/slack.ts'
import type { Database } from '../../src/store/database.ts'
import { sentNotice } from '../../src/store/notices.ts'
import { keepValidPolicy } from '../../src/store/policies.ts'
import { RETRY_LIMIT } from '../../src/store/queue/queues.ts'
import type { DeadJob, Queue } from '../../src/store/queue.ts'
import { aDatabase } from '../support/databases.ts'
import { eventually } from '../support/eventually.ts'
import { aFreeze, aMerge, aRepository, everyKind } from '../support/notices.ts'
import { aQueue } from '../support/queues.ts'

const START = new Date('2026-11-25T18:00:00Z')
const TOKEN = 'xoxb-canary-7c41aa'
const SECRET = 'canary-webhook-secret-91'
const policy = (channel: string) => `gates: {}\nslack:\n  channel: "${channel}"\n`

let database: Database
let slack: LocalSlack | undefined
let queue: Queue | undefined

beforeAll(async () => {
  database = await aDatabase()
})
afterAll(() => database.close())
afterEach(async () => {
  await queue?.stop()
  await slack?.close()
  await database.query('DELETE FROM release_gate_jobs.job')
  await database.query(`TRUNCATE release_gate.notices, release_gate.notice_channels, release_gate.notice_attempts, release_gate.change_cards,
       release_gate.facts, release_gate.policies`)
  queue = undefined
  slack = undefined
})

/** The queue, a local Slack with the limit of a channel, and the job, all under one clock. */
async function start(options: SlackOptions & { silent?: boolean } = {}) {
  const clock = new TestClock(START)
  const local = await startSlack({ clock: () => clock.now(), channelLimit: true, ...options })
  slack = local
  const sent: Sent[][] = []
  const dead: DeadJob[] = []
  const now = () => new Date(clock.now())
  const started = await aQueue(
    database,
    {
      notice: async (data, signal) => void sent.push(await notify(shell, data, signal)),
      dead: async (job) => void dead.push(job),
    },
    clock,
  )
  queue = started.queue
  const shell: NotifyShell = {
    database,
    slack: options.silent ? undefined : createSlack({ token: TOKEN, apiUrl: local.url, now }),
    now,
    log: {
      info: (line: object) => void started.lines.push({ ...line }),
      error: (line: object) => void started.lines.push({ ...line }),
    },
    secrets: [SECRET],
    web: 'https://github.com',
  }
  await started.work()
  const moveTo = async (time: Date) => {
    await settled(started.queue)
    await clock.setTime(time)
    await settled(started.queue)
  }
  const pass = (seconds: number) => moveTo(new Date(clock.now() + seconds * 1_000))
  return { ...started, local, shell, sent, dead, pass, clock }
}

/** This clock fires no poll, so of jobs that become due together each nudge lets the workers take some. */
function settled(of: Queue): Promise<void> {
  return eventually(async () => {
    await of.nudge()
    expect(await of.idle()).toBe(true)
  })
}

async function keep(channel: string, repositoryId = 2, repo = 'mcp-server'): Promise<void> {
  const repository = { ...aRepository, repositoryId, repo }
  await keepValidPolicy(database, repository, { text: policy(channel), blob: channel })
}

const once = new AbortController().signal

describe('the job of a notice', () => {
  test('posts to the channel that the policy names, keeps the permalink, and gives it back', async () => {
    const { queue: jobs, local, sent } = await start()
    await keep('#releases')
    await jobs.enqueueNotice(aMerge())
    await settled(jobs)
    const [message] = local.messages
    expect(local.messages).toMatchObject([
      { channelName: 'releases', text: expect.stringContaining('Cap rewards') },
    ])
    expect(sent).toEqual([[{ channel: message?.channel, ts: message?.ts, permalink: message?.permalink }]])
    expect(await sentNotice(database, aMerge().key)).toMatchObject({
      permalink: message?.permalink,
      sentAt: START,
    })
  })

  test('the channel may be given by its id', async () => {
    const { queue: jobs, local } = await start()
    await keep('C0000000001')
    await jobs.enqueueNotice(aMerge())
    await settled(jobs)
    expect(local.messages).toMatchObject([{ channelName: 'general' }])
  })

  test('every kind of notice is taken by Slack', async () => {
    const { queue: jobs, local, pass } = await start()
    await keep('#releases')
    for (const notice of everyKind) await jobs.enqueueNotice(notice)
    for (let second = 0; second < 12; second++) await pass(1)
    expect(local.messages).toHaveLength(everyKind.length)
  })

  test.each([
    ['no policy was ever kept', undefined],
    ['the policy names no channel', 'gates: {}\n'],
  ])('where %s, nothing is sent and the job is done', async (_, text) => {
    const { queue: jobs, local, sent, dead } = await start()
    if (text) await keepValidPolicy(database, aRepository, { text, blob: 'b' })
    await jobs.enqueueNotice(aMerge())
    await settled(jobs)
    expect([local.messages, sent, dead]).toEqual([[], [[]], []])
  })

  test('without a token nothing is sent, and the job is done', async () => {
    const { queue: jobs, local, sent } = await start({ silent: true })
    await keep('#releases')
    await jobs.enqueueNotice(aMerge())
    await settled(jobs)
    expect([local.messages, sent]).toEqual([[], [[]]])
  })

  test('a broken chain is reported in every channel of the installation, once in each, and in no other', async () => {
    const {
      queue: jobs,
      local,
      sent,
      pass,
    } = await start({
      channels: [{ name: 'a' }, { name: 'b' }, { name: 'other' }],
    })
    await keep('#a', 2)
    await keep('#a', 3, 'second')
    await keep('#b', 4, 'third')
    const elsewhere = { ...aRepository, installationId: 9, repositoryId: 5 }
    await keepValidPolicy(database, elsewhere, { text: policy('#other'), blob: 'x' })
    for (let run = 0; run < 2; run++) {
      await jobs.enqueueNotice({ kind: 'records', key: 'records/1/7', installationId: 1, seq: 7, why: 'why' })
      await settled(jobs)
    }
    await pass(2)
    expect(local.messages.map(({ channelName }) => channelName).sort()).toEqual(['a', 'b'])
    expect(sent[0]).toHaveLength(2)
  })
})

test('a freeze ends at a time in the zone that the policies of a channel share, and in UTC where they differ', async () => {
  const { queue: jobs, local, pass } = await start({ channels: [{ name: 'one' }, { name: 'two' }] })
  const zoned = (channel: string, zone: string) =>
    `gates: { release_window: { time_zone: ${zone} } }\nslack: { channel: "${channel}" }\n`
  const names = [
    ['#one', 'America/Los_Angeles'],
    ['#one', 'America/Los_Angeles'],
    ['#two', 'America/Los_Angeles'],
    ['#two', 'Europe/Berlin'],
  ] as const
  for (const [index, [channel, zone]] of names.entries()) {
    const repository = { ...aRepository, repositoryId: 20 + index, repo: `shop${index}` }
    await keepValidPolicy(database, repository, { text: zoned(channel, zone), blob: `${index}` })
  }
  await jobs.enqueueNotice(aFreeze({ scope: '*', until: '2026-11-26T18:00:00Z' }))
  await settled(jobs)
  await pass(2)
  const ends = local.messages.map(({ channelName, text }) => [
    channelName,
    /Until Thu, Nov 26, .*/.exec(text)?.[0],
  ])
  expect(ends.sort()).toEqual([
    ['one', 'Until Thu, Nov 26, 10:00 AM PST (18:00 UTC)'],
    ['two', 'Until Thu, Nov 26, 6:00 PM UTC'],
  ])
})

describe('the same notice', () => {
  test('is posted once, however often its job runs, and gives the same permalink', async () => {
    const { queue: jobs, local, sent, pass } = await start()
    await keep('#releases')
    for (let run = 0; run < 3; run++) {
      await jobs.enqueueNotice(aMerge())
      await settled(jobs)
      await pass(2)
    }
    expect(local.messages).toHaveLength(1)
    expect(sent).toEqual([sent[0], sent[0], sent[0]])
  })

  test('is posted once when two jobs of it run at once', async () => {
    const { local, shell } = await start()
    await keep('#releases')
    const both = await Promise.all([notify(shell, aMerge(), once), notify(shell, aMerge(), once)])
    expect(local.messages).toHaveLength(1)
    expect(both[0]).toEqual(both[1])
  })

  test('is not posted again where only its permalink could not be read', async () => {
    const { queue: jobs, local, shell, sent, pass } = await start()
    await keep('#releases')
    const { slack: connected } = shell
    shell.slack = connected && {
      ...connected,
      permalink: async (...given) => {
        shell.slack = connected
        local.fail(1, 500)
        return connected.permalink(...given)
      },
    }
    await jobs.enqueueNotice(aMerge())
    await settled(jobs)
    expect(sent).toEqual([])
    expect(local.messages).toHaveLength(1)
    await pass(301)
    expect(local.messages).toHaveLength(1)
    expect(sent).toEqual([[expect.objectContaining({ permalink: local.messages[0]?.permalink })]])
  })

  test('is not posted again where the policy names another channel since', async () => {
    const { queue: jobs, local } = await start()
    await keep('#releases')
    await jobs.enqueueNotice(aMerge())
    await settled(jobs)
    await keep('#general')
    await jobs.enqueueNotice(aMerge())
    await settled(jobs)
    expect(local.messages).toHaveLength(1)
  })
})

describe('the pace', () => {
  const aMany = (count: number, changes: (index: number) => Partial<Notice> = () => ({})) =>
    Array.from({ length: count }, (_, index) => ({
      ...aMerge({ pull: { ...aMerge().pull, number: index + 1 } }),
      key: `merged/2/${index + 1}`,
      ...changes(index),
    }))

  test('one message a second goes to a channel, and all of them in the end', async () => {
    const { queue: jobs, local, pass, lines } = await start()
    await keep('#releases')
    for (const notice of aMany(8)) await jobs.enqueueNotice(notice)
    await settled(jobs)
    expect(local.messages).toHaveLength(1)
    const counts: number[] = []
    for (let second = 1; second <= 20; second++) {
      const before = local.messages.length
      await pass(1)
      counts.push(local.messages.length - before)
    }
    expect(Math.max(...counts)).toBe(1)
    expect(local.messages).toHaveLength(8)
    expect(new Set(local.messages.map(({ ts }) => ts.split('.')[0])).size).toBe(8)
    expect(await database.query('SELECT key FROM release_gate.notices')).toHaveLength(8)
    expect(lines.filter(({ msg }) => String(msg).includes('failed'))).toEqual([])
  })

  test('one channel does not wait for another', async () => {
    const { queue: jobs, local } = await start()
    await keep('#releases')
    await keep('#general', 3, 'second')
    for (const notice of aMany(2, (index) => ({ repository: { ...aRepository, repositoryId: 2 + index } })))
      await jobs.enqueueNotice(notice)
    await settled(jobs)
    expect(local.messages.map(({ channelName }) => channelName).sort()).toEqual(['general', 'releases'])
  })

  test('after a 429 the channel takes nothing before the time that Slack names', async () => {
    const { queue: jobs, local, pass, dead } = await start()
    await keep('#releases')
    local.fail(1, 429, 30)
    await jobs.enqueueNotice(aMerge())
    await settled(jobs)
    await jobs.enqueueNotice(aMerge({ key: 'merged/2/13', pull: { ...aMerge().pull, number: 13 } }))
    for (const seconds of [1, 9, 10, 9]) await pass(seconds)
    expect(local.messages).toEqual([])
    await pass(1)
    expect(local.messages).toHaveLength(1)
    for (const seconds of [1, 1, 1]) await pass(seconds)
    expect(local.messages).toHaveLength(2)
    expect(dead).toEqual([])
  })
})

describe('a broken Slack', () => {
  test.each([
    ['answers 500', (local: LocalSlack) => local.fail(3, 500)],
    ['does not know the token', (local: LocalSlack) => local.fail(3, 'invalid_auth')],
  ])('that %s is asked again later by the queue, and the notice arrives once', async (_, breaks) => {
    const { queue: jobs, local, lines, pass } = await start()
    await keep('#releases')
    breaks(local)
    await jobs.enqueueNotice(aMerge())
    await settled(jobs)
    expect(local.messages).toEqual([])
    expect(lines.filter(({ msg }) => msg === 'A job failed and will be retried')).toHaveLength(1)
    for (let retry = 0; retry < 4; retry++) await pass(301)
    expect(local.messages).toHaveLength(1)
  })

  test('that stays broken makes the notice a dead letter with an alert, and no notice about a notice', async () => {
    const { queue: jobs, local, dead, lines, pass } = await start()
    await keep('#releases')
    local.fail(1_000, 500)
    await jobs.enqueueNotice(aMerge())
    await settled(jobs)
    for (let retry = 0; retry < RETRY_LIMIT; retry++) await pass(301)
    await eventually(async () => {
      await jobs.nudge()
      expect(dead).toHaveLength(1)
    })
    expect(lines.filter(({ alert }) => alert)).toHaveLength(1)
    expect(await deadLetterNotice(database, dead[0] as DeadJob, START)).toBeUndefined()
  })

  test('no secret reaches the log, the queue or a message', async () => {
    const { queue: jobs, local, lines, pass } = await start()
    await keep('#releases')
    local.fail(1, 500)
    const problem = `connect to postgres://gate:hunter2@db failed with ${SECRET} and ghp_${'a'.repeat(36)}`
    await jobs.enqueueNotice({ ...everyKind[4], problem: problem.replace(SECRET, '') })
    await jobs.enqueueNotice({ ...everyKind[4], key: 'second', problem: `told ${SECRET}` })
    for (let retry = 0; retry < 5; retry++) await pass(301)
    expect(local.messages).toHaveLength(2)
    const messages = JSON.stringify(local.messages)
    expect(messages).toContain('[redacted]')
    for (const secret of [TOKEN, SECRET, 'hunter2', 'ghp_aaa']) expect(messages).not.toContain(secret)
    const rest = JSON.stringify([lines, await database.query('SELECT output FROM release_gate_jobs.job')])
    expect(rest).not.toContain(TOKEN)
  })

  test('a notice that this version does not know is refused and not guessed', async () => {
    const { shell, local } = await start()
    await keep('#releases')
    await expect(notify(shell, { kind: 'other', key: 'k' }, once)).rejects.toThrow()
    expect(local.messages).toEqual([])
  })
})
