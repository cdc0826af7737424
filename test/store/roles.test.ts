import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { backupCommand } from '../../src/commands/backup.ts'
import { migrateCommand } from '../../src/commands/migrate.ts'
import { keptAnchors, saveAnchor } from '../../src/store/audit/anchors.ts'
import { pruneRecords } from '../../src/store/audit/retention.ts'
import { verifyChain } from '../../src/store/audit/verify.ts'
import { appendRecord } from '../../src/store/audit.ts'
import { openDatabase } from '../../src/store/database/open.ts'
import type { Database } from '../../src/store/database.ts'
import { storeDelivery } from '../../src/store/inbox.ts'
import { openQueue } from '../../src/store/queue.ts'
import { runCommand } from '../commands/command-run.ts'
import { aFolder, aPostgresUrl, asClient } from '../support/databases.ts'
import { aLog, aPull, aQueue, untilIdle } from '../support/queues.ts'

const roles: { url: string; name: string }[] = []
afterAll(async () => {
  for (const { url, name } of roles) await asClient(url, (client) => client.query(`DROP ROLE ${name}`))
})

/** A login of the kind that docs/operations.md tells an operator to make, and the address that it is used by. */
async function aBotLogin(owner: string): Promise<string> {
  const name = `bot_${randomUUID().replaceAll('-', '')}`
  await asClient(owner, async (client) => {
    // What `migrate` makes; a cluster of an operator has it from the first database on.
    await client.query(
      `DO $$ BEGIN CREATE ROLE release_gate_bot NOLOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$`,
    )
    await client.query(`CREATE ROLE ${name} LOGIN PASSWORD 'x' IN ROLE release_gate_bot`)
  })
  roles.push({ url: owner, name })
  const url = new URL(owner)
  url.username = name
  url.password = 'x'
  return url.href
}

describe('a bot whose role owns nothing', () => {
  let owner: string
  let url: string
  let database: Database
  beforeAll(async () => {
    owner = await aPostgresUrl('template0')
    url = await aBotLogin(owner)
  })
  afterAll(async () => database?.close())

  test('does not start on a database that is behind, and says to run `migrate`', async () => {
    await expect(openDatabase({ url })).rejects.toThrow(
      /^This database contains no release-gate data yet\. The role of DATABASE_URL may not change the tables \(.*\)\. Run `release-gate migrate` as their owner, then start again\.$/,
    )
  })

  test('does not start without the tables of the jobs, which `migrate` makes as well', async () => {
    await (await openDatabase({ url: owner })).close()
    database = await openDatabase({ url })
    await expect(openQueue({ database, log: aLog().log })).rejects.toThrow(
      /Run `release-gate migrate` as their owner/,
    )
    const ran = await runCommand(migrateCommand(), [], { MIGRATION_DATABASE_URL: owner, DATABASE_URL: url })
    expect(ran).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Up to date: \d{4}_.*\(MIGRATION_DATABASE_URL\)\n$/),
    })
  })

  test('takes deliveries in, runs jobs, keeps records and anchors, and writes no error', async () => {
    const { queue, ran, work, lines } = await aQueue(database)
    await storeDelivery(
      database,
      { guid: 'g', event: 'push', body: Buffer.from('{}') },
      new Date(),
      (id, tx) => queue.enqueueDelivery(id, { tx }),
    )
    await queue.enqueueEvaluate(aPull())
    await work()
    await untilIdle(queue)
    await queue.stop()
    expect(ran).toHaveLength(1)
    expect(lines.filter(({ level }) => Number(level) > 30)).toEqual([])
    const head = await appendRecord(database, {
      installationId: 1,
      kind: 'decided',
      at: new Date(),
      body: {},
    })
    await saveAnchor(database, {
      installationId: 1,
      ...head,
      at: new Date(0),
      owner: 'o',
      repo: 'r',
      issue: 1,
    })
    expect(await verifyChain(database, undefined, { anchors: await keptAnchors(database) })).toMatchObject({
      ok: true,
    })
  })

  test('may read and write every table but those that only grow', async () => {
    const rights = await database.query<{ name: string; rights: string }>(
      `SELECT relname AS name, concat_ws(',', CASE WHEN has_table_privilege(c.oid, 'SELECT') THEN 'r' END,
         CASE WHEN has_table_privilege(c.oid, 'INSERT') THEN 'i' END, CASE WHEN has_table_privilege(c.oid, 'UPDATE') THEN 'u' END,
         CASE WHEN has_table_privilege(c.oid, 'DELETE') THEN 'd' END, CASE WHEN has_table_privilege(c.oid, 'TRUNCATE') THEN 't' END) AS rights
       FROM pg_class c WHERE relnamespace = 'release_gate'::regnamespace AND relkind = 'r'`,
    )
    const less = rights.filter((row) => row.rights !== 'r,i,u,d').map((row) => [row.name, row.rights])
    expect(Object.fromEntries(less)).toEqual({
      // As `release_gate_writer`, of which it is a member, it appends records.
      audit_records: 'r,i',
      checkpoints: 'r',
      migrations: 'r',
      anchors: 'r,i',
      evidence: 'r,i',
    })
  })

  test.each([
    'UPDATE release_gate.audit_records SET kind = $$x$$',
    'DELETE FROM release_gate.audit_records',
    'TRUNCATE release_gate.audit_records',
    'ALTER TABLE release_gate.audit_records DISABLE TRIGGER ALL',
    'DELETE FROM release_gate.anchors',
    'INSERT INTO release_gate.checkpoints VALUES (1, 1, $$x$$, now())',
    'DROP TABLE release_gate.verdicts',
    'CREATE TABLE release_gate.mine (id int)',
    'UPDATE release_gate.migrations SET hash = $$x$$',
  ])('may not: %s', async (sql) => {
    await expect(database.query(sql)).rejects.toThrow(/permission denied|must be owner|append-only/)
  })

  test('removes no old records, which its owner does', async () => {
    expect(await pruneRecords(database, new Date())).toBeUndefined()
    const own = await openDatabase({ url: owner })
    expect(await pruneRecords(own, new Date())).toBe(1)
    await own.close()
  })

  test('can be backed up', async () => {
    const file = `${await aFolder()}/backup`
    expect(await runCommand(backupCommand(), [file], { DATABASE_URL: url })).toMatchObject({ code: 0 })
  })
})
