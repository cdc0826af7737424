import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { subMonths } from 'date-fns/subMonths'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { auditCommand } from '../../src/commands/audit.ts'
import { changeRecord } from '../../src/decision/change-record.ts'
import { databaseRequestHandler, databaseRequestPath } from '../../src/server/database-requests.ts'
import { createServer } from '../../src/server/server.ts'
import { appendRecord, type Head } from '../../src/store/audit.ts'
import { keyBesideDatabase } from '../../src/store/database/local-key.ts'
import { openDatabase } from '../../src/store/database/open.ts'
import { hashOfReport, saveEvidence } from '../../src/store/evidence.ts'
import { aDataFolder, aFolder, aPglite, aPostgresUrl } from '../support/databases.ts'
import { anApproval, anEvidence, ann, aPolicy, aSnapshot, bob, shaOf } from '../support/snapshot.ts'
import { runCommand } from './command-run.ts'

let dataDir: string
let folder: string
const heads: Head[] = []

beforeAll(async () => {
  folder = await aFolder()
  dataDir = join(folder, 'data')
  const database = await aPglite(dataDir)
  const append = async (kind: string, at: string, body: object) => {
    heads.push(await appendRecord(database, { installationId: 5, kind, at: new Date(at), body }))
  }
  await append('decided', '2026-11-24T12:00:00Z', { state: 'waiting' })
  await append('merged', '2026-11-25T18:10:00Z', aMerge('=HYPERLINK("https://evil.example")'))
  await append('exception', '2026-11-25T18:10:00Z', { ...aMerge('x'), kind: 'late', bypassed: ['y'] })
  await append('exception', '2026-11-26T12:00:00Z', aPush)
  await saveEvidence(
    database,
    { installationId: 5, repositoryId: 2 },
    { ...anEvidence({ hash: reportHash }), ...noMore, report: reportText },
  )
  await database.close()
})

const reportText = '{"verdict":"passed"}\n'
const reportHash = hashOfReport(reportText)
const noMore = { recorded: null, suiteText: null, baselineId: null, requestedBy: null, settings: null }

const aPush = {
  kind: 'pushed',
  repository: { id: 2, owner: 'acme', name: 'shop' },
  branch: 'main',
  before: shaOf('1'),
  after: shaOf('2'),
  forced: false,
  commits: [shaOf('2')],
  by: { id: 9, login: 'olga', type: 'User' },
  at: '2026-11-26T12:00:00.000Z',
  bypassed: ['1 commit belongs to no pull request.'],
}

function aMerge(title: string) {
  const body = 'Ticket: PAY-12\nRisk: low, "really"\nRollback: revert\nReason: rewards were wrong'
  const reviews = [anApproval(ann), anApproval(bob)]
  const snapshot = aSnapshot({ title, body, reviews, takenAt: '2026-11-25T18:05:00Z' })
  return changeRecord({
    pull: snapshot.pull,
    url: 'https://github.example/acme/shop/pull/7',
    title,
    body,
    author: snapshot.author,
    base: { ref: 'main', sha: shaOf('c') },
    head: { ref: 'change', sha: snapshot.head.sha },
    mergeCommit: shaOf('d'),
    openedAt: '2026-11-24T09:00:00.000Z',
    mergedBy: ann,
    mergedAt: '2026-11-25T18:10:00Z',
    checks: [{ name: 'build', app: 'ci', conclusion: 'success' }],
    standing: {
      headSha: snapshot.head.sha,
      state: 'passed',
      since: '2026-11-25T18:05:00Z',
      title: 'Ready to merge',
      snapshot,
      policy: aPolicy(),
    },
    policy: { where: 'acme/shop:.github/release-gate.yml', blob: shaOf('e') },
    atMerge: { kind: 'verified', snapshot, policy: aPolicy() },
    rules: '0.1.0',
  })
}

const run = (...words: string[]) => runCommand(auditCommand(), words, { DATA_DIR: dataDir, DATABASE_URL: '' })

