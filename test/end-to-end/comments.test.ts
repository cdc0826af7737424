import { createHmac, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast } from '../../src/sandbox/workshop.ts'
import { openDatabase } from '../../src/store/database/open.ts'
import { recordsOf as allRecords, aRepositoryOf, type MergingShop } from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

/** Commands in comments of pull requests, as people meet them on GitHub. The window is closed. */

const start = new Date('2026-11-26T18:00:00Z')
const withCommands = (gates: string) => `commands: true\ngates:\n${gates}`
const policy = withCommands('  approvals: { count: 1 }\n  release_window: {}\n  hold: {}\n')

let stage: Stage
let shop: MergingShop
beforeAll(async () => {
  stage = await aStage({ at: start })
  cast(stage)
  for (const login of ['mallory', 'mia', 'moe']) stage.github.addUser(login)
  stage.github.addUser('helper[bot]', { type: 'Bot' })
  stage.github.installApp('foodyepay')
  shop = await aRepositoryOf(stage, policy)
})
afterAll(() => stage.close())

const minute = 60_000
const later = (by = minute) => stage.moveTo(new Date(stage.now().getTime() + by))

async function anApprovedChange(where = shop): Promise<Change> {
  const change = await where.change()
  await where.review('chloe', change)
  await later()
  return change
}

/** Writes a comment, and gives its id. */
async function say(
  login: string,
  { number }: { number: number },
  body: string,
  where = shop,
): Promise<number> {
  const { data } = await stage
    .as(login)
    .rest.issues.createComment({ ...where.repository, issue_number: number, body })
  await stage.settled()
  return data.id
}

async function reactionsTo(comment: number, where = shop): Promise<string[]> {
  const { data } = await stage
    .as('olga')
    .rest.reactions.listForIssueComment({ ...where.repository, comment_id: comment })
  return data.map(({ content }) => content)
}

/** What the App wrote below a pull request. */
async function answersOn({ number }: Change, where = shop): Promise<string[]> {
  const { data } = await stage
    .as('olga')
    .rest.issues.listComments({ ...where.repository, issue_number: number })
  return data
    .filter(({ user }) => user?.login === `${stage.github.app.slug}[bot]`)
    .map(({ body = '' }) => body)
}

async function labelsOn({ number }: Change, where = shop): Promise<string[]> {
  const { data } = await stage
    .as('olga')
    .rest.issues.listLabelsOnIssue({ ...where.repository, issue_number: number })
  return data.map(({ name }) => name)
}

const isGreen = async (change: Change, where = shop) => (await where.check(change))?.conclusion === 'success'

async function ends(
  comment: number,
  change: Change,
  reactions: string[],
  answers: (string | RegExp)[],
  where = shop,
) {
  expect(await reactionsTo(comment, where)).toEqual(reactions)
  expect(await answersOn(change, where)).toEqual(answers.map((one) => expect.stringMatching(one)))
}

async function edit(login: string, comment: number, body: string): Promise<void> {
  await stage.as(login).rest.issues.updateComment({ ...shop.repository, comment_id: comment, body })
  await stage.settled()
}

