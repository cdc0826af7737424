import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openAsBlob } from 'node:fs'
import { cp, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { PGlite } from '@electric-sql/pglite'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { shortLived } from '../../src/sandbox/bot-process.ts'
import { migrate, requireMigrated } from '../../src/store/database/migrations.ts'
import { openDatabase } from '../../src/store/database/open.ts'
import { diskProblem, leastFreeBytes } from '../../src/store/database/pglite.ts'
import { startMaintenance } from '../../src/store/database/upkeep.ts'
import type { Database } from '../../src/store/database.ts'
import { aDatabase, aDataFolder, aFolder, aPglite, describeOnBoth } from '../support/databases.ts'

const MIGRATIONS = new URL('../../migrations/', import.meta.url)

describeOnBoth('the database', (open) => {
  let shared: Promise<Database> | undefined
  const database = () => {
    shared ??= open()
    return shared
  }
  const putFact = "INSERT INTO release_gate.facts (key, value, last_used_at) VALUES ($1, '1', now())"
  const countFacts = async (key: string) =>
    (
      await (
        await database()
      ).query<{ n: number }>('SELECT count(*) AS n FROM release_gate.facts WHERE key = $1', [key])
    )[0]?.n

  test('gives big ids as numbers, times as dates, bytes as bytes', async () => {
    const [row] = await (await database()).query<{ id: number; at: Date; raw: Uint8Array; doc: unknown }>(
      "SELECT 9007199254740991::bigint AS id, '2026-11-25T18:00:00Z'::timestamptz AS at, '\\x00ff'::bytea AS raw, '{\"a\":[1]}'::json AS doc",
    )
    expect(row?.id).toBe(Number.MAX_SAFE_INTEGER)
    expect(row?.at.toISOString()).toBe('2026-11-25T18:00:00.000Z')
    expect([...(row?.raw ?? [])]).toEqual([0, 255])
    expect(row?.doc).toEqual({ a: [1] })
  })

  test('keeps what a transaction wrote when its work resolves', async () => {
    const db = await database()
    const result = await db.transaction(async (tx) => {
      await tx.query(putFact, ['kept'])
      return 'done'
    })
    expect(result).toBe('done')
    expect(await countFacts('kept')).toBe(1)
  })

  test('keeps nothing of a transaction whose work throws, and goes on', async () => {
    const db = await database()
    const failing = db.transaction(async (tx) => {
      await tx.query(putFact, ['half'])
      throw new Error('no further')
    })
    await expect(failing).rejects.toThrow('no further')
    expect(await countFacts('half')).toBe(0)
  })

  test('keeps nothing of a transaction in which a statement failed, even when its work goes on', async () => {
    const db = await database()
    const failing = db.transaction(async (tx) => {
      await tx.query(putFact, ['before'])
      await tx.query('SELECT 1 / 0').catch(() => undefined)
      await tx.query(putFact, ['after'])
    })
    await expect(failing).rejects.toThrow(/aborted/)
    expect(await countFacts('before')).toBe(0)
    expect(await countFacts('after')).toBe(0)
  })

  test('runs the statements of a transaction in their order, also where none waits for the one before', async () => {
    const database = await open()
    const step = (n: number) =>
      `SELECT set_config('test.steps', current_setting('test.steps') || ' ${n}', true)`
    const steps = await database.transaction(async (tx) => {
      const [, , , , rows] = await Promise.all([
        tx.query(`SELECT set_config('test.steps', '', true)`),
        tx.query(step(1)),
        tx.script(step(2)),
        tx.query(step(3)),
        tx.query<{ steps: string }>(`SELECT current_setting('test.steps') AS steps`),
      ])
      return rows[0]?.steps
    })
    expect(steps).toBe(' 1 2 3')
  })

  test('keeps nothing where one of several statements failed that were sent together', async () => {
    const database = await open()
    await database.query('CREATE TABLE IF NOT EXISTS together (n int)')
    const work = database.transaction((tx) =>
      Promise.all([
        tx.query('INSERT INTO together VALUES (1)'),
        tx.query('INSERT INTO nowhere VALUES (1)'),
        tx.query('INSERT INTO together VALUES (2)'),
      ]),
    )
    await expect(work).rejects.toThrow('nowhere')
    expect(await database.query('SELECT n FROM together')).toEqual([])
  })

  test('applies each migration once, also when several processes start together', async () => {
    const db = await database()
    const count = () => db.query('SELECT name, applied_at FROM release_gate.migrations ORDER BY name')
    const before = await count()
    await Promise.all([migrate(db), migrate(db), migrate(db)])
    expect(await count()).toEqual(before)
    expect(before.length).toBeGreaterThanOrEqual(4)
  })

  test('refuses a migration that no released version has, names it, and says what an operator can do', async () => {
    const db = await database()
    const folder = await copyOfMigrations()
    await writeFile(new URL('0002_deliveries.sql', folder), 'SELECT 1;')
    for (const check of [migrate, requireMigrated])
      await expect(check(db, folder)).rejects.toThrow(
        /a 0002_deliveries\.sql that no released version .* nothing was changed\. Run the version that made it, or restore a backup: `release-gate restore FILE`/,
      )
  })

  test('refuses a database that a newer version wrote, and says which version it needs', async () => {
    const db = await database()
    const folder = await copyOfMigrations()
    await writeFile(new URL('9999_from_tomorrow.sql', folder), 'SELECT 1;')
    await migrate(db, folder)
    for (const [version, needed] of [
      [
        '7.1.0',
        /upgraded by release-gate 7\.1\.0: it has .*9999_from_tomorrow\.sql.* Install 7\.1\.0 or newer/,
      ],
      [null, /upgraded by release-gate a newer version: .* Install that version/],
    ] as const) {
      await db.query(`UPDATE release_gate.migrations SET version = $1 WHERE name LIKE '9999%'`, [version])
      for (const check of [migrate, requireMigrated]) await expect(check(db)).rejects.toThrow(needed)
    }
    await db.query("DELETE FROM release_gate.migrations WHERE name = '9999_from_tomorrow.sql'")
  })

  test('a command that only reads refuses an older database, says what to run, and changes nothing', async () => {
    const db = await database()
    const folder = await copyOfMigrations()
    await writeFile(new URL('9997_next.sql', folder), 'CREATE TABLE release_gate.next (id int);')
    await expect(requireMigrated(db, folder)).rejects.toThrow(
      /last used by release-gate \d+\.\d+\.\d+, and this version \(.*\) needs the migration 9997_next\.sql\. Run `release-gate migrate` first/,
    )
    const [row] = await db.query<{ next: string | null }>("SELECT to_regclass('release_gate.next') AS next")
    expect(row?.next).toBeNull()
    await expect(requireMigrated(db)).resolves.toBeUndefined()
  })

  test('a migration that fails changes nothing', async () => {
    const db = await database()
    const folder = await copyOfMigrations()
    await writeFile(
      new URL('9998_broken.sql', folder),
      'CREATE TABLE release_gate.half (id int); SELECT 1 / 0;',
    )
    await expect(migrate(db, folder)).rejects.toThrow('9998_broken.sql failed')
    const [row] = await db.query<{ half: string | null }>("SELECT to_regclass('release_gate.half') AS half")
    expect(row?.half).toBeNull()
  })

  test('takes line ends of Windows for the same migration', async () => {
    const folder = await copyOfMigrations()
    const file = new URL('0001_audit.sql', folder)
    await writeFile(file, (await readFile(file, 'utf8')).replaceAll('\n', '\r\n'))
    await expect(migrate(await database(), folder)).resolves.toBeUndefined()
  })

  test('row level security is on for each of our tables', async () => {
    const open = await (await database()).query<{ relname: string }>(
      `SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
       WHERE nspname = 'release_gate' AND relkind = 'r' AND NOT relrowsecurity`,
    )
    expect(open).toEqual([])
  })
})

describe('two that wait for each other on Postgres', () => {
  const row = 'UPDATE pairs SET value = value || $2 WHERE key = $1'
  const both = `UPDATE pairs SET value = value || 'b'`
  const setUp = async () => {
    const database = await aDatabase()
    await database.query('CREATE TABLE pairs (key text, value text)')
    await database.query("INSERT INTO pairs VALUES ('one', '0'), ('two', '0')")
    const values = async () => {
      const rows = await database.query<{ value: string }>('SELECT value FROM pairs ORDER BY key')
      return rows.map(({ value }) => [...value].sort().join(''))
    }
    return { database, values, [Symbol.asyncDispose]: () => database.close() }
  }
  /** Takes one row, waits until the other one is there, and takes the second. */
  const inTurn = (database: Database, keys: string[], letter: string, arrived: () => Promise<void>) => {
    let attempts = 0
    const work = database.transaction(async (tx) => {
      attempts += 1
      await tx.query(row, [keys[0], letter])
      if (attempts === 1) await arrived()
      await tx.query(row, [keys[1], letter])
    })
    return work.then(() => attempts)
  }
  const meeting = (count: number) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    let here = 0
    return () => {
      here += 1
      if (here === count) resolve()
      return promise
    }
  }

  test('both transactions are committed once, after Postgres has ended one of them', async () => {
    await using world = await setUp()
    const arrived = meeting(2)
    const attempts = await Promise.all([
      inTurn(world.database, ['one', 'two'], 'a', arrived),
      inTurn(world.database, ['two', 'one'], 'b', arrived),
    ])
    expect(Math.max(...attempts)).toBeGreaterThan(1)
    expect(await world.values()).toEqual(['0ab', '0ab'])
  })

  test('a single statement is repeated too', async () => {
    await using world = await setUp()
    const { database, values } = world
    let statement: Promise<unknown> | undefined
    const waits = `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`
    await database.transaction(async (tx) => {
      await tx.query(row, ['two', 'a'])
      statement ??= database.query(both)
      await vi.waitFor(async () => expect(await database.query(waits)).not.toEqual([]))
      await tx.query(row, ['one', 'a'])
    })
    await statement
    expect(await values()).toEqual(['0ab', '0ab'])
  })

  test('any other error is thrown at the first attempt, with nothing kept', async () => {
    await using world = await setUp()
    let attempts = 0
    const work = world.database.transaction(async (tx) => {
      attempts += 1
      await tx.query(row, ['one', 'a'])
      await tx.query('SELECT 1 / 0')
    })
    await expect(work).rejects.toThrow('division by zero')
    expect(attempts).toBe(1)
    expect(await world.values()).toEqual(['0', '0'])
  })
})

