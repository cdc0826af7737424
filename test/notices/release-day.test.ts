import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Notice } from '../../src/decision/notice.ts'
import { type NotifyShell, notify } from '../../src/notices/notify.ts'
import { planReleaseDays } from '../../src/notices/release-day.ts'
import { type Slack as LocalSlack, startSlack } from '../../src/sandbox/slack.ts'
import { createSlack } from '../../src/services/slack.ts'
import { askForCard } from '../../src/store/change-cards.ts'
import type { Database } from '../../src/store/database.ts'
import { saveFreezeOrder } from '../../src/store/freezes.ts'
import { claimNotification, saveLanding } from '../../src/store/landings.ts'
import { keepValidPolicy } from '../../src/store/policies.ts'
import { retryTimeOf } from '../../src/store/retry-after-error.ts'
import { nextGeneration, saveVerdict } from '../../src/store/verdicts.ts'
import { factsOf, headOf, shop, verdictOn } from '../support/board-world.ts'
import { aDatabase } from '../support/databases.ts'
import { aMerge } from '../support/notices.ts'
import { anApproval, ann, bob, shaOf } from '../support/snapshot.ts'

/** The release day of a channel, against the local Slack and the store. The window is Wednesday from 18:00 to 19:00 UTC. */

const api = { installationId: 1, repositoryId: 3, owner: 'acme', repo: 'api' }
const window = 'Wednesday 10:00, closes: Wednesday 11:00'
const policy = ({ opens = window, channel = '#releases', more = '' } = {}) =>
  `gates:\n  approvals: {}\n  release_window: { windows: [{ opens: ${opens} }]${more} }\nslack:\n  channel: "${channel}"\n`
const signal = new AbortController().signal

let database: Database
let slack: LocalSlack
let shell: NotifyShell
let time: Date
let waiting: Notice[]
let failed: Notice[]
let next: Date[]

beforeAll(async () => {
  database = await aDatabase()
})
afterAll(() => database.close())
beforeEach(async () => {
  time = new Date('2026-11-25T16:00:00Z')
  waiting = []
  failed = []
  next = []
  const now = () => time
  slack = await startSlack({
    clock: () => time.getTime(),
    channelLimit: true,
    channels: [{ name: 'releases' }, { name: 'other' }],
  })
  shell = {
    database,
    slack: createSlack({ token: 'xoxb-1', apiUrl: slack.url, now }),
    now,
    log: { info: () => undefined, error: () => undefined },
    secrets: [],
    web: 'https://github.com',
  }
  await keep(shop, policy())
  await pull(shop, 1, [ann, bob])
  await pull(shop, 2, [ann])
})
afterEach(async () => {
  await slack.close()
  for (const table of [
    'notices',
    'notice_channels',
    'notice_attempts',
    'notice_requests',
    'change_cards',
    'landings',
    'verdicts',
    'policies',
    'facts',
    'freezes',
    'freeze_orders',
  ])
    await database.query(`DELETE FROM release_gate.${table}`)
})

const keep = (repository: typeof shop, text: string) =>
  keepValidPolicy(database, repository, { text, blob: text })

async function pull(repository: typeof shop, number: number, approvers: (typeof ann)[]): Promise<void> {
  const reviews = approvers.map((person) => anApproval(person, { commit: headOf(number) }))
  const facts = factsOf(repository, number, { reviews, title: `Change ${number}` })
  await saveVerdict(database, verdictOn(facts, await nextGeneration(database)))
}

/** The job of the calendar: it plans, and asks for its next run. */
async function plan(at: string): Promise<void> {
  time = new Date(at)
  const queue = {
    enqueueNotice: async (notice: object) => void waiting.push(notice as Notice),
    enqueueTransition: async (when: Date) => void next.push(when),
  }
  await planReleaseDays({ database, now: () => time, queue })
}

/** The jobs of the notices, each again when it asks for that. */
async function send(): Promise<void> {
  for (let notice = waiting.shift(); notice; notice = waiting.shift()) {
    const again = await notify(shell, notice, signal).then(
      () => undefined,
      (error: unknown) => {
        if (retryTimeOf(error)) return retryTimeOf(error)
        if (notice) failed.push(notice)
        throw error
      },
    )
    if (!again) continue
    waiting.unshift(notice)
    time = new Date(Math.max(again.getTime(), time.getTime() + 1_000))
  }
}

