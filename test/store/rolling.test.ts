import { readdirSync, readFileSync } from 'node:fs'
import bossPackage from 'pg-boss/package.json' with { type: 'json' }
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { grantToBot } from '../../src/store/database/grants.ts'
import { migrateTo } from '../../src/store/database/migrations.ts'
import { openPostgres } from '../../src/store/database/postgres.ts'
import type { Database, Queryable } from '../../src/store/database.ts'
import { aPostgresUrl, asClient } from '../support/databases.ts'

/**
 * During a rolling restart, the bot of the version before runs on a database that the new one has upgraded. Two things are checked for
 * each migration since 0014: that it only adds, and that every statement which that bot was seen to send still runs.
 */
const since = '0014_pauses.sql'
const names = readdirSync(new URL('../../migrations/', import.meta.url)).sort()

/** What was found harmless for the version before, each with the reason. */
const reviewed: Record<string, RegExp> = {
  // The bot does not write this table: the trigger does, which is replaced together with the key.
  '0015_history.sql': /release_gate\.verdict_history: PRIMARY KEY|verdict_history_pkey|keep_verdict\(\)/,
  // That bot ends what is frozen under a name before it freezes it again, so no row that it writes is refused.
  '0045_freeze_ids.sql': /freezes_one/,
  // The bot of before leaves the column out, and its default is among the allowed ones.
  '0047_policy_standing.sql': /release_gate\.policies: CHECK \(\(standing/,
}

type Shape = {
  /** Columns of tables and views as `table.column type`, with whether an insert has to name them. */
  columns: Map<string, boolean>
  /** What may refuse a row or what `ON CONFLICT` refers to: constraints, unique indexes, triggers, policies. */
  rules: string[]
  /** What the role of the bot may do. */
  rights: string[]
}

async function shapeOf(db: Queryable): Promise<Shape> {
  const columns = await db.query<{ column: string; needed: boolean }>(
    `SELECT format('%s.%s %s', relname, attname, format_type(atttypid, atttypmod)) AS column,
            attnotnull AND NOT atthasdef AND attidentity = '' AS needed
     FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
     WHERE relnamespace = 'release_gate'::regnamespace AND relkind IN ('r', 'v') AND attnum > 0 AND NOT attisdropped`,
  )
  const rules = await db.query<{ line: string }>(
    `SELECT format('%s: %s', conrelid::regclass, pg_get_constraintdef(oid)) AS line
       FROM pg_constraint WHERE connamespace = 'release_gate'::regnamespace AND contype <> 'n'
     UNION ALL SELECT format('release_gate.%s: %s', tablename, indexdef) FROM pg_indexes
       WHERE schemaname = 'release_gate' AND indexdef LIKE 'CREATE UNIQUE%'
     UNION ALL SELECT format('%s: %s %s', tgrelid::regclass, pg_get_triggerdef(t.oid), prosrc)
       FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid JOIN pg_proc p ON p.oid = tgfoid
       WHERE c.relnamespace = 'release_gate'::regnamespace AND NOT tgisinternal
     UNION ALL SELECT format('release_gate.%s: %s %s %s %s %s', tablename, policyname, roles, cmd, qual, with_check)
       FROM pg_policies WHERE schemaname = 'release_gate' ORDER BY line`,
  )
  const rights = await db.query<{ line: string }>(
    `SELECT format('%s %s', relname, privilege) AS line FROM pg_class c,
       unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS privilege
     WHERE relnamespace = 'release_gate'::regnamespace AND relkind = 'r'
       AND has_table_privilege('release_gate_bot', c.oid, privilege)`,
  )
  return {
    columns: new Map(columns.map(({ column, needed }) => [column, needed])),
    rules: rules.map(({ line }) => line),
    rights: rights.map(({ line }) => line),
  }
}

const tableOf = (line: string) => /^(?:release_gate\.)?(\w+)/.exec(line)?.[1] ?? ''

/** What an older bot would stumble over, in words. */
function problemsOf(before: Shape, after: Shape): string[] {
  const known = new Set([...before.columns.keys()].map(tableOf))
  const added = [...after.columns].filter(([column]) => !before.columns.has(column))
  return [
    ...[...before.columns.keys()].filter((column) => !after.columns.has(column)).map((c) => `gone: ${c}`),
    ...added.filter(([c, needed]) => needed && known.has(tableOf(c))).map(([c]) => `must be given: ${c}`),
    ...before.rules.filter((rule) => !after.rules.includes(rule)).map((rule) => `gone: ${rule}`),
    ...after.rules.filter((r) => known.has(tableOf(r)) && !before.rules.includes(r)).map((r) => `new: ${r}`),
    ...before.rights.filter((right) => !after.rights.includes(right)).map((right) => `gone: ${right}`),
  ]
}

describe('the bot of the version before, on a database that was upgraded', () => {
  let url: string
  let database: Database
  const upTo = (name: string) =>
    migrateTo(database, {
      version: 'a later one',
      migrations: names.filter((each) => each <= name),
    })
  beforeAll(async () => {
    url = await aPostgresUrl('template0')
    database = await openPostgres({ url })
    await upTo(since)
  })
  afterAll(() => database.close())

  test.each<[string, RegExp]>([
    ['ALTER TABLE release_gate.pauses RENAME COLUMN until TO ends', /^gone: pauses\.until/],
    ['ALTER TABLE release_gate.pauses DROP COLUMN resource', /^gone: pauses\.resource/],
    ['ALTER TABLE release_gate.pauses ADD COLUMN why text NOT NULL', /^must be given: pauses\.why/],
    ['ALTER TABLE release_gate.pauses ADD CHECK (installation_id > 5)', /^new: release_gate\.pauses: CHECK/],
    ['CREATE UNIQUE INDEX ON release_gate.facts (last_used_at)', /^new: release_gate\.facts: CREATE UNIQUE/],
    [
      'ALTER TABLE release_gate.pauses DROP CONSTRAINT pauses_pkey',
      /^gone: release_gate\.pauses: PRIMARY KEY/,
    ],
    ['REVOKE UPDATE ON release_gate.facts FROM release_gate_bot', /^gone: facts UPDATE/],
  ])('would not work after: %s', async (sql, problem) => {
    const before = await shapeOf(database)
    await database
      .transaction(async (tx) => {
        await tx.script(sql)
        const problems = problemsOf(before, await shapeOf(tx))
        expect(problems.some((each) => problem.test(each))).toBe(true)
        throw new Error('undone')
      })
      .catch((error: Error) => expect(error.message).toBe('undone'))
  })

  test.each(names.filter((name) => name > since))('finds all that it knows after %s', async (name) => {
    const before = await shapeOf(database)
    await upTo(name)
    await grantToBot(database)
    const problems = problemsOf(before, await shapeOf(database))
    expect(problems.filter((problem) => !reviewed[name]?.test(problem))).toEqual([])
  })

  test('shares the tables of the jobs with the new one: pg-boss has the schema that CHANGELOG.md and docs/operations.md know', () => {
    // Another number means that processes of both versions cannot run side by side. Say so in the changelog, then change it here.
    expect(bossPackage.pgboss.schema).toBe(46)
  })

  test('can send each statement that it sends, also as the role that owns nothing', async () => {
    await upTo(names.at(-1) ?? '')
    const file = new URL('../fixtures/statements/0014.json', import.meta.url)
    const statements = JSON.parse(readFileSync(file, 'utf8')) as string[]
    expect(statements.length).toBeGreaterThan(100)
    const failed = await asClient(url, async (client) => {
      await client.query('SET ROLE release_gate_bot; SET plan_cache_mode = force_generic_plan')
      const problems: string[] = []
      for (const sql of statements) {
        const count = Math.max(0, ...[...sql.matchAll(/\$(\d+)/g)].map(([, n]) => Number(n)))
        const values = count > 0 ? `(${Array(count).fill('NULL').join(', ')})` : ''
        await client
          .query(`PREPARE old AS ${sql}`)
          .then(() => client.query(`EXPLAIN EXECUTE old${values}`))
          .catch((error: Error) => problems.push(`${error.message}: ${sql}`))
        await client.query('DEALLOCATE ALL')
      }
      return problems
    })
    expect(failed).toEqual([])
  })
})
