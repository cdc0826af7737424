import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { evaluateIncident } from '../../src/incidents/evaluate-incident.ts'
import { readRecords } from '../../src/store/audit.ts'
import type { Database } from '../../src/store/database.ts'
import { saveIncident, storedIncident } from '../../src/store/incidents.ts'
import { keepValidPolicy } from '../../src/store/policies.ts'
import { decided, facts, settings } from '../decision/incidents/building.ts'
import { aDatabase } from '../support/databases.ts'
import { anIncidentShell } from '../support/incident-shell.ts'

const repository = { installationId: 1, repositoryId: 2, owner: 'acme', repo: 'incidents' }
const key = { repository, number: 7 }
const policy = 'gates:\n  approvals: {}\nincidents:\n  repository: acme/incidents\n'

let database: Database
let isReadable = true
const announced: string[] = []
const notFound = () => Promise.reject(Object.assign(new Error('Not Found'), { status: 404 }))
const api = 'https://api.github.com/repos/acme'
let found: { number: number; repository_url: string } | undefined
/** As GitHub calls the repository now, whatever it was asked for. */
let url = `${api}/incidents`
const github = {
  paginate: async () => [],
  rest: {
    issues: {
      get: () => (found ? Promise.resolve({ data: { ...issue, ...found } }) : notFound()),
      listEvents: () => undefined,
      listComments: () => undefined,
    },
    repos: { get: () => (isReadable ? Promise.resolve({ data: { id: 2, url } }) : notFound()) },
  },
}
const issue = {
  html_url: 'https://github.com/acme/incidents/issues/7',
  title: 'Rewards are not paid',
  body: '',
  user: { id: 5, login: 'gus', type: 'User' },
  created_at: '2026-10-19T16:00:00Z',
  state: 'open',
  labels: ['incident', 'sev/P1'],
}
const shell = () =>
  anIncidentShell(database, () => new Date('2026-10-19T21:00:00Z'), {
    github: async () => github as never,
    queue: { enqueueNotice: async (notice) => void announced.push(JSON.stringify(notice)) },
  })
const look = () => evaluateIncident(shell(), repository, 7, new AbortController().signal)
const goneSince = async () => (await storedIncident(database, key))?.facts.goneSince
const goneTexts = async () => {
  const texts: string[] = []
  for await (const { body } of readRecords(database, 1))
    for (const { kind, text } of (body as { changes?: { kind: string; text: string }[] }).changes ?? [])
      if (kind === 'gone') texts.push(text)
  return texts
}

beforeAll(async () => {
  database = await aDatabase()
  await keepValidPolicy(
    database,
    { ...repository, repositoryId: 3, repo: 'shop' },
    { text: policy, blob: '1' },
  )
})
afterAll(() => database.close())
beforeEach(async () => {
  found = undefined
  await database.query('DELETE FROM release_gate.incidents')
  await saveIncident(database, {
    ...key,
    governedBy: repository,
    settings,
    facts: facts(),
    incident: decided(),
    digest: '',
  })
})

test('an issue that cannot be found is not gone where its repository cannot be read either', async () => {
  isReadable = false
  await expect(look()).rejects.toThrow('Not Found')
  expect(await goneSince()).toBeUndefined()
  expect(await goneTexts()).toEqual([])
})

test('an issue that is gone is recorded and announced once, and its incident stays open', async () => {
  isReadable = true
  await look()
  await look()
  expect(await goneSince()).toBe('2026-10-19T21:00:00.000Z')
  expect((await storedIncident(database, key))?.incident.state).toBe('open')
  const text = expect.stringContaining('Its issue was deleted or moved. The incident stays open')
  expect(await goneTexts()).toEqual([text])
  expect(announced.filter((line) => line.includes('deleted or moved'))).toHaveLength(1)
})

test.each([
  ['another repository, under its number', { number: 7, repository_url: `${api}/archive` }],
  ['another repository, under another number', { number: 3, repository_url: `${api}/archive` }],
])('an issue that was transferred to %s is gone', async (_, there) => {
  found = there
  await look()
  expect(await goneSince()).toBe('2026-10-19T21:00:00.000Z')
})

test.each([
  ['as it is', `${api}/incidents`],
  ['in other case', `${api}/Incidents`],
  ['renamed', `${api}/outages`],
])('an issue in its repository is not gone where GitHub names that %s', async (_, name) => {
  url = name
  found = { number: 7, repository_url: name }
  await look()
  expect(await goneSince()).toBeUndefined()
})