describe('a PGlite folder', () => {
  const children: ChildProcess[] = []
  afterAll(() => {
    for (const child of children) child.kill('SIGKILL')
  })
  const hold = async (folder: string) => {
    const child = spawn(process.execPath, [...shortLived, 'test/support/hold-folder.ts', folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    children.push(child)
    await once(child.stdout, 'data')
    return child
  }

  test('is readable by its owner only', async () => {
    const folder = await aFolder()
    await (await aPglite(folder)).close()
    expect((await stat(folder)).mode & 0o777).toBe(0o700)
  })

  test('refuses a second process with an error that names the folder and the holder, and never steals it', async () => {
    const folder = await aDataFolder()
    const holder = await hold(folder)
    const refused = openDatabase({ dataDir: folder })
    await expect(refused).rejects.toThrow(folder)
    await expect(openDatabase({ dataDir: folder })).rejects.toThrow(`process ${holder.pid} `)
    expect(holder.exitCode).toBeNull()
  })

  test('refuses also while the holder is stopped (SIGSTOP), however long it is silent', async () => {
    const folder = await aDataFolder()
    const holder = await hold(folder)
    holder.kill('SIGSTOP')
    await expect(openDatabase({ dataDir: folder })).rejects.toThrow(`process ${holder.pid} `)
  })

  test('refuses a second opening within one process', async () => {
    const folder = await aDataFolder()
    const first = await openDatabase({ dataDir: folder })
    await expect(openDatabase({ dataDir: folder })).rejects.toThrow(`process ${process.pid} `)
    await first.close()
  })

  test('is taken over from a killed process (kill -9), with all that it had written', async () => {
    const folder = await aDataFolder()
    const holder = await hold(folder)
    holder.kill('SIGKILL')
    await once(holder, 'exit')
    const database = await openDatabase({ dataDir: folder })
    const rows = await database.query(
      "SELECT 1 FROM release_gate.facts WHERE key = 'written before the kill'",
    )
    expect(rows).toHaveLength(1)
    await database.close()
  })

  test('is taken over although the owner file names a pid that lives again as another process', async () => {
    const folder = await aDataFolder()
    await writeFile(
      join(folder, 'folder.owner'),
      JSON.stringify({ pid: process.ppid, host: 'x', since: 'y' }),
    )
    const database = await openDatabase({ dataDir: folder })
    expect(JSON.parse(await readFile(join(folder, 'folder.owner'), 'utf8')).pid).toBe(process.pid)
    await database.close()
  })

  test('can be backed up to one file while open, and restored into an empty folder', async () => {
    const folder = await aDataFolder()
    const database = await openDatabase({ dataDir: folder })
    await database.query("INSERT INTO release_gate.facts VALUES ('kept in the backup', '1', now())")
    const file = join(folder, 'backup.tgz')
    await database.backup(file)
    await database.query("INSERT INTO release_gate.facts VALUES ('later', '1', now())")
    await database.close()
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    const restored = await openDatabase({ dataDir: await aFolder(), restoreFrom: await openAsBlob(file) })
    expect(await restored.query('SELECT key FROM release_gate.facts')).toEqual([
      { key: 'kept in the backup' },
    ])
    await restored.close()
  })

  test('lets timers fire while statements follow each other', async () => {
    const database = await aPglite()
    let fired = 0
    const timer = setInterval(() => {
      fired += 1
    }, 1)
    for (let n = 0; n < 200; n += 1) {
      if ('db' in database.boss) await database.boss.db.executeSql('SELECT $1::int', [n])
    }
    clearInterval(timer)
    expect(fired).toBeGreaterThan(10)
    await database.close()
  })

  test('a transaction whose answer is lost leaves nothing behind, and what comes next works', async () => {
    const said: string[] = []
    const log = { error: (_: object, text: string) => said.push(text), info: () => undefined } as never
    const database = await openDatabase({ dataDir: await aDataFolder(), log })
    const keys = () => database.query('SELECT key FROM release_gate.facts')
    const put = (tx: Pick<Database, 'query'>, key: string) =>
      tx.query(`INSERT INTO release_gate.facts VALUES ($1, '1', now())`, [key])
    await put(database, 'before')
    expect(await keys()).toEqual([{ key: 'before' }])
    const losing = database.transaction(async (tx) => {
      await put(tx, 'lost')
      vi.spyOn(PGlite.prototype, 'execProtocolRaw').mockRejectedValueOnce(new Error('out of memory'))
      await put(tx, 'lost too')
    })
    await expect(losing).rejects.toThrow('out of memory')
    expect(await keys()).toEqual([{ key: 'before' }])
    await put(database, 'after')
    expect(await keys()).toEqual([{ key: 'before' }, { key: 'after' }])
    expect(said.join('\n')).not.toContain('pooler')
    await database.close()
  })

  test('several that listen to a channel hear it, whoever of them ends, and also after the client was replaced', async () => {
    const database = await aPglite()
    const { boss } = database
    if (!('db' in boss)) throw new Error('PGlite has a connection of its own')
    const heard: string[] = []
    const listen = (who: string, channel = 'jobs') =>
      boss.db.listen?.(
        channel,
        (payload) => void heard.push(`${who} ${payload}`),
        () => undefined,
      )
    const first = await listen('first')
    const second = await listen('second')
    await listen('other', 'elsewhere')
    await database.query(`NOTIFY jobs, '1'`)
    await first?.close()
    await database.query(`NOTIFY jobs, '2'`)
    vi.spyOn(PGlite.prototype, 'execProtocolRaw').mockRejectedValueOnce(new Error('out of memory'))
    await expect(database.query('SELECT 1')).rejects.toThrow('out of memory')
    await database.query(`NOTIFY jobs, '3'`)
    await second?.close()
    await database.query(`NOTIFY jobs, '4'`)
    expect(heard).toEqual(['first 1', 'second 1', 'second 2', 'second 3'])
    expect(await database.query('SELECT pg_listening_channels() AS channel')).toEqual([
      { channel: 'elsewhere' },
    ])
    await database.close()
  })

  test('takes what the upkeep asks of it', async () => {
    const database = await aPglite()
    await database.query('VACUUM')
    await database.query('CHECKPOINT')
    await database.close()
  })

  test('is opened whatever the environment says of a server', async () => {
    vi.stubEnv('PGSSLMODE', 'require')
    vi.stubEnv('PGSSLNEGOTIATION', 'direct')
    vi.stubEnv('PGUSER', 'nobody')
    vi.stubEnv('PGDATABASE', 'nothing')
    vi.stubEnv('PGOPTIONS', '-c default_transaction_read_only=on')
    try {
      const database = await aPglite()
      await database.query(`INSERT INTO release_gate.facts VALUES ('key', '1', now())`)
      await database.close()
    } finally {
      vi.unstubAllEnvs()
    }
  })

  test('several statements of the queue that fail leave no transaction open', async () => {
    const database = await aPglite()
    const { boss } = database
    if (!('db' in boss)) throw new Error('PGlite has a connection of its own')
    await expect(boss.db.executeSql('BEGIN; SELECT 1/0; COMMIT')).rejects.toThrow('division by zero')
    const rows = await Promise.all([
      boss.db.executeSql('SELECT 1 AS n; SELECT 2 AS n'),
      boss.db.executeSql('SELECT $1::int AS n', [3]),
    ])
    expect(rows.map((answer) => answer.rows)).toEqual([[{ n: 1 }, { n: 2 }], [{ n: 3 }]])
    await database.close()
  })
})

describe('the disk of a PGlite folder', () => {
  test.each([
    [leastFreeBytes, undefined],
    [
      leastFreeBytes - 1,
      /^The disk of DATA_DIR \(\/data\) is full: 63 MB are free, and at least 64 MB are needed/,
    ],
    [0, /0 MB are free/],
  ])('with %i free bytes is %s', (free, problem) => {
    if (problem) expect(diskProblem('/data', free)).toMatch(problem)
    else expect(diskProblem('/data', free)).toBeUndefined()
  })
})

describe('the upkeep of a PGlite folder', () => {
  test('is CHECKPOINT every 5 minutes and VACUUM daily, also across restarts, and survives a failure', async () => {
    vi.useFakeTimers()
    try {
      const mark = join(await aFolder(), 'vacuumed')
      const ran: string[] = []
      const problems: string[] = []
      const query = async (sql: string) => {
        if (ran.push(sql) === 4) throw new Error('disk full')
        return []
      }
      const log = { error: (_: object, text: string) => problems.push(text), info: () => undefined }
      const stop = startMaintenance(query, mark, log as never)
      await vi.advanceTimersByTimeAsync(15 * 60_000)
      expect(ran).toEqual(['VACUUM', 'CHECKPOINT', 'CHECKPOINT', 'CHECKPOINT'])
      expect(problems).toHaveLength(1)
      await stop()
      const stopAgain = startMaintenance(query, mark, log as never)
      await vi.advanceTimersByTimeAsync(5 * 60_000)
      expect(ran.slice(4)).toEqual(['CHECKPOINT'])
      await stopAgain()
      await vi.advanceTimersByTimeAsync(60 * 60_000)
      expect(ran).toHaveLength(5)
    } finally {
      vi.useRealTimers()
    }
  })
})

async function copyOfMigrations(): Promise<URL> {
  const folder = await aFolder()
  await cp(MIGRATIONS, folder, { recursive: true })
  return pathToFileURL(`${folder}/`)
}
