import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { postReleaseNotes } from '../../src/bot/release-notes.ts'
import { databaseRequests } from '../../src/server/database-requests.ts'
import type { GitHub } from '../../src/services/github/client.ts'
import { appendRecord } from '../../src/store/audit.ts'
import type { Database } from '../../src/store/database.ts'
import { saveEvidence } from '../../src/store/evidence.ts'
import { keepValidPolicy } from '../../src/store/policies.ts'
import { evidenceOf } from '../support/board-world.ts'
import { aDatabase } from '../support/databases.ts'

/** When release notes are posted. What they say is in test/decision/release-notes.test.ts. */

const shop = { installationId: 1, repositoryId: 2, owner: 'acme', repo: 'shop' }
const closing = Date.parse('2026-11-25T19:00:00Z')
const monthEnd = Date.parse('2026-12-01T08:00:00Z')
const hour = 3_600_000
let database: Database
type Issue = { number: number; title: string; body: string; labels: string[] }
let issues: (Issue & { html_url: string; user: { login: string; type: string } })[]
let notices: object[]
let failing: boolean
let losing: boolean
const warnings: object[] = []

const change = { rule: 'removed', path: '/', side: 'output', message: 'no longer gives `total`' }
const run = evidenceOf(1, ['balance'], {
  changes: [
    { ...change, tool: 'balance', severity: 'breaking' },
    { ...change, tool: 'balance', severity: 'info' },
  ],
})

beforeAll(async () => {
  database = await aDatabase()
  await saveEvidence(database, shop, run)
  const at = new Date(closing + 1)
  await appendRecord(database, { installationId: 1, kind: 'merged', at, body: mergedIn(2) })
})
beforeEach(async () => {
  issues = []
  notices = []
  failing = false
  losing = false
  warnings.length = 0
  for (const table of ['facts', 'writes', 'policies'])
    await database.query(`DELETE FROM release_gate.${table}`)
})
afterAll(() => database.close())

/** A merge half an hour before the closing. */
const mergedIn = (repositoryId: number) => ({
  repository: { id: repositoryId, owner: 'acme', name: 'shop' },
  number: 5,
  title: 'Pay once',
  url: 'https://github.com/acme/shop/pull/5',
  author: null,
  mergedAt: new Date(closing - hour / 2).toISOString(),
  description: { tickets: [] },
  atMerge: { unverified: 'x' },
  urgent: null,
  regression: { run: run.runId, verdict: 'passed', hash: run.hash },
  exception: null,
})

/** GitHub's issues in memory. */
const client = {
  paginate: async (_: unknown, { labels }: { labels: string }) =>
    issues.filter((issue) => issue.labels.includes(labels)),
  rest: {
    apps: { getAuthenticated: async () => ({ data: { slug: 'release-gate' } }) },
    issues: {
      create: async (issue: { title: string; body: string; labels: string[] }) => {
        if (failing) throw new Error('GitHub is down')
        const number = issues.length + 1
        const html_url = `https://github.com/acme/shop/issues/${number}`
        issues.push({ ...issue, number, html_url, user: { login: 'release-gate[bot]', type: 'Bot' } })
        if (losing) throw new Error('The answer was lost')
        return { data: issues.at(-1) }
      },
      update: async ({ issue_number: number, body }: { issue_number: number; body: string }) =>
        Object.assign(issues[number - 1] ?? {}, { body }),
    },
  },
} as unknown as GitHub

/** A policy that the bot knows at a time: days before the closing, unless another one is given. */
async function policy(notes: string, window = '{}', at = closing - 100 * hour): Promise<void> {
  const text = `gates:\n  release_window: ${window}\n${notes}`
  await keepValidPolicy(database, shop, { text, blob: text })
  await postAt(at, at)
}

/** `since`: when the bot was started. */
async function postAt(at: number, since = at - 24 * hour): Promise<string[]> {
  const log = { info: () => undefined, warn: (about: object) => void warnings.push(about) }
  const queue = { enqueueNotice: async (notice: object) => void notices.push(notice) }
  const shell = { database, queue, github: async () => client, now: () => new Date(at), log }
  await postReleaseNotes(shell, new Date(since))
  return issues.map(({ title }) => title)
}

