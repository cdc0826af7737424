import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { incidentCommand } from '../../src/commands/incident.ts'
import type { Stage } from '../../src/sandbox/stage.ts'
import type { Workshop } from '../../src/sandbox/workshop.ts'
import { storeAlert } from '../../src/store/alerts.ts'
import { openDatabase } from '../../src/store/database/open.ts'
import { linkPull } from '../../src/store/incidents.ts'
import { runCommand } from '../commands/command-run.ts'
import {
  aWorldWithIncidents,
  incidents,
  openIncidents,
  senders,
  sendPagerDuty,
  sendZendesk,
  workOn,
} from '../support/incidents.ts'
import { letNoticesPass, recordsOf } from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

/** Monday, 9 AM in Los Angeles. */
const monday = '2026-10-19T16:00:00Z'

let stage: Stage
let shop: Workshop
const at = (time: string) => stage.moveTo(new Date(`2026-10-19T${time}Z`))

beforeAll(async () => {
  stage = await aStage({ at: new Date(monday), env: senders })
  shop = await aWorldWithIncidents(stage)
  await shop.openPull('ana', { branch: 'first', title: 'First', files: { 'src/a.ts': 'a\n' } })
})
afterAll(() => stage.close())

const command = (...words: string[]) => {
  const url = 'url' in stage.database ? stage.database.url : ''
  const { port } = new URL(stage.bot().url)
  const env = { DATABASE_URL: url, OPERATOR_TOKEN: stage.operatorToken, PORT: port }
  return runCommand(incidentCommand(), words, env)
}

async function report(severity: string): Promise<number> {
  const body = `### Severity\n\n${severity}\n\n### Component\n\nrewards\n`
  const issue = { ...incidents, title: 'Rewards are late', body, labels: ['incident'] }
  const { data } = await stage.as('gus').rest.issues.create(issue)
  await stage.settled()
  return data.number
}

const messages = () => stage.slack.messages.map((message) => JSON.stringify(message))
/** Others wait for the channel, too: one a second. */
const untilTold = async (text: string) => {
  for (let tries = 0; tries < 20 && !messages().join().includes(text); tries++) await letNoticesPass(stage, 2)
}
const recordsFor = async (number: number) =>
  (await recordsOf(stage)).filter(({ kind, body }) => kind === 'incident' && body.incident === number)
const changesFor = async (number: number) =>
  (await recordsFor(number)).flatMap(({ body }) => body.changes as { kind: string; text: string }[])
/** When the clocks of an incident began, and what has happened to it. */
const beginningOf = async (number = 0) => ({
  startedAt: (await recordsFor(number)).map(
    ({ body }) => (body.decision as { startedAt: number }).startedAt,
  )[0],
  kinds: (await changesFor(number)).map(({ kind }) => kind),
})

