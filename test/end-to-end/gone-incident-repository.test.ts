import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { queueCommand } from '../../src/commands/queue.ts'
import type { Stage } from '../../src/sandbox/stage.ts'
import { openDatabase } from '../../src/store/database/open.ts'
import type { Database } from '../../src/store/database.ts'
import { runCommand } from '../commands/command-run.ts'
import {
  aWorldWithIncidents,
  incidents,
  openIncidents,
  senders,
  sendPagerDuty,
} from '../support/incidents.ts'
import { letNoticesPass } from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

/** What becomes of an alert whose incident repository is gone. */

let stage: Stage
let database: Database
const minutes = (count: number) => stage.moveTo(new Date(stage.now().getTime() + count * 60_000))
/** Long enough for every retry of a job. */
const halfAnHour = async () => {
  for (let round = 0; round < 14; round++) await minutes(5.1)
  await letNoticesPass(stage, 4)
}
const restart = async () => {
  await stage.stop()
  await stage.startBot()
  await stage.settled()
}
const queue = (...words: string[]) =>
  runCommand(queueCommand(), words, { DATABASE_URL: 'url' in stage.database ? stage.database.url : '' })
const givenUp = async () =>
  (JSON.parse((await queue('ls', '--json')).out).failed as { id: string; about: string; state: string }[])
    .filter(({ about }) => about.startsWith('alert'))
    .map(({ id, about, state }) => ({ id, about, state }))
const titled = async (title: string) => (await openIncidents(stage)).filter((one) => one.title === title)
const archive = (archived: boolean) => stage.as('olga').rest.repos.update({ ...incidents, archived })
const waiting = () =>
  database.query(
    `SELECT 1 FROM release_gate_jobs.job WHERE name IN ('incidents', 'later') AND data::text LIKE '%"alert"%' AND state < 'completed'`,
  )

beforeAll(async () => {
  stage = await aStage({ at: new Date('2026-10-19T16:00:00Z'), env: senders })
  database = await openDatabase(stage.database)
  const shop = await aWorldWithIncidents(stage)
  await shop.openPull('ana', { branch: 'first', title: 'First', files: { 'src/a.ts': 'a\n' } })
})
afterAll(async () => {
  await database.close()
  await stage.close()
})

describe('an alert whose incident repository was archived', () => {
  beforeAll(async () => {
    await archive(true)
    await stage.settled()
    expect(await sendPagerDuty(stage, { id: 'A1', title: 'Archived' })).toBe(202)
    await halfAnHour()
  })

  test('is given up, where an operator sees it', async () => {
    expect(await givenUp()).toMatchObject([
      { about: 'alert event-A1 of pagerduty for foodyepay/incidents', state: 'given up' },
    ])
    const said = stage.slack.messages.map((message) => JSON.stringify(message)).join()
    expect(said).toContain('A job was given up')
    expect(said).toContain('The repository is archived')
  })

  test('is not tried again by itself', async () => {
    await restart()
    expect(await waiting()).toEqual([])
    expect(await givenUp()).toHaveLength(1)
  })

  test('opens its incident once an operator has it tried again after the repair', async () => {
    await archive(false)
    const [{ id = '' } = {}] = await givenUp()
    expect((await queue('retry', id)).out).toContain('Started again')
    // The command line starts it by the real clock.
    await database.query(
      `UPDATE release_gate_jobs.job SET start_after = '2026-10-19Z' WHERE state = 'created' AND data::text LIKE '%"event-A1"%'`,
    )
    await restart()
    expect(await titled('Archived')).toHaveLength(1)
    expect(await givenUp()).toEqual([])
  })
})

test('an alert is tried until it succeeds while GitHub is down for hours, and nobody has to do anything', async () => {
  stage.github.faults.add({ kind: 'status', status: 503, path: /\/incidents/ })
  expect(await sendPagerDuty(stage, { id: 'A2', title: 'Down' })).toBe(202)
  await halfAnHour()
  await restart()
  expect(await waiting()).not.toEqual([])
  stage.github.faults.clear()
  await halfAnHour()
  expect(await titled('Down')).toHaveLength(1)
})

describe('an incident repository whose issues were turned off', () => {
  const turn = async (on: boolean) => {
    await stage.as('olga').rest.repos.update({ ...incidents, has_issues: on })
    await stage.settled()
  }
  let before = 0
  const said = (text: string) =>
    stage.slack.messages.slice(before).some((message) => JSON.stringify(message).includes(text))

  beforeAll(async () => {
    before = stage.slack.messages.length
    expect(await sendPagerDuty(stage, { id: 'A4', title: 'Open before' })).toBe(202)
    await turn(false)
    expect(await sendPagerDuty(stage, { id: 'A4' }, { id: 'event-A4-again' })).toBe(202)
    expect(await sendPagerDuty(stage, { id: 'A5', title: 'Fired meanwhile' })).toBe(202)
    await halfAnHour()
    await restart()
  })

  test('has not lost its incidents, whose clocks run out as before', () => {
    expect(said('First response for a P0 has been overdue')).toBe(true)
    expect(said('Issues are turned off in foodyepay/incidents')).toBe(true)
    expect(said('deleted or moved')).toBe(false)
  })

  test('has one incident for each alert once they are turned on again, and nobody has to do anything', async () => {
    await turn(true)
    await halfAnHour()
    await restart()
    expect(await titled('Open before')).toHaveLength(1)
    expect(await titled('Payments fail')).toEqual([])
    expect(await titled('Fired meanwhile')).toHaveLength(1)
    const unfinished = await database.query(
      `SELECT delivery FROM release_gate.alert_deliveries WHERE done_at IS NULL AND delivery ~ '^event-A[45]'`,
    )
    expect(unfinished).toEqual([])
  })
})

test('a job about an incident that is given up is announced in the channel of the policy, by the name of the incident', async () => {
  const path = /incidents\/issues\/\d+\/labels/
  stage.github.faults.add({ kind: 'status', status: 422, path, only: 'app' })
  const { data } = await stage
    .as('gus')
    .rest.issues.create({ ...incidents, title: 'Form', labels: ['incident'] })
  await stage.settled()
  await halfAnHour()
  stage.github.faults.clear()
  const announced = stage.slack.messages
    .map(({ text }) => text)
    .filter((text) => text.includes('given up') && text.includes(`foodyepay/incidents#${data.number}:`))
  expect(announced).toEqual([expect.stringContaining('A job was given up: foodyepay/mcp-server')])
})

test('an alert whose incident repository was deleted is given up, and tried by nobody', async () => {
  await stage.github.deleteRepository('foodyepay/incidents')
  await stage.settled()
  expect(await sendPagerDuty(stage, { id: 'A3', title: 'Deleted' })).toBe(202)
  await halfAnHour()
  await restart()
  const about = 'alert event-A3 of pagerduty for foodyepay/incidents'
  expect((await givenUp()).filter((one) => one.about === about)).toHaveLength(1)
  expect(await waiting()).toEqual([])
})
