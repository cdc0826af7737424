import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { anchorOverdue, anchorRecords } from '../../src/bot/anchoring.ts'
import { readAnchors } from '../../src/decision/anchor.ts'
import type { GitHub } from '../../src/services/github/client.ts'
import { keptAnchors } from '../../src/store/audit/anchors.ts'
import { appendRecord } from '../../src/store/audit.ts'
import type { Database } from '../../src/store/database.ts'
import { keepValidPolicy } from '../../src/store/policies.ts'
import { aDatabase } from '../support/databases.ts'

type Issue = { number: number; title: string; body: string; state: string; user: { type: string } }

let database: Database
let issues: Map<number, Issue>
let time: Date
const warnings: object[] = []
beforeAll(async () => {
  database = await aDatabase()
  const repository = { installationId: 1, repositoryId: 2, owner: 'acme', repo: 'shop' }
  await keepValidPolicy(database, repository, { text: 'gates: {}', blob: 'b' })
})
beforeEach(async () => {
  issues = new Map()
  time = new Date('2026-11-25T18:00:00Z')
  warnings.length = 0
  for (const table of ['anchors', 'writes']) await database.query(`DELETE FROM release_gate.${table}`)
})
afterAll(() => database.close())

const answer = (status: number) => Object.assign(new Error(String(status)), { status })
const found = (number: number) => {
  const issue = issues.get(number)
  if (!issue) throw answer(410)
  return issue
}
let made = 0
/** GitHub's issues in memory; a deleted one answers 410. */
const client = {
  paginate: async () => [...issues.values()],
  rest: {
    issues: {
      listForRepo: 'listForRepo',
      create: async ({ title, body }: Issue) => {
        const issue = { number: ++made, title, body, state: 'open', user: { type: 'Bot' } }
        issues.set(issue.number, issue)
        return { data: issue }
      },
      get: async ({ issue_number: number }: { issue_number: number }) => ({ data: found(number) }),
      update: async ({ issue_number: number, body, state }: Issue & { issue_number: number }) =>
        Object.assign(found(number), { body, state }),
    },
  },
} as unknown as GitHub

const anchorNow = async (github: () => Promise<GitHub> = async () => client) => {
  await appendRecord(database, { installationId: 1, kind: 'decided', at: time, body: {} })
  await anchorRecords({
    database,
    github,
    now: () => time,
    log: { warn: (about: object) => warnings.push(about) },
  })
}
const anchored = () => [...issues.values()].map(({ body, state }) => [state, readAnchors(body).length])

test('each day adds a line to one closed issue', async () => {
  await anchorNow()
  await anchorNow()
  expect(anchored()).toEqual([['closed', 2]])
  expect(await keptAnchors(database)).toHaveLength(2)
})

test('an issue that somebody deleted is followed by another', async () => {
  await anchorNow()
  issues.clear()
  await anchorNow()
  expect(anchored()).toEqual([['closed', 1]])
})

test('a new year has an issue of its own', async () => {
  await anchorNow()
  time = new Date('2027-01-01T00:00:00Z')
  await anchorNow()
  expect(anchored()).toEqual([
    ['closed', 1],
    ['closed', 1],
  ])
})

test('an App that was removed is logged, and ends nothing else', async () => {
  await anchorNow(async () => {
    throw answer(404)
  })
  expect(warnings).toHaveLength(1)
  expect(await keptAnchors(database)).toEqual([])
})

test('of overdue chains, only those are anchored whose last anchor is too old, and whose App is installed', async () => {
  const shell = { database, github: async () => client, now: () => time, log: { warn: () => undefined } }
  const grow = (installationId: number) =>
    appendRecord(database, { installationId, kind: 'decided', at: time, body: {} })
  const anchoredChains = async () => (await keptAnchors(database)).map(({ installationId }) => installationId)
  await anchorNow()
  await grow(1)
  await grow(9)
  time = new Date(time.getTime() + 24 * 3_600_000)
  await anchorOverdue(shell)
  expect(await anchoredChains()).toEqual([1])
  time = new Date(time.getTime() + 3_600_000)
  await anchorOverdue(shell)
  expect(await anchoredChains()).toEqual([1, 1])
  await anchorOverdue(shell)
  expect(await anchoredChains()).toEqual([1, 1])
})