describe('audit verify', () => {
  const withFile = async (text: string) => {
    const file = join(folder, 'anchors.txt')
    await writeFile(file, text)
    return run('verify', '--anchors', file)
  }
  const lineOf = (head: Head | undefined) =>
    `- 2026-11-26T00:00:00Z: installation 5, record ${head?.seq}, \`${head?.hash}\``

  test('says that the chains are unbroken', async () => {
    expect(await run('verify')).toMatchObject({ out: '4 records in 1 chain, unbroken.\n', code: 0 })
    expect(JSON.parse((await run('verify', '--json')).out)).toMatchObject({ ok: true, records: 4 })
  })

  test('compares them with the hashes of a file', async () => {
    const good = await withFile(`${lineOf(heads[1])}\n${lineOf(heads[3])}\n`)
    expect(good).toMatchObject({ out: expect.stringContaining('match all 2 anchors of the file'), code: 0 })
    const forged = await withFile(lineOf({ seq: 2, hash: 'f'.repeat(64) }))
    expect(forged).toMatchObject({ out: expect.stringContaining('broken at record 2'), code: 1 })
    const cut = await withFile(lineOf({ seq: 9, hash: 'f'.repeat(64) }))
    expect(cut).toMatchObject({ out: expect.stringContaining('the tail was cut'), code: 1 })
  })

  test('refuses a file that cannot be read or holds no anchor, and says what to give', async () => {
    await expect(withFile('nothing')).rejects.toThrow(/contains no anchors; save in it the text of an issue/)
    await expect(run('verify', '--anchors', join(folder, 'absent'))).rejects.toThrow(
      /^--anchors: cannot read .*absent/,
    )
  })
})

describe('a place without records', () => {
  test.each(['verify', 'export'])(
    'is not an empty chain for `audit %s`: it is refused, and nothing is made there',
    async (what) => {
      const empty = await aFolder()
      await expect(runCommand(auditCommand(), [what], { DATA_DIR: empty, DATABASE_URL: '' })).rejects.toThrow(
        /^There is no database in .*\. Set DATA_DIR/,
      )
      expect(await readdir(empty)).toEqual([])
    },
  )
})

describe('audit report', () => {
  test('prints the exact text that the hash of a record covers, also by the beginning of the hash', async () => {
    for (const hash of [reportHash, reportHash.slice(0, 12)])
      expect(await run('report', hash)).toMatchObject({ out: reportText, code: 0 })
  })

  test('says where there is none, and what is not a hash', async () => {
    expect(await run('report', 'f'.repeat(64))).toMatchObject({
      code: 1,
      err: expect.stringContaining('no report'),
    })
    await expect(run('report', '%%%')).rejects.toThrow('is not a hash')
  })

  test('refuses a text that was changed', async () => {
    const database = await openDatabase({ dataDir })
    await database.query('ALTER TABLE release_gate.evidence DISABLE TRIGGER USER')
    await database.query(`UPDATE release_gate.evidence SET report = '{}'`)
    await database.close()
    await expect(run('report', reportHash)).rejects.toThrow('does not match its hash')
  })
})