describe('an incident of the issue form', () => {
  let number: number
  let issue: ReturnType<typeof workOn>
  beforeAll(async () => {
    number = await report('P1: rewards incorrect')
    issue = workOn(stage, number)
    await untilTold('Opened as P1')
  })

  test('gets the label of its severity, a record and a notice with what is due', async () => {
    expect((await issue.read()).labels).toEqual(['incident', 'sev/P1'])
    expect(await changesFor(number)).toMatchObject([{ kind: 'opened', text: 'Opened as P1' }])
    const opening = messages().find((text) => text.includes('Opened as P1'))
    expect(opening).toContain('First response: Mon, Oct 19, 10:00 AM PDT')
  })

  test('is acknowledged by someone with write access alone', async () => {
    await issue.comment('gus', '/ack')
    expect((await issue.read()).said).toEqual([
      expect.stringContaining('`/ack` does not count: `gus` has no write access here.'),
    ])
    await issue.assign('ana', 'ben')
    expect(await changesFor(number)).toMatchObject([
      { kind: 'opened' },
      { kind: 'responded' },
      { kind: 'acknowledged', text: 'Acknowledged by ana' },
    ])
  })

  test('is lowered only by two people', async () => {
    await issue.comment('ana', '/severity P2 one diner only')
    await issue.comment('ana', '/confirm')
    expect((await issue.read()).labels).toContain('sev/P1')
    await at('16:01:00')
    await issue.comment('eva', '/confirm')
    expect((await issue.read()).labels).toEqual(['incident', 'sev/P2'])
    expect((await changesFor(number)).at(-1)?.text).toBe(
      'Severity changed to P2 by ana, confirmed by eva: one diner only',
    )
  })

  test('is not changed by a comment that one person edits into the confirmation of another', async () => {
    await issue.comment('eva', 'I will see.')
    await issue.comment('ana', '/severity P3 nobody is affected')
    const { data } = await stage.as('ana').rest.issues.listComments({ ...incidents, issue_number: number })
    const seen = data.find(({ body }) => body === 'I will see.')?.id ?? 0
    await at('16:02:00')
    await stage.as('ana').rest.issues.updateComment({ ...incidents, comment_id: seen, body: '/confirm' })
    await stage.settled()
    expect((await issue.read()).labels).toEqual(['incident', 'sev/P2'])
    expect((await issue.read()).said.at(-1)).toContain('was edited, so its commands do not count')
  })

  test('is reopened where its closing does not count', async () => {
    await issue.close('eva', 'not_planned')
    expect(await issue.read()).toMatchObject({ state: 'open' })
    expect((await issue.read()).said.at(-1)).toContain('closed as `not_planned`')
    expect((await changesFor(number)).map(({ kind }) => kind)).not.toContain('resolved')
  })

  test('is resolved when it is closed as completed, and comments are not written twice', async () => {
    await issue.close('eva')
    expect((await changesFor(number)).at(-1)?.text).toBe('Resolved by eva')
    const { said } = await issue.read()
    expect(new Set(said).size).toBe(said.length)
  })

  test('keeps no text of a comment in its records', async () => {
    await issue.comment('ana', 'The diner Jo Doe was paid.')
    expect(JSON.stringify(await recordsFor(number))).not.toContain('Jo Doe')
  })
})

