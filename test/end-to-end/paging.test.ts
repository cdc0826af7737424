import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { auditCommand } from '../../src/commands/audit.ts'
import type { Stage } from '../../src/sandbox/stage.ts'
import type { Workshop } from '../../src/sandbox/workshop.ts'
import { runCommand } from '../commands/command-run.ts'
import { aWorldWithIncidents, incidents, workOn } from '../support/incidents.ts'
import { letNoticesPass } from '../support/merging.ts'
import { pagesOn, pagingPolicy } from '../support/paging.ts'
import { aStage } from '../support/stage.ts'

let stage: Stage
let shop: Workshop

beforeAll(async () => {
  stage = await aStage({ at: new Date('2026-10-19T16:00:00Z'), operations: true })
  shop = await aWorldWithIncidents(stage, pagingPolicy)
  await shop.openPull('ana', { branch: 'first', title: 'First', files: { 'src/a.ts': 'a\n' } })
})
afterAll(() => stage.close())

const audit = (...words: string[]) => {
  const { port } = new URL(stage.bot().url)
  const url = 'url' in stage.database ? stage.database.url : ''
  return runCommand(auditCommand(), words, {
    DATABASE_URL: url,
    OPERATOR_TOKEN: stage.operatorToken,
    PORT: port,
  })
}
/** What the records say that PagerDuty took. */
async function takenFor(number: number): Promise<string[]> {
  const { out } = await audit('dossier', `foodyepay/incidents#${number}`)
  return out.match(/PagerDuty (accepted|acknowledged|resolved) the page to [a-z ]*[a-z]/g) ?? []
}
const { operations, pagesFor, issueFor, pass, alert } = pagesOn(() => stage)
const moveTo = (clock: string) => stage.moveTo(new Date(`2026-10-19T${clock}Z`))

describe('a P0', () => {
  let number: number

  test('pages whoever is on call at once, and gets an issue in Jira that it names', async () => {
    number = await alert('Q1')
    expect(pagesFor(number)).toEqual([{ key: '0/P0/0/on_call', state: 'triggered', pages: 1 }])
    expect(issueFor(number)).toMatchObject([{ key: 'FOODYE-MCP-412', status: 'To Do' }])
    expect((await workOn(stage, number).read()).said).toEqual([expect.stringContaining('FOODYE-MCP-412')])
  })

  test('pages the lead when half of the time has passed without a response, also while GitHub is down', async () => {
    await moveTo('16:07:00')
    expect(pagesFor(number)).toHaveLength(1)
    stage.github.faults.add({ kind: 'status', status: 503, path: /incidents\/issues/ })
    await moveTo('16:07:32')
    expect(pagesFor(number).map(({ key }) => key)).toEqual(['0/P0/0/on_call', '0/P0/50/lead'])
    stage.github.faults.clear()
    await pass(20)
  })

  test('is acknowledged everywhere, with its owner in Jira', async () => {
    await workOn(stage, number).comment('ana', '/ack')
    await pass(10)
    expect(pagesFor(number).map(({ state }) => state)).toEqual(['acknowledged', 'acknowledged'])
    expect(issueFor(number)).toMatchObject([{ fields: { assignee: { accountId: 'account-of-ana' } } }])
    await moveTo('16:16:00')
    expect(pagesFor(number)).toHaveLength(2)
  })

  test('is resolved everywhere', async () => {
    await workOn(stage, number).close('eva')
    await pass(10)
    expect(pagesFor(number).map(({ state }) => state)).toEqual(['resolved', 'resolved'])
    expect(issueFor(number)).toMatchObject([{ status: 'Done' }])
  })

  test('that is reopened pages again, under another key', async () => {
    await stage
      .as('eva')
      .rest.issues.update({ owner: 'foodyepay', repo: 'incidents', issue_number: number, state: 'open' })
    await stage.settled()
    await pass(10)
    expect(pagesFor(number).at(-1)).toEqual({ key: '1/P0/0/on_call', state: 'triggered', pages: 1 })
    await workOn(stage, number).close('eva')
  })
})

