import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { enforcementPage } from '../../../src/server/board/enforcement-page.ts'
import { nowPage } from '../../../src/server/board/now-page.ts'
import { statusOf } from '../../../src/server/status-report.ts'
import { saveAnchor } from '../../../src/store/audit/anchors.ts'
import { saveVerified } from '../../../src/store/audit/last-verified.ts'
import { verifyEachChain } from '../../../src/store/audit/verify.ts'
import { appendRecord } from '../../../src/store/audit.ts'
import type { Database } from '../../../src/store/database.ts'
import { saveEvidence } from '../../../src/store/evidence.ts'
import { saveFreezeOrder as order } from '../../../src/store/freezes.ts'
import { DEAD_LETTERS, JOBS_SCHEMA, RETRY_LIMIT } from '../../../src/store/queue/queues.ts'
import {
  boardNow,
  decidedRecord,
  evidenceOf,
  factsOf,
  fillBoard,
  keepMerge,
  keepVerdict,
  secret,
  shop,
} from '../../support/board-world.ts'
import { aDatabase } from '../../support/databases.ts'
import { pagesFor, serveBoard } from '../../support/served-board.ts'
import { aLabel, anApproval, aPerson, shaOf } from '../../support/snapshot.ts'

let database: Database
let app: ReturnType<typeof pagesFor>
beforeAll(async () => {
  database = await aDatabase()
  await fillBoard(database)
  app = pagesFor(database)
})
afterAll(() => database.close())

const get = async (path: string, from = app) => {
  const response = await from.request(path)
  return { status: response.status, body: await response.text() }
}

const everyPage = [
  '/',
  '/pulls',
  '/changes/acme/shop/7',
  '/changes/acme/shop/7/replay',
  '/regression',
  '/regression/acme/shop/staging',
  '/audit',
  '/enforcement',
]

test('the page of a change shows its times in the zone of its release window', async () => {
  const { body } = await get('/changes/acme/shop/7')
  const times = [...body.matchAll(/<time [^>]*>([^<]*)</g)].map(([, time]) => time)
  expect(times.length).toBeGreaterThan(3)
  expect(times.filter((time) => !time?.includes(' PST'))).toEqual([])
})

describe('the first page', () => {
  test('says when the window opens, and counts the open pull requests by state', async () => {
    const { body } = await get('/')
    expect(body).toContain('Closed: opens in')
    expect(body).toContain('Wed, Nov 25, 10:00 AM PST (18:00 UTC)')
    const tiles = [...body.matchAll(/class="tile (\w+)"[^>]*><strong>(\d+)<\/strong>/g)].map(
      ([, state, count]) => [state, count],
    )
    // Of 21: every fifth has two approvals, one of five had changes requested; number 7 is approved.
    expect(Object.fromEntries(tiles)).toEqual({
      green: '0',
      queued: '0',
      ready: '5',
      waiting: '12',
      failed: '4',
    })
  })

  test('names who is waited for', async () => {
    const { body } = await get('/')
    expect(body).toMatch(
      /class="chip" href="\/pulls\?state=waiting&amp;for=cleo">cleo <span class="count">4</,
    )
  })

  test('shows the health of the bot without any request to GitHub', async () => {
    const { body } = await get('/')
    expect(body).toContain('12 minutes ago')
    expect(body).toContain('0 of 490 writes used in the last hour')
  })

  test('counts what it does not list: limits, accounts, runs, and pull requests that are not checked yet', () => {
    const of = <One>(count: number, make: (index: number) => One) =>
      Array.from({ length: count }, (_, index) => make(index))
    const place = (index: number) => ({
      installationId: index,
      repositoryId: index,
      owner: `team${index}`,
      repo: 'shop',
    })
    const page = (count: number) =>
      String(
        nowPage({
          at: boardNow,
          repositories: of(count, place),
          windows: [],
          cards: [],
          pending: of(count, (index) => ({ ...place(index), number: 1, problem: undefined })),
          running: of(count, (index) => ({
            ...place(index),
            number: 1,
            headSha: shaOf('a'),
            url: undefined,
          })),
          health: {
            looks: { repositories: 0, oldest: undefined, never: 0, unseen: 0 },
            ...{ due: 0, oldestSeconds: 0, running: 0, givenUp: 0 },
            limits: of(count, (index) => ({
              account: `team${index}`,
              ...{ writesLastHour: 0, writesAnHour: 490, requests: undefined, pausedUntil: undefined },
            })),
          },
        }),
      )
    const counted = (count: number) => page(count).match(/\d+ more [^<]+/g) ?? []
    expect(counted(5)).toEqual([])
    expect(counted(17)).toEqual([
      '2 more pull requests are not listed.',
      '2 more repositories are not listed.',
      '2 more accounts are not listed.',
      '2 more runs are not listed.',
      '12 more accounts are not listed.',
    ])
  })

  test('counts every job that was given up', async () => {
    const own = await aDatabase()
    try {
      await keepVerdict(own, factsOf(shop, 1))
      await own.query(
        `INSERT INTO ${JOBS_SCHEMA}.job (name, data, source_name, source_retry_count)
         SELECT '${DEAD_LETTERS}', '{}', 'x', ${RETRY_LIMIT} FROM generate_series(1, 130)`,
      )
      expect((await get('/', pagesFor(own))).body).toContain('130 jobs; the operator sees them')
    } finally {
      await own.close()
    }
  })

  test('says why releases are frozen, by whom, and that they open only when it is lifted', async () => {
    await database.transaction((tx) =>
      order(tx, {
        scope: 'acme/shop',
        by: 'eva',
        issuedAt: boardNow,
        at: boardNow,
        freeze: { reason: 'Ledger <b>', until: null },
      }),
    )
    const { body } = await get('/')
    expect(body).toContain('Releases are frozen')
    expect(body).toContain('<q>Ledger &lt;b&gt;</q>')
    expect(body).toContain('only after the freeze is lifted')
    await database.transaction((tx) =>
      order(tx, { scope: 'acme/shop', by: 'eva', issuedAt: new Date(boardNow.getTime() + 1), at: boardNow }),
    )
    expect((await get('/')).body).not.toContain('Releases are frozen')
  })
})