describe('an alert of PagerDuty', () => {
  test('opens one incident, however often it is delivered', async () => {
    expect(await sendPagerDuty(stage, { id: 'Q1' })).toBe(202)
    expect(await sendPagerDuty(stage, { id: 'Q1' })).toBe(202)
    const opened = (await openIncidents(stage)).filter(({ title }) => title === 'Payments fail')
    expect(opened).toHaveLength(1)
    const issue = workOn(stage, opened[0]?.number ?? 0)
    expect((await issue.read()).labels).toEqual(['incident', 'sev/P0'])
    expect((await issue.read()).said).toEqual([])
  })

  test('that fires again is a comment in the open incident', async () => {
    expect(await sendPagerDuty(stage, { id: 'Q1' }, { id: 'another' })).toBe(202)
    const opened = (await openIncidents(stage)).filter(({ title }) => title === 'Payments fail')
    expect(opened).toHaveLength(1)
    const issue = workOn(stage, opened[0]?.number ?? 0)
    expect((await issue.read()).said).toEqual([expect.stringContaining('fired again')])
  })

  test('that fires again has one comment, also where the answer of GitHub was lost', async () => {
    const [{ number = 0 } = {}] = (await openIncidents(stage)).filter(
      ({ title }) => title === 'Payments fail',
    )
    const path = /\/comments$/
    stage.github.faults.add({ kind: 'lost-reply', times: 1, method: 'POST', path, only: 'app' })
    expect(await sendPagerDuty(stage, { id: 'Q1' }, { id: 'unanswered' })).toBe(202)
    await at('16:02:15')
    const { said } = await workOn(stage, number).read()
    expect(said.filter((text) => text.includes('again/unanswered'))).toHaveLength(1)
  })

  test('that is more severe than before raises the open incident', async () => {
    await sendPagerDuty(stage, { id: 'Q2', title: 'Payments are slow', urgency: 'low' })
    const [opened] = (await openIncidents(stage)).filter(({ title }) => title === 'Payments are slow')
    const issue = workOn(stage, opened?.number ?? 0)
    expect((await issue.read()).labels).toEqual(['incident', 'sev/P2'])
    await at('16:02:30')
    await sendPagerDuty(stage, { id: 'Q2', urgency: 'high' }, { id: 'more-severe' })
    expect((await issue.read()).labels).toEqual(['incident', 'sev/P0'])
    expect((await changesFor(opened?.number ?? 0)).at(-1)?.text).toBe(
      'Severity changed to P0 by an alert that fired again',
    )
    await issue.close('eva')
  })

  test('is announced when its first response is overdue, and not before', async () => {
    const [opened] = (await openIncidents(stage)).filter(({ title }) => title === 'Payments fail')
    const number = opened?.number ?? 0
    await at('16:15:30')
    const kinds = async () => (await changesFor(number)).map(({ kind }) => kind)
    expect(await kinds()).toEqual(['opened'])
    const overdue = 'First response for a P0 has been overdue since Mon, Oct 19, 9:1'
    expect(messages().join()).not.toContain(overdue)
    await at('16:17:30')
    expect(await kinds()).toEqual(['opened', 'breached'])
    await untilTold(overdue)
    expect(messages().join()).toContain(overdue)
  })

  test('that fires after its incident was resolved opens another one, whose clocks begin then', async () => {
    const [opened] = (await openIncidents(stage)).filter(({ title }) => title === 'Payments fail')
    await workOn(stage, opened?.number ?? 0).close('eva')
    const again = { id: 'Q1', created_at: '2026-10-16T16:00:00Z' }
    const now = stage.now().getTime()
    expect(await sendPagerDuty(stage, again, { id: 'third', event: 'incident.reopened' })).toBe(202)
    const all = (await openIncidents(stage)).filter(({ title }) => title === 'Payments fail')
    expect(all).toHaveLength(2)
    expect(await beginningOf(all[1]?.number)).toEqual({ startedAt: now, kinds: ['opened'] })
  })

  test.each([
    ['with another signature', { id: 'Q7' }, { secret: 'a-wrong-secret-of-it' }, 401],
    ['about a page of ours', { id: 'Q8', incident_key: 'release-gate/1/2/0' }, {}, 202],
    ['of another kind', { id: 'Q9' }, { event: 'incident.annotated' }, 202],
  ])('%s opens nothing', async (_, incident, options, status) => {
    const before = await openIncidents(stage)
    expect(await sendPagerDuty(stage, incident, options)).toBe(status)
    expect(await openIncidents(stage)).toEqual(before)
  })
})

describe('a ticket of Zendesk', () => {
  const opened = async () => (await openIncidents(stage)).filter(({ title }) => title === 'Zendesk ticket 77')
  const ticket = { ticket: '77', created: '2026-10-12T15:00:00Z', updated: '2026-10-19T15:00:00Z' }

  test('opens one incident, also where its recorded webhook is sent again under another invocation', async () => {
    expect(await sendZendesk(stage, ticket)).toBe(202)
    const [{ number = 0 } = {}] = await opened()
    expect(await sendZendesk(stage, ticket, { invocation: 'another' })).toBe(202)
    await workOn(stage, number).close('eva')
    expect(await sendZendesk(stage, ticket, { invocation: 'a-third' })).toBe(202)
    expect(await opened()).toEqual([{ number, title: 'Zendesk ticket 77' }])
    expect((await workOn(stage, number).read()).said).toEqual([])
  })

  test('that was signed more than five minutes ago is refused', async () => {
    const at = new Date(stage.now().getTime() - 5 * 60_000 - 1)
    expect(await sendZendesk(stage, { ...ticket, updated: '2026-10-19T15:30:00Z' }, { at })).toBe(401)
    expect(await opened()).toHaveLength(1)
  })

  test('that comes up again after its incident was resolved opens another one, whose clocks begin then', async () => {
    const updated = '2026-10-19T16:17:00Z'
    expect(await sendZendesk(stage, { ...ticket, updated })).toBe(202)
    const [, other, ...more] = await opened()
    expect(await beginningOf(other?.number)).toEqual({ startedAt: Date.parse(updated), kinds: ['opened'] })
    expect(more).toEqual([])
  })
})

