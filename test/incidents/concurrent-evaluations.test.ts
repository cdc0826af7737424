import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { evaluateIncident } from '../../src/incidents/evaluate-incident.ts'
import type { IncidentShell } from '../../src/incidents/shell.ts'
import { readRecords } from '../../src/store/audit.ts'
import type { Database } from '../../src/store/database.ts'
import { storedIncident } from '../../src/store/incidents.ts'
import { keepValidPolicy } from '../../src/store/policies.ts'
import { retryTimeOf } from '../../src/store/retry-after-error.ts'
import { aPglite } from '../support/databases.ts'

const repository = { installationId: 1, repositoryId: 2, owner: 'acme', repo: 'incidents' }
const policy = 'gates:\n  approvals: {}\nincidents:\n  repository: acme/incidents\n'
const at = '2026-10-19T16:00:00Z'
const bot = { id: 9, login: 'release-gate[bot]', type: 'Bot' }

let database: Database
const notices: object[] = []
const comments: { id: number; user: typeof bot; body: string; created_at: string; updated_at: string }[] = []
const issue = {
  number: 7,
  repository_url: 'https://api.github.com/repos/acme/incidents',
  html_url: 'https://github.com/acme/incidents/issues/7',
  title: 'Rewards are late',
  body: '',
  user: { id: 5, login: 'gus', type: 'User' },
  created_at: at,
  state: 'open',
  labels: ['incident', 'sev/P0'],
}
let now = new Date('2026-10-19T16:01:00Z')
let isDown = false
let asked: () => void = () => undefined
let answering: Promise<void> | undefined
const listComments = () => undefined
const github = {
  paginate: async (list: unknown) => (list === listComments ? [...comments] : []),
  rest: {
    issues: {
      get: async () => {
        if (isDown) throw new Error('GitHub is down')
        const read = structuredClone(issue)
        asked()
        await answering
        return { data: read }
      },
      listComments,
      listEvents: () => undefined,
      createComment: async ({ body }: { body: string }) => {
        // A slow answer, as of GitHub: whoever reads meanwhile does not see it.
        await setTimeout(50)
        comments.push({ id: comments.length + 1, user: bot, body, created_at: at, updated_at: at })
      },
    },
  },
}
const shell: IncidentShell = {
  database: undefined as never,
  github: async () => github as never,
  now: () => now,
  log: { warn: () => undefined } as never,
  queue: {
    enqueueAll: async () => undefined,
    enqueueTransition: async () => undefined,
    enqueueNotice: async (notice) => void notices.push(notice),
    enqueueIncident: async () => undefined,
  },
  paging: { eventsUrl: '', keys: {} },
  jira: undefined,
  datadog: undefined,
}

beforeAll(async () => {
  database = await aPglite()
  shell.database = database
  const shop = { ...repository, repositoryId: 3, repo: 'shop' }
  await keepValidPolicy(database, shop, { text: policy, blob: '1' })
})
afterAll(() => database.close())

test('those that look at an incident at the same time record, announce and comment each thing once', async () => {
  const { signal } = new AbortController()
  await Promise.all([1, 2, 3].map(() => evaluateIncident(shell, repository, 7, signal)))
  const changes: string[] = []
  for await (const { body } of readRecords(database, 1))
    changes.push(...((body as { changes?: { kind: string }[] }).changes ?? []).map(({ kind }) => kind))
  expect(changes).toEqual(['opened'])
  expect(notices.map((notice) => (notice as { lines: string[] }).lines)).toHaveLength(
    new Set(notices.map((one) => JSON.stringify((one as { lines: string[] }).lines))).size,
  )
  expect(comments.map(({ body }) => body)).toEqual([expect.stringContaining('No severity is set')])
})

describe('a reading that GitHub answers slowly', () => {
  const { signal } = new AbortController()
  const look = () => evaluateIncident(shell, repository, 7, signal)
  const componentKept = async () =>
    (await storedIncident(database, { repository, number: 7 }))?.facts.component
  const readSlowly = async (component: string, meanwhile: () => Promise<void>) => {
    issue.body = `### Component\n\n${component}\n`
    const { promise, resolve } = Promise.withResolvers<void>()
    const asking = Promise.withResolvers<void>()
    answering = promise
    asked = asking.resolve
    const reading = look().then(
      () => 'kept',
      (error: unknown) => retryTimeOf(error),
    )
    await asking.promise
    answering = undefined
    await meanwhile()
    resolve()
    return reading
  }

  test('is repeated where another one failed meanwhile, since that decided on older facts', async () => {
    const ended = await readSlowly('rewards', async () => {
      now = new Date('2026-10-19T16:02:00Z')
      isDown = true
      await expect(look()).rejects.toThrow('GitHub is down')
      isDown = false
    })
    expect(ended).toEqual(new Date('2026-10-19T16:02:05Z'))
    expect(await componentKept()).toBeNull()
    await look()
    expect(await componentKept()).toBe('rewards')
  })

  test('is kept where nothing else was decided', async () => {
    expect(await readSlowly('wallets', async () => undefined)).toBe('kept')
    expect(await componentKept()).toBe('wallets')
  })
})
