import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { healthSettings } from '../../src/decision/health-settings.ts'
import type { IncidentTask } from '../../src/decision/incidents/task.ts'
import type { IncidentShell } from '../../src/incidents/shell.ts'
import { watchRelease } from '../../src/incidents/watching.ts'
import type { Database } from '../../src/store/database.ts'
import { beginWatch, openWatches, saveChecks } from '../../src/store/monitors.ts'
import { keepValidPolicy } from '../../src/store/policies.ts'
import { aDatabase } from '../support/databases.ts'

const repository = { installationId: 1, repositoryId: 2, owner: 'acme', repo: 'shop' }
const url = 'https://github.com/acme/shop/pull/7'
const mergedAt = new Date('2026-10-19T16:00:00Z')
const task = {
  task: 'watch' as const,
  repository,
  key: 'watch/merged/7',
  summary: 'acme/shop#7',
  at: mergedAt.toISOString(),
  url,
}
const settings = healthSettings.parse({
  monitors: [{ id: 42, name: 'Error rate' }],
  watch: { warm_up: '5m', checks: 2, every: '5m' },
})

let database: Database
const alarms: string[] = []
const enqueued: IncidentTask[] = []
let broken = 0
let now = new Date(0)
const shell = (): IncidentShell => ({
  database,
  github: async () => Promise.reject(new Error('GitHub is not asked')),
  now: () => now,
  log: { warn: (_: object, text: string) => alarms.push(text) } as never,
  queue: {
    enqueueAll: async () => undefined,
    enqueueTransition: async () => undefined,
    enqueueNotice: async () => undefined,
    enqueueIncident: async (one) => {
      if (broken-- > 0) throw new Error('the process died')
      enqueued.push(one)
    },
  },
  paging: { eventsUrl: '', keys: {} },
  jira: undefined,
  datadog: undefined,
})
const run = () => watchRelease(shell(), task, new AbortController().signal)

beforeAll(async () => {
  database = await aDatabase()
})
afterAll(() => database.close())

/** A watch with all its checks, at which the monitor was in this state; before the release it was OK. */
async function watched(state: string): Promise<void> {
  const subject = { repository, summary: task.summary, url }
  await beginWatch(database, { key: task.key, subject, settings, mergedAt, baseline: { '42': 'OK' } })
  const look = { at: mergedAt.toISOString(), states: { '42': state }, requests: null }
  await saveChecks(database, task.key, [look, look])
}

async function policies(...names: string[]): Promise<void> {
  for (const [index, name] of names.entries()) {
    const text = `gates:\n  approvals: {}\nslack:\n  channel: "#releases"\nincidents:\n  repository: acme/${name}\n`
    const of = { ...repository, repositoryId: 2 + index, repo: index === 0 ? 'shop' : `other-${index}` }
    await keepValidPolicy(database, of, { text, blob: name })
  }
}

beforeEach(async () => {
  await database.query('TRUNCATE release_gate.watches, release_gate.policies, release_gate.alert_deliveries')
  for (const list of [alarms, enqueued]) list.length = 0
  broken = 0
  now = new Date('2026-10-19T16:12:00Z')
})

const received = () =>
  database.query<{ repository: { repo: string }; alert: { title: string; severity: string } }>(
    'SELECT repository, alert FROM release_gate.alert_deliveries',
  )

test('a release after which production alerts opens an incident once, although the process died before', async () => {
  await policies('incidents')
  await watched('Alert')
  broken = 1
  await expect(run()).rejects.toThrow('died')
  expect(await openWatches(database)).toMatchObject([{ key: task.key, subject: { summary: task.summary } }])
  await run()
  await run()
  expect(await received()).toMatchObject([
    { alert: { title: 'Production alerts since the release of acme/shop#7', severity: 'P1' } },
  ])
  expect(enqueued).toMatchObject([{ task: 'alert' }])
  expect(await openWatches(database)).toEqual([])
})

test('the incident goes to the repository that the policy of the release names, where others name another one', async () => {
  await policies('incidents', 'other-incidents')
  await watched('Alert')
  await run()
  expect((await received()).map((one) => one.repository.repo)).toEqual(['incidents'])
})

test('where no policy names an incident repository, the alert is in the log', async () => {
  await watched('Alert')
  await run()
  expect(alarms).toEqual(['The alert of a release has nowhere to go'])
  expect(await openWatches(database)).toEqual([])
})

test('a release after which production is well opens none', async () => {
  await policies('incidents')
  await watched('OK')
  await run()
  expect(await received()).toEqual([])
  expect(alarms).toEqual([])
})

test('a watch that an earlier version began ends after as many checks as it began with', async () => {
  await watched('OK')
  const watch = { warm_up: '5m', looks: 3, every: '5m' }
  await database.query('UPDATE release_gate.watches SET settings = $1', [
    JSON.stringify({ monitors: settings.monitors, watch }),
  ])
  await run()
  expect(enqueued).toMatchObject([{ task: 'watch', key: task.key }])
  expect(await openWatches(database)).toMatchObject([{ key: task.key }])
})

describe('a look that is late', () => {
  const begin = async (...states: string[]) => {
    await watched('OK')
    const looks = states.map((state) => ({
      at: mergedAt.toISOString(),
      states: { '42': state },
      requests: null,
    }))
    await saveChecks(database, task.key, looks)
  }
  /** Runs the watch at a time until it is decided. */
  const endAt = async (clock: string) => {
    now = new Date(`2026-10-19T${clock}Z`)
    for (let runs = 0; runs < 3; runs++) await run()
    const [row] = await database.query<{ verdict: string; why: string; looks: { states: object }[] }>(
      'SELECT verdict, why, looks FROM release_gate.watches',
    )
    return {
      verdict: row?.verdict,
      why: row?.why,
      read: row?.looks.filter(({ states }) => '42' in states).length,
    }
  }

  test('by more than the time between two is not read in place of the one that was due, so the watch is inconclusive', async () => {
    await begin()
    expect(await endAt('16:30:00')).toEqual({
      verdict: 'inconclusive',
      why: 'production was not watched in time',
      read: 0,
    })
    expect(alarms).toEqual([])
  })

  test('by less is read', async () => {
    await begin('OK')
    expect(await endAt('16:15:00')).toEqual({
      verdict: 'inconclusive',
      why: 'Error rate was not OK at every check',
      read: 2,
    })
  })

  test('does not hide an alert that another one saw', async () => {
    await begin('Alert')
    expect(await endAt('16:15:01')).toMatchObject({ verdict: 'failed', read: 1 })
  })

  test('leaves the watch inconclusive although the other one was well', async () => {
    await begin('OK')
    expect(await endAt('16:15:01')).toMatchObject({ verdict: 'inconclusive', read: 1 })
  })
})