describe('audit export', () => {
  test('prints canonical NDJSON, in order, by date range', async () => {
    const lines = (await run('export')).out.trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line).seq)).toEqual([1, 2, 3, 4])
    const some = await run('export', '--from', '2026-11-25T00:00:00Z', '--to', '2026-11-26T00:00:00Z')
    expect(some.out.trimEnd().split('\n')).toEqual(lines.slice(1, 3))
  })

  test.each([
    ['2026-11-26', 1],
    ['2026-11-26T12:00Z', 1],
    ['2026-11-26T12:01Z', 0],
    ['2026-11-25T23:00:00-02:00', 1],
    ['2026-11-25T10:10:00-08:00', 3],
  ])('takes a day in UTC, and a time with an offset: from %s on there are %i', async (from, count) => {
    const { out } = await run('export', '--from', from)
    expect(out.split('\n')).toHaveLength(count + 1)
  })

  test('prints a table: a line for each merge and each push past the gate, and for nothing else', async () => {
    const { out } = await run('export', '--csv')
    expect(out.startsWith('\ufeffrecord,kind,organization,repository,')).toBe(true)
    const rows = parse(out, { columns: true, bom: true })
    expect(rows).toMatchObject([
      {
        record: '2',
        kind: 'merge',
        repository: 'acme/shop',
        number: '7',
        organization: 'acme',
        approvers: expect.stringContaining(`ann (write) saw ${shaOf('a')}`),
        approved_at: expect.stringMatching(/^ann 20\d\d-.*Z; bob 20\d\d-.*Z$/),
        opened_at: '2026-11-24T09:00:00.000Z',
        merged_by: 'ann',
        merge_commit: shaOf('d'),
        tickets: 'PAY-12',
        risk: 'low, "really"',
        checks: 'build: success',
        window: 'window',
        urgent_by: '',
        exception: '',
        hash: heads[1]?.hash,
      },
      { record: '4', kind: 'push', number: '', merged_by: 'olga', base: 'main', exception: 'pushed' },
    ])
  })

  test('a title that a spreadsheet would take for a formula is text there', async () => {
    const [row] = parse((await run('export', '--csv')).out, { columns: true, bom: true })
    expect(row).toMatchObject({ title: '\'=HYPERLINK("https://evil.example")' })
  })

  test('writes a file only when it is whole', async () => {
    const file = join(folder, 'records.ndjson')
    const ran = await run('export', '--output', file)
    expect(ran).toMatchObject({ out: '', code: 0 })
    expect(await readFile(file, 'utf8')).toBe((await run('export')).out)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
  })

  test.each([[], ['--csv']])(
    'leaves no file behind when it fails midway, and keeps the one that was there %j',
    async (...how) => {
      const broken = await aFolder()
      const database = await aPglite(broken)
      for (let n = 0; n < 3; n += 1)
        await appendRecord(database, { installationId: 5, kind: 'merged', at: new Date(), body: aMerge('x') })
      await database.query('ALTER TABLE release_gate.audit_records DISABLE TRIGGER USER')
      await database.query(`UPDATE release_gate.audit_records SET body = '{"cut' WHERE seq = 3`)
      await database.close()
      const file = join(await aFolder(), 'records')
      await writeFile(file, 'of yesterday')
      await expect(
        runCommand(auditCommand(), ['export', '--output', file, ...how], { DATA_DIR: broken }),
      ).rejects.toThrow(/JSON/)
      expect(await readFile(file, 'utf8')).toBe('of yesterday')
      expect(await readdir(dirname(file))).toEqual(['records'])
    },
  )

  test('says where its file cannot be written', async () => {
    await expect(run('export', '--output', join(folder, 'absent', 'x'))).rejects.toThrow(
      /absent\/x cannot be written \(ENOENT/,
    )
    // And lets go of the folder.
    expect(await run('verify')).toMatchObject({ code: 0 })
  })

  test.each(['yesterday', '5', '2026-02-30', '2026-11-25T09:00', '2026-11-31T09:00Z'])(
    'refuses the time %s, and says how to write it',
    async (time) => {
      const problem = new RegExp(`^--from: "${time}" is not an ISO date, .* Example: "2026-11-25" or `)
      await expect(run('export', '--from', time)).rejects.toThrow(problem)
    },
  )

  test('of a range is a part of the chain without a gap, though times go back and forth in it', async () => {
    const dataDir = await aFolder()
    const database = await aPglite(dataDir)
    const times = ['25T09:00', '25T12:00', '25T10:00', '26T12:00', '25T11:00', '27T12:00', '24T12:00']
    for (const at of times)
      await appendRecord(database, {
        installationId: 5,
        kind: 'decided',
        at: new Date(`2026-11-${at}Z`),
        body: {},
      })
    await database.close()
    const file = join(await aFolder(), 'part.ndjson')
    const ofFolder = (...words: string[]) =>
      runCommand(auditCommand(), words, { DATA_DIR: dataDir, DATABASE_URL: '' })
    const range = ['--from', '2026-11-25T10:00Z', '--to', '2026-11-26T12:00Z']
    await ofFolder('export', ...range, '--output', file)
    const seqs = (await readFile(file, 'utf8')).trimEnd().split('\n')
    expect(seqs.map((line) => JSON.parse(line).seq)).toEqual([2, 3, 4, 5])
    expect(await ofFolder('verify', '--file', file)).toMatchObject({ code: 0 })
    expect((await ofFolder('export', '--from', '2026-12-01')).out).toBe('')
    const before = await ofFolder('export', '--from', '2026-11-26', '--to', '2026-11-27T12:00Z')
    expect(
      before.out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).seq),
    ).toEqual([4])
  })
})