describe('/urgent', () => {
  test('counts as the label of whoever wrote it, with its reason', async () => {
    const change = await anApprovedChange()
    await ends(await say('eva', change, '/urgent checkout is down'), change, ['+1'], [])
    expect(await labelsOn(change)).toEqual(['urgent'])
    expect(await isGreen(change)).toBe(true)
    expect((await shop.check(change))?.summary).toMatch(
      /`eva` marked it as `urgent` on .*: `checkout is down`/,
    )
  })

  test('is void once its author loses write access', async () => {
    const change = await anApprovedChange()
    await say('ben', change, '/urgent checkout is down')
    expect(await isGreen(change)).toBe(true)
    stage.github.setCollaborator(shop.name, 'ben', 'triage')
    await stage.settled()
    expect(await isGreen(change)).toBe(false)
    expect((await shop.check(change))?.summary).toContain('`ben`, who added it, now has the role `triage`')
    stage.github.setCollaborator(shop.name, 'ben', 'write')
    await stage.settled()
  })

  test('is void after a push, and stays when its comment is deleted', async () => {
    const change = await anApprovedChange()
    const comment = await say('eva', change, '/urgent checkout is down')
    await stage.as('eva').rest.issues.deleteComment({ ...shop.repository, comment_id: comment })
    await stage.settled()
    expect(await isGreen(change)).toBe(true)
    await later()
    const pushed = await shop.push('ana', change, { 'src/other.ts': 'export const other = 1\n' })
    await shop.review('chloe', pushed)
    expect(await isGreen(pushed)).toBe(false)
    expect((await shop.check(pushed))?.summary).toContain('it was added before the last push')
  })

  test('is void after a push between the comment and the label, too', async () => {
    const change = await anApprovedChange()
    const remove = stage.github.faults.add({
      kind: 'status',
      status: 502,
      method: 'POST',
      path: '/repos/*/*/issues/*/labels',
    })
    await say('eva', change, '/urgent checkout is down')
    await later(2_000)
    const pushed = await shop.push('ana', change, { 'src/other.ts': 'export const more = 1\n' })
    await shop.review('chloe', pushed)
    remove()
    await later(10 * minute)
    expect(await labelsOn(pushed)).toEqual([])
    expect(await isGreen(pushed)).toBe(false)
  })

  test('once removed and put on again by hand, is the label of that hand', async () => {
    const change = await anApprovedChange()
    await say('eva', change, '/urgent checkout is down')
    await shop.unlabel('gus', change, 'urgent')
    expect(await isGreen(change)).toBe(false)
    await shop.label('gus', change, 'urgent')
    expect(await isGreen(change)).toBe(false)
    expect((await shop.check(change))?.summary).toContain('`gus`, who added it, now has the role `triage`')
  })

  test('takes the place of a label that does not count', async () => {
    const change = await anApprovedChange()
    await shop.label('gus', change, 'urgent')
    await ends(await say('eva', change, '/urgent checkout is down'), change, ['+1'], [])
    expect(await isGreen(change)).toBe(true)
  })

  test('is not carried out twice where the reply to it was lost', async () => {
    const change = await anApprovedChange()
    stage.github.faults.add({
      kind: 'lost-reply',
      times: 1,
      method: 'POST',
      path: '/repos/*/*/issues/*/labels',
    })
    const comment = await say('eva', change, '/urgent checkout is down')
    await later()
    await ends(comment, change, ['+1'], [])
    expect(await isGreen(change)).toBe(true)
    expect((await recordsOf(change)).filter(({ comment: id }) => id === comment)).toHaveLength(1)
  })

  test.each<[string, string, string, RegExp]>([
    [
      'someone without write access',
      'gus',
      '/urgent checkout is down',
      /`gus`, who added it, now has the role `triage`/,
    ],
    ['a stranger', 'mallory', '/urgent checkout is down', /`mallory`, who added it, now has the role `read`/],
  ])('by %s is refused, and puts no label on', async (_, login, text, why) => {
    const change = await anApprovedChange()
    await ends(await say(login, change, text), change, ['-1'], [why])
    expect(await labelsOn(change)).toEqual([])
  })

  test('without a reason is not understood', async () => {
    const change = await anApprovedChange()
    await ends(
      await say('eva', change, '/urgent'),
      change,
      ['confused'],
      [/^Give a reason: `\/urgent <reason>`\./],
    )
    expect(await labelsOn(change)).toEqual([])
  })

  test('by the author, by a person outside of the team, or without the incident is refused where the policy says so', async () => {
    const strict = 'allow_author: false, labelled_by: [on-call], incident: "INC-[0-9]+"'
    const where = await aRepositoryOf(
      stage,
      withCommands(`  approvals: { count: 1 }\n  release_window: { urgent: { ${strict} } }\n`),
    )
    stage.github.addTeam('foodyepay', 'on-call', { members: ['dev', 'ana'] })
    const change = await anApprovedChange(where)
    await say('ana', change, '/urgent checkout is down', where)
    await say('eva', change, '/urgent checkout is down', where)
    await say('dev', change, '/urgent checkout is down', where)
    expect(await answersOn(change, where)).toEqual([
      expect.stringContaining('`ana` is the author'),
      expect.stringContaining('`eva`, who added it, is not a member of `on-call`'),
      expect.stringContaining('the description names no incident'),
    ])
    expect(await labelsOn(change, where)).toEqual([])
  })
})

