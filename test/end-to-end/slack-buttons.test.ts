import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { SlackMessage, SlackPress } from '../../src/sandbox/slack.ts'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast, setUpRepositories, type Workshop } from '../../src/sandbox/workshop.ts'
import { eventually } from '../support/eventually.ts'
import { aStage } from '../support/stage.ts'

const secret = '0123456789abcdef0123456789abcdef'
const policy = `gates:
  approvals: {}
  release_window: {}
slack:
  channel: "#releases"
  people: { ana: U000000ANA, olga: U00000OLGA, gus: U000000GUS, ben: U00000TWIN, dev: U00000TWIN, nobody-at-all: U000000OUT, zoe: zoe@acme.example }
`

let stage: Stage
let shop: Workshop
let change: Change
let card: SlackMessage
let day: SlackMessage

beforeAll(async () => {
  stage = await aStage({ at: new Date('2026-11-25T16:50:00Z'), env: { SLACK_SIGNING_SECRET: secret } })
  cast(stage)
  shop = await setUpRepositories(stage, { policy })
  stage.github.installApp('foodyepay')
  await stage.settled()
  change = await shop.openPull('ana', { branch: 'a', title: 'Cap <!here>', files: { 'src/a.ts': 'a\n' } })
  await shop.review('chloe', change)
  await shop.review('dev', change)
  await stage.moveTo(new Date('2026-11-25T17:00:00Z'))
  await stage.moveTo(new Date('2026-11-25T17:00:05Z'))
  card = messageWith('🟢 Ready')
  day = messageWith('🗓️')
})
afterAll(() => stage.close())
beforeEach(() => {
  stage.slack.answers.length = 0
})

function messageWith(mark: string): SlackMessage {
  const found = stage.slack.messages.find(({ text }) => text.startsWith(mark))
  if (!found) throw new Error(`No message begins with ${mark}`)
  return found
}

/** As Slack does: each press of one person differs from another by its time at least. */
let seconds = 0
function press(
  message: SlackMessage,
  button: string,
  user: string,
  changes: Partial<SlackPress> = {},
): Promise<number> {
  seconds += 1
  const at = new Date(stage.now().getTime() + seconds * 1000)
  const url = `${stage.bot().url}/api/slack/interactions`
  return stage.slack.press({ url, secret, message, button, user, at, ...changes })
}
const answered = () =>
  eventually(() => {
    expect(stage.slack.answers).toHaveLength(1)
    return stage.slack.answers[0]
  })
const isFrozen = async () => {
  const headers = { authorization: `Bearer ${stage.operatorToken}` }
  const status = await fetch(`${stage.bot().url}/api/status`, { method: 'POST', headers })
  expect(status.status).toBe(200)
  return (await status.text()).includes('Frozen by olga in Slack')
}

describe('"Why?"', () => {
  test('answers the person alone, with each gate, and mentions nobody', async () => {
    expect(await press(card, 'Why?', 'U000000ANA')).toBe(200)
    const answer = await answered()
    expect(answer?.response_type).toBe('ephemeral')
    expect(answer?.text).toMatch(
      /mcp-server#1> Cap &lt;!here&gt;\n• ✅ Approvals: .*\n• ⏳ Release window: Opens Wed, Nov 25, 10:00 AM PST/,
    )
  })

  test.each([
    ['whom the policy does not name', 'U0STRANGER', '(Slack knows no member for 1 email address of it)'],
    ['whom it gives two accounts', 'U00000TWIN', 'More than one account is yours in `slack.people`'],
    ['whose account GitHub does not know', 'U000000OUT', 'You are nobody-at-all in `slack.people`'],
  ])('tells nothing of the change to someone %s, and says why', async (_, user, why) => {
    expect(await press(card, 'Why?', user)).toBe(200)
    const answer = await answered()
    expect(answer?.text).toContain('does not know who you are on GitHub')
    expect(answer?.text).toContain(why)
    expect(JSON.stringify(answer)).not.toContain('Approvals')
  })
})

describe('"Why?" of a pull request that does not count', () => {
  const whyOf = async (number: number) => {
    const blocks = JSON.parse(
      JSON.stringify(card.blocks).replaceAll('mcp-server#1"', `mcp-server#${number}"`),
    )
    expect(await press({ ...card, blocks }, 'Why?', 'U000000ANA')).toBe(200)
    return (await answered())?.text
  }

  test('says that its base is not covered, that it is closed, or that nothing is known of it', async () => {
    const { rest } = stage.as('olga')
    const { data: main } = await rest.git.getRef({ ...shop.repository, ref: 'heads/main' })
    await rest.git.createRef({ ...shop.repository, ref: 'refs/heads/dev', sha: main.object.sha })
    const other = await shop.openPull('ana', { branch: 'b', title: 'B', files: { 'src/b.ts': 'b\n' } })
    await stage.settled()
    const pull = { ...shop.repository, pull_number: other.number }
    await stage.as('ana').rest.pulls.update({ ...pull, base: 'dev' })
    await stage.settled()
    expect(await whyOf(other.number)).toMatch(/mcp-server#\d+ is not covered by the policy\.$/)
    stage.slack.answers.length = 0
    await stage.as('ana').rest.pulls.update({ ...pull, state: 'closed' })
    await stage.settled()
    expect(await whyOf(other.number)).toMatch(/mcp-server#\d+ is not open\.$/)
    stage.slack.answers.length = 0
    expect(await whyOf(77)).toMatch(/not covered by the policy, or it has not been checked yet\.$/)
  })
})

describe('"Freeze"', () => {
  test('is refused without maintain or admin, whatever the button says', async () => {
    for (const user of ['U000000GUS', 'U0STRANGER']) {
      stage.slack.answers.length = 0
      expect(await press(day, 'Freeze', user)).toBe(200)
      expect((await answered())?.text).toMatch(/This needs maintain or admin|does not know who you are/)
    }
    expect(await isFrozen()).toBe(false)
  })

  test.each([
    ['a signature of another secret', { secret: 'f'.repeat(32) }, 401],
    ['a time six minutes ago', { at: new Date('2026-11-25T16:54:00Z') }, 401],
  ])('is refused with %s', async (_, changes, status) => {
    expect(await press(day, 'Freeze', 'U00000OLGA', changes)).toBe(status)
    expect(await isFrozen()).toBe(false)
  })

  test('freezes once for someone with the authority, in their name; the same press again is refused', async () => {
    const at = new Date(stage.now().getTime() + 90_000)
    expect(await press(day, 'Freeze', 'U00000OLGA', { at })).toBe(200)
    expect((await answered())?.text).toBe('foodyepay/mcp-server is frozen until it is lifted.')
    expect(await isFrozen()).toBe(true)
    expect(await press(day, 'Freeze', 'U00000OLGA', { at })).toBe(409)
    await stage.moveTo(new Date('2026-11-25T17:00:10Z'))
    expect(messageWith('🧊').text).toContain('By: olga (admin)')
    expect(stage.slack.answers).toHaveLength(1)
  })
})

test('a press for a repository that was renamed says that no policy is known under that name', async () => {
  await stage.as('olga').rest.repos.update({ ...shop.repository, name: 'mcp-other' })
  expect(await press(day, 'Freeze', 'U00000OLGA')).toBe(200)
  expect((await answered())?.text).toMatch(/does not know a policy for foodyepay\/mcp-server\. .*was renamed/)
})