describe('the list of open pull requests', () => {
  test.each([
    ['a state', 'state=failed', 4],
    ['a person', 'for=cleo', 4],
    ['words', 'q=ledger+REFUND', 0],
    ['words in any order', 'q=tool+REFUND', 3],
    ['a number', 'q=shop%2312', 1],
    ['nothing that makes sense', 'state=nonsense&page=0', 21],
  ])('is filtered by %s', async (_, query, count) => {
    const { body } = await get(`/pulls?${query}`)
    expect(body.match(/<li class="(?:green|queued|ready|waiting|failed)">/g) ?? []).toHaveLength(count)
  })
})

describe('the page of a change', () => {
  test('tells its pushes, its reviews with the commit that each saw, labels and verdicts, each with its record', async () => {
    const { body } = await get('/changes/acme/shop/7')
    const told = body
      .slice(body.indexOf('id="timeline"'))
      .replace(/<[^>]+>/g, '')
      .replace(/\s+/g, ' ')
    expect(told).toMatch(/author opened it: 1a2b3c4 from change-7 into main\./)
    expect(told).toMatch(/ann approved 1a2b3c4\./)
    expect(told).toMatch(/New head: [0-9a-f]{7}\./)
    expect(told).toMatch(/gus added the label hold\./)
    expect(told).toMatch(/The label hold was removed\./)
    expect(told).toMatch(
      /Approvals: passed, Approved by 2 people \(before: waiting, Waiting for 2 approvals\)/,
    )
    expect([...body.matchAll(/Record (\d+)<\/span>/g)].length).toBeGreaterThan(10)
  })

  test('explains why it is blocked by the facts, with the times at which they were read', async () => {
    const { body } = await get('/changes/acme/shop/7')
    expect(body).toContain('Why is it blocked?')
    expect(body).toMatch(/Facts read from GitHub <time datetime="2026-11-23T21:00:00.000Z">/)
    expect(body).toMatch(
      /Review by <code>bob<\/code> \(<code>write<\/code>\) of <code>[0-9a-f]{7}<\/code>: approved/,
    )
  })

  test('tells its exemptions from freezes, which the export holds as well, and those of no other', async () => {
    const order = (pull: object, reason: string) =>
      appendRecord(database, {
        installationId: 1,
        kind: 'exemption ordered',
        at: boardNow,
        body: { pull, by: 'gus', byId: 8, authority: 'maintain', head: shaOf('a'), reason },
      })
    await order({ ...shop, number: 7 }, 'Payouts stop')
    await order({ ...shop, number: 70 }, 'Of another change')
    await order({ ...shop, repositoryId: 25, repo: 'vault', number: 7 }, 'Of another repository')
    const { body } = await get('/changes/acme/shop/7')
    expect(body).toMatch(/<code>gus<\/code> \(maintain\) requested an exemption from freezes\./)
    expect(body).toContain('Payouts stop')
    expect(body).not.toContain('Of another')
    const { body: exported } = await get('/audit/export')
    expect(exported).toContain('Payouts stop')
    expect(exported).not.toContain('Of another repository')
  })

  test('tells the commands in its comments, which the export holds as well, and those of no other', async () => {
    const command = (pull: object, reason: string) =>
      appendRecord(database, {
        installationId: 1,
        kind: 'comment command',
        at: boardNow,
        body: { pull, command: '/hold', by: 'gus', byId: 8, role: 'triage', label: 'hold', reason },
      })
    await command({ ...shop, number: 7 }, 'Legal reads it')
    await command({ ...shop, number: 70 }, 'Elsewhere in the shop')
    await command({ ...shop, repositoryId: 25, repo: 'vault', number: 7 }, 'Elsewhere in the vault')
    const { body } = await get('/changes/acme/shop/7')
    expect(body).toContain('Legal reads it')
    expect(body).not.toContain('Elsewhere')
    const { body: exported } = await get('/audit/export')
    expect(exported).toContain('Legal reads it')
    expect(exported).not.toContain('Elsewhere in the vault')
  })

  test('is found whatever the case of its name, and not under a path that only looks like it', async () => {
    expect((await get('/changes/ACME/Shop/7')).status).toBe(200)
    for (const path of [
      '/changes/acme/shop/07',
      '/changes/acme/shop/7.0',
      '/changes/acme/shop/-7',
      '/changes/acme/shop/7/',
      '/changes/acme%2Fshop/7',
      '/changes/acme/shop/../../7',
      '/changes/acme/shop/99999999999',
      "/changes/acme/shop'--/7",
    ])
      expect([path, (await get(path)).status]).toEqual([path, 404])
  })
})

