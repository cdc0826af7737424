import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { lookAtIncident } from '../../src/incidents/look.ts'
import type { IncidentShell } from '../../src/incidents/shell.ts'
import { readRecords } from '../../src/store/audit.ts'
import type { Database } from '../../src/store/database.ts'
import { saveIncident, storedIncident } from '../../src/store/incidents.ts'
import { keepValidPolicy } from '../../src/store/policies.ts'
import { decided, facts, settings } from '../decision/incidents/building.ts'
import { aDatabase } from '../support/databases.ts'

const repository = { installationId: 1, repositoryId: 2, owner: 'acme', repo: 'incidents' }
const key = { repository, number: 7 }
const policy = 'gates:\n  approvals: {}\nincidents:\n  repository: acme/incidents\n'

let database: Database
let isReadable = true
const announced: string[] = []
const notFound = () => Promise.reject(Object.assign(new Error('Not Found'), { status: 404 }))
const github = {
  rest: {
    issues: { get: notFound },
    repos: { get: () => (isReadable ? Promise.resolve({ data: { id: 2 } }) : notFound()) },
  },
}
const shell = (): IncidentShell => ({
  database,
  github: async () => github as never,
  now: () => new Date('2026-10-19T21:00:00Z'),
  log: { warn: () => undefined } as never,
  queue: {
    enqueueAll: async () => undefined,
    enqueueTransition: async () => undefined,
    enqueueNotice: async (notice) => {
      announced.push(JSON.stringify(notice))
    },
    enqueueIncident: async () => undefined,
  },
  paging: { eventsUrl: '', keys: {} },
  jira: undefined,
  datadog: undefined,
})
const look = () => lookAtIncident(shell(), repository, 7, new AbortController().signal)
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
