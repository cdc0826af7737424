import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast } from '../../src/sandbox/workshop.ts'
import { aRepositoryOf, type MergingShop } from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

/** Commands in comments that are carried out late, after something else has happened. The window is closed. */

const policy =
  'commands: true\ngates:\n  approvals: { count: 1 }\n  release_window: {}\n  hold: {}\nslack:\n  channel: "#releases"\n'

let stage: Stage
let shop: MergingShop
beforeAll(async () => {
  stage = await aStage({ at: new Date('2026-11-26T18:00:00Z') })
  cast(stage)
  for (const login of ['mallory', 'mia', 'moe']) stage.github.addUser(login)
  stage.github.installApp('foodyepay')
  shop = await aRepositoryOf(stage, policy)
})
afterAll(() => stage.close())

const minute = 60_000
const later = (by = minute) => stage.moveTo(new Date(stage.now().getTime() + by))

async function anUrgentChange(): Promise<Change> {
  const change = await shop.change()
  await shop.review('chloe', change)
  await later()
  await say('eva', change, '/urgent checkout is down')
  expect(await conclusionOf(change)).toBe('success')
  return change
}

async function say(login: string, { number }: Change, body: string, where = shop): Promise<number> {
  const { data } = await stage
    .as(login)
    .rest.issues.createComment({ ...where.repository, issue_number: number, body })
  await stage.settled()
  return data.id
}

/** The first time that the bot reads the comment, GitHub answers with an error, so it is read again later. */
async function sayUnread(login: string, change: Change, body: string): Promise<number> {
  const path = '/repos/*/*/issues/comments/*'
  stage.github.faults.add({ kind: 'status', status: 502, times: 1, path, method: 'GET' })
  return say(login, change, body)
}

async function labelsOn({ number }: Change): Promise<string[]> {
  const { data } = await stage
    .as('olga')
    .rest.issues.listLabelsOnIssue({ ...shop.repository, issue_number: number })
  return data.map(({ name }) => name)
}

async function lastAnswerOn({ number }: Change, where = shop): Promise<string | undefined> {
  const { data } = await stage
    .as('olga')
    .rest.issues.listComments({ ...where.repository, issue_number: number })
  return data.at(-1)?.body
}

const conclusionOf = async (change: Change) => (await shop.check(change))?.conclusion

describe('a late /unhold', () => {
  test('leaves a hold that was placed after it, with a comment', async () => {
    const change = await anUrgentChange()
    await sayUnread('gus', change, '/unhold')
    await say('dev', change, '/hold legal must read it')
    await later(5 * minute)
    expect(await labelsOn(change)).toContain('hold')
    expect(await conclusionOf(change)).not.toBe('success')
    expect(await lastAnswerOn(change)).toContain('It was put on hold again by `dev` since')
    await say('gus', change, '/unhold')
    expect(await labelsOn(change)).not.toContain('hold')
  })

  test('leaves a hold that was placed after it, by hand', async () => {
    const change = await anUrgentChange()
    await sayUnread('gus', change, '/unhold')
    await shop.label('dev', change, 'hold')
    await later(5 * minute)
    expect(await labelsOn(change)).toContain('hold')
    expect(await conclusionOf(change)).not.toBe('success')
    expect(await lastAnswerOn(change)).toContain('It was put on hold again by `dev` since')
  })

  test('leaves a hold that was on, and that a comment asked for again after it', async () => {
    const change = await anUrgentChange()
    await shop.label('olga', change, 'hold')
    await later()
    await sayUnread('gus', change, '/unhold')
    await say('dev', change, '/hold me too')
    await later(5 * minute)
    expect(await labelsOn(change)).toContain('hold')
    expect(await lastAnswerOn(change)).toContain('It was put on hold again by `dev` since')
  })

  test('releases a hold that was placed before it', async () => {
    const change = await anUrgentChange()
    await say('dev', change, '/hold')
    await sayUnread('gus', change, '/unhold')
    expect(await labelsOn(change)).toContain('hold')
    await later(5 * minute)
    expect(await labelsOn(change)).not.toContain('hold')
    expect(await conclusionOf(change)).toBe('success')
  })
})

describe('a late /urgent', () => {
  test('leaves off a label that someone removed after it', async () => {
    const change = await shop.change()
    await shop.review('chloe', change)
    await later()
    const path = '/repos/*/*/issues/*/labels'
    stage.github.faults.add({ kind: 'lost-reply', times: 1, method: 'POST', path })
    await say('eva', change, '/urgent checkout is down')
    expect(await labelsOn(change)).toContain('urgent')
    await shop.unlabel('gus', change, 'urgent')
    await later(5 * minute)
    expect(await labelsOn(change)).not.toContain('urgent')
    expect(await conclusionOf(change)).not.toBe('success')
    expect(await lastAnswerOn(change)).toContain('`gus` removed the label `urgent` after this comment')
  })
})