describe('a replay', () => {
  test('of every decision gives the same result, and reads the records once', async () => {
    const reads: string[] = []
    const query: Database['query'] = (sql, values) => {
      if (sql.includes('audit_records')) reads.push(sql)
      return database.query(sql, values)
    }
    const { body } = await get('/changes/acme/shop/7/replay', pagesFor({ ...database, query } as Database))
    expect(body).toContain('5 recorded decisions replayed to the same result.')
    expect(reads).toHaveLength(1)
  })

  test('of a record whose content was changed says so', async () => {
    const query: Database['query'] = async (sql, values) => {
      const rows = await database.query<{ kind?: string; text?: string }>(sql, values)
      return rows.map((row) =>
        row.kind === 'decided' ? { ...row, text: row.text?.replace('"draft":false', '"draft":true') } : row,
      ) as never
    }
    const changed = pagesFor({ ...database, query } as Database)
    const { body } = await get('/changes/acme/shop/7/replay', changed)
    expect(body).toContain('5 of 5 recorded decisions did not replay to the same result.')
    expect(body).toContain('Its content does not match its hash')
  })

  test.each([
    ['one', 1, '1 record does not match its hash.'],
    ['all', 5, '5 records do not match their hashes.'],
  ])('of %s whose content was changed so that it cannot be replayed fails', async (_, count, says) => {
    let left = 0
    const query: Database['query'] = async (sql, values) => {
      const rows = await database.query<{ kind?: string; text?: string }>(sql, values)
      left = count
      return rows.map((row) =>
        row.kind === 'decided' && left-- > 0
          ? { ...row, text: row.text?.replace('"settings":{', '"settings":null,"was":{') }
          : row,
      ) as never
    }
    const { body } = await get('/changes/acme/shop/7/replay', pagesFor({ ...database, query } as Database))
    expect(body).toContain(says)
    expect(body).toContain('class="standing failed"')
    expect(body).not.toContain('class="standing passed"')
  })

  test('of a merge decides again from the facts at the merge', async () => {
    const { body } = await get('/changes/acme/shop/3')
    const [, path = ''] = /href="(\/changes\/acme\/shop\/3\/replay\/\d+)"/.exec(body) ?? []
    expect((await get(path)).body).toContain('Same result')
  })

  test('says what is different where the record does not follow from its facts', async () => {
    const stored = await keepVerdict(
      database,
      factsOf(shop, 900, { labels: [aLabel({ name: 'hold', by: aPerson('gus') })] }),
    )
    const { pull, headSha: head, snapshot, policy: settings } = stored
    const findings = [{ gate: 'hold', state: 'passed', title: 'Not on hold', reason: 'None.' }]
    const policy = { where: 'x', blob: shaOf('e'), valid: true, settings }
    const { seq } = await appendRecord(database, {
      installationId: 1,
      kind: 'decided',
      at: boardNow,
      body: { pull, head, state: 'passed', findings, policy, snapshot },
    })
    const { body } = await get(`/changes/acme/shop/900/replay/${seq}`)
    expect(body).toContain('Different result')
    expect(body).toContain('On hold by gus')
    expect((await get('/changes/acme/shop/900/replay')).body).toContain(
      '1 of 1 recorded decision did not replay to the same result.',
    )
  })

  test('of a record of another change is not found under the address of this one', async () => {
    const [other] = await database.query<{ seq: number }>(
      `SELECT min(seq) AS seq FROM release_gate.audit_records WHERE installation_id = 1 AND kind = 'merged'`,
    )
    expect((await get(`/changes/acme/shop/7/replay/${other?.seq}`)).status).toBe(404)
    expect((await get('/changes/acme/shop/7/replay/999999')).status).toBe(404)
  })
})

