import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { formatTime } from '../../src/decision/calendar.ts'
import type { Notice } from '../../src/decision/notice.ts'
import { type NotifyShell, notify } from '../../src/notices/notify.ts'
import { type Slack as LocalSlack, startSlack } from '../../src/sandbox/slack.ts'
import { createSlack } from '../../src/services/slack.ts'
import { askForCard, changeCard } from '../../src/store/change-cards.ts'
import type { Database } from '../../src/store/database.ts'
import { saveLanding } from '../../src/store/landings.ts'
import { keepValidPolicy } from '../../src/store/policies.ts'
import { retryTimeOf } from '../../src/store/retry-after-error.ts'
import { nextGeneration, saveVerdict } from '../../src/store/verdicts.ts'
import { factsOf, headOf, shop, verdictOn } from '../support/board-world.ts'
import { aDatabase } from '../support/databases.ts'
import { aMerge, anException } from '../support/notices.ts'
import { aLabel, anApproval, ann, aPerson, bob, shaOf } from '../support/snapshot.ts'

/** The one message of a change, against the local Slack and the store. */

const START = new Date('2026-11-24T18:00:00Z')
const policy = (people = '') =>
  `gates:\n  approvals: {}\n  hold: {}\n  release_window: {}\nslack:\n  channel: "#releases"\n${people}`
const mapped = '  people: { ana: U000000ANA, ben: ben@acme.example, eva: gone@acme.example }\n'
const members = { 'ben@acme.example': 'U000000BEN' }
const ana = aPerson('ana')
const pullOf = (number: number) => ({ ...shop, number })
const signal = new AbortController().signal

let database: Database
let slack: LocalSlack
let shell: NotifyShell
let time: Date

beforeAll(async () => {
  database = await aDatabase()
})
afterAll(() => database.close())
beforeEach(() => start())
afterEach(async () => {
  await slack.close()
  for (const table of [
    'notices',
    'notice_channels',
    'notice_attempts',
    'change_cards',
    'landings',
    'verdicts',
    'policies',
    'facts',
  ])
    await database.query(`DELETE FROM release_gate.${table}`)
})

async function start(scopes = ['chat:write', 'users:read.email'], people = mapped): Promise<void> {
  await slack?.close()
  time = START
  slack = await startSlack({ clock: () => time.getTime(), channelLimit: true, people: members, scopes })
  const now = () => time
  shell = {
    database,
    slack: createSlack({ token: 'xoxb-1', apiUrl: slack.url, now }),
    now,
    log: { info: () => undefined, error: () => undefined },
    secrets: ['canary-secret-77'],
    web: 'https://github.com',
  }
  await keepValidPolicy(database, shop, { text: policy(people), blob: shaOf('c') })
}

type What = Parameters<typeof factsOf>[2]
const approved: What = { author: ana, title: 'Cap rewards' }
const approvals = (number: number) =>
  [ann, bob].map((person) => anApproval(person, { commit: headOf(number) }))

/** A verdict is stored, and its job runs as the queue runs it: again at the time that it asks for. */
async function moves(number: number, what: What, asked = true): Promise<void> {
  await stored(number, what, asked)
  expect(await job({ kind: 'change', key: `change/2/${number}`, repository: shop, number })).toBeUndefined()
}

async function stored(number: number, what: What, asked = true): Promise<void> {
  const verdict = verdictOn(
    factsOf(shop, number, { reviews: approvals(number), ...what }),
    await nextGeneration(database),
  )
  await saveVerdict(database, { ...verdict, decidedAt: time })
  if (asked) await askForCard(database, pullOf(number), time)
}

async function job(notice: Notice, times = 10): Promise<unknown> {
  for (let run = 0; run < times; run++) {
    const error = await notify(shell, notice, signal).then(
      () => undefined,
      (problem: unknown) => problem,
    )
    const again = retryTimeOf(error)
    if (!again) return error
    time = again > time ? again : new Date(time.getTime() + 1_000)
  }
  throw new Error('the job never ended')
}

