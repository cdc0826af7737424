import { afterAll, beforeAll, expect, test } from 'vitest'
import type { IncidentEvent } from '../../src/decision/incidents/facts.ts'
import type { Notice } from '../../src/decision/notice.ts'
import { lookAtPostMortem } from '../../src/incidents/post-mortems.ts'
import type { IncidentShell } from '../../src/incidents/shell.ts'
import type { Database } from '../../src/store/database.ts'
import { saveIncident } from '../../src/store/incidents.ts'
import { postMortemOf, savePostMortemIssue, wantPostMortem } from '../../src/store/post-mortems.ts'
import { decided, event, facts, settings } from '../decision/incidents/building.ts'
import { aDatabase } from '../support/databases.ts'

const repository = { installationId: 1, repositoryId: 2, owner: 'acme', repo: 'incidents' }
const key = { repository, number: 7 }
const page = (number: number) => `https://github.com/acme/incidents/issues/${number}`

const own = { login: 'release-gate[bot]', type: 'Bot' }
/** The issues that GitHub has, by their numbers. */
const issues = new Map<number, { number: number; html_url: string; body: string; user: typeof own }>()
const github = {
  paginate: async () => [...issues.values()],
  rest: {
    apps: { getAuthenticated: async () => ({ data: { slug: 'release-gate' } }) },
    repos: { get: async () => ({ data: { id: 2, has_issues: hasIssues, full_name: 'acme/incidents' } }) },
    issues: {
      listForRepo: () => undefined,
      create: async ({ body }: { body: string }) => {
        const number = created + 1
        created = number
        issues.set(number, { number, html_url: page(number), body, user: own })
        return { data: issues.get(number) }
      },
      get: async ({ issue_number: number }: { issue_number: number }) => {
        const data = hasIssues ? issues.get(number) : undefined
        if (!data) throw Object.assign(new Error('This issue was deleted'), { status: 410 })
        return { data: { ...data, state: 'open', closed_at: null } }
      },
    },
  },
}
let created = 20
let hasIssues = true
let now = new Date('2026-10-19T21:00:00Z')
let database: Database
const notices: Notice[] = []
const shell = (): IncidentShell => ({
  database,
  github: async () => github as never,
  now: () => now,
  log: { warn: () => undefined } as never,
  queue: {
    enqueueAll: async () => undefined,
    enqueueTransition: async () => undefined,
    enqueueNotice: async (notice) => void notices.push(notice as Notice),
    enqueueIncident: async () => undefined,
  },
  paging: { eventsUrl: '', keys: {} },
  jira: undefined,
  datadog: undefined,
})
const look = () => lookAtPostMortem(shell(), repository, 7)
/** Of equal keys, one is sent. */
const sent = () =>
  [
    ...new Map(notices.toReversed().map((notice) => [notice.key, JSON.stringify(notice)])).values(),
  ].toReversed()

const closed = (at: string) => event('closed', 'eva', at, { reason: 'completed' })
const saveAs = (state: 'open' | 'closed', events: IncidentEvent[]) => {
  const read = { state, events, reported: [{ at: '2026-10-19T16:00:00Z', severity: 'P0' }] }
  const stored = { ...key, governedBy: repository, settings, digest: '' }
  return saveIncident(database, { ...stored, facts: facts(read), incident: decided(read) })
}

beforeAll(async () => {
  database = await aDatabase()
  await saveAs('closed', [closed('2026-10-19T18:00:00Z')])
  await wantPostMortem(database, key, new Date('2026-10-22T18:00:00Z'))
})
afterAll(() => database.close())

test('a post-mortem is announced once, although its job died before it was noted', async () => {
  await look()
  await savePostMortemIssue(database, key, null)
  await look()
  expect(created).toBe(21)
  expect(sent()).toEqual([expect.stringContaining(page(21))])
})

test('one whose repository has its issues turned off is not lost', async () => {
  hasIssues = false
  await expect(look()).rejects.toThrow('Issues are turned off in acme/incidents.')
  hasIssues = true
  expect(await postMortemOf(database, key)).toMatchObject({ issue: 21, url: page(21) })
})

test('one that was deleted is opened again, and its new address is announced', async () => {
  issues.delete(21)
  await look()
  await look()
  expect(await postMortemOf(database, key)).toMatchObject({ issue: 22, url: page(22) })
  expect(sent().slice(1)).toEqual([expect.stringContaining(page(22))])
})

test('one is not overdue while its incident is open again, and is once that is resolved', async () => {
  const before = sent().length
  const events = [closed('2026-10-19T18:00:00Z'), event('reopened', 'eva', '2026-10-20T09:00:00Z')]
  now = new Date('2026-10-23T09:00:00Z')
  await saveAs('open', events)
  await look()
  expect(sent().slice(before)).toEqual([])
  await saveAs('closed', [...events, closed('2026-10-20T10:00:00Z')])
  await look()
  expect(sent().slice(before)).toEqual([expect.stringContaining('The post-mortem has been overdue since')])
})