describe('the regression', () => {
  test('draws every tool over the releases, and says the same in a table', async () => {
    const { body } = await get('/regression/acme/shop/staging')
    expect(body.match(/<svg class="plot"/g)).toHaveLength(4)
    expect(body.match(/<circle/g)).toHaveLength(32)
    expect(body).toContain('aria-label="Latency and errors of redeem_points"')
    expect(body).toContain('The property &quot;points&quot; became required.')
  })

  test('has no page for a server that was not tested, nor for a repository that does not exist', async () => {
    expect((await get('/regression/acme/shop/elsewhere')).status).toBe(404)
    expect((await get('/regression/acme/nothing/staging')).status).toBe(404)
  })
})

describe('the audit', () => {
  test('says up to which record the chain was verified, and that newer ones were not', async () => {
    const { seq } = await appendRecord(database, {
      installationId: 1,
      kind: 'announced',
      at: boardNow,
      body: {},
    })
    const text = (await get('/audit')).body.replace(/<[^>]+>/g, '')
    expect(text).toContain('The chain of acme is verified up to record 14,')
    expect(text).toMatch(new RegExp(`${seq - 14} newer records? will be verified within a day\\.`))
  })

  test('gives the share of urgent changes by month, exceptions with what they bypassed, and reviews that are open', async () => {
    const { body } = await get('/audit')
    const text = body.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ')
    expect(text).toContain('2026-11 2 1 50% 0')
    // Without an optimum, browsers show more than `high` as good.
    expect(body).toMatch(/<meter min="0" max="1" high="0.1" optimum="0" value="0.5"/)
    expect(text).toContain('2026-10 1 0 0% 1')
    expect(text).toContain('Release window: closed')
    expect(text).toMatch(/acme\/shop#3 urgent Overdue since/)
  })

  test.each([
    [30, 0],
    [33, 3],
  ])('says of %i exceptions and open reviews that %i of each are not shown', async (count, more) => {
    const many = await aDatabase()
    try {
      await keepVerdict(many, factsOf(shop, 1))
      for (let number = 100; number < 100 + count; number++)
        await keepMerge(many, factsOf(shop, number), { bypassed: ['Release window: closed'] })
      const { body } = await get('/audit', pagesFor(many))
      const [, listed = '', reviews = ''] =
        /id="exceptions"(.*)id="deferred"(.*)id="exports"/s.exec(body) ?? []
      for (const part of [listed, reviews]) {
        expect(part.match(/<li class="(?:failed|waiting)">/g)).toHaveLength(30)
        expect(part.match(/(\d+) more/g) ?? []).toEqual(more > 0 ? [`${more} more`] : [])
        expect(part.includes('An export has all of them')).toBe(more > 0)
      }
    } finally {
      await many.close()
    }
  })

  test('does not call a chain verified that was not', async () => {
    const empty = await aDatabase()
    try {
      await appendRecord(empty, { installationId: 1, kind: 'decided', at: boardNow, body: {} })
      await keepVerdict(empty, factsOf(shop, 1))
      const { body } = await get('/audit', pagesFor(empty))
      expect(body).not.toContain('is verified up to')
      expect(body).toContain('not verified yet')
    } finally {
      await empty.close()
    }
  })

  test('tells of each chain what was found of it, though others are broken', async () => {
    const several = await aDatabase()
    try {
      const chains = ['first', 'second', 'third', 'fourth'].map((owner, index) => ({
        ...{ installationId: 11 + index, repositoryId: 21 + index, owner, repo: 'shop' },
      }))
      for (const [index, chain] of chains.entries()) {
        await keepVerdict(several, factsOf(chain, 1))
        for (let count = 0; count < 3 + index; count++)
          await appendRecord(several, {
            installationId: chain.installationId,
            ...{ kind: 'announced', at: boardNow, body: {} },
          })
      }
      await several.query('ALTER TABLE release_gate.audit_records DISABLE TRIGGER USER')
      await several.query(
        `UPDATE release_gate.audit_records SET kind = 'forged' WHERE seq = 2 AND installation_id IN (12, 14)`,
      )
      await saveVerified(several, await verifyEachChain(several), () => boardNow)
      const readable = chains.map(({ repositoryId }) => repositoryId)
      const { body } = await get('/audit', pagesFor(several, { readable }))
      const text = body.replace(/<[^>]+>/g, '')
      expect(text).toContain('The chain of first is verified up to record 3,')
      expect(text).toContain('The chain of second is broken at record 2,')
      expect(text).toContain('The chain of third is verified up to record 5,')
      expect(text).toContain('The chain of fourth is broken at record 2,')
      expect(text).not.toContain('not verified yet')
    } finally {
      await several.close()
    }
  })

  test('names the issue of an anchor only where the person can read its repository', async () => {
    const anchor = { installationId: 1, hash: shaOf('d'), at: boardNow, issue: 3 }
    await saveAnchor(database, { ...anchor, seq: 2, owner: 'Acme', repo: 'Shop' })
    await saveAnchor(database, { ...anchor, seq: 3, owner: 'acme', repo: 'vault-of-keys' })
    const { body } = await get('/audit')
    expect(body).toContain('href="https://github.com/Acme/Shop/issues/3"')
    expect(body).toContain('In a repository that you cannot read')
    expect(body).not.toContain('vault-of-keys')
  })

  test('exports the records of the repositories that the person can read, and nothing of any other', async () => {
    const { body } = await get('/audit/export')
    const kinds = body
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).kind)
    expect(kinds).toContain('decided')
    expect(kinds).toContain('exception')
    expect(body).not.toContain('vault')
    const table = await get('/audit/export?format=csv')
    expect(table.body.split('\n').filter((line) => line.includes('merge,acme'))).toHaveLength(3)
    const october = await get('/audit/export?format=csv&from=2026-10-01&to=2026-11-01')
    expect(october.body.trim().split('\n')).toHaveLength(2)
    expect((await get('/audit/export?from=tomorrow')).status).toBe(400)
  })

  test('exports freezes of a repository by its id, under whichever name, and those of its whole organization', async () => {
    const { installationId, repositoryId } = shop
    const frozen = (reason: string, body: object) =>
      database.transaction((tx) =>
        appendRecord(tx, { installationId, kind: 'frozen', at: boardNow, body: { ...body, reason } }),
      )
    await frozen('Under its old name', { scope: 'acme/old', repositoryId })
    await frozen('Of its organization', { scope: 'old/*' })
    await frozen('By an earlier version', { scope: 'acme/shop' })
    await frozen('Of another one with its name', { scope: 'acme/shop', repositoryId: 77 })
    await frozen('Of an unknown one', { scope: 'acme/unknown' })
    const { body } = await get('/audit/export')
    for (const reason of ['Under its old name', 'Of its organization', 'By an earlier version'])
      expect(body).toContain(reason)
    expect(body).not.toContain('Of another one with its name')
    expect(body).not.toContain('Of an unknown one')
  })
})