async function merges(
  number: number,
  changes: Partial<Notice> = {},
  kind: 'merged' | 'exception' = 'merged',
) {
  const pull = { ...aMerge().pull, number }
  const made = kind === 'merged' ? aMerge({ pull }) : anException({ pull })
  const notice = { ...made, repository: shop, key: `${kind}/2/${number}`, ...changes } as Notice
  await saveLanding(database, {
    repository: shop,
    key: `#${number}`,
    number,
    headSha: shaOf('a'),
    landedAt: time,
    recordSeq: number,
    exception: kind === 'exception',
    urgent: false,
    review: undefined,
    dueAt: undefined,
    notice,
  })
  return notice
}

const texts = () => slack.messages.map(({ text }) => text.split('\n')[0])
const threads = () => slack.messages.map(({ threadTs }) => threadTs)

describe('a change', () => {
  test('has one message from ready to merged, with an answer in its thread for each move', async () => {
    await moves(12, approved)
    expect(texts()).toEqual([
      expect.stringMatching(
        /^🟢 Ready: <https:\/\/github.com\/acme\/shop\/pull\/12\|acme\/shop#12> Cap rewards$/,
      ),
    ])
    const [card] = slack.messages
    await moves(12, { ...approved, reviews: [] })
    await moves(12, approved)
    await job(await merges(12))
    expect(threads()).toEqual([undefined, card?.ts, card?.ts, card?.ts])
    expect(texts()).toEqual([
      expect.stringMatching(/^✅ Merged: /),
      'No longer ready: Waiting for 2 approvals',
      '<@U000000ANA>: ready again.',
      'Merged by eva. Approved by chloe and dev.',
    ])
    expect(card?.edits).toBe(3)
  })

  test('that is not ready for another reason is not updated, and its message names the time of the reason that it gives', async () => {
    await moves(12, approved)
    const then = formatTime(time, 'America/Los_Angeles')
    await moves(12, { ...approved, reviews: [] })
    time = new Date(time.getTime() + 3_600_000)
    await moves(12, { ...approved, reviews: approvals(12).slice(0, 1) })
    const [card] = slack.messages
    expect(card?.edits).toBe(1)
    expect(card?.text.split('\n')).toContain(`At ${then}: Waiting for 2 approvals`)
  })

  test('costs two calls when it merges, and is linked by the address of its message', async () => {
    await moves(11, approved)
    await job(await merges(11))
    await moves(12, approved)
    const notice = await merges(12)
    time = new Date(time.getTime() + 60_000)
    slack.calls.length = 0
    const sent = await notify(shell, notice, signal)
    expect(slack.calls).toEqual(['chat.update', 'chat.postMessage'])
    const card = slack.messages.find(({ text }) => text.includes('#12>'))
    expect(sent).toEqual([{ channel: card?.channel, ts: card?.ts, permalink: card?.permalink }])
  })

  test('that was never told as ready is posted as merged, once', async () => {
    const notice = await merges(12)
    for (let run = 0; run < 3; run++) expect(await job(notice)).toBeUndefined()
    expect(texts()).toEqual([expect.stringMatching(/^✅ Merged: /)])
    expect(slack.messages[0]?.edits).toBe(0)
  })

  test('says nothing new however often its job runs', async () => {
    for (let run = 0; run < 3; run++) await moves(12, approved)
    expect(slack.messages).toHaveLength(1)
    expect(slack.messages[0]?.edits).toBe(0)
  })

  test('that is not ready when its turn comes is not told, and is told once it is', async () => {
    await stored(12, approved)
    await moves(12, { ...approved, reviews: [] }, false)
    expect(slack.messages).toEqual([])
    await moves(12, approved)
    expect(texts()).toEqual([expect.stringMatching(/^🟢 Ready: /)])
  })

  test('that nobody asked to tell has no message', async () => {
    await moves(12, approved, false)
    expect(slack.messages).toEqual([])
  })

  test('that is closed says so', async () => {
    await moves(12, approved)
    await moves(12, { ...approved, state: 'closed' })
    expect(texts()).toEqual([expect.stringMatching(/^✖️ Closed without a merge/), 'Closed without a merge.'])
  })

  test('that bypassed the gate has a message of its own, and its message says so', async () => {
    await moves(12, approved)
    await job(await merges(12, {}, 'exception'))
    expect(texts().sort()).toEqual([
      expect.stringMatching(/^🚨 Bypassed the release gate: /),
      expect.stringMatching(/^🚨 Release gate bypassed by a merge: /),
    ])
    expect(threads()).toEqual([undefined, undefined])
  })

  test.each([
    ['passed', undefined],
    ['failed', true],
  ] as const)('whose watch %s says so in its message and its thread', async (verdict, broadcast) => {
    await job(await merges(12))
    const release = { summary: 'x', url: 'https://github.com/acme/shop/pull/12' }
    const watched: Notice = {
      kind: 'watched',
      key: 'watched/merged/2/12',
      repository: shop,
      release,
      verdict,
      why: 'calm',
      record: 41,
      change: 40,
    }
    for (let run = 0; run < 2; run++) await job(watched)
    expect(slack.messages).toHaveLength(2)
    expect(slack.messages[0]?.text).toContain(`Watch after the release: ${verdict}, record 41`)
    expect(slack.messages[1]?.text).toContain('Record 41 has each check. Change record: 40.')
    expect(slack.messages[1]).toMatchObject({
      threadTs: slack.messages[0]?.ts,
      ...(broadcast ? { broadcast } : {}),
    })
    expect(slack.messages[1]?.broadcast).toBe(broadcast)
  })

  test('whose message was deleted has the verdict of its watch in a message of its own', async () => {
    await job(await merges(12))
    slack.remove(slack.messages[0] as LocalSlack['messages'][number])
    const release = { summary: 'x', url: 'https://github.com/acme/shop/pull/12' }
    const key = 'watched/merged/2/12'
    const watched: Notice = {
      kind: 'watched',
      key,
      repository: shop,
      release,
      verdict: 'failed',
      why: 'slow',
    }
    for (let run = 0; run < 2; run++) await job(watched)
    expect(texts()).toEqual([expect.stringMatching(/^🚨 Watch after the release of .*: failed/)])
    expect(slack.lost).toEqual([])
  })

  test('whose message was deleted gets another one', async () => {
    await moves(12, approved)
    slack.remove(slack.messages[0] as LocalSlack['messages'][number])
    await job(await merges(12))
    expect(texts()).toEqual([expect.stringMatching(/^✅ Merged: /)])
    expect(slack.lost).toEqual([])
  })

  test('hides secrets in what people wrote', async () => {
    await moves(12, { ...approved, title: 'Use canary-secret-77' })
    expect(texts()[0]).toContain('Use [redacted]')
  })
})