describe('a deferred review in the table', () => {
  const issueUrl = 'https://github.example/acme/shop/issues/9'
  const rowsAfter = async (...reviewed: object[]) => {
    const dataDir = await aFolder()
    const database = await aPglite(dataDir)
    const append = (kind: string, at: string, body: object) =>
      appendRecord(database, { installationId: 5, kind, at: new Date(at), body })
    const { seq } = await append('merged', '2026-11-25T18:10:00Z', aMerge('x'))
    await database.query(
      `INSERT INTO release_gate.landings (installation_id, repository_id, key, owner, repo, landed_at, record_seq, exception, urgent,
         review, due_at, issue_number, issue_url, notice)
       VALUES (5, 2, '#7', 'acme', 'shop', now(), $1, false, true, '{}', '2026-11-27T18:00:00Z', 9, $2, '{}')`,
      [seq, issueUrl],
    )
    for (const [n, body] of reviewed.entries())
      await append('reviewed', `2026-11-2${6 + n}T09:00:00Z`, {
        change: { seq },
        issue: 9,
        dueAt: null,
        ...body,
      })
    await database.close()
    const { out } = await runCommand(auditCommand(), ['export', '--csv'], { DATA_DIR: dataDir })
    return parse(out, { columns: true, bom: true })
  }
  const open = {
    review_issue: issueUrl,
    review_due: '2026-11-27T18:00:00.000Z',
    review_closed_at: '',
    review_closed_by: '',
  }

  test('is open until its issue is closed', async () => {
    expect(await rowsAfter()).toMatchObject([open])
  })

  test('is closed by whoever closed the issue, at that time', async () => {
    const closed = { ...open, review_closed_at: '2026-11-26T09:00:00.000Z', review_closed_by: 'dev' }
    expect(await rowsAfter({ ended: true, by: 'dev' })).toMatchObject([closed])
  })

  test('is open again when the issue is opened again', async () => {
    expect(await rowsAfter({ ended: true, by: 'dev' }, { ended: false, by: null })).toMatchObject([open])
  })
})

describe('prune', () => {
  const before = process.cwd()
  afterEach(() => {
    process.chdir(before)
    delete process.env.RECORDS_MONTHS
  })

  test.each([
    ['RECORDS_MONTHS=36\n', 36],
    ['', 13],
  ])('keeps as many months as the `.env` of its folder says: %j', async (text, months) => {
    const folder = await aFolder()
    await writeFile(join(folder, '.env'), text)
    process.chdir(folder)
    const env = { DATA_DIR: await aDataFolder(), DATABASE_URL: '', MIGRATION_DATABASE_URL: '' }
    const { out, code } = await runCommand(auditCommand(), ['prune'], env)
    expect({ out, code }).toEqual({
      out: `Removed 0 records older than ${subMonths(new Date(), months).toISOString().slice(0, 10)}.\n`,
      code: 0,
    })
  })

  test('refuses a folder and a server without a database of release-gate, and makes none', async () => {
    const folder = await aFolder()
    process.chdir(folder)
    const none = { DATA_DIR: join(folder, 'data'), DATABASE_URL: '', MIGRATION_DATABASE_URL: '' }
    await expect(runCommand(auditCommand(), ['prune'], none)).rejects.toThrow(/^There is no database in /)
    expect(existsSync(none.DATA_DIR)).toBe(false)
    const empty = { ...none, MIGRATION_DATABASE_URL: await aPostgresUrl('template0') }
    await expect(runCommand(auditCommand(), ['prune'], empty)).rejects.toThrow(
      /contains no release-gate data/,
    )
  })

  test('removes nothing where that is no number of months', async () => {
    const folder = await aFolder()
    await writeFile(join(folder, '.env'), 'RECORDS_MONTHS=two years\n')
    process.chdir(folder)
    await expect(runCommand(auditCommand(), ['prune'], { DATA_DIR: join(folder, 'data') })).rejects.toThrow(
      /^RECORDS_MONTHS: "two years" is not a number of months/,
    )
  })
})