describe('an incident that was acknowledged before the bot read it', () => {
  const opened = async (severity: string) => {
    const body = `### Severity\n\n${severity}\n`
    const { data } = await stage
      .as('gus')
      .rest.issues.create({ ...incidents, title: `Form ${severity}`, body, labels: ['incident'] })
    return data.number
  }

  test('pages whoever is on call all the same, and then says in PagerDuty that someone has it', async () => {
    await stage.stop()
    const number = await opened('P0')
    await stage.moveTo(new Date(stage.now().getTime() + 120_000))
    await workOn(stage, number).comment('ana', '/ack')
    await stage.startBot()
    await stage.settled()
    await pass(30)
    expect(pagesFor(number)).toEqual([{ key: '0/P0/0/on_call', state: 'acknowledged', pages: 1 }])
    expect(await takenFor(number)).toEqual([
      'PagerDuty accepted the page to on call',
      'PagerDuty acknowledged the page to on call',
    ])
    await workOn(stage, number).close('eva')
  })

  test('and resolved pages nobody, and no record says that someone was paged', async () => {
    await stage.stop()
    const number = await opened('P1')
    await stage.moveTo(new Date(stage.now().getTime() + 120_000))
    await workOn(stage, number).comment('ana', '/ack')
    await workOn(stage, number).close('eva')
    await stage.startBot()
    await stage.settled()
    await pass(30)
    expect(pagesFor(number)).toEqual([])
    const { out } = await audit('dossier', `foodyepay/incidents#${number}`)
    expect(out).toContain('Resolved by eva')
    expect(out).not.toContain('Paged')
  })
})

describe('a system that fails', () => {
  test('gets the page when it answers again, once, although an answer was lost', async () => {
    const { pagerDuty } = operations()
    pagerDuty.fail(503)
    pagerDuty.fail('lose the answer')
    const number = await alert('Q2')
    await pass(120)
    expect(pagesFor(number)).toEqual([{ key: '0/P0/0/on_call', state: 'triggered', pages: 1 }])
    await workOn(stage, number).close('eva')
  })

  test('gets the acknowledgement of a page whose answer was lost, which someone was paged for', async () => {
    const { pagerDuty } = operations()
    pagerDuty.fail('lose the answer', 6)
    const number = await alert('Q5')
    await stage.moveTo(new Date(stage.now().getTime() + 1_000))
    await workOn(stage, number).comment('ana', '/ack')
    await pass(120)
    expect(pagesFor(number)).toEqual([{ key: '0/P0/0/on_call', state: 'acknowledged', pages: 1 }])
    await workOn(stage, number).close('eva')
  })

  test('gets no page of a severity that was lowered before it answered', async () => {
    const { pagerDuty } = operations()
    pagerDuty.fail(503, 1_000)
    const number = await alert('Q10')
    await pass(5)
    await workOn(stage, number).comment('ana', '/severity P2 one diner')
    await workOn(stage, number).comment('eva', '/confirm')
    expect(pagerDuty.failuresLeft()).toBeLessThan(1_000)
    pagerDuty.recover()
    await pass(180)
    expect(pagesFor(number)).toEqual([])
    await workOn(stage, number).close('eva')
  })

  test('gets the page of the severity that was raised alone', async () => {
    const { pagerDuty } = operations()
    pagerDuty.fail(503, 1_000)
    const body = '### Severity\n\nP1\n'
    const { data } = await stage
      .as('gus')
      .rest.issues.create({ ...incidents, title: 'Raised', body, labels: ['incident'] })
    await stage.settled()
    await pass(5)
    await workOn(stage, data.number).comment('ana', '/severity P0')
    expect(pagerDuty.failuresLeft()).toBeLessThan(1_000)
    pagerDuty.recover()
    await pass(180)
    expect(pagesFor(data.number)).toEqual([{ key: '0/P0/0/on_call', state: 'triggered', pages: 1 }])
    await workOn(stage, data.number).close('eva')
  })

  test('gets one issue, although the answer to its creation was lost', async () => {
    const { jira } = operations()
    const before = jira.issues.length
    // The search before it, and then the creation itself.
    jira.fail(500)
    const number = await alert('Q3')
    jira.fail('lose the answer')
    await pass(100)
    expect(issueFor(number)).toHaveLength(1)
    expect(jira.issues).toHaveLength(before + 1)
    await workOn(stage, number).close('eva')
  })

  test('and refuses the page is a step that was not possible: the lead is paged at once, until someone takes it', async () => {
    const { pagerDuty } = operations()
    pagerDuty.fail(400)
    const number = await alert('Q4')
    await pass(10)
    expect(pagesFor(number)).toEqual([{ key: '0/P0/50/lead', state: 'triggered', pages: 1 }])
    await workOn(stage, number).comment('ana', '/ack')
    await pass(10)
    expect(pagesFor(number)).toEqual([{ key: '0/P0/50/lead', state: 'acknowledged', pages: 1 }])
    await workOn(stage, number).close('eva')
    await pass(10)
    expect(await takenFor(number)).toEqual([
      'PagerDuty accepted the page to the operations lead',
      'PagerDuty acknowledged the page to the operations lead',
      'PagerDuty resolved the page to the operations lead',
    ])
  })

  test('and refuses every page has taken nothing of the incident once that is resolved', async () => {
    operations().pagerDuty.fail(400, 4)
    const number = await alert('Q6')
    await pass(5)
    await workOn(stage, number).close('eva')
    await pass(30)
    expect(pagesFor(number)).toEqual([])
    expect(await takenFor(number)).toEqual([])
  })
})

