import type { Database, Transaction } from '../database.ts'
import {
  type BackupEnd,
  type BackupHead,
  type BackupRow,
  type BackupSequence,
  type BackupTable,
  type Column,
  columnsOf,
  JOBS,
} from './backup.ts'
import { migrate, migrateTo } from './migrations.ts'

/**
 * Puts a backup into a database that holds nothing of release-gate: the schema as it was at the backup, its rows, and then the
 * migrations since. `installJobs` makes pg-boss's tables.
 *
 * @throws when the backup is not whole or of a newer version; the database is then as empty as before.
 * @returns how many rows there are.
 */
export async function restoreBackup(
  database: Database,
  lines: AsyncIterable<string>,
  installJobs: () => Promise<void>,
): Promise<number> {
  const [state] = await database.query<{ taken: boolean }>(
    `SELECT coalesce(to_regnamespace('release_gate'), to_regnamespace('release_gate_jobs')) IS NOT NULL AS taken`,
  )
  if (state?.taken)
    throw new Error('This database already contains release-gate data. Restore into an empty one.')
  const parts = lines[Symbol.asyncIterator]()
  const head = await headOf(parts)
  try {
    await migrateTo(database, head)
    await installJobs()
    const rows = await database.transaction((tx) => load(tx, parts), { limits: 'none' })
    await migrate(database)
    return rows
  } catch (error) {
    // All of it was made here, since nothing was there before.
    await database.query('DROP SCHEMA IF EXISTS release_gate CASCADE')
    await database.query('DROP SCHEMA IF EXISTS release_gate_jobs CASCADE')
    throw error
  }
}

/** @throws where these are not the lines of a backup. Only the first one is read. */
export async function requireBackup(lines: AsyncIterable<string>): Promise<void> {
  const parts = lines[Symbol.asyncIterator]()
  await headOf(parts)
  await parts.return?.()
}

async function headOf(parts: AsyncIterator<string>): Promise<BackupHead> {
  const head = await nextPart(parts)
  if (head && 'backup' in head && head.backup === 'release-gate') return head
  throw new Error('The file is not a backup of release-gate.')
}

type Part = BackupHead | BackupTable | BackupSequence | BackupEnd | BackupRow

async function nextPart(parts: AsyncIterator<string>): Promise<Part | undefined> {
  const { value, done } = await parts.next()
  if (done) return undefined
  try {
    return JSON.parse(value)
  } catch {
    throw new Error('The backup is damaged: a line of it is not JSON.')
  }
}

type Insert = (row: BackupRow) => Promise<void>

type Loading = { rows: number; tables: string[]; insert: Insert }

async function load(tx: Transaction, parts: AsyncIterator<string>): Promise<number> {
  const loading: Loading = { rows: 0, tables: [], insert: () => Promise.reject(new Error(noTable)) }
  for (;;) {
    const part = await nextPart(parts)
    if (part === undefined) throw new Error('The backup is incomplete: its end is missing.')
    if (!Array.isArray(part) && 'end' in part) {
      await finish(tx, loading, part)
      return loading.rows
    }
    await take(tx, loading, part)
  }
}

const noTable = 'The backup is damaged: a row belongs to no table.'

async function take(tx: Transaction, loading: Loading, part: Exclude<Part, BackupEnd>): Promise<void> {
  if (Array.isArray(part)) {
    await loading.insert(part)
    loading.rows += 1
  } else if ('table' in part) {
    loading.tables.push(part.table)
    loading.insert = await insertInto(tx, part)
  } else if ('sequence' in part) {
    await tx.query('SELECT setval($1::regclass, $2)', [part.sequence, part.value])
  }
}

/**
 * Jobs that ran at the backup run again; one of which another attempt waits for its retry joins that one, as a queue keeps at most
 * one.
 */
async function finish(tx: Transaction, { rows, tables }: Loading, end: BackupEnd): Promise<void> {
  if (end.rows !== rows)
    throw new Error(`The backup is incomplete: ${rows} of its ${end.rows} rows are there.`)
  for (const table of tables) await tx.script(`ALTER TABLE ${table} ENABLE TRIGGER USER`)
  await distrustStored(tx)
  await tx.script(`
    DELETE FROM release_gate.leases;
    WITH joined AS (
      DELETE FROM ${JOBS} ran USING ${JOBS} waits
      WHERE ran.state = 'active' AND ran.policy = 'stately' AND waits.state = 'retry' AND waits.policy = 'stately'
        AND waits.name = ran.name AND coalesce(waits.singleton_key, '') = coalesce(ran.singleton_key, '')
      RETURNING waits.id, waits.name
    )
    UPDATE ${JOBS} job SET start_after = now() FROM joined WHERE job.id = joined.id AND job.name = joined.name;
    UPDATE ${JOBS} SET state = 'retry', started_on = NULL, heartbeat_on = NULL, start_after = now() WHERE state = 'active';
  `)
}

/**
 * For a database that is as it was some time ago. What was read until then is not fresh: nothing turns green on it. And any check may
 * be another one on GitHub, a green one too: each is written anew, as a run of its own that comes after all of those that are not
 * known here, and a run that waited is not looked up by its id.
 *
 * @returns how many checks of open pull requests that are.
 */
export async function distrustStored(tx: Transaction): Promise<number> {
  await tx.script(`
    UPDATE release_gate.verdicts SET heard = nextval('release_gate.generation');
    UPDATE release_gate.check_runs SET check_run_id = NULL, digest = '',
      external_id = CASE WHEN state = 'waiting' THEN gen_random_uuid()::text ELSE external_id END;
    UPDATE release_gate.regression_checks SET check_run_id = NULL, completed = false;
    UPDATE release_gate.merge_groups SET state = 'passed';
  `)
  const open = await tx.query(
    `UPDATE release_gate.check_runs c SET outstanding = true FROM release_gate.verdicts v
     WHERE v.counts AND v.installation_id = c.installation_id AND v.repository_id = c.repository_id AND v.head_sha = c.head_sha
     RETURNING 1`,
  )
  return open.length
}

/** Triggers are off meanwhile: they would keep again what is in the backup already. */
async function insertInto(tx: Transaction, { table, columns }: BackupTable): Promise<Insert> {
  const known = await columnsOf(tx, table)
  await tx.script(`ALTER TABLE ${table} DISABLE TRIGGER USER`)
  // A later pg-boss may have dropped a column.
  const kept = columns.flatMap((name, index) => {
    const column = known.find((each) => each.name === name)
    return column ? [{ ...column, index }] : []
  })
  const missing = columns.filter((name) => !known.some((each) => each.name === name))
  if (missing.length > 0 && table !== JOBS)
    throw new Error(`The backup is damaged: ${table} has no column ${missing.join(', ')}.`)
  const names = kept.map(({ name }) => `"${name}"`).join(', ')
  const values = kept.map((column, n) => typedValue(column, n + 1)).join(', ')
  const sql = `INSERT INTO ${table} (${names}) OVERRIDING SYSTEM VALUE VALUES (${values})`
  return async (row) => {
    await tx.query(
      sql,
      kept.map(({ index }) => row[index]),
    )
  }
}

function typedValue({ type }: Column, place: number): string {
  return type === 'bytea' ? `decode($${place}::text, 'base64')` : `$${place}::text::${type}`
}