async function at(moment: string): Promise<void> {
  await plan(`2026-11-25T${moment}:00Z`)
  await send()
}

async function freeze(moment: string, freezes = true): Promise<void> {
  const when = new Date(`2026-11-25T${moment}:00Z`)
  await database.transaction((tx) =>
    saveFreezeOrder(tx, {
      scope: 'acme/shop',
      by: 'eva (maintain)',
      issuedAt: when,
      at: when,
      ...(freezes ? { freeze: { reason: 'The ledger is off', until: null } } : {}),
    }),
  )
  await at(moment)
}

async function merge(moment: string, ...numbers: number[]): Promise<void> {
  time = new Date(`2026-11-25T${moment}:00Z`)
  for (const number of numbers) {
    const notice = {
      ...aMerge({ pull: { ...aMerge().pull, number } }),
      repository: shop,
      key: `merged/2/${number}`,
    }
    const landing = {
      repository: shop,
      key: `#${number}`,
      number,
      headSha: shaOf('a'),
      landedAt: time,
      recordSeq: number,
      exception: false,
      urgent: false,
      review: undefined,
      dueAt: undefined,
      notice,
    }
    await saveLanding(database, landing)
    await claimNotification(database, landing)
    await database.query('DELETE FROM release_gate.verdicts WHERE repository_id = 2 AND number = $1', [
      number,
    ])
    waiting.push(notice)
  }
  await send()
}

const changeNotice: Notice = { kind: 'change', key: 'change/2/1', repository: shop, number: 1 }
const headline = ({ text }: { text: string }) => text.split('\n')[0]
const root = () => slack.messages[0]
const inThread = () => slack.messages.filter(({ threadTs }) => threadTs === root()?.ts).map(headline)
const tops = () => slack.messages.filter(({ threadTs }) => threadTs === undefined).map(headline)
const opened = '🟢 The release window opened. Closes Wed, Nov 25, 11:00 AM PST (19:00 UTC).'