test.each([
  ['ndjson', 'midway', 1],
  ['csv', 'midway', 1],
  ['ndjson', 'before its first record', 0],
])('an export as %s that fails %s does not look complete', async (format, _, good) => {
  let reads = 0
  const query: Database['query'] = async (sql, values) => {
    if (!sql.includes('LIMIT 500')) return database.query(sql, values)
    if (++reads > good) throw new Error('connect ECONNREFUSED db-7.internal.example')
    const rows = await database.query(sql, values)
    return Array.from({ length: 500 }, (_, index) => rows[index % rows.length]) as never
  }
  const problems: unknown[] = []
  const log = Object.assign(pino({ level: 'silent' }), { error: (about: unknown) => problems.push(about) })
  const served = await serveBoard({ ...database, query } as Database, { log })
  try {
    const response = await fetch(`${served.url}/audit/export?format=${format}`)
    const body = await response.text().catch(() => 'aborted')
    expect([response.status, body]).not.toEqual([200, expect.not.stringMatching(/^aborted$/)])
    expect(body).not.toContain('internal.example')
    expect(problems).toEqual([{ problem: 'connect ECONNREFUSED db-7.internal.example' }])
  } finally {
    await served.close()
  }
})

describe('the status at the command line', () => {
  const statusFor = async (ids: number[]) => {
    const read: { repository_id?: number; repositoryId?: number }[] = []
    let queries = 0
    const query: Database['query'] = async (sql, values) => {
      queries += 1
      const rows = await database.query<(typeof read)[number]>(sql, values)
      read.push(...rows)
      return rows as never
    }
    const { repositories } = await statusOf(
      { database: { ...database, query } as Database, now: () => boardNow },
      new Set(ids),
    )
    const found = read.flatMap((row) => row.repository_id ?? row.repositoryId ?? [])
    return { repositories, queries, found: [...new Set(found)] }
  }

  test('reads nothing of a repository that the person cannot read', async () => {
    const { repositories, found } = await statusFor([shop.repositoryId])
    expect(repositories.map(({ repository }) => repository)).toEqual(['acme/shop'])
    expect(repositories[0]?.pulls.length).toBeGreaterThan(20)
    expect(repositories[0]?.overdue).toMatchObject([{ pull: 3 }])
    expect(found).toEqual([shop.repositoryId])
  })

  test('asks the database as often for two repositories as for one', async () => {
    const one = await statusFor([shop.repositoryId])
    const two = await statusFor([shop.repositoryId, secret.repositoryId])
    expect(two.repositories).toHaveLength(2)
    expect(two.queries).toBe(one.queries)
  })
})

