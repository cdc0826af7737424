import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { newPages } from '../../src/decision/incidents/pagerduty-page.ts'
import { sendChangeEvent } from '../../src/incidents/change-events.ts'
import { sendPagesOrJiraIssues } from '../../src/incidents/pages-and-jira-issues.ts'
import type { IncidentShell } from '../../src/incidents/shell.ts'
import { type PagerDuty, startPagerDuty } from '../../src/sandbox/pagerduty.ts'
import type { Database } from '../../src/store/database.ts'
import { saveIncident } from '../../src/store/incidents.ts'
import { saveDesiredState } from '../../src/store/mirrors.ts'
import { retryTimeOf } from '../../src/store/retry-after-error.ts'
import { decided, facts, settings } from '../decision/incidents/building.ts'
import { aPglite } from '../support/databases.ts'
import { anIncidentShell } from '../support/incident-shell.ts'

/** PagerDuty takes about 120 events a minute for each routing key. */

const repository = { installationId: 1, repositoryId: 2, owner: 'acme', repo: 'incidents' }
const signal = new AbortController().signal
const start = Date.parse('2026-10-19T16:00:00Z')

let database: Database
let pagerDuty: PagerDuty
let time: number
let shell: IncidentShell
beforeAll(async () => {
  database = await aPglite()
})
afterAll(() => database.close())
beforeEach(async () => {
  time = start
  pagerDuty = await startPagerDuty({ clock: () => time })
  shell = anIncidentShell(database, () => new Date(time), {
    paging: { eventsUrl: pagerDuty.url, keys: pagerDuty.keys },
  })
})
afterEach(async () => {
  await pagerDuty.close()
  await database.query(
    'TRUNCATE release_gate.mirrors, release_gate.incidents, release_gate.notice_channels, release_gate.facts',
  )
})

type Job = { at: number; run: () => Promise<void> }

/** Runs jobs as the queue does: one that waits runs again at its time, at least a second later. Gives when each was done. */
async function runAll(jobs: Job[]): Promise<{ done: Map<Job, number>; runs: number }> {
  const done = new Map<Job, number>()
  const waiting = [...jobs]
  let runs = 0
  while (waiting.length > 0) {
    waiting.sort((a, b) => a.at - b.at)
    const job = waiting.shift() as Job
    time = Math.max(time, job.at)
    runs += 1
    try {
      await job.run()
      done.set(job, time)
    } catch (error) {
      const at = retryTimeOf(error)
      if (!at) throw error
      waiting.push(Object.assign(job, { at: Math.max(at.getTime(), time + 1_000) }))
    }
  }
  return { done, runs }
}

const changes = (count: number): Job[] =>
  Array.from({ length: count }, (_, index) => ({
    at: start,
    run: () =>
      sendChangeEvent(
        shell,
        {
          task: 'change',
          repository,
          key: `change/${index}`,
          summary: `Merged: ${index}`,
          at: new Date(start).toISOString(),
          url: `https://github.com/acme/shop/pull/${index}`,
        },
        signal,
      ),
  }))

async function pages(count: number): Promise<Job[]> {
  const jobs: Job[] = []
  for (let number = 1; number <= count; number++) {
    const known = facts({ number, reported: [{ at: new Date(start).toISOString(), severity: 'P0' }] })
    const incident = decided(known)
    const key = { repository, number }
    await saveIncident(database, {
      ...key,
      governedBy: repository,
      settings,
      facts: known,
      incident,
      digest: '',
    })
    const step = { key: '0/P0/0', at: start, page: ['on_call' as const], since: start }
    for (const page of newPages({ ...key, facts: known, incident }, step))
      await saveDesiredState(database, key, page)
    jobs.push({
      at: start,
      run: () => sendPagesOrJiraIssues(shell, { ...key, mirror: 'pagerduty' }, signal, 1),
    })
  }
  return jobs
}

test('a clock that is set back by a day keeps no page waiting until it has caught up', async () => {
  const day = 86_400_000
  time = start + day
  for (const job of [...changes(40), ...(await pages(40))])
    await job.run().catch((error: unknown) => expect(retryTimeOf(error)).toBeDefined())
  time = start
  const left = (await pages(45)).slice(40)
  const { done } = await runAll(left)
  expect(Math.max(...done.values()) - start).toBeLessThan(60_000)
})

const most = (times: number[]) =>
  Math.max(...times.map((from) => times.filter((one) => one >= from && one < from + 60_000).length))

test('200 incidents and 150 merges at once: it refuses nothing, takes all, and is paged before it has the merges', async () => {
  const storm = [...changes(150), ...(await pages(200))]
  const { done, runs } = await runAll(storm)
  expect(pagerDuty.throttled).toBe(0)
  expect(most([...done.values()])).toBeLessThanOrEqual(120)
  expect(pagerDuty.alerts).toHaveLength(200)
  expect(pagerDuty.alerts.every(({ pages: count }) => count === 1)).toBe(true)
  expect(pagerDuty.changes).toHaveLength(150)
  const lastPage = Math.max(...storm.slice(150).map((job) => done.get(job) ?? Number.POSITIVE_INFINITY))
  expect(lastPage - start).toBeLessThan(150_000)
  expect(lastPage).toBeLessThan(Math.max(...done.values()))
  expect(runs).toBeLessThan(10 * storm.length)
})

test('20 pages at once wait for nothing, and no routing key is stored', async () => {
  const { done } = await runAll(await pages(20))
  expect([...done.values()].every((at) => at === start)).toBe(true)
  const lines = await database.query('SELECT * FROM release_gate.notice_channels')
  expect(lines).toHaveLength(1)
  expect(JSON.stringify(lines)).not.toContain(pagerDuty.keys.on_call)
})

test('150 merges at once leave room for a page, which does not wait', async () => {
  const [page] = await pages(1)
  if (!page) throw new Error('There is one')
  const { done } = await runAll([...changes(150), Object.assign(page, { at: start + 30_000 })])
  expect((done.get(page) ?? 0) - start).toBe(30_000)
})

test('what it refuses all the same, since others send with the same key, arrives later', async () => {
  for (let count = 0; count < 120; count++)
    await fetch(`${pagerDuty.url}/v2/change/enqueue`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ routing_key: pagerDuty.keys.on_call, payload: { summary: 'Another sender' } }),
    })
  const { done } = await runAll(await pages(10))
  expect(pagerDuty.throttled).toBe(1)
  expect(pagerDuty.alerts).toHaveLength(10)
  expect(Math.min(...done.values())).toBeGreaterThanOrEqual(start + 60_000)
})