const afterWindow = 'release_notes: { after_window: true, monthly: false }\n'
const weekly = 'Release notes: the window that closed Wed, Nov 25, 2026, 11:00 AM PST'

describe('release notes are posted', () => {
  test('a quarter of an hour after a window closed, once', async () => {
    await policy(afterWindow)
    expect(await postAt(closing + hour / 4 - 1)).toEqual([])
    expect(await postAt(closing + hour / 4)).toEqual([weekly])
    expect(await postAt(closing + hour)).toEqual([weekly])
    expect(issues[0]?.body).toContain('`Pay once`')
    expect(notices).toMatchObject([
      {
        kind: 'release notes',
        title: weekly,
        url: 'https://github.com/acme/shop/issues/1',
        lines: [expect.stringContaining('1 change'), '#5 Pay once'],
      },
    ])
  })

  test('when a month has ended in the zone of the policy', async () => {
    await policy('release_notes: {}\n')
    expect(await postAt(monthEnd + hour / 4 - 1)).toEqual([])
    expect(await postAt(monthEnd + hour / 4)).toEqual(['Release notes: November 2026'])
    expect(issues[0]?.body).toContain('`Pay once`')
  })

  test('once, although the answer of GitHub was lost', async () => {
    await policy(afterWindow)
    losing = true
    await postAt(closing + hour)
    losing = false
    expect(await postAt(closing + 2 * hour)).toEqual([weekly])
  })

  test('only by a bot that has run for a quarter of an hour, so that it knows what happened before', async () => {
    await policy(afterWindow)
    expect(await postAt(closing + hour, closing + hour - 60_000)).toEqual([])
    expect(await postAt(closing + hour, closing + hour - hour / 4)).toEqual([weekly])
  })

  test('and changed, and announced again, where a merge was recorded later', async () => {
    await policy(afterWindow)
    await database.query(`UPDATE release_gate.policies SET repository_id = 3`)
    await postAt(closing - hour)
    expect(await postAt(closing + hour)).toEqual([weekly])
    expect(issues[0]?.body).toContain('Nothing was released.')
    await appendRecord(database, {
      installationId: 1,
      kind: 'merged',
      at: new Date(closing + 2 * hour),
      body: mergedIn(3),
    })
    await postAt(closing + hour + 1)
    expect(issues[0]?.body).toContain('Nothing was released.')
    await postAt(closing + 2 * hour)
    await postAt(closing + 3 * hour)
    expect(issues).toHaveLength(1)
    expect(issues[0]?.body).toContain('`Pay once`')
    expect(notices).toMatchObject([{ title: weekly }, { title: `${weekly} (updated)` }])
  })

  test('of each window, where two closed while the bot was down', async () => {
    const two = 'windows: [{ opens: Tue 10:00, closes: Tue 11:00 }, { opens: Wed 10:00, closes: Wed 11:00 }]'
    await policy(afterWindow, `{ ${two} }`)
    const titles = await postAt(closing + hour)
    expect(titles).toEqual([expect.stringContaining('Tue, Nov 24'), weekly])
  })

  test('of the first window after a freeze of weeks', async () => {
    const freeze = '{ from: 2026-11-01T00:00, to: 2026-11-24T00:00, reason: Sale }'
    await policy(afterWindow, `{ freezes: [${freeze}] }`)
    expect(await postAt(closing + hour)).toEqual([weekly])
  })

  test('later, where GitHub is down', async () => {
    await policy(afterWindow)
    failing = true
    expect(await postAt(closing + hour)).toEqual([])
    expect(warnings).toHaveLength(1)
    failing = false
    expect(await postAt(closing + 2 * hour)).toEqual([weekly])
  })

  const moved = `{ windows: [{ opens: Tue 10:00, closes: Tue 11:00 }, { opens: Wed 09:00, closes: Wed 10:15 },
    { opens: Fri 10:00, closes: Fri 11:00 }] }`
  const friday = closing + 48 * hour

  test('of no window that never was, after the policy moved it, and with each change once', async () => {
    await policy(afterWindow)
    expect(await postAt(closing + hour)).toEqual([weekly])
    await policy(afterWindow, moved, closing + 2 * hour)
    expect(await postAt(closing + 3 * hour)).toEqual([weekly])
    expect(await postAt(friday + hour)).toEqual([weekly, expect.stringContaining('Fri, Nov 27')])
    expect(issues[0]?.body).toContain('`Pay once`')
    expect(issues[1]?.body).toContain('Nothing was released.')
  })

  test('with what was merged before the policy moved the window and no notes of the former one were posted', async () => {
    await policy(afterWindow, '{}', closing - 200 * hour)
    expect(await postAt(closing - 7 * 24 * hour + hour)).toEqual([expect.stringContaining('Nov 18')])
    await policy(afterWindow, moved, closing - hour / 4)
    await postAt(friday + hour)
    expect(issues.map(({ title }) => title)).toEqual([
      expect.stringContaining('Nov 18'),
      expect.stringContaining('Nov 27'),
    ])
    expect(issues[1]?.body).toContain('`Pay once`')
  })

  test('of a period as it was, where a merge is recorded after the policy moved the window', async () => {
    await policy(afterWindow)
    await database.query(`UPDATE release_gate.policies SET repository_id = 4`)
    await postAt(closing - hour)
    await postAt(closing + hour)
    await database.query('DELETE FROM release_gate.policies')
    const place = { ...shop, repositoryId: 4 }
    const text = `gates:\n  release_window: ${moved}\n${afterWindow}`
    await keepValidPolicy(database, place, { text, blob: text })
    const at = new Date(closing + 2 * hour)
    await appendRecord(database, { installationId: 1, kind: 'merged', at, body: mergedIn(4) })
    expect(await postAt(closing + 3 * hour)).toEqual([weekly])
    expect(issues[0]?.body).toContain('`Pay once`')
  })

  test('of no window that closed before there was a policy', async () => {
    await policy(afterWindow, '{}', closing + hour)
    expect(await postAt(closing + 2 * hour)).toEqual([])
  })

  test('of no window that closed days before the policy asked for it', async () => {
    await policy(afterWindow)
    expect(await postAt(closing + 80 * hour)).toEqual([])
  })

  test.each(['', 'release_notes: { monthly: false }\n'])(
    'by no policy that does not ask for them: %j',
    async (notes) => {
      await policy(notes)
      expect(await postAt(monthEnd + hour)).toEqual([])
      expect(await postAt(closing + hour)).toEqual([])
    },
  )
})