describe('/hold and /unhold', () => {
  test('hold and release, by triage', async () => {
    const change = await anApprovedChange()
    await ends(await say('gus', change, '/hold legal reads it first'), change, ['+1'], [])
    expect(await labelsOn(change)).toEqual(['hold'])
    expect(await shop.check(change)).toMatchObject({
      title: expect.stringContaining('On hold by gus'),
      summary: expect.stringContaining('with a comment: `legal reads it first`'),
    })
    await ends(await say('gus', change, '/unhold'), change, ['+1'], [])
    expect(await labelsOn(change)).toEqual([])
    expect(
      (await recordsOf(change)).map(({ command, by, role, label }) => ({ command, by, role, label })),
    ).toEqual([
      { command: '/hold', by: 'gus', role: 'triage', label: 'hold' },
      { command: '/unhold', by: 'gus', role: 'triage', label: 'hold' },
    ])
  })

  test('take a green check back', async () => {
    const change = await anApprovedChange()
    await say('eva', change, '/urgent checkout is down')
    expect(await isGreen(change)).toBe(true)
    await say('gus', change, '/hold')
    expect(await isGreen(change)).toBe(false)
  })

  test('leave the hold of a person as theirs', async () => {
    const change = await anApprovedChange()
    await shop.label('dev', change, 'hold')
    await ends(await say('gus', change, '/hold me too'), change, ['+1'], [])
    expect((await shop.check(change))?.title).toContain('On hold by dev')
  })

  test('are refused to whoever only reads, and where the policy has no such gate', async () => {
    const change = await anApprovedChange()
    await shop.label('dev', change, 'hold')
    await ends(
      await say('mallory', change, '/unhold'),
      change,
      ['-1'],
      [/^`\/unhold` needs triage access\. `mallory` has the role `read`\./],
    )
    expect(await labelsOn(change)).toEqual(['hold'])
    const without = await aRepositoryOf(stage, withCommands('  approvals: { count: 1 }\n'))
    const other = await anApprovedChange(without)
    await ends(
      await say('eva', other, '/hold', without),
      other,
      ['-1'],
      [/^The gate `hold` is not on/],
      without,
    )
    expect(await labelsOn(other, without)).toEqual([])
  })
})

describe('/why and /recheck', () => {
  test('are answered once, also where the replies to the answer were lost', async () => {
    const change = await shop.change()
    for (const path of ['/repos/*/*/issues/comments/*/reactions', '/repos/*/*/issues/*/comments'])
      stage.github.faults.add({ kind: 'lost-reply', times: 2, method: 'POST', path, only: 'app' })
    const why = await say('ben', change, '/why')
    for (let retry = 0; retry < 4; retry += 1) await later(5 * minute)
    await ends(why, change, ['+1'], [/Needed before this can merge/])
  })

  test('say what is missing, and evaluate again, for anyone', async () => {
    const change = await shop.change()
    const why = await say('mallory', change, '/why')
    await ends(why, change, ['+1'], [/Needed before this can merge[\s\S]*Approvals[\s\S]*Checked at commit/])
    expect((await answersOn(change))[0]).not.toContain('### Passed')
    expect(await reactionsTo(await say('mia', change, '/recheck'))).toEqual(['+1'])
    expect(await answersOn(change)).toHaveLength(1)
  })

  test('are answered to strangers three times an hour for a pull request, and always to its people', async () => {
    const change = await shop.change()
    const logins = ['mallory', 'mia', 'mallory', 'moe', 'mia']
    const asked: number[] = []
    for (const login of logins) asked.push(await say(login, change, '/recheck'))
    expect(await Promise.all(asked.map((one) => reactionsTo(one)))).toEqual([['+1'], ['+1'], ['+1'], [], []])
    expect(await reactionsTo(await say('gus', change, '/recheck'))).toEqual(['+1'])
    await later(61 * minute)
    expect(await reactionsTo(await say('moe', change, '/recheck'))).toEqual(['+1'])
  })
})

test('each reaction, answer and label counts in the write budget', async () => {
  const change = await anApprovedChange()
  await say('gus', change, '/hold')
  const database = await openDatabase(stage.database)
  const cost = async (login: string, body: string) => {
    await later()
    const since = stage.now()
    await say(login, change, body)
    const sql = 'SELECT count(*)::int AS count FROM release_gate.writes WHERE at >= $1'
    const [row] = await database.query<{ count: number }>(sql, [since])
    return row?.count
  }
  try {
    expect(await cost('gus', '/recheck')).toBe(1)
    expect(await cost('gus', '/why')).toBe(2)
    expect(await cost('gus', '/hold')).toBe(1)
    // The check changes with the label.
    expect(await cost('gus', '/unhold')).toBe(3)
  } finally {
    await database.close()
  }
})