describe('a ticket that is updated while its incident is open', () => {
  test('counts from its creation, and the comment says when it was updated', async () => {
    const created = '2026-10-19T16:10:00Z'
    for (const updated of ['2026-10-19T16:11:00Z', '2026-10-19T16:12:00Z'])
      await sendZendesk(stage, { ticket: '78', created, updated })
    const [only, ...more] = (await openIncidents(stage)).filter(({ title }) => title === 'Zendesk ticket 78')
    expect(await beginningOf(only?.number)).toEqual({ startedAt: Date.parse(created), kinds: ['opened'] })
    expect((await workOn(stage, only?.number ?? 0).read()).said).toEqual([
      expect.stringContaining('The alert fired again at 2026-10-19T16:12:00.000Z.'),
    ])
    expect(more).toEqual([])
  })
})

describe('the command line', () => {
  test('opens an incident, and lists and shows it', async () => {
    const since = '2026-10-19T09:00:00-07:00'
    const opened = await command('open', 'The export is wrong', '--severity', 'P2', '--since', since)
    expect(opened).toMatchObject({ code: 0, out: 'Opening an incident in foodyepay/incidents.\n' })
    await stage.settled()
    const { number = 0 } =
      (await openIncidents(stage)).find(({ title }) => title === 'The export is wrong') ?? {}
    expect(await command('list')).toMatchObject({
      code: 1,
      out: expect.stringContaining(`foodyepay/incidents#${number}  P2  open  The export is wrong\n`),
    })
    const shown = await command('show', `foodyepay/incidents#${number}`)
    expect(shown.out).toContain('First response: due Mon, Oct 19, 2026, 1:00 PM PDT (20:00 UTC)')
    expect(shown.out).toContain('Opened as P2')
  })

  test('counts from now by the clock of the bot where no time is given', async () => {
    await command('open', 'A question', '--severity', 'P3')
    await stage.settled()
    const { number = 0 } = (await openIncidents(stage)).find(({ title }) => title === 'A question') ?? {}
    const shown = await command('show', `foodyepay/incidents#${number}`)
    expect(shown.out).toMatch(/First response: due \w+, Oct 2\d,/)
  })

  test('refuses a severity that is not one', async () => {
    await expect(command('open', 'X', '--severity', 'high')).rejects.toThrow(/"high" is not a severity/)
  })

  test('says when there is no such incident', async () => {
    await expect(command('show', '999')).rejects.toThrow(/There is no incident "999"/)
  })
})

describe('an urgent pull request that names an incident', () => {
  test('is linked in both, once, and recorded', async () => {
    const [{ number = 0 } = {}] = (await openIncidents(stage)).filter(
      ({ title }) => title === 'The export is wrong',
    )
    const body = `Urgent: the export is wrong, foodyepay/incidents#${number}`
    const fix = await shop.openPull('ana', {
      branch: 'fix',
      title: 'Fix',
      body,
      files: { 'src/b.ts': 'b\n' },
    })
    await shop.label('eva', fix, 'urgent')
    await shop.review('chloe', fix)
    const said = (await workOn(stage, number).read()).said.filter((text) =>
      text.includes('Urgent pull request'),
    )
    expect(said).toEqual([expect.stringContaining(`${shop.name}#${fix.number}`)])
    const place = { ...shop.repository, issue_number: fix.number }
    const { data } = await stage.as('eva').rest.issues.listComments(place)
    expect(data.map((comment) => comment.body)).toEqual([
      expect.stringContaining(`names the incident foodyepay/incidents#${number} (P2, open)`),
    ])
    expect((await recordsOf(stage)).filter(({ kind }) => kind === 'incident linked')).toHaveLength(1)
    expect((await command('show', String(number))).out).toContain(`${shop.name}#${fix.number}`)
  })
})