describe('a system that refuses', () => {
  const told = async (text: string) => {
    const all = () =>
      stage.slack.messages.map((message) => JSON.stringify(message)).filter((one) => one.includes(text))
    for (let tries = 0; tries < 20 && all().length === 0; tries++) await letNoticesPass(stage, 2)
    return all()
  }
  const dossier = async (number: number) => (await audit('dossier', `foodyepay/incidents#${number}`)).out

  test.each([
    ['the acknowledgement', 'Q7', (issue: ReturnType<typeof workOn>) => issue.comment('ana', '/ack')],
    ['the end', 'Q8', (issue: ReturnType<typeof workOn>) => issue.close('eva')],
  ])('%s of a page leaves its step taken, and that is announced', async (what, id, act) => {
    const number = await alert(id)
    await pass(10)
    operations().pagerDuty.fail(400)
    await act(workOn(stage, number))
    await pass(10)
    expect(pagesFor(number)).toEqual([{ key: '0/P0/0/on_call', state: 'triggered', pages: 1 }])
    expect(await dossier(number)).toContain('Paged: on call')
    expect(await dossier(number)).not.toContain('refused')
    const found = await told(`PagerDuty refused ${what} of a page`)
    expect(found.filter((text) => text.includes(`incidents/issues/${number}`))).toHaveLength(1)
    if (what === 'the acknowledgement') await workOn(stage, number).close('eva')
  })

  test('an issue in Jira is announced once for each reason', async () => {
    const { jira } = operations()
    const number = await alert('Q9')
    await pass(100)
    const refusedWith = async (status: number, severity: string) => {
      jira.fail(status)
      await workOn(stage, number).comment('ana', `/severity ${severity} fewer people`)
      await workOn(stage, number).comment('eva', '/confirm')
      await pass(15)
      return (await told(`with ${status}`)).filter((text) => text.includes(`incidents/issues/${number}`))
        .length
    }
    expect(await refusedWith(400, 'P1')).toBe(1)
    expect(await refusedWith(400, 'P2')).toBe(1)
    expect(await refusedWith(409, 'P3')).toBe(1)
    await workOn(stage, number).close('eva')
  })
})

test('what happened to an incident while its channel was archived for 40 minutes arrives once that is back', async () => {
  const about = (number: number, text: string) =>
    stage.slack.messages.filter((message) => {
      const told = JSON.stringify(message)
      return told.includes(`incidents/issues/${number}`) && told.includes(text)
    })
  stage.slack.change('releases', { isArchived: true })
  const number = await alert('Q11')
  await workOn(stage, number).comment('ana', '/ack')
  for (let minutes = 0; minutes < 40; minutes += 1)
    await stage.moveTo(new Date(stage.now().getTime() + 60_000))
  expect(about(number, '')).toEqual([])
  stage.slack.change('releases', { isArchived: false })
  await pass(400)
  for (const text of ['Opened as P0', 'Acknowledged by ana', 'Paged: on call'])
    expect(about(number, text)).toHaveLength(1)
  await workOn(stage, number).close('eva')
})
