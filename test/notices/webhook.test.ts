import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Notice } from '../../src/decision/notice.ts'
import { type NotifyShell, notify } from '../../src/notices/notify.ts'
import { planReleaseDays } from '../../src/notices/release-day.ts'
import { type Slack as LocalSlack, startSlack } from '../../src/sandbox/slack.ts'
import { createWebhook } from '../../src/services/slack-webhook.ts'
import { askForCard } from '../../src/store/change-cards.ts'
import type { Database } from '../../src/store/database.ts'
import { keepValidPolicy } from '../../src/store/policies.ts'
import { retryTimeOf } from '../../src/store/retry-after-error.ts'
import { nextGeneration, saveVerdict } from '../../src/store/verdicts.ts'
import { factsOf, headOf, shop, verdictOn } from '../support/board-world.ts'
import { aDatabase } from '../support/databases.ts'
import { aFreeze, aMerge, anException, anUrgent } from '../support/notices.ts'
import { anApproval, ann, bob } from '../support/snapshot.ts'

/** An incoming webhook, the lesser choice: messages that stand alone. */

const api = { ...shop, repositoryId: 3, repo: 'api' }
const policy = (channel: string) =>
  `gates:\n  approvals: {}\n  release_window: {}\nslack:\n  channel: "${channel}"\n`
const signal = new AbortController().signal

let database: Database
let slack: LocalSlack
let shell: NotifyShell
let time: Date

beforeAll(async () => {
  database = await aDatabase()
})
afterAll(() => database.close())
beforeEach(async () => {
  time = new Date('2026-11-25T17:00:00Z')
  slack = await startSlack({ clock: () => time.getTime(), channelLimit: true })
  const now = () => time
  shell = {
    database,
    slack: createWebhook({ url: slack.webhookUrl, now }),
    now,
    log: { info: () => undefined, error: () => undefined },
    secrets: [],
    web: 'https://github.com',
  }
  await keepValidPolicy(database, shop, { text: policy('#releases'), blob: 'a' })
  const reviews = [ann, bob].map((person) => anApproval(person, { commit: headOf(1) }))
  await saveVerdict(database, verdictOn(factsOf(shop, 1, { reviews }), await nextGeneration(database)))
})
afterEach(async () => {
  await slack.close()
  for (const table of [
    'notices',
    'notice_channels',
    'notice_attempts',
    'notice_requests',
    'change_cards',
    'facts',
    'verdicts',
    'policies',
  ])
    await database.query(`DELETE FROM release_gate.${table}`)
})

async function job(notice: Notice): Promise<unknown> {
  for (let run = 0; run < 5; run++) {
    const error = await notify(shell, notice, signal).then(
      (sent) => {
        expect(sent).toEqual([])
      },
      (problem: unknown) => problem,
    )
    const again = retryTimeOf(error)
    if (!again) return error
    time = new Date(Math.max(again.getTime(), time.getTime() + 1_000))
  }
  throw new Error('the job never ended')
}
const texts = () => slack.messages.map(({ text }) => text.split('\n')[0])
const here = { repository: shop }

describe('an incoming webhook', () => {
  test('posts merges, exceptions, urgent labels and freezes, each once, to its own channel', async () => {
    await keepValidPolicy(database, api, { text: policy('#other'), blob: 'b' })
    const notices = [
      aMerge(here),
      anException({ ...here, pull: aMerge().pull }),
      anUrgent(here),
      aFreeze({ scope: 'acme/*' }),
    ]
    for (const notice of [...notices, ...notices]) expect(await job(notice)).toBeUndefined()
    expect(texts()).toEqual([
      expect.stringMatching(/^✅ Merged/),
      expect.stringMatching(/^🚨 Release gate bypassed/),
      expect.stringMatching(/^🔥 Marked as urgent/),
      '🧊 Frozen: every repository of acme',
    ])
    expect(new Set(slack.messages.map(({ channelName }) => channelName))).toEqual(new Set(['general']))
  })

  test('does not tell that a change is ready, which it could not correct', async () => {
    await askForCard(database, { ...shop, number: 1 }, time)
    expect(await job({ kind: 'change', key: 'change/2/1', repository: shop, number: 1 })).toBeUndefined()
    expect(slack.messages).toEqual([])
  })

  async function calendarAt(moment: string): Promise<void> {
    time = new Date(`2026-11-25T${moment}:00Z`)
    const waiting: Notice[] = []
    const queue = {
      enqueueNotice: async (notice: object) => void waiting.push(notice as Notice),
      enqueueTransition: async () => undefined,
    }
    await planReleaseDays({ database, now: () => time, queue })
    for (const notice of waiting) expect(await job(notice)).toBeUndefined()
  }

  test('tells the moments of a release day as messages of their own', async () => {
    for (const moment of ['17:00', '17:00', '18:00', '19:01']) await calendarAt(moment)
    expect(texts().map((text) => text?.split(' ')[0])).toEqual(['🗓️', '🟢', '🏁'])
    expect(slack.messages.every(({ threadTs }) => threadTs === undefined)).toBe(true)
  })

  test('has one pace, however many channels the policies name', async () => {
    await keepValidPolicy(database, api, { text: policy('#other'), blob: 'b' })
    await saveVerdict(database, verdictOn(factsOf(api, 5), await nextGeneration(database)))
    await calendarAt('17:00')
    expect(slack.messages).toHaveLength(2)
    expect(slack.calls).toEqual(['webhook', 'webhook'])
  })

  test('sends nothing for a repository whose policy names no channel', async () => {
    await keepValidPolicy(database, shop, { text: 'gates: { approvals: {} }\n', blob: 'c' })
    expect(await job(aMerge(here))).toBeUndefined()
    expect(slack.messages).toEqual([])
  })

  test('waits as long as Slack asks', async () => {
    slack.fail(1, 429, 30)
    const before = time.getTime()
    expect(await job(aMerge(here))).toBeUndefined()
    expect(time.getTime() - before).toBeGreaterThanOrEqual(30_000)
    expect(slack.messages).toHaveLength(1)
  })

  test.each([
    [
      'that was removed',
      () => `${new URL(slack.webhookUrl).origin}/services/T1/B1/canary-hook`,
      /404 no_service; create a new webhook/,
    ],
    ['that nobody answers', () => 'http://127.0.0.1:1/services/T1/B1/canary-hook', /could not be reached/],
  ])('%s is an error that says what to do, without the URL', async (_, url, says) => {
    shell.slack = createWebhook({ url: url(), now: () => time })
    const error = await job(aMerge(here))
    expect(String(error)).toMatch(says)
    expect(`${error instanceof Error ? error.stack : ''} ${JSON.stringify(error)}`).not.toContain(
      'canary-hook',
    )
  })
})