describe('enforcement', () => {
  test('shows what the daily check found in what the person can read, and nothing of the machine', async () => {
    const { body } = await get('/enforcement')
    expect(body).toContain('does not require the check')
    expect(body).toContain('can bypass the rulesets')
    expect(body).not.toContain('A secret finding')
    expect(body).not.toContain('A finding of the machine')
  })
})

test.each([
  [100, []],
  [101, ['1 more finding is not listed.']],
  [103, ['3 more findings are not listed.']],
])('of %i findings of one kind those that are not listed are counted', (count, says) => {
  const remember = Array.from({ length: count }, (_, index) => ({
    repository: 'acme/shop',
    severity: 'error' as const,
    ...{ rule: 'r', about: `${index}`, what: `Finding ${index}`, fix: '' },
  }))
  const page = String(enforcementPage({ at: boardNow.toISOString(), remember }, [shop]))
  expect(page.match(/<li class="failed">/g)).toHaveLength(100)
  expect(page.match(/\d+ more findings? (?:is|are) not listed\./g) ?? []).toEqual(says)
})

describe('a repository that the person cannot read', () => {
  test.each(everyPage)('is not on %s', async (path) => {
    const { body } = await get(path)
    expect(body).not.toContain('vault')
    expect(body).not.toContain('The secret change')
  })

  test('answers as one that does not exist, by name and by the record of its change', async () => {
    const missing = await get('/changes/other/nothing/12')
    for (const path of [
      '/changes/other/vault/12',
      '/changes/other/vault/12/replay',
      '/changes/other/vault/12/replay/1',
    ])
      expect(await get(path)).toEqual(missing)
    await saveEvidence(database, secret, evidenceOf(50, ['hidden']))
    expect((await get('/regression/other/vault/staging')).status).toBe(404)
  })

  test('is shown to somebody who can read it, so the pages above would have found it', async () => {
    const theirs = pagesFor(database, { readable: [secret.repositoryId] })
    expect((await get('/changes/other/vault/12', theirs)).body).toContain('The secret change')
    expect((await get('/', theirs)).body).not.toContain('acme/shop')
  })

  test('is left out for somebody who can read nothing', async () => {
    const nobody = pagesFor(database, { readable: [] })
    for (const path of everyPage) expect((await get(path, nobody)).body).not.toMatch(/acme\/shop(?!\/7<)/)
    expect((await get('/audit/export', nobody)).body).toBe('')
  })
})