describe('`release-gate notes`', () => {
  const print = async (args: object): Promise<string> => {
    const parts: string[] = []
    const shell = { database, queue: () => expect.fail('sends no jobs') }
    const asked = { json: false, now: new Date(monthEnd).toISOString(), ...args }
    const code = await databaseRequests.notes(shell, asked, async (part) => void parts.push(String(part)))
    expect(code).toBe(0)
    return parts.join('')
  }
  const month = { wanted: { month: '2026-11' } }
  beforeEach(() => policy(''))

  test('prints a month, or the last window, with what the regression found of each tool', async () => {
    const text = await print(month)
    expect(text).toContain(
      '# Release notes of acme/shop: November 2026\n\n1 change, 1 breaking contract change and',
    )
    expect(text).toContain('## Tools\n\n- `balance`, breaking: `` no longer gives `total` `` (#5)\n')
    expect(await print({ wanted: { window: 'last' } })).toContain('the window that closed Wed, Nov 25, 2026')
    expect(await print({ wanted: { month: '2026-10' } })).toContain('Nothing was released.')
  })

  test('prints JSON, of one repository where one is asked for', async () => {
    const [notes, ...others] = JSON.parse(await print({ ...month, json: true, repository: 'Acme/Shop' }))
    expect(others).toEqual([])
    expect(notes).toMatchObject({ repository: 'acme/shop', changes: [{ number: 5, title: 'Pay once' }] })
  })

  test('refuses a repository that it does not know, and a window where there is none', async () => {
    await expect(print({ ...month, repository: 'acme/none' })).rejects.toThrow('a policy for acme/none')
    await keepValidPolicy(database, shop, { text: 'gates:\n  approvals: {}\n', blob: 'x' })
    await expect(print({ wanted: { window: 'last' }, repository: 'acme/shop' })).rejects.toThrow(
      'Use --month',
    )
  })
})
