import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type AnchorShell, anchorOverdue, anchorRecords } from '../../src/bot/anchoring.ts'
import { anchorIssue, readAnchors } from '../../src/decision/anchor.ts'
import type { GitHub } from '../../src/services/github/client.ts'
import { keptAnchors } from '../../src/store/audit/anchors.ts'
import { pruneRecords } from '../../src/store/audit/retention.ts'
import { appendRecord } from '../../src/store/audit.ts'
import type { Database } from '../../src/store/database.ts'
import { keepValidPolicy } from '../../src/store/policies.ts'
import { aDatabase } from '../support/databases.ts'

type Issue = {
  number: number
  title: string
  body: string
  state: string
  user: { login: string; type: string }
}

let database: Database
let issues: Map<number, Issue>
let time: Date
const warnings: object[] = []
const notices: { key: string; why: string; of?: string }[] = []
beforeAll(async () => {
  database = await aDatabase()
  const repository = { installationId: 1, repositoryId: 2, owner: 'acme', repo: 'shop' }
  await keepValidPolicy(database, repository, { text: 'gates: {}', blob: 'b' })
})
beforeEach(async () => {
  issues = new Map()
  time = new Date('2026-11-25T18:00:00Z')
  warnings.length = 0
  notices.length = 0
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
const own = { login: 'release-gate[bot]', type: 'Bot' }
/** GitHub's issues in memory; a deleted one answers 410. */
const client = {
  paginate: async () => [...issues.values()],
  rest: {
    apps: { getAuthenticated: async () => ({ data: { slug: 'release-gate' } }) },
    issues: {
      listForRepo: 'listForRepo',
      create: async ({ title, body }: Issue) => {
        const issue = { number: ++made, title, body, state: 'open', user: own }
        issues.set(issue.number, issue)
        return { data: issue }
      },
      get: async ({ issue_number: number }: { issue_number: number }) => ({ data: found(number) }),
      update: async ({ issue_number: number, body, state }: Issue & { issue_number: number }) =>
        Object.assign(found(number), { body, state }),
    },
  },
} as unknown as GitHub

const shell = (github: () => Promise<GitHub> = async () => client): AnchorShell => ({
  database,
  github,
  now: () => time,
  log: { warn: (about: object) => void warnings.push(about), error: () => undefined },
  queue: { enqueueNotice: async (notice) => void notices.push(notice as (typeof notices)[number]) },
})
const grow = (installationId = 1, body = {}) =>
  appendRecord(database, { installationId, kind: 'decided', at: time, body })
const anchorNow = async (github?: () => Promise<GitHub>) => {
  const { seq } = await grow()
  await anchorRecords(shell(github))
  return seq
}
/** As whoever owns the database can, to whom nothing in it is safe. */
const cutAfter = (seq: number) =>
  database.transaction(async (tx) => {
    await tx.script('ALTER TABLE release_gate.audit_records DISABLE TRIGGER USER')
    for (const table of ['audit_records', 'anchors'])
      await tx.query(`DELETE FROM release_gate.${table} WHERE installation_id = 1 AND seq > $1`, [seq])
    await tx.script('ALTER TABLE release_gate.audit_records ENABLE TRIGGER USER')
  })
const anchored = () => [...issues.values()].map(({ body, state }) => [state, readAnchors(body).length])

test('each day adds a line to one closed issue', async () => {
  await anchorNow()
  await anchorNow()
  expect(anchored()).toEqual([['closed', 2]])
  expect(await keptAnchors(database)).toHaveLength(2)
})

test('a chain that has not grown gets no other line', async () => {
  await anchorNow()
  warnings.length = 0
  await anchorRecords(shell())
  expect(anchored()).toEqual([['closed', 1]])
  expect(warnings.filter((about) => 'installationId' in about && about.installationId === 1)).toEqual([])
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
  const anchoredChains = async () => (await keptAnchors(database)).map(({ installationId }) => installationId)
  await anchorNow()
  await grow(1)
  await grow(9)
  time = new Date(time.getTime() + 24 * 3_600_000)
  await anchorOverdue(shell())
  expect(await anchoredChains()).toEqual([1])
  time = new Date(time.getTime() + 3_600_000)
  await anchorOverdue(shell())
  expect(await anchoredChains()).toEqual([1, 1])
  await anchorOverdue(shell())
  expect(await anchoredChains()).toEqual([1, 1])
})

test('a database that was set back to a backup is announced, since the issue knows what is no longer there', async () => {
  const first = await anchorNow()
  await grow()
  const last = await anchorNow()
  expect(notices).toEqual([])
  await cutAfter(first)
  await anchorNow()
  const why = `The chain ends at ${first + 1}, but record ${last} was anchored: the tail was cut.`
  expect(notices).toMatchObject([{ kind: 'records', key: `records/1/${last}`, why }])
  expect(await keptAnchors(database)).toHaveLength(2)
})

test('records that were rewritten together with their anchors in the database are announced', async () => {
  const seq = await anchorNow()
  await cutAfter(seq - 1)
  await grow(1, { forged: true })
  await anchorRecords(shell())
  expect(notices).toMatchObject([{ key: `records/1/${seq}` }])
})

test('records that were removed after their time are not missed', async () => {
  // Later than the records of every other test, since none that is newer is removed.
  time = new Date('2028-01-01T00:00:00Z')
  await anchorNow()
  await anchorNow()
  expect(await pruneRecords(database, new Date(time.getTime() + 1))).toBeGreaterThan(0)
  await anchorNow()
  expect(notices).toEqual([])
})

test('an issue that was deleted is announced once, with what it held, and followed by another', async () => {
  const first = await anchorNow()
  await anchorNow()
  const [number] = issues.keys()
  issues.clear()
  await anchorNow()
  const why = `The issue acme/shop#${number} is gone, with 2 anchors: it was deleted or moved.`
  expect(notices).toEqual([
    {
      kind: 'records',
      of: 'anchors',
      key: `anchors/1/${number}/${first}`,
      installationId: 1,
      seq: first,
      why,
    },
  ])
  await anchorNow()
  expect(notices).toHaveLength(1)
  expect(anchored()).toEqual([['closed', 2]])
})

test('an issue from which somebody took a line is announced with the first record that it no longer names', async () => {
  await anchorNow()
  const second = await anchorNow()
  const [issue] = issues.values()
  if (issue) issue.body = issue.body.replace(new RegExp(`.*record ${second},.*\n`), '')
  await anchorNow()
  expect(notices).toMatchObject([{ of: 'anchors', seq: second }])
  expect(notices[0]?.why).toMatch(
    /^The text of acme\/shop#\d+ was edited: 1 anchor that the bot wrote there is missing\.$/,
  )
})

test('a hash that somebody changed in the issue is announced, of the chain and of the issue', async () => {
  const seq = await anchorNow()
  const [issue] = issues.values()
  if (issue) issue.body = issue.body.replace(/`[0-9a-f]{64}`/, `\`${'f'.repeat(64)}\``)
  await anchorNow()
  expect(notices.map(({ of, key }) => [of, key.split('/').at(-1)])).toEqual([
    ['anchors', String(seq)],
    [undefined, String(seq)],
  ])
})

test('words that somebody adds to the issue are no alarm', async () => {
  await anchorNow()
  const [issue] = issues.values()
  if (issue) issue.body = `Hello\n${issue.body}\nSeen by the auditor.`
  await anchorNow()
  expect(notices).toEqual([])
})

test('in a new year the chain is compared with the last anchors of the old one', async () => {
  const seq = await anchorNow()
  time = new Date('2027-01-01T00:00:00Z')
  await database.transaction(async (tx) => {
    await tx.script('ALTER TABLE release_gate.audit_records DISABLE TRIGGER USER')
    await tx.query('DELETE FROM release_gate.audit_records WHERE installation_id = 1 AND seq >= $1', [seq])
    await tx.script('ALTER TABLE release_gate.audit_records ENABLE TRIGGER USER')
  })
  await grow(1, { forged: true })
  await grow()
  await anchorRecords(shell())
  expect(notices).toMatchObject([{ key: `records/1/${seq}` }])
  expect(anchored()).toEqual([
    ['closed', 1],
    ['closed', 1],
  ])
})

test('an issue of another bot with the title of ours is left alone', async () => {
  const { title } = anchorIssue(time)
  const decoy = {
    number: ++made,
    title,
    body: '',
    state: 'open',
    user: { login: 'github-actions[bot]', type: 'Bot' },
  }
  issues.set(decoy.number, decoy)
  await anchorNow()
  expect(anchored()).toEqual([
    ['open', 0],
    ['closed', 1],
  ])
})

test('a chain that does not verify is not anchored, and keeps no other one from it', async () => {
  const repository = { installationId: 7, repositoryId: 8, owner: 'umbrella', repo: 'labs' }
  await keepValidPolicy(database, repository, { text: 'gates: {}', blob: 'b' })
  const chains = async () => (await keptAnchors(database)).map(({ installationId }) => installationId)
  await grow(1)
  await grow(7)
  await anchorRecords(shell(), [1])
  expect(await chains()).not.toContain(1)
  expect(await chains()).toContain(7)
  await anchorOverdue(shell(), [1])
  expect(await chains()).not.toContain(1)
  await anchorOverdue(shell(), [])
  expect(await chains()).toContain(1)
})