describe('an incident whose issue is gone', () => {
  let number: number
  const titled = async () => (await openIncidents(stage)).filter(({ title }) => title === 'The menu is empty')

  test('keeps counting, and its alert opens another one', async () => {
    await sendPagerDuty(stage, { id: 'Q4', title: 'The menu is empty', urgency: 'low' })
    const [first] = await titled()
    number = first?.number ?? 0
    stage.github.faults.add({ kind: 'status', status: 410, path: new RegExp(`/issues/${number}(/|$)`) })
    await sendPagerDuty(stage, { id: 'Q4', title: 'The menu is empty', urgency: 'low' }, { id: 'after' })
    expect(await titled()).toHaveLength(2)
    expect(await changesFor(number)).toMatchObject([
      { kind: 'opened' },
      { kind: 'gone', text: expect.stringContaining('deleted or moved. The incident stays open') },
    ])
  })

  test('is ended by an order, which the records keep with its reason', async () => {
    const name = `foodyepay/incidents#${number}`
    expect((await command('show', name)).out).toContain(`release-gate incident end ${name}`)
    expect(await command('end', name, '--reason', 'a duplicate')).toMatchObject({
      code: 0,
      out: `Ended ${name}.\n`,
    })
    expect((await changesFor(number)).at(-1)).toMatchObject({
      kind: 'resolved',
      text: 'Resolved by operator token after its issue was gone: a duplicate',
    })
    expect((await command('end', name, '--reason', 'again')).code).toBe(1)
    stage.github.faults.clear()
  })

  test('is not ended while its issue is there', async () => {
    const other = (await titled()).find((one) => one.number !== number)?.number ?? 0
    const refused = await command('end', `foodyepay/incidents#${other}`, '--reason', 'it is over')
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('Its issue is still there') })
    expect((await changesFor(other)).map(({ kind }) => kind)).toEqual(['opened'])
  })
})

describe('an incident whose issue was transferred to a repository that the App can read', () => {
  test('is gone, and keeps nothing of what happens there', async () => {
    const number = await report('P2')
    await stage.github.addRepository({
      owner: 'foodyepay',
      name: 'archive',
      private: true,
      files: { 'README.md': '# Archive\n' },
      collaborators: { ana: 'write', eva: 'maintain' },
    })
    const there = stage.github.transferIssue('foodyepay/incidents', number, 'olga', 'foodyepay/archive')
    const place = { owner: 'foodyepay', repo: 'archive', issue_number: there }
    await stage.as('ana').rest.issues.createComment({ ...place, body: '/ack' })
    await stage.settled()
    expect((await changesFor(number)).map(({ kind }) => kind)).toEqual(['opened', 'gone'])
    const { data } = await stage.as('eva').rest.issues.listComments(place)
    expect(data.map(({ body }) => body)).toEqual(['/ack'])
    const ended = await command('end', `foodyepay/incidents#${number}`, '--reason', 'it is in the archive')
    expect(ended).toMatchObject({ code: 0 })
  })
})

