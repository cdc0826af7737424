import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { beforeAll, describe, expect, test } from 'vitest'
import { auditCommand } from '../../src/commands/audit.ts'
import { changeRecord } from '../../src/decision/change-record.ts'
import { appendRecord, type Head } from '../../src/store/audit.ts'
import { openDatabase } from '../../src/store/database/open.ts'
import { hashOfReport, saveEvidence } from '../../src/store/evidence.ts'
import { aFolder } from '../support/databases.ts'
import { anApproval, anEvidence, ann, aPolicy, aSnapshot, bob, shaOf } from '../support/snapshot.ts'
import { runCommand } from './command-run.ts'

let dataDir: string
let folder: string
const heads: Head[] = []

beforeAll(async () => {
  folder = await aFolder()
  dataDir = join(folder, 'data')
  const database = await openDatabase({ dataDir })
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
const noMore = { recorded: null, suiteText: null, baselineId: null, requestedBy: null }

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
  const snapshot = aSnapshot({ reviews: [anApproval(ann), anApproval(bob)], takenAt: '2026-11-25T18:05:00Z' })
  return changeRecord({
    pull: snapshot.pull,
    url: 'https://github.example/acme/shop/pull/7',
    title,
    body: 'Ticket: PAY-12\nRisk: low, "really"\nRollback: revert\nReason: rewards were wrong',
    author: snapshot.author,
    base: { ref: 'main', sha: shaOf('c') },
    head: { ref: 'change', sha: snapshot.head.sha },
    mergeCommit: shaOf('d'),
    mergedBy: ann,
    mergedAt: '2026-11-25T18:10:00Z',
    checks: [{ name: 'build', app: 'ci', conclusion: 'success' }],
    standing: {
      headSha: snapshot.head.sha,
      state: 'passed',
      since: '2026-11-25T18:05:00Z',
      title: 'All hold',
      snapshot,
      policy: aPolicy(),
    },
    policy: { where: 'acme/shop:.github/release-gate.yml', blob: shaOf('e') },
    afterwards: undefined,
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
    expect(good).toMatchObject({ out: expect.stringContaining('hold all 2 hashes'), code: 0 })
    const forged = await withFile(lineOf({ seq: 2, hash: 'f'.repeat(64) }))
    expect(forged).toMatchObject({ out: expect.stringContaining('broken at record 2'), code: 1 })
    const cut = await withFile(lineOf({ seq: 9, hash: 'f'.repeat(64) }))
    expect(cut).toMatchObject({ out: expect.stringContaining('the tail was cut'), code: 1 })
  })

  test('refuses a file that cannot be read or holds no anchor, and says what to give', async () => {
    await expect(withFile('nothing')).rejects.toThrow(/holds no anchor; save the text of an issue/)
    await expect(run('verify', '--anchors', join(folder, 'absent'))).rejects.toThrow(
      /^--anchors: cannot read .*absent/,
    )
  })
})

describe('a place without records', () => {
  test.each(['verify', 'export'])(
    'is no empty chain for `audit %s`: it is refused, and nothing is made there',
    async (what) => {
      const empty = await aFolder()
      await expect(runCommand(auditCommand(), [what], { DATA_DIR: empty, DATABASE_URL: '' })).rejects.toThrow(
        /^There are no records in .*; set DATA_DIR/,
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

  test('says where there is none, and what is no hash', async () => {
    expect(await run('report', 'f'.repeat(64))).toMatchObject({
      code: 1,
      err: expect.stringContaining('no report'),
    })
    await expect(run('report', '%%%')).rejects.toThrow('is no hash')
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

  test('prints a table: a line for each merge and each push past the gate, and for nothing else', async () => {
    const { out } = await run('export', '--csv')
    expect(out.startsWith('\ufeffrecord,kind,repository,')).toBe(true)
    const rows = parse(out, { columns: true, bom: true })
    expect(rows).toMatchObject([
      {
        record: '2',
        kind: 'merge',
        repository: 'acme/shop',
        number: '7',
        approvers: expect.stringContaining(`ann (write) saw ${shaOf('a')}`),
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

  test('refuses a time that is none', async () => {
    await expect(run('export', '--from', 'yesterday')).rejects.toThrow(
      /--from: "yesterday" is not an ISO date/,
    )
  })
})
