import { afterAll, beforeAll, expect, test } from 'vitest'
import { lookAtIncident } from '../../src/incidents/look.ts'
import type { IncidentShell } from '../../src/incidents/shell.ts'
import { readRecords } from '../../src/store/audit.ts'
import type { Database } from '../../src/store/database.ts'
import { keepValidPolicy } from '../../src/store/policies.ts'
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
const listComments = () => undefined
const github = {
  paginate: async (list: unknown) => (list === listComments ? [...comments] : []),
  rest: {
    issues: {
      get: async () => ({ data: issue }),
      listComments,
      listEvents: () => undefined,
      createComment: async ({ body }: { body: string }) => {
        // A slow answer, as of GitHub: whoever reads meanwhile does not see it.
        await new Promise((resolve) => setTimeout(resolve, 50))
        comments.push({ id: comments.length + 1, user: bot, body, created_at: at, updated_at: at })
      },
    },
  },
}
const shell: IncidentShell = {
  database: undefined as never,
  github: async () => github as never,
  now: () => new Date('2026-10-19T16:01:00Z'),
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
  await Promise.all([1, 2, 3].map(() => lookAtIncident(shell, repository, 7, signal)))
  const changes: string[] = []
  for await (const { body } of readRecords(database, 1))
    changes.push(...((body as { changes?: { kind: string }[] }).changes ?? []).map(({ kind }) => kind))
  expect(changes).toEqual(['opened'])
  expect(notices.map((notice) => (notice as { lines: string[] }).lines)).toHaveLength(
    new Set(notices.map((one) => JSON.stringify((one as { lines: string[] }).lines))).size,
  )
  expect(comments.map(({ body }) => body)).toEqual([expect.stringContaining('No severity is set')])
})