describe('the reason of an urgent change in the table', () => {
  const urgentRow = async (reason: string | null, described: string | null, more: object = {}) => {
    const { changeTableHead, changeTableLine } = await import('../../src/server/requests/change-table.ts')
    const merge = aMerge('x')
    const urgent = { by: 'eva', byId: 1, at: '', until: '', reason, skipped: [] }
    const body = { ...merge, urgent, description: { ...merge.description, reason: described }, ...more }
    const record = {
      installationId: 5,
      kind: 'merged',
      at: new Date(),
      body,
      seq: 1,
      previousHash: '',
      hash: '',
    }
    const rows: { urgent_reason: string }[] = parse(`${changeTableHead}${changeTableLine(record)}`, {
      columns: true,
      bom: true,
    })
    return rows[0]?.urgent_reason
  }

  test.each([
    ['what the record says', 'diners are paid twice', 'something else', 'diners are paid twice'],
    [
      'the described one, where an earlier version recorded another field',
      'Ticket: PAY-12',
      'paid twice',
      'paid twice',
    ],
    ['that field, where nothing else was said', 'Ticket: PAY-12', null, 'Ticket: PAY-12'],
    ['empty where none was given', null, null, ''],
  ])('is %s', async (_, recorded, described, shown) => {
    expect(await urgentRow(recorded, described, { openedAt: undefined })).toBe(shown)
  })

  test('is what the record says also where it begins like a field, since records say when the change was opened', async () => {
    const openedAt = '2026-11-24T18:00:00.000Z'
    expect(await urgentRow('Payments: cards fail', 'clean up', { openedAt })).toBe('Payments: cards fail')
  })
})