describe('an alert that fires after a closing that the bot has not read', () => {
  const titled = async (title: string) => (await openIncidents(stage)).filter((one) => one.title === title)
  const fire = (id: string, urgency: string, event: string) =>
    sendPagerDuty(stage, { id, title: `The kitchen ${id}`, urgency }, { id: event })
  const closeUnheard = async (id: string, reason: 'completed' | 'not_planned') => {
    await fire(id, 'low', `${id}-first`)
    const [{ number = 0 } = {}] = await titled(`The kitchen ${id}`)
    const removeFault = stage.github.faults.add({ kind: 'lose' })
    await workOn(stage, number).close('eva', reason)
    removeFault()
    expect((await changesFor(number)).map(({ kind }) => kind)).toEqual(['opened'])
    return number
  }

  test('opens another incident, and the resolved one stays as it was', async () => {
    const number = await closeUnheard('K1', 'completed')
    await fire('K1', 'high', 'K1-again')
    const [, other] = await titled('The kitchen K1')
    expect((await changesFor(other?.number ?? 0)).at(-1)?.text).toBe('Opened as P0')
    expect((await changesFor(number)).map(({ text }) => text)).toEqual(['Opened as P2', 'Resolved by eva'])
    expect(await workOn(stage, number).read()).toMatchObject({ said: [], labels: ['incident', 'sev/P2'] })
  })

  test('is a comment where that closing does not count', async () => {
    const number = await closeUnheard('K2', 'not_planned')
    await fire('K2', 'low', 'K2-again')
    expect(await titled('The kitchen K2')).toHaveLength(1)
    const { state, said } = await workOn(stage, number).read()
    expect({ state, said }).toEqual({
      state: 'open',
      said: [
        expect.stringContaining('closed as `not_planned`'),
        expect.stringContaining('The alert fired again'),
      ],
    })
  })

  test('waits until GitHub lists who closed the issue', async () => {
    const number = await closeUnheard('K3', 'completed')
    const path = new RegExp(`/issues/${number}/events`)
    stage.github.faults.add({ kind: 'status', status: 200, body: [], path, times: 1, only: 'app' })
    await fire('K3', 'low', 'K3-again')
    expect(await titled('The kitchen K3')).toHaveLength(1)
    await stage.moveTo(new Date(stage.now().getTime() + 10_000))
    expect(await titled('The kitchen K3')).toHaveLength(2)
    expect((await workOn(stage, number).read()).said).toEqual([])
  })
})

describe('events that GitHub never sends', () => {
  test('are made up for by the look at the start, and where one incident cannot be read, by a later one', async () => {
    const known = await report('P2')
    stage.github.faults.add({ kind: 'lose' })
    await workOn(stage, known).comment('ana', '/ack')
    const unknown = await report('P3')
    const unreadable = await report('P3')
    const path = new RegExp(`/issues/${unreadable}(/|$)`)
    const removeFault = stage.github.faults.add({ kind: 'status', status: 403, path, only: 'app' })
    expect((await changesFor(known)).map(({ kind }) => kind)).not.toContain('acknowledged')
    await leaveUnfinished(known)
    await stage.stop()
    await stage.startBot()
    await stage.settled()
    expect((await changesFor(known)).map(({ kind }) => kind)).toContain('acknowledged')
    expect((await changesFor(unknown)).map(({ kind }) => kind)).toContain('opened')
    expect(await changesFor(unreadable)).toEqual([])
    removeFault()
    await stage.stop()
    await stage.startBot()
    await stage.settled()
    expect((await changesFor(unreadable)).map(({ kind }) => kind)).toContain('opened')
  })

  test('nor is an alert lost whose job ended without an incident, or a comment about a link', async () => {
    const all = await openIncidents(stage)
    expect(all.filter(({ title }) => title === 'Nobody works on it')).toHaveLength(1)
    const said = await Promise.all(
      all.map(async ({ number }) => (await workOn(stage, number).read()).said.join('\n')),
    )
    expect(said.filter((text) => text.includes(`names this incident: ${shop.name}#1`))).toHaveLength(1)
  })
})

/** What is left where the job of an alert has failed for good, and where one died after it had stored a link. */
async function leaveUnfinished(number: number): Promise<void> {
  const database = await openDatabase(stage.database)
  const now = stage.now()
  const [{ installationId = 0, repositoryId = 0 } = {}] = await database.query<{
    installationId: number
    repositoryId: number
  }>(
    'SELECT installation_id AS "installationId", repository_id AS "repositoryId" FROM release_gate.incidents LIMIT 1',
  )
  const alert = {
    source: 'pagerduty' as const,
    id: 'Q3',
    title: 'Nobody works on it',
    severity: 'P3',
    component: null,
    at: now.toISOString(),
    url: null,
    by: null,
  }
  await database.transaction((tx) => storeAlert(tx, 'left', { installationId, ...incidents }, alert, now))
  const { data } = await stage.as('olga').rest.repos.get(shop.repository)
  const pull = { installationId, repositoryId: data.id, ...shop.repository, number: 1 }
  await linkPull(database, { repository: { installationId, repositoryId }, number }, pull, now)
  await database.close()
}
