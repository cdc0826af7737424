import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast } from '../../src/sandbox/workshop.ts'
import { openDatabase } from '../../src/store/database/open.ts'
import { aRepositoryOf, letNoticesPass, type MergingShop, recordsOf } from '../support/merging.ts'
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

describe('a late /hold', () => {
  const told = (text: string) => stage.slack.messages.filter((one) => JSON.stringify(one).includes(text))
  const lateRecords = async (comment: number) =>
    (await recordsOf(stage))
      .filter(({ kind }) => kind === 'comment command')
      .map(({ body }) => body as { comment: number; tooLate?: object })
      .filter((body) => body.comment === comment)
  const merge = async ({ number }: Change) => {
    await stage.as('eva').rest.pulls.merge({ ...shop.repository, pull_number: number })
    await stage.settled()
  }

  test('that was written before a merge is recorded and announced', async () => {
    const change = await anUrgentChange()
    const comment = await sayUnread('gus', change, '/hold stop')
    await merge(change)
    await later(5 * minute)
    expect(await lastAnswerOn(change)).toMatch(
      /^This pull request was merged \(.*\) before it could be put on hold/,
    )
    expect(await lateRecords(comment)).toEqual([
      expect.objectContaining({ by: 'gus', reason: 'stop', tooLate: { mergedAt: expect.any(String) } }),
    ])
    await letNoticesPass(stage)
    expect(told(`#issuecomment-${comment}`)).toHaveLength(1)
  })

  test('that was written after a merge, or by someone without triage access, is neither', async () => {
    const change = await anUrgentChange()
    const stranger = await sayUnread('mallory', change, '/hold stop')
    await merge(change)
    await later(5 * minute)
    const after = await say('gus', change, '/hold stop')
    expect(await lastAnswerOn(change)).toContain('This pull request is not open')
    for (const comment of [stranger, after]) {
      expect(await lateRecords(comment)).toEqual([])
      expect(told(`#issuecomment-${comment}`)).toEqual([])
    }
  })

  test('that was given up is answered, and the channel is told', async () => {
    const change = await anUrgentChange()
    const path = '/repos/*/*/issues/comments/*'
    stage.github.faults.add({ kind: 'status', status: 502, times: 11, path, method: 'GET' })
    const comment = await say('gus', change, '/hold stop')
    for (let retry = 0; retry < 12; retry += 1) await later(5 * minute)
    expect(await lastAnswerOn(change)).toContain('This could not be carried out')
    expect(told('If it was `/hold`, add the label by hand')).toHaveLength(1)
    expect(await lateRecords(comment)).toEqual([])
  })
})

test('/hold takes the writes that are kept for revoking green checks only to revoke one', async () => {
  const green = await anUrgentChange()
  const other = await shop.change()
  const database = await openDatabase(stage.database)
  const installation = '(SELECT max(installation_id) FROM release_gate.check_runs)'
  const at = stage.now().getTime() - 20 * minute
  try {
    const times = Array.from({ length: 490 }, () => new Date(at))
    await database.query(
      `INSERT INTO release_gate.writes (installation_id, at) SELECT ${installation}, unnest($1::timestamptz[])`,
      [times],
    )
    await say('gus', other, '/hold')
    await say('gus', green, '/hold')
    expect(await labelsOn(other)).toEqual([])
    expect(await labelsOn(green)).toContain('hold')
    await later(41 * minute)
    expect(await labelsOn(other)).toEqual(['hold'])
  } finally {
    await database.close()
  }
})

test('/why says what the check says where another pull request has the same head', async () => {
  const both = 'branches: [main, stable]\ncommands: true\ngates:\n  approvals: { count: 1 }\n'
  const where = await aRepositoryOf(stage, both)
  const { repository } = where
  const { git, repos } = stage.as('olga').rest
  const main = await repos.getBranch({ ...repository, branch: 'main' })
  await git.createRef({ ...repository, ref: 'refs/heads/stable', sha: main.data.commit.sha })
  const change = await where.change()
  await where.review('chloe', change)
  await later()
  await say('eva', change, '/why', where)
  expect(await lastAnswerOn(change, where)).toContain('Ready to merge')
  const { pulls } = stage.as('ana').rest
  const { data } = await pulls.get({ ...repository, pull_number: change.number })
  await pulls.create({ ...repository, title: 'To stable', head: data.head.ref, base: 'stable' })
  await stage.settled()
  await later()
  expect((await where.check(change))?.conclusion).not.toBe('success')
  await say('eva', change, '/why', where)
  expect(await lastAnswerOn(change, where)).toContain(
    'This pull request passes every gate, but the check says',
  )
  expect(await lastAnswerOn(change, where)).not.toContain('Ready to merge')
})

test('a stranger who goes on after the limit is read once', async () => {
  const change = await shop.change()
  for (const login of ['mallory', 'mia', 'mallory']) await say(login, change, '/recheck')
  await say('moe', change, '/recheck')
  const path = '/repos/*/*/issues/comments/*'
  const remove = stage.github.faults.add({ kind: 'status', status: 502, path, method: 'GET' })
  const ignored = await say('moe', change, '/recheck')
  remove()
  // A comment that was tried and could not be read is tried again.
  await later()
  const database = await openDatabase(stage.database)
  try {
    const kept = await database.query<{ id: number; answer: string | null }>(
      'SELECT comment_id::float8 AS id, answer FROM release_gate.comment_commands WHERE number = $1 ORDER BY 1',
      [change.number],
    )
    expect(kept).toHaveLength(4)
    expect(kept.map(({ id }) => id)).not.toContain(ignored)
  } finally {
    await database.close()
  }
})

test('strangers get 30 answers an hour in all repositories, and the people of a repository always', async () => {
  const change = await shop.change()
  const database = await openDatabase(stage.database)
  try {
    await database.query(
      `INSERT INTO release_gate.comment_commands
         (repository_id, comment_id, installation_id, number, command, outcome, person_id, person_login, outsider,
          commented_at, decided_at, answered_at)
       SELECT 999, n, (SELECT max(installation_id) FROM release_gate.check_runs), n, '/recheck', 'done', n, 'x', true, $1, $1, $1
       FROM generate_series(1, 30) n`,
      [stage.now()],
    )
    const reactions = async (login: string) => {
      const comment_id = await say(login, change, '/recheck')
      const { data } = await stage
        .as('olga')
        .rest.reactions.listForIssueComment({ ...shop.repository, comment_id })
      return data.map(({ content }) => content)
    }
    expect(await reactions('mia')).toEqual([])
    expect(await reactions('gus')).toEqual(['+1'])
    await later(61 * minute)
    expect(await reactions('mia')).toEqual(['+1'])
  } finally {
    await database.close()
  }
})