describe('while the bot holds the folder', () => {
  const secret = 'a-secret-of-the-bot-0123456789'
  let bot: { url: string; port: string; close: () => Promise<void> }
  const env = () => ({
    DATA_DIR: dataDir,
    DATABASE_URL: '',
    PORT: bot.port,
    HOST: '127.0.0.1',
  })
  const ask = (...words: string[]) => runCommand(auditCommand(), words, env())
  let before: Record<string, string>

  beforeAll(async () => {
    before = { verify: (await run('verify')).out, export: (await run('export')).out }
    const database = await openDatabase({ dataDir })
    const shell = { database, queue: () => Promise.reject(new Error('no request of these sends a job')) }
    const handler = databaseRequestHandler({ key: keyBesideDatabase(dataDir), shell })
    const server = createServer({
      inbox: async () => undefined,
      isHandled: () => false,
      secrets: [secret],
      ready: async () => ({ ok: true, checks: {} }),
      routes: (method, path) => (`${method} ${path}` === `POST ${databaseRequestPath}` ? handler : undefined),
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const port = String((server.address() as AddressInfo).port)
    bot = {
      port,
      url: `http://127.0.0.1:${port}${databaseRequestPath}`,
      close: async () => {
        server.close()
        server.closeAllConnections()
        await database.close()
      },
    }
  })
  afterAll(() => bot.close())

  test.each(['verify', 'export'])('`audit %s` asks the bot, and prints the same', async (what) => {
    expect(await ask(what)).toMatchObject({ out: before[what], code: 0 })
  })

  test('exit codes and errors come through', async () => {
    expect(await ask('report', 'f'.repeat(64))).toMatchObject({ code: 1 })
    const forged = join(folder, 'forged.txt')
    await writeFile(forged, `installation 5, record 2, ${'f'.repeat(64)}`)
    expect(await ask('verify', '--anchors', forged)).toMatchObject({ code: 1 })
    // The stored report was changed above.
    await expect(ask('report', reportHash)).rejects.toThrow('does not match its hash')
  })

  test('a key that is not the folder’s is refused, and a bot elsewhere is not found', async () => {
    const file = join(dataDir, 'local-key')
    const key = await readFile(file, 'utf8')
    await writeFile(file, 'another-key-0123456789')
    await expect(ask('verify')).rejects.toThrow('The signature does not match')
    await writeFile(file, key)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    await expect(runCommand(auditCommand(), ['verify'], { ...env(), PORT: '9' })).rejects.toThrow(
      'Cannot reach the bot',
    )
  })

  test.each(['x-forwarded-for', 'forwarded', 'via'])(
    'refuses a request that came through a proxy (%s)',
    async (header) => {
      const body = JSON.stringify({
        request: 'audit verify',
        args: { json: true },
        at: new Date().toISOString(),
      })
      const signature = `sha256=${createHmac('sha256', keyBesideDatabase(dataDir)).update(body).digest('hex')}`
      const send = (headers: Record<string, string>) =>
        fetch(bot.url, {
          method: 'POST',
          body,
          headers: { 'x-release-gate-signature': signature, ...headers },
        })
      expect((await send({})).status).toBe(200)
      expect((await send({ [header]: '203.0.113.9' })).status).toBe(403)
    },
  )
})

describe('a cell of the table', () => {
  const row = async (changes: object) => {
    const { changeTableHead, changeTableLine } = await import('../../src/server/requests/change-table.ts')
    const body = { ...aMerge('x'), ...changes }
    const record = {
      installationId: 5,
      kind: 'merged',
      at: new Date(),
      body,
      seq: 1,
      previousHash: '',
      hash: '',
    }
    const line = changeTableLine(record) ?? expect.fail()
    const rows: Record<string, string>[] = parse(`${changeTableHead}${line}`, { columns: true, bom: true })
    return { line, cells: rows[0] ?? expect.fail() }
  }

  test.each([
    ['a formula', '=1+1', "'=1+1"],
    ['a formula after a semicolon', 'x;=1+1', "x;'=1+1"],
    ['one after a space', 'x; @SUM(A1)', "x; '@SUM(A1)"],
    ['one in quotation marks', 'x;"=1+1"', `x;"'=1+1"`],
    ['one in wide letters', 'x;\uff1d1+1', "x;'\uff1d1+1"],
    ['a second formula', 'x;=1;-2', "x;'=1;'-2"],
    ['direction marks', 'safe\u202etxt.exe', 'safe txt.exe'],
    ['a semicolon and words', 'a; b', 'a; b'],
  ])('shows %s as text', async (_, title, shown) => {
    expect((await row({ title })).cells.title).toBe(shown)
  })

  test('is one line, so that no text begins another row', async () => {
    const { description } = aMerge('x')
    const { line, cells } = await row({
      description: { ...description, reason: 'fix\n9,merge,acme,acme/shop\r\n- x' },
    })
    expect(line.trimEnd().split(/[\r\n]/)).toHaveLength(1)
    expect(cells.reason).toBe('fix 9,merge,acme,acme/shop - x')
  })

  test('is no longer than a spreadsheet takes in one', async () => {
    const { cells } = await row({ exception: { kind: 'late', bypassed: Array(400).fill('x'.repeat(200)) } })
    expect(cells.bypassed?.length).toBeLessThanOrEqual(32_767)
  })

  test('that is a list shows one name as one, whatever is in it', async () => {
    const checks = [
      { name: 'build', app: 'ci', conclusion: 'success' },
      { name: 'x: success; security', app: 'ci', conclusion: 'failure' },
    ]
    const [ann] = aMerge('x').approvers
    const approvers = [{ ...ann, role: 'admin) saw a; bob (write' }]
    const { cells } = await row({ checks, approvers })
    expect(cells.checks).toBe('build: success; "x: success; security: failure"')
    expect(cells.approvers).toMatch(/^"ann \(admin\) saw a; bob \(write\) saw [0-9a-f]+"$/)
  })
})

test('an account whose name was changed in the database does not write the answer of `audit verify`', async () => {
  const { verifiedText } = await import('../../src/server/requests/audit.ts')
  const names = new Map([[5, 'acme) ok.\u001b[2K\r4 records in 1 chain, unbroken.\n\u202e']])
  const broken = {
    ok: false as const,
    installationId: 5,
    seq: 3,
    why: 'Its content does not match its hash.',
  }
  const text = verifiedText(broken, {}, names)
  expect(text).toMatch(
    /^The chain of installation 5 \(acme\) ok\. \[2K 4 records in 1 chain, unbroken\.\) is broken at record 3: /,
  )
  expect(text).not.toMatch(/\p{C}/u)
})