describe('nothing is done for', () => {
  const untouched = async (comment: number, change: Change, where = shop) => {
    await ends(comment, change, [], [], where)
    expect(await labelsOn(change, where)).toEqual([])
  }

  test('a comment that is edited into a command, by its author or by someone else', async () => {
    const change = await anApprovedChange()
    const own = await say('eva', change, 'Looks fine')
    const foreign = await say('olga', change, 'Looks fine')
    await edit('eva', own, '/urgent it is down')
    await edit('dev', foreign, '/urgent it is down')
    await untouched(own, change)
    await untouched(foreign, change)
  })

  test('a command that was edited or deleted before it was read, even within its second', async () => {
    const change = await anApprovedChange()
    const unread = { kind: 'status', status: 502, path: '/repos/*/*/issues/comments/*' } as const
    for (const wait of [0, 5_000]) {
      const remove = stage.github.faults.add({ ...unread, method: 'GET' })
      const id = await say('olga', change, '/hold')
      await later(wait)
      remove()
      await edit('dev', id, '/urgent it is down')
      await later()
      await untouched(id, change)
    }
    const remove = stage.github.faults.add({ ...unread, method: 'GET' })
    const gone = await say('eva', change, '/urgent it is down')
    remove()
    await stage.as('eva').rest.issues.deleteComment({ ...shop.repository, comment_id: gone })
    await later()
    expect(await labelsOn(change)).toEqual([])
  })

  test('a command that nobody could edit is done once it can be read', async () => {
    const change = await anApprovedChange()
    const path = '/repos/*/*/issues/comments/*'
    const remove = stage.github.faults.add({ kind: 'status', status: 502, path, method: 'GET' })
    const id = await say('olga', change, '/hold')
    expect(await labelsOn(change)).toEqual([])
    remove()
    await later()
    await ends(id, change, ['+1'], [])
  })

  test('a quote, code, a bot, an issue, and a policy without commands', async () => {
    const change = await anApprovedChange()
    await untouched(await say('eva', change, '> /urgent it is down'), change)
    await untouched(await say('eva', change, '```\n/urgent it is down\n```'), change)
    await untouched(await say('helper[bot]', change, '/hold'), change)
    const issue = (await stage.as('ana').rest.issues.create({ ...shop.repository, title: 'Not a change' }))
      .data
    const onIssue = await say('eva', issue, '/urgent it is down')
    expect(await reactionsTo(onIssue)).toEqual([])
    const without = await aRepositoryOf(stage, policy.replace('commands: true', 'commands: false'))
    const other = await anApprovedChange(without)
    await untouched(await say('eva', other, '/urgent it is down', without), other, without)
  })

  test('two commands in one comment, except to say so', async () => {
    const change = await anApprovedChange()
    const comment = await say('eva', change, '/urgent it is down\n/unhold')
    await ends(comment, change, ['confused'], [/^Use one command per comment\. This one has several/])
    expect(await labelsOn(change)).toEqual([])
  })

  test('a closed pull request, except to say so', async () => {
    const change = await anApprovedChange()
    await stage
      .as('ana')
      .rest.pulls.update({ ...shop.repository, pull_number: change.number, state: 'closed' })
    await ends(await say('eva', change, '/hold'), change, ['-1'], [/^This pull request is not open/])
  })

  test('a delivery that comes again, under a new id too', async () => {
    const change = await anApprovedChange()
    await say('gus', change, '/hold')
    await say('gus', change, '/unhold')
    const sent = stage.github.deliveries.log.filter(({ event }) => event === 'issue_comment')
    for (const { request } of sent.slice(-2)) await deliverAgain(request.payload)
    await stage.settled()
    expect(await labelsOn(change)).toEqual([])
    expect(await recordsOf(change)).toHaveLength(2)
  })
})

type Recorded = {
  command: string
  by: string
  role: string
  label: string
  comment: number
  pull: { number: number; repo: string }
}

/** As someone who has seen a delivery can: its signature is that of its body alone. */
async function deliverAgain(body: string): Promise<void> {
  const signature = createHmac('sha256', stage.github.app.webhookSecret).update(body).digest('hex')
  const answer = await fetch(`${stage.bot().url}/api/github/webhooks`, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      'x-github-delivery': randomUUID(),
      'x-github-event': 'issue_comment',
      'x-hub-signature-256': `sha256=${signature}`,
    },
  })
  expect(answer.status).toBe(202)
}

/** What is recorded of the commands on a pull request, oldest first. */
async function recordsOf({ number }: Change): Promise<Recorded[]> {
  const records = (await allRecords(stage)).filter(({ kind }) => kind === 'comment command')
  return records
    .map(({ body }) => body as Recorded)
    .filter(({ pull }) => pull.number === number && pull.repo === shop.repository.repo)
}
