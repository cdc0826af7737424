import { existsSync, mkdirSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { backupCommand, restoreCommand } from '../../src/commands/backup.ts'
import { verifyChain } from '../../src/store/audit/verify.ts'
import { lockFolder } from '../../src/store/database/folder-lock.ts'
import { migrate } from '../../src/store/database/migrations.ts'
import { openDatabase } from '../../src/store/database/open.ts'
import { openPostgres } from '../../src/store/database/postgres.ts'
import type { Database } from '../../src/store/database.ts'
import { openQueue } from '../../src/store/queue.ts'
import { runCommand } from '../commands/command-run.ts'
import { aFolder, aPglite, aPostgresUrl } from '../support/databases.ts'
import { buildOld, readOld, schemaOf } from '../support/old-database.ts'

const log = { error: () => undefined, warn: () => undefined, info: () => undefined }
const pull = {
  installationId: 50001,
  repositoryId: 300001,
  owner: 'foodyepay',
  repo: 'mcp-server',
  number: 9,
}

type Place = { DATA_DIR: string; DATABASE_URL: string }
const opened = ({ DATA_DIR, DATABASE_URL }: Place) =>
  openDatabase(DATABASE_URL ? { url: DATABASE_URL } : { dataDir: DATA_DIR })
const created = (place: Place) => (place.DATABASE_URL ? opened(place) : aPglite(place.DATA_DIR))

/**
 * Of the pull requests 10 to 12, by number: an evaluation that runs while another attempt waits for its retry, one that runs alone, and
 * one that waits for its retry alone.
 */
async function leaveInMidst(database: Database): Promise<void> {
  const left = [
    [10, 'retry'],
    [10, 'active'],
    [11, 'active'],
    [12, 'retry'],
  ]
  for (const [number, state] of left)
    await database.query(
      `INSERT INTO release_gate_jobs.job (name, data, singleton_key, policy, state, start_after, started_on)
       SELECT name, data || jsonb_build_object('number', $1::int), singleton_key || $1, policy, $2::release_gate_jobs.job_state,
         now() + interval '5 minutes', now()
       FROM release_gate_jobs.job WHERE name = 'evaluate' AND data->>'number' = '9'`,
      [number, state],
    )
}

/** Fills a place with what a whole release week left, a few jobs, and text that is easily broken. */
async function fill(place: Place): Promise<void> {
  const database = await created(place)
  await buildOld(database, readOld('10-41a4e2d'))
  await migrate(database)
  const queue = await openQueue({ database, log })
  await queue.enqueueEvaluate(pull)
  await queue.enqueueNotice({ text: 'NULL, "quotes", \\u0000 and {braces}\n' })
  await queue.stop()
  await leaveInMidst(database)
  await database.query(`INSERT INTO release_gate.facts VALUES ($1, $2, now())`, [
    'NULL',
    '{"a":"\\u0000 \u2028 , \\" {}"}',
  ])
  await database.query(
    `INSERT INTO release_gate.deliveries (guid, body_digest, event, body, received_at) VALUES ('g', 'd', 'push', '\\x00ff0a', now())`,
  )
  await database.close()
}

/** What a restore distrusts is left out: that facts are fresh, and which checks stand on GitHub. */
const distrusted: Record<string, string> = {
  verdicts: 'head_sha, digest, snapshot::text, report::text',
  check_runs: 'head_sha, state, title, posted_at::text',
  regression_checks: 'head_sha, external_id, run_id',
  merge_groups: 'head_sha, members::text',
}

/** Every row of ours as text. */
async function contentsOf(database: Database): Promise<Record<string, unknown[]>> {
  const tables = await database.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'release_gate'::regnamespace AND relkind = 'r'
       AND relname NOT IN ('migrations', 'leases') ORDER BY 1`,
  )
  const contents: Record<string, unknown[]> = {}
  for (const { name } of tables) {
    const columns = distrusted[name] ?? 't.*::text AS row'
    contents[name] = await database.query(`SELECT ${columns} FROM release_gate.${name} t ORDER BY 1`)
  }
  contents.jobs = await database.query(
    `SELECT DISTINCT name, data::text, singleton_key FROM release_gate_jobs.job WHERE state <= 'active' ORDER BY 1, 2`,
  )
  return contents
}

const place = async (kind: string): Promise<Place> =>
  kind === 'Postgres'
    ? { DATA_DIR: await aFolder(), DATABASE_URL: await aPostgresUrl('template0') }
    : { DATA_DIR: join(await aFolder(), 'data'), DATABASE_URL: '' }

describe.each(['PGlite', 'Postgres'])('a backup of %s', (from) => {
  let file: string
  let source: { contents: Record<string, unknown[]>; schema: string[] }
  beforeAll(async () => {
    const here = await place(from)
    await fill(here)
    file = join(await aFolder(), 'release-gate.backup')
    await runCommand(backupCommand(), [file], here)
    const database = await opened(here)
    source = { contents: await contentsOf(database), schema: await schemaOf(database) }
    await database.close()
  })

  describe.each(['PGlite', 'Postgres'])('restored into %s', (to) => {
    let ran: Awaited<ReturnType<typeof runCommand>>
    let database: Database
    beforeAll(async () => {
      const there = await place(to)
      ran = await runCommand(restoreCommand(), [file], there)
      database = await opened(there)
    })
    afterAll(() => database.close())

    test('is whole, and its records verify', async () => {
      expect(ran).toMatchObject({
        code: 0,
        out: expect.stringMatching(/^Restored \d+ rows\. \d+ records in 1 chain, unbroken\./),
      })
      expect(await contentsOf(database)).toEqual(source.contents)
      expect(source.contents.jobs).toHaveLength(5)
      expect(await schemaOf(database)).toEqual(source.schema)
      expect(await verifyChain(database)).toMatchObject({ ok: true })
      const [stale] = await database.query<{ n: number }>(
        'SELECT count(*) AS n FROM release_gate.verdicts WHERE generation > coalesce(heard, 0)',
      )
      expect(stale?.n).toBe(0)
    })

    test('has every job that ran, due now, and the others when they are due', async () => {
      const jobs = await database.query(
        `SELECT data->>'number' AS number, state::text, start_after <= now() AS due FROM release_gate_jobs.job
         WHERE name = 'evaluate' ORDER BY (data->>'number')::int`,
      )
      expect(jobs).toEqual([
        { number: '9', state: 'created', due: true },
        { number: '10', state: 'retry', due: true },
        { number: '11', state: 'retry', due: true },
        { number: '12', state: 'retry', due: false },
      ])
    })

    test('has its triggers on again, and its numbers go on after the newest', async () => {
      await expect(database.query('DELETE FROM release_gate.audit_records')).rejects.toThrow('append-only')
      const [ids] = await database.query<{ fresh: boolean }>(
        `WITH added AS (INSERT INTO release_gate.freezes (scope, reason, by, since) VALUES ('x', '', '', now()) RETURNING id)
         SELECT id > (SELECT coalesce(max(id), 0) FROM release_gate.freezes) AS fresh FROM added`,
      )
      expect(ids?.fresh).toBe(true)
    })
  })

  test('is refused where there is something already, which stays', async () => {
    const there = await place(from)
    const database = await created(there)
    await database.query(`INSERT INTO release_gate.facts VALUES ('kept', '1', now())`)
    await database.close()
    await expect(runCommand(restoreCommand(), [file], there)).rejects.toThrow(/already/)
    const again = await opened(there)
    expect(await again.query('SELECT key FROM release_gate.facts')).toEqual([{ key: 'kept' }])
    await again.close()
  })
})

describe('a restore removes nothing that it did not make', () => {
  const broken = async () => {
    const file = join(await aFolder(), 'broken')
    await writeFile(
      file,
      gzipSync('{"backup":"release-gate","version":"0.1.0","at":"","migrations":[]}\n{"a":1}\n'),
    )
    return file
  }

  test.each(['release_gate', 'release_gate_jobs'])('of a database with a schema %s', async (schema) => {
    const there = await place('Postgres')
    const client = await openPostgres({ url: there.DATABASE_URL })
    await client.query(`CREATE SCHEMA ${schema}`)
    await client.query(`CREATE TABLE ${schema}.kept (id integer)`)
    await expect(runCommand(restoreCommand(), [await broken()], there)).rejects.toThrow(/already contains/)
    expect(await client.query(`SELECT * FROM ${schema}.kept`)).toEqual([])
    await client.close()
  })

  test('of a folder that another process begins to use at the same time', async () => {
    const there = await place('PGlite')
    const lock = lockFolder(there.DATA_DIR)
    const file = await broken()
    const restoring = runCommand(restoreCommand(), [file], there)
    // What the other process makes once this one has seen that nothing was there.
    mkdirSync(join(there.DATA_DIR, 'postgres'))
    await expect(restoring).rejects.toThrow(/is in use by process/)
    expect(await readdir(there.DATA_DIR)).toContain('postgres')
    lock.release()
  })
})

describe('a backup that cannot be used', () => {
  let lines: string[]
  let folder: string
  beforeAll(async () => {
    const here = await place('Postgres')
    await fill(here)
    folder = await aFolder()
    const file = join(folder, 'whole')
    await runCommand(backupCommand(), [file], here)
    lines = gunzipSync(await readFile(file))
      .toString('utf8')
      .split('\n')
  })

  test.each<[string, (whole: string[]) => string[], RegExp]>([
    ['was cut', (whole) => whole.slice(0, -2), /is incomplete: its end is missing/],
    [
      'lost a row',
      (whole) =>
        whole.toSpliced(
          whole.findIndex((line) => line.startsWith('["')),
          1,
        ),
      /is incomplete: \d+ of its \d+ rows/,
    ],
    ['is something else', () => ['{"a":1}'], /not a backup of release-gate/],
    [
      'is of a newer version',
      ([head = '', ...rest]) => [
        head.replace('0011_catch_up.sql', '0099_new.sql').replace(/"version":"[^"]*"/, '"version":"9.1.0"'),
        ...rest,
      ],
      /written by release-gate 9\.1\.0.*0099_new\.sql\. Install 9\.1\.0 or newer/,
    ],
  ])('because it %s: nothing is restored', async (_, change, problem) => {
    const file = join(folder, 'broken')
    await writeFile(file, gzipSync(change(lines).join('\n')))
    const there = await place('Postgres')
    await expect(runCommand(restoreCommand(), [file], there)).rejects.toThrow(problem)
    const whole = join(folder, 'good')
    await writeFile(whole, gzipSync(lines.join('\n')))
    expect(await runCommand(restoreCommand(), [whole], there)).toMatchObject({ code: 0 })
  })

  test.each([
    ['is not compressed', Buffer.from('hello'), /damaged, or not a file/],
    ['is empty', Buffer.from(''), /damaged, or not a file/],
    ['is compressed, and something else', gzipSync('hello'), /damaged: a line of it is not JSON/],
  ])('because it %s: no folder is made', async (_, bytes, problem) => {
    const file = join(folder, 'other')
    await writeFile(file, bytes)
    const there = await place('PGlite')
    await expect(runCommand(restoreCommand(), [file], there)).rejects.toThrow(problem)
    expect(existsSync(there.DATA_DIR)).toBe(false)
  })

  test('because it ends in the middle: the folder is empty again', async () => {
    const file = join(folder, 'cut')
    await writeFile(file, gzipSync(lines.join('\n')).subarray(0, 2_000))
    const there = await place('PGlite')
    await expect(runCommand(restoreCommand(), [file], there)).rejects.toThrow(/damaged, or not a file/)
    expect(await readdir(there.DATA_DIR)).not.toContain('postgres')
  })

  test.each([
    ['no file is named', [], /missing required argument/],
    ['one is named with --in-place', ['whole', '--in-place'], /takes no file/],
  ])('because %s', async (_, words, problem) => {
    await expect(runCommand(restoreCommand(), words, await place('PGlite'))).rejects.toThrow(problem)
  })

  test.each([
    ['PGlite', /^There is no database in /],
    ['Postgres', /contains no release-gate data/],
  ])('because --in-place finds no database of release-gate on %s, and makes none', async (kind, problem) => {
    const there = { ...(await place(kind)), MIGRATION_DATABASE_URL: '' }
    await expect(runCommand(restoreCommand(), ['--in-place'], there)).rejects.toThrow(problem)
    expect(existsSync(join(there.DATA_DIR, 'postgres'))).toBe(false)
    await expect(runCommand(restoreCommand(), ['--in-place'], there)).rejects.toThrow(problem)
  })

  test('because it is not there, and one that cannot be written', async () => {
    const there = await place('PGlite')
    await mkdir(dirname(there.DATA_DIR), { recursive: true })
    await expect(runCommand(restoreCommand(), [join(folder, 'absent')], there)).rejects.toThrow(
      /cannot read .*absent/,
    )
    await expect(runCommand(backupCommand(), [join(folder, 'no', 'x')], there)).rejects.toThrow(
      /does not exist/,
    )
  })
})
