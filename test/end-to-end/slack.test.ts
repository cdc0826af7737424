import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SlackMessage } from '../../src/sandbox/slack.ts'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast, setUpRepositories, type Workshop } from '../../src/sandbox/workshop.ts'
import { aStage } from '../support/stage.ts'

/** What one channel reads of a release week, from the real bot. */

const policy = `gates:
  approvals: {}
  release_window: {}
slack:
  channel: "#releases"
  people: { ana: U000000ANA }
`

let stage: Stage
let shop: Workshop
let cap: Change

beforeAll(async () => {
  stage = await aStage({ at: new Date('2026-11-24T22:00:00Z') })
  cast(stage)
  shop = await setUpRepositories(stage, { policy })
  stage.github.installApp('foodyepay')
  await stage.settled()
  cap = await shop.openPull('ana', {
    branch: 'cap',
    title: 'Cap rewards <!channel>',
    files: { 'src/cap.ts': 'a\n' },
  })
})
afterAll(() => stage.close())

const at = (time: string) => stage.moveTo(new Date(time))
const later = async (seconds = 6) => {
  for (let second = 0; second < seconds; second += 2)
    await stage.moveTo(new Date(stage.now().getTime() + 2_000))
}
const tops = () => stage.slack.messages.filter(({ threadTs }) => threadTs === undefined)
const under = (message: SlackMessage | undefined) =>
  stage.slack.messages.filter(({ threadTs }) => threadTs === message?.ts).map(headline)
const headline = ({ text }: SlackMessage) => text.split('\n')[0]
const about = (number: number) => tops().find(({ text }) => text.includes(`#${number}>`))

async function order(body: object): Promise<void> {
  const answer = await fetch(`${stage.bot().url}/api/freeze`, {
    method: 'POST',
    headers: { authorization: `Bearer ${stage.operatorToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ at: new Date().toISOString(), ...body }),
  })
  expect(answer.status).toBe(200)
  await stage.settled()
}

describe('a change', () => {
  test('is not told before it is ready', async () => {
    await shop.review('chloe', cap)
    await later()
    expect(stage.slack.messages).toEqual([])
  })

  test('that is ready is told once, long before its window, and its author is mentioned', async () => {
    await shop.review('dev', cap)
    await later()
    expect(tops().map(headline)).toEqual([
      expect.stringMatching(/^🟢 Ready: <.*\|foodyepay\/mcp-server#1> Cap rewards &lt;!channel&gt;$/),
    ])
    expect(about(1)?.text).toContain('Author: <@U000000ANA>')
  })

  test('that is pushed to is no longer ready, and is ready again once it is approved again', async () => {
    cap = await shop.push('ana', cap, { 'src/cap.ts': 'b\n' })
    await later()
    expect(headline(about(1) as SlackMessage)).toMatch(/^⏳ No longer ready: /)
    await shop.review('chloe', cap)
    await shop.review('dev', cap)
    await later()
    expect(under(about(1))).toEqual([
      expect.stringMatching(/^No longer ready: /),
      '<@U000000ANA>: ready again.',
    ])
    expect(about(1)).toMatchObject({ edits: 2 })
  })
})

describe('orders', () => {
  test('to freeze and unfreeze are messages of their own, and one that lifts nothing is none', async () => {
    const repository = shop.name
    await order({ action: 'unfreeze', repository })
    await order({ action: 'freeze', repository, reason: 'The ledger is off' })
    await later()
    await order({ action: 'unfreeze', repository })
    await later()
    expect(tops().slice(1).map(headline)).toEqual([
      '🧊 Frozen: foodyepay/mcp-server',
      '🟢 Freeze lifted: foodyepay/mcp-server',
    ])
    expect(about(1)).toMatchObject({ edits: 2 })
  })

  test('by an urgent label are told where the label counts', async () => {
    await shop.label('gus', cap, 'urgent')
    await later()
    expect(tops()).toHaveLength(3)
    await shop.unlabel('gus', cap, 'urgent')
    await shop.label('eva', cap, 'urgent')
    await later()
    expect(
      tops()
        .slice(3)
        .map(({ text }) => text),
    ).toEqual([expect.stringMatching(/^🔥 Marked as urgent: .*#1> .*\nBy: eva, /)])
    await shop.unlabel('eva', cap, 'urgent')
  })
})

describe('the release day', () => {
  const root = () => tops().find(({ text }) => text.startsWith('🗓️'))

  test('begins an hour before, with what is ready, although nobody did anything since', async () => {
    await at('2026-11-25T17:00:00Z')
    expect(root()?.text).toMatch(/Wed, Nov 25, 10:00 AM PST.*\n\*Ready \(1\)\*\n• <.*#1> Cap rewards/)
    await at('2026-11-25T18:00:00Z')
    expect(under(root())).toEqual([expect.stringMatching(/^🟢 The release window opened/)])
  })

  test('a merge updates the message of the change, stands in the thread of the day, and costs two calls', async () => {
    await at('2026-11-25T18:10:00Z')
    stage.slack.calls.length = 0
    expect(await shop.merge('eva', cap)).toBeUndefined()
    await later()
    expect(stage.slack.calls).toEqual(['chat.update', 'chat.postMessage'])
    expect(headline(about(1) as SlackMessage)).toMatch(/^✅ Merged: /)
    expect(under(root()).at(-1)).toMatch(/^✅ Merged: .*, by eva$/)
    const check = await shop.check(cap)
    expect(check?.summary).toContain(about(1)?.permalink)
  })

  test('ends with a summary, also where the bot was down at the closing, and says nothing twice', async () => {
    await at('2026-11-25T18:50:00Z')
    await stage.stop()
    await stage.startBot()
    await at('2026-11-25T19:20:00Z')
    await at('2026-11-25T20:20:00Z')
    expect(under(root()).slice(2)).toEqual([
      '🏁 The release window closed Wed, Nov 25, 11:00 AM PST (19:00 UTC): 1 merged and 0 not merged',
    ])
    expect(stage.slack.lost).toEqual([])
  })
})

test('without the signing secret there are no buttons, and nothing takes a press', async () => {
  expect(stage.slack.messages.length).toBeGreaterThan(5)
  expect(JSON.stringify(stage.slack.messages)).not.toContain('"actions"')
  const url = `${stage.bot().url}/api/slack/interactions`
  expect((await fetch(url, { method: 'POST', body: 'payload=%7B%7D' })).status).not.toBe(200)
})