describe('a release day', () => {
  test('is one thread, in which each moment is told once, however often the calendar runs', async () => {
    for (const moment of [
      '16:59',
      '17:00',
      '17:00',
      '17:30',
      '18:00',
      '18:01',
      '18:50',
      '18:55',
      '19:00',
      '19:01',
      '19:30',
    ])
      await at(moment)
    expect(tops()).toEqual([
      '🗓️ Release window: Wed, Nov 25, 10:00 AM PST (18:00 UTC) to Wed, Nov 25, 11:00 AM PST',
    ])
    expect(root()?.text).toMatch(
      /\*Ready \(1\)\*\n• <.*#1> Change 1: ready\n\*Blocked \(1\)\*\n• <.*#2> Change 2: Waiting/,
    )
    expect(inThread()).toEqual([
      opened,
      '⏰ The release window closes Wed, Nov 25, 11:00 AM PST (19:00 UTC)',
      '🏁 The release window closed Wed, Nov 25, 11:00 AM PST (19:00 UTC): 0 merged and 2 not merged',
    ])
    expect(slack.lost).toEqual([])
  })

  test('asks for the calendar at its next moment', async () => {
    const asked: string[] = []
    for (const moment of ['16:00', '17:00', '18:00', '18:50', '19:01']) {
      await plan(`2026-11-25T${moment}:00Z`)
      asked.push(next.at(-1)?.toISOString().slice(5, 16) ?? '')
    }
    expect(asked).toEqual(['11-25T17:00', '11-25T18:00', '11-25T18:50', '11-25T19:01', '12-02T17:00'])
  })

  test('whose first message was deleted goes on in a new thread, which the next moment begins', async () => {
    await at('17:00')
    slack.remove(root() as LocalSlack['messages'][number])
    for (const moment of ['18:00', '18:50', '19:01']) await at(moment)
    expect(tops()).toEqual([opened])
    expect(inThread()).toEqual([
      expect.stringMatching(/^⏰ The release window closes/),
      expect.stringMatching(/^🏁 The release window closed/),
    ])
    expect(slack.lost).toEqual([])
  })

  test('whose first message was deleted goes on in a new thread, which the next merge begins', async () => {
    await at('17:00')
    slack.remove(root() as LocalSlack['messages'][number])
    await merge('18:10', 1)
    await at('19:01')
    const [begins, ...others] = slack.messages.filter(
      ({ threadTs, text }) => !threadTs && / by eva$/.test(text),
    )
    expect(others).toEqual([])
    const replies = slack.messages.filter(({ threadTs }) => threadTs === begins?.ts)
    expect(replies.map(headline)).toEqual([expect.stringMatching(/^🏁 .*: 1 merged and 1 not merged$/)])
    expect(slack.lost).toEqual([])
  })

  test('keeps its thread where Slack does not say whether its first message is there, and tells later', async () => {
    await at('17:00')
    slack.fail(1, 'internal_error')
    await expect(at('18:00')).rejects.toThrow('internal_error')
    await at('18:01')
    expect(tops()).toHaveLength(1)
    waiting.push(...failed.splice(0))
    await send()
    expect(inThread()).toEqual([opened])
  })

  test('names each merge in its thread and in the summary, at two calls a merge', async () => {
    await at('17:00')
    await at('18:00')
    await merge('18:10', 1)
    expect(inThread().at(-1)).toMatch(/^✅ Merged: .*#1> .*, by eva$/)
    expect(tops()).toHaveLength(2)
    slack.calls.length = 0
    await merge('18:14', 7)
    expect(slack.calls).toEqual(['chat.postMessage', 'chat.postMessage'])
    await at('18:50')
    await at('19:01')
    expect(inThread().at(-1)).toContain(': 2 merged and 1 not merged')
  })

  test('costs a merge two calls, and names it once, also where its pull request is looked at first', async () => {
    await askForCard(database, { ...shop, number: 1 }, time)
    waiting.push(changeNotice)
    await at('17:00')
    await merge('18:10', 7)
    slack.calls.length = 0
    waiting.push(changeNotice)
    await merge('18:20', 1)
    expect(slack.calls).toEqual(['chat.update', 'chat.postMessage'])
    expect(slack.messages.filter(({ text }) => /Merged.*#1>/.test(text))).toHaveLength(2)
  })

  test('gathers merges that come at about the same time', async () => {
    await at('17:00')
    await merge('18:10', 1, 7, 8)
    const named = inThread().filter((line) => line?.startsWith('✅'))
    expect(named.length).toBeLessThan(3)
    expect(
      slack.messages
        .filter(({ threadTs }) => threadTs)
        .map(({ text }) => text)
        .join(),
    ).toMatch(/#1>.*#7>.*#8>/s)
  })

  test('has no merge that came before it or after it', async () => {
    await at('17:00')
    await merge('17:30', 1)
    await at('19:01')
    await merge('19:30', 7)
    expect(inThread()).toEqual([expect.stringMatching(/: 0 merged and 1 not merged$/)])
  })

  test('without an open pull request is quiet', async () => {
    await database.query('DELETE FROM release_gate.verdicts')
    for (const moment of ['17:00', '18:00', '18:50', '19:01']) await at(moment)
    expect(slack.messages).toEqual([])
  })
})

describe('a process that was down', () => {
  test('at the hour tells the opening late, with what is ready and blocked', async () => {
    await at('18:20')
    expect(tops()).toEqual([opened])
    expect(root()?.text).toContain('*Ready (1)*')
  })

  test('for the whole window tells nothing', async () => {
    await at('19:30')
    expect(slack.messages).toEqual([])
  })

  test('for two release days and until the third has opened tells that one, once', async () => {
    for (const moment of ['2026-12-09T18:05:00Z', '2026-12-09T18:10:00Z']) {
      await plan(moment)
      await send()
    }
    expect(tops()).toEqual([opened.replace('Nov 25', 'Dec 9')])
    expect(slack.messages).toHaveLength(1)
  })

  test('while a message waited does not tell it when it is no longer true', async () => {
    await plan('2026-11-25T17:00:00Z')
    time = new Date('2026-11-25T18:00:00Z')
    await send()
    expect(slack.messages).toEqual([])
  })

  test('at the closing tells the summary late', async () => {
    await at('17:00')
    await at('23:00')
    expect(inThread()).toEqual([expect.stringMatching(/^🏁 /)])
  })

  test('when Slack had taken a message and the note of it was lost repeats nothing if it may read', async () => {
    await slack.close()
    slack = await startSlack({
      clock: () => time.getTime(),
      channels: [{ name: 'releases' }],
      scopes: ['chat:write', 'channels:history'],
    })
    shell.slack = createSlack({ token: 'xoxb-1', apiUrl: slack.url, now: () => time })
    await at('17:00')
    await plan('2026-11-25T18:00:00Z')
    const [notice] = waiting
    slack.loseAnswers(1, 'chat.postMessage')
    await expect(send()).rejects.toThrow()
    waiting = notice ? [notice] : []
    await send()
    expect(inThread()).toEqual([opened])
  })
})

describe('a freeze', () => {
  test('is said before the opening, and the window does not open', async () => {
    await freeze('16:30')
    for (const moment of ['17:00', '18:00', '18:50']) await at(moment)
    expect(slack.messages).toHaveLength(1)
    expect(root()?.text).toContain(
      '*🧊 Frozen*\n• acme/shop: by eva (maintain), until it is lifted: The ledger is off',
    )
    await at('19:01')
    expect(inThread()).toEqual([expect.stringMatching(/^🏁 .*: 0 merged and 2 not merged$/)])
  })

  test('that is lifted in the window tells the opening then', async () => {
    await freeze('16:30')
    await at('17:00')
    await at('18:00')
    await freeze('18:20', false)
    expect(inThread()).toEqual([opened])
  })

  test('that is ordered while the message waits keeps it back until it is lifted', async () => {
    await at('17:00')
    await plan('2026-11-25T18:00:00Z')
    const planned = waiting
    waiting = []
    await freeze('18:00')
    waiting = planned
    await send()
    expect(inThread()).toEqual([])
    await freeze('18:05', false)
    expect(inThread()).toEqual([opened])
  })

  test('of the policy counts as one', async () => {
    await keep(shop, policy({ more: ', frozen: Audit' }))
    await at('17:00')
    await at('18:00')
    expect(slack.messages).toHaveLength(1)
    expect(root()?.text).toContain('acme/shop: by the policy, until it is lifted: Audit')
  })
})

describe('several policies', () => {
  test('of one channel with one window share each message, which names them', async () => {
    await keep(api, policy())
    await pull(api, 5, [ann])
    for (const moment of ['17:00', '18:00']) await at(moment)
    expect(slack.messages).toHaveLength(2)
    expect(root()?.text).toContain('Repositories: acme/api and acme/shop')
    expect(root()?.text).toMatch(/\*Blocked \(2\)\*/)
  })

  test('of one channel with other windows share the thread of the date, and each message names its repository', async () => {
    await keep(api, policy({ opens: 'Wednesday 10:30, closes: Wednesday 12:00' }))
    await pull(api, 5, [ann])
    for (const moment of ['17:00', '17:30', '18:00', '18:30']) await at(moment)
    expect(tops()).toHaveLength(1)
    expect(root()?.text).toContain('Repositories: acme/shop')
    expect(slack.messages.slice(1).map(({ text }) => /Repositories: (.*)/.exec(text)?.[1])).toEqual([
      'acme/api',
      'acme/shop',
      'acme/api',
    ])
  })

  test('of two channels have a thread each', async () => {
    await keep(api, policy({ channel: '#other' }))
    await pull(api, 5, [ann])
    await at('17:00')
    await at('18:00')
    expect(
      slack.messages.map(({ channelName, threadTs }) => [channelName, threadTs !== undefined]).sort(),
    ).toEqual([
      ['other', false],
      ['other', true],
      ['releases', false],
      ['releases', true],
    ])
  })

  test('one of which is frozen still opens for the other', async () => {
    await keep(api, policy())
    await pull(api, 5, [ann])
    await freeze('16:30')
    await at('17:00')
    await at('18:00')
    expect(inThread()).toEqual([opened])
    expect(slack.messages[1]?.text).toContain('acme/shop: by eva (maintain)')
  })

  test('a policy that changes the window while it is open is told as it is then, and not that it closed', async () => {
    await at('17:00')
    await at('18:00')
    await keep(shop, policy({ opens: 'Wednesday 10:00, closes: Wednesday 12:00' }))
    for (const moment of ['18:30', '18:50', '19:01']) await at(moment)
    expect(inThread()).toEqual([
      opened,
      '🟢 The release window opened. Closes Wed, Nov 25, 12:00 PM PST (20:00 UTC).',
    ])
  })
})