test.each(everyPage)('%s takes no method but GET and HEAD', async (path) => {
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])
    expect((await app.request(path, { method })).status).toBe(404)
  const head = await app.request(path, { method: 'HEAD' })
  expect([head.status, await head.text()]).toEqual([200, ''])
})

describe('what people wrote', () => {
  const evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>'

  test('is text on every page: titles, labels, branches, tools, suites, freeze reasons and logins', async () => {
    await keepVerdict(
      database,
      factsOf(shop, 66, {
        title: evil,
        head: { ref: evil },
        author: aPerson(evil),
        labels: [aLabel({ name: 'hold', by: aPerson(evil) }), aLabel({ name: evil })],
        frozen: { reason: evil, by: evil, since: boardNow.toISOString() },
      }),
    )
    const changes = [
      { severity: 'breaking' as const, rule: 'r', tool: evil, path: evil, side: 'x', message: evil },
    ]
    await saveEvidence(
      database,
      shop,
      evidenceOf(66, [evil], { server: evil, suite: evil, summary: evil, changes }),
    )
    const paths = [
      ...everyPage,
      '/changes/acme/shop/66',
      `/regression/acme/shop/${encodeURIComponent(evil)}`,
      `/pulls?q=${encodeURIComponent(evil)}&for=${encodeURIComponent(evil)}`,
    ]
    for (const path of paths) {
      const { status, body } = await get(path)
      expect([path, status]).toEqual([path, 200])
      expect(body).not.toMatch(/<script>|<img|onerror=alert\(1\)>/)
    }
    expect((await get('/pulls')).body).toContain('&quot;&gt;&lt;script&gt;alert(1)')
  })

  test('is cut on every page, however long it is', async () => {
    const long = '`a'.repeat(40_000)
    const many = <One>(make: (index: number) => One) =>
      Array.from({ length: 2_000 }, (_, index) => make(index))
    const facts = factsOf(shop, 67, {
      title: long,
      head: { ref: long },
      author: aPerson(long),
      labels: [
        aLabel({ name: 'hold', by: aPerson('gus') }),
        ...many((index) => aLabel({ name: `${index}${long.slice(0, 200)}` })),
      ],
      reviews: many((index) => anApproval(aPerson(`p${index}`), { id: index, state: 'COMMENTED' })),
    })
    await appendRecord(database, decidedRecord(await keepVerdict(database, facts), boardNow))
    for (const path of [...everyPage, '/changes/acme/shop/67', `/pulls?q=${long}&for=${long}`]) {
      const { status, body } = await get(path)
      expect([path.slice(0, 40), status]).toEqual([path.slice(0, 40), 200])
      expect(Math.max(...(body.match(/[^<>]+/g) ?? []).map((part) => part.length))).toBeLessThan(20_000)
      expect(body.length).toBeLessThan(400_000)
    }
  })

  test('never becomes the address of a link', async () => {
    const { seq } = await appendRecord(database, {
      installationId: 1,
      kind: 'announced',
      at: boardNow,
      body: {},
    })
    expect(seq).toBeGreaterThan(0)
    const { outside } = await import('../../../src/server/board/parts.ts')
    expect(String(outside('javascript:alert(1)', 'x'))).toBe('x')
    expect(String(outside('https://slack.example/a"b', 'x'))).not.toContain('a"b')
  })
})
