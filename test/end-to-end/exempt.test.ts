import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast } from '../../src/sandbox/workshop.ts'
import { aCommandLine, type CommandLine } from '../support/command-line.ts'
import {
  about,
  aRepositoryOf,
  inWindow,
  type MergingShop,
  openedIssues,
  recordsOf,
} from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

let stage: Stage
let release: CommandLine
let shop: MergingShop

beforeAll(async () => {
  stage = await aStage({ at: inWindow })
  cast(stage)
  stage.github.installApp('foodyepay')
  release = aCommandLine(stage)
  shop = await aRepositoryOf(stage)
})
afterAll(() => stage.close())

/** Runs the command that the check shows. */
async function confirmAs(login: string, change: Change) {
  const { summary = '' } = (await shop.check(change)) ?? {}
  const [, named = '', order = ''] = /`release-gate exempt (\S+) --confirm (\d+)`/.exec(summary) ?? []
  return release(login, 'exempt', named, '--confirm', order)
}

function order({ number }: Change) {
  const terms = ['--until', '2026-11-26T00:00:00Z', '--reason', 'Pays the tax office']
  return release('eva', 'exempt', `${shop.name}#${number}`, ...terms)
}

test('two people exempt a change from a freeze that is ordered later; it merges as any other, and a push voids it', async () => {
  const [exempt, pushed, other] = [
    await shop.approvedChange(),
    await shop.approvedChange(),
    await shop.approvedChange(),
  ]
  for (const change of [exempt, pushed]) {
    expect(await order(change)).toMatchObject({ code: 0, out: expect.stringContaining('second person') })
    expect(await confirmAs('eva', change)).toMatchObject({
      code: 1,
      out: expect.stringContaining('someone else must confirm it'),
    })
  }
  expect((await shop.check(exempt))?.summary).toContain(
    'It counts once a second person confirms it before then: ',
  )
  expect(await confirmAs('ben', exempt)).toMatchObject({
    code: 1,
    out: expect.stringContaining('needs maintain or admin'),
  })
  expect(await confirmAs('olga', exempt)).toMatchObject({ code: 0 })
  expect(await confirmAs('olga', pushed)).toMatchObject({ code: 0 })
  const again = await shop.push('ana', pushed, { 'src/more.ts': 'x\n' })
  await shop.review('chloe', again)
  await shop.review('dev', again)

  await release(undefined, 'freeze', '--reason', 'Ledger', '--all')
  const green = await shop.check(exempt)
  expect(green).toMatchObject({ conclusion: 'success' })
  expect(green?.summary).toMatch(/Exempt from freezes by `eva` and `olga` until .*: `Pays the tax office`/)
  expect(await shop.check(other)).toMatchObject({ conclusion: null, title: 'Frozen: Ledger' })
  const red = await shop.check(again)
  expect(red).toMatchObject({ conclusion: null, title: 'Frozen: Ledger' })
  expect(red?.summary).toContain('before the last push')

  expect(await shop.merge('eva', exempt)).toBeUndefined()
  const records = await recordsOf(stage)
  const [merged] = about(records, shop, 'merged')
  expect(merged?.body).toMatchObject({
    number: exempt.number,
    urgent: null,
    exception: null,
    exemption: { reason: 'Pays the tax office', confirmed: { by: 'olga' } },
  })
  expect(about(records, shop, 'exception')).toEqual([])
  expect(await openedIssues(stage, shop)).toEqual([])
  expect(records.map(({ kind }) => kind)).toContain('exemption confirmed')
})

test('each step is announced once, in the channel of the repository', async () => {
  // Slack takes one message a second in a channel, and others are waiting.
  const allSent = async () => {
    for (let n = 0; n < 10; n++) await stage.moveTo(new Date(stage.now().getTime() + 1_000))
  }
  const change = await shop.approvedChange()
  expect(await order(change)).toMatchObject({ code: 0 })
  await allSent()
  expect(await confirmAs('olga', change)).toMatchObject({ code: 0 })
  await allSent()
  await release('eva', 'exempt', `${shop.name}#${change.number}`, '--revoke')
  await allSent()
  const announced = stage.slack.messages.filter(
    ({ text }) => text.includes('xempt') && text.includes(`${shop.name}#${change.number}>`),
  )
  expect(announced.map(({ channelName, text }) => [channelName, text.split(': <')[0]])).toEqual([
    ['releases', '🙋 Exemption from freezes requested'],
    ['releases', '🔓 Exempt from freezes'],
    ['releases', '🔒 Exemption from freezes revoked'],
  ])
  expect(JSON.stringify(announced[1])).toMatch(/eva.*olga \(admin\).*Pays the tax office/)
})

describe('an exemption that is revoked when its change has just been merged in the freeze', () => {
  test.each([
    [
      'within the second that GitHub names for the merge, does not count',
      900,
      ['Release window: Frozen: Ledger'],
    ],
    ['in the next second, counts', 1_100, undefined],
  ])('%s', async (_, after, bypassed) => {
    const change = await shop.approvedChange()
    await order(change)
    await confirmAs('olga', change)
    const second = Math.ceil(stage.now().getTime() / 1_000) * 1_000
    await stage.moveTo(new Date(second + 100))
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
    stage.github.faults.add({ kind: 'hold' })
    expect(await shop.merge('eva', change)).toBeUndefined()
    await stage.moveTo(new Date(second + after))
    const revoked = await release('eva', 'exempt', `${shop.name}#${change.number}`, '--revoke')
    expect(revoked).toMatchObject({ code: 0 })
    stage.github.faults.clear()
    await stage.settled()
    const merged = about(await recordsOf(stage), shop, 'merged').find(
      ({ body }) => body.number === change.number,
    )
    expect(merged?.body.exception).toEqual(
      bypassed ? expect.objectContaining({ bypassed: expect.arrayContaining(bypassed) }) : null,
    )
  })
})

test('is refused for what is not a pull request, and without a reason or an end', async () => {
  const end = ['--until', '2026-11-26T00:00:00Z']
  for (const [words, said] of [
    [['acme/shop', ...end, '--reason', 'x'], 'is not a pull request'],
    [['acme/shop#1', '--reason', 'x'], '--until: is missing'],
    [['acme/shop#1', ...end, '--reason', ' '], '--reason: is missing or empty'],
    [['acme/shop#1', '--until', '2026-11-26', '--reason', 'x'], 'with an offset'],
    [['acme/shop#1', '--confirm', '17', '--reason', 'x'], 'cannot be changed'],
    [['acme/shop#1', '--confirm', 'x'], 'is not the number of an exemption'],
  ] as const)
    expect(await release(undefined, 'exempt', ...words)).toMatchObject({
      code: 2,
      out: expect.stringContaining(said),
    })
})