describe('the author', () => {
  const author = (login: string) => ({ ...approved, author: aPerson(login) })
  const named = () => /Author: (.*)/.exec(slack.messages[0]?.text ?? '')?.[1]

  test.each([
    ['is mentioned by the member ID in the policy', 'ana', '<@U000000ANA>'],
    ['is mentioned by the email address in the policy', 'ben', '<@U000000BEN>'],
    ['is named where Slack does not know the address', 'eva', 'eva'],
    ['is named where the policy does not map them', 'dev', 'dev'],
  ])('%s', async (_, login, text) => {
    await moves(12, author(login))
    expect(named()).toBe(text)
  })

  test('is named, and told in time, where the bot may not look up addresses', async () => {
    await start(['chat:write'])
    await moves(12, author('ben'))
    expect(named()).toBe('ben')
  })

  test('is looked up once', async () => {
    await moves(12, author('ben'))
    await moves(13, author('ben'))
    expect(slack.calls.filter((method) => method === 'users.lookupByEmail')).toHaveLength(1)
  })
})

describe('many changes that become ready at once', () => {
  test('are one message, and each has its own again when it merges', async () => {
    for (let number = 1; number <= 9; number++) await stored(number, approved)
    for (let number = 1; number <= 9; number++) await moves(number, approved)
    expect(texts()).toEqual([
      expect.stringMatching(/^🟢 9 changes became ready, as of Tue, Nov 24, 10:00 AM PST/),
    ])
    await job(await merges(4))
    expect(texts().slice(1)).toEqual([expect.stringMatching(/^✅ Merged: .*#4>/)])
  })

  test('are one message again where all of them were not ready in between', async () => {
    const all = [1, 2, 3, 4, 5, 6]
    for (const shown of [1, 2]) {
      for (const number of all) await stored(number, approved)
      for (const number of all) await moves(number, approved)
      expect(slack.messages).toHaveLength(shown)
      for (const number of all)
        await moves(number, { ...approved, labels: [aLabel({ name: 'hold' })] }, false)
      for (const number of all) expect(await changeCard(database, pullOf(number))).toBeUndefined()
      time = new Date(time.getTime() + 3_600_000)
    }
    expect(texts()[1]).toMatch(/^🟢 6 changes became ready, as of /)
  })

  test('are told one by one up to five, and the others together five minutes after the first', async () => {
    for (let number = 1; number <= 5; number++) await moves(number, approved)
    for (let number = 6; number <= 8; number++) await stored(number, approved)
    await moves(6, approved)
    expect(slack.messages).toHaveLength(6)
    expect(time.getTime() - START.getTime()).toBeGreaterThanOrEqual(5 * 60_000)
    for (const number of [7, 8]) await moves(number, approved)
    expect(texts()).toEqual([
      ...Array(5).fill(expect.stringMatching(/^🟢 Ready: /)),
      expect.stringMatching(/^🟢 3 changes became ready, as of /),
    ])
  })
})

describe('an answer of Slack that is lost', () => {
  const reading = ['chat:write', 'channels:history']

  test('repeats no message where the bot may read the channel: not the first one, nor one in a thread', async () => {
    await start(reading)
    await moves(11, approved)
    slack.loseAnswers(1, 'chat.postMessage')
    await stored(12, approved)
    expect(await job({ kind: 'change', key: 'change/2/12', repository: shop, number: 12 })).toBeDefined()
    await moves(12, approved)
    slack.loseAnswers(1, 'chat.postMessage')
    const notice = await merges(12)
    expect(await job(notice)).toBeDefined()
    expect(await job(notice)).toBeUndefined()
    expect(texts().filter((text) => text?.includes('#12>'))).toHaveLength(1)
    expect(texts().filter((text) => text?.startsWith('Merged by'))).toHaveLength(1)
    expect(await changeCard(database, pullOf(12))).toMatchObject({ ts: slack.messages[1]?.ts, answered: 1 })
  })

  test('repeats a message rather than to lose it where the bot may not', async () => {
    slack.loseAnswers(1, 'chat.postMessage')
    await stored(12, approved)
    await job({ kind: 'change', key: 'change/2/12', repository: shop, number: 12 })
    await moves(12, approved)
    expect(slack.messages).toHaveLength(2)
  })

  test('of an update repeats the update alone', async () => {
    await moves(12, approved)
    slack.loseAnswers(1, 'chat.update')
    const notice = await merges(12)
    expect(await job(notice)).toBeDefined()
    expect(await job(notice)).toBeUndefined()
    expect(slack.messages).toHaveLength(2)
  })

  test('is not searched for where Slack has refused the message', async () => {
    await start(reading)
    await moves(11, approved)
    slack.fail(1, 'not_in_channel')
    await stored(12, approved)
    await job({ kind: 'change', key: 'change/2/12', repository: shop, number: 12 })
    await moves(12, approved)
    expect(slack.calls).not.toContain('conversations.history')
  })
})
