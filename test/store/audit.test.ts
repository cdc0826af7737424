import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { keptAnchors, saveAnchor } from '../../src/store/audit/anchors.ts'
import { pruneRecords } from '../../src/store/audit/retention.ts'
import { verifyChain } from '../../src/store/audit/verify.ts'
import {
  type AuditRecord,
  appendRecord,
  GENESIS,
  type Head,
  hashOf,
  type NewRecord,
  readRecords,
} from '../../src/store/audit.ts'
import type { Database } from '../../src/store/database.ts'
import { describeOnBoth } from '../support/databases.ts'

const AT = new Date('2026-11-25T18:00:00.123Z')

const aRecord = (changes: Partial<NewRecord> = {}): NewRecord => ({
  installationId: 1,
  kind: 'decided',
  at: AT,
  body: { state: 'passed', number: 7 },
  ...changes,
})

async function append(db: Database, count: number, changes: Partial<NewRecord> = {}) {
  const heads = []
  for (let n = 1; n <= count; n += 1) heads.push(await appendRecord(db, aRecord({ body: { n }, ...changes })))
  return heads
}

/** Changes the table as somebody who owns it can: with the triggers off. */
async function tamper(db: Database, sql: string, values: unknown[] = []) {
  await db.transaction(async (tx) => {
    await tx.script('ALTER TABLE release_gate.audit_records DISABLE TRIGGER USER')
    await tx.query(sql, values)
    await tx.script('ALTER TABLE release_gate.audit_records ENABLE TRIGGER USER')
  })
}

const all = async <T>(rows: AsyncIterable<T>) => {
  const list: T[] = []
  for await (const row of rows) list.push(row)
  return list
}

describeOnBoth('the audit', (open) => {
  let shared: Promise<Database> | undefined
  /** One database for all: each test writes to an installation of its own. */
  const database = () => {
    shared ??= open()
    return shared
  }
  let installations = 100
  const aChain = async (count: number) => {
    installations += 1
    const db = await database()
    const heads = await append(db, count, { installationId: installations })
    return { db, chain: installations, heads }
  }

  test('links each record to the one before it, and the chain verifies', async () => {
    const { db, chain, heads } = await aChain(3)
    const records: AuditRecord[] = await all(readRecords(db, chain))
    expect(records.map((record) => record.seq)).toEqual([1, 2, 3])
    expect(records[0]?.previousHash).toBe(GENESIS)
    expect(records[1]?.previousHash).toBe(records[0]?.hash)
    expect(records[2]).toMatchObject({
      kind: 'decided',
      at: AT,
      body: { n: 3 },
      installationId: chain,
      ...heads[2],
    })
    expect(await verifyChain(db, chain)).toEqual({
      ok: true,
      records: 3,
      heads: [{ installationId: chain, ...heads[2] }],
      since: [],
    })
  })

  test('hashes by a rule that anybody can repeat: SHA-256 of the previous hash, a line end, the canonical JSON', () => {
    const record = {
      installationId: 1,
      seq: 1,
      kind: 'decided',
      at: AT,
      text: '{"b":1}',
      previousHash: GENESIS,
    }
    // printf '%064d\n{"at":…}' 0 | sha256sum
    expect(hashOf(record)).toBe('ad12957bd26ff430b918c47e52fe1e07591aec58bcff6013039cea5a4ecfddd1')
  })

  test('a chain without records verifies as empty', async () => {
    expect(await verifyChain(await database(), 99)).toEqual({ ok: true, records: 0, heads: [], since: [] })
  })

  test('keeps any text of a body as it was, and verifies', async () => {
    const { db, chain } = await aChain(0)
    const bodies: object[] = []
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()), async (body) => {
        // Text in Postgres holds any character but the bare NUL, which JSON escapes.
        bodies.push(JSON.parse(JSON.stringify(body)))
        await appendRecord(db, aRecord({ installationId: chain, body }))
      }),
      { numRuns: 40 },
    )
    expect(await verifyChain(db, chain)).toMatchObject({ ok: true, records: bodies.length })
    expect((await all(readRecords(db, chain))).map((record) => record.body)).toEqual(bodies)
  })

  test('records what was cut within a character, with a mark in its place, and verifies', async () => {
    const { db, chain } = await aChain(0)
    const body = { title: 'a\ud83d', 'k\ude00': [{ deep: '\ude00b' }], whole: '😀', at: AT, none: undefined }
    await appendRecord(db, aRecord({ installationId: chain, body }))
    const [record] = await all(readRecords(db, chain))
    expect(record?.body).toEqual({
      title: 'a\ufffd',
      'k\ufffd': [{ deep: '\ufffdb' }],
      whole: '😀',
      at: AT.toISOString(),
    })
    expect(await verifyChain(db, chain)).toMatchObject({ ok: true, records: 1 })
  })

  test('keeps a key that JavaScript treats apart', async () => {
    const { db, chain } = await aChain(0)
    const body = JSON.parse('{"__proto__":{"passed":true},"constructor":1}')
    await appendRecord(db, aRecord({ installationId: chain, body }))
    const [record] = await all(readRecords(db, chain))
    expect(JSON.stringify(record?.body)).toBe('{"__proto__":{"passed":true},"constructor":1}')
    expect(await verifyChain(db, chain)).toMatchObject({ ok: true, records: 1 })
  })

  test('gives each of many appends at once its own place', async () => {
    const { db, chain } = await aChain(0)
    await Promise.all(
      Array.from({ length: 20 }, (_, n) => appendRecord(db, aRecord({ installationId: chain, body: { n } }))),
    )
    expect(await verifyChain(db, chain)).toMatchObject({ ok: true, records: 20 })
  })

  test('a record of a transaction that rolls back leaves no gap', async () => {
    const { db, chain } = await aChain(1)
    const failing = db.transaction(async (tx) => {
      await appendRecord(tx, aRecord({ installationId: chain }))
      throw new Error('rolled back')
    })
    await expect(failing).rejects.toThrow('rolled back')
    expect((await appendRecord(db, aRecord({ installationId: chain }))).seq).toBe(2)
    expect(await verifyChain(db, chain)).toMatchObject({ ok: true, records: 2 })
  })

  test('refuses a body that is not JSON', async () => {
    const { db, chain } = await aChain(0)
    const cycle: Record<string, unknown> = {}
    cycle.self = cycle
    for (const body of [cycle, { n: Number.NaN }, { n: 10n }]) {
      await expect(appendRecord(db, aRecord({ installationId: chain, body }))).rejects.toThrow()
    }
    expect(await all(readRecords(db, chain))).toEqual([])
  })

  test('reads by date range and after a place, across pages', async () => {
    const { db, chain } = await aChain(2)
    const later = new Date('2026-12-01T00:00:00.000Z')
    await append(db, 2, { installationId: chain, at: later })
    const seqs = async (options: Parameters<typeof readRecords>[2]) =>
      (await all(readRecords(db, chain, options))).map((record) => record.seq)
    expect(await seqs({ from: later })).toEqual([3, 4])
    expect(await seqs({ to: later })).toEqual([1, 2])
    expect(await seqs({ after: 3 })).toEqual([4])
    expect(await seqs({ from: AT, to: AT })).toEqual([])
  })

  test('verifies a chain longer than a page', async () => {
    const { db, chain } = await aChain(0)
    await db.transaction(async (tx) => {
      for (let n = 1; n <= 501; n += 1)
        await appendRecord(tx, aRecord({ installationId: chain, body: { n } }))
    })
    expect(await verifyChain(db, chain)).toMatchObject({ ok: true, records: 501 })
    await tamper(
      db,
      `UPDATE release_gate.audit_records SET body = '{"n":0}' WHERE installation_id = $1 AND seq = 501`,
      [chain],
    )
    expect(await verifyChain(db, chain)).toMatchObject({ ok: false, seq: 501 })
    await tamper(db, 'DELETE FROM release_gate.audit_records WHERE installation_id = $1', [chain])
  })

  const change = (set: string) =>
    `UPDATE release_gate.audit_records SET ${set} WHERE installation_id = $1 AND seq = 3`
  const tamperings: [string, string, number, RegExp][] = [
    ['a changed body', change(`body = '{"n":33}'`), 3, /content does not match/],
    ['a body with one more space', change(`body = '{"n": 3}'`), 3, /not canonical/],
    ['a body that is not JSON', change(`body = 'x'`), 3, /not canonical/],
    ['the same key twice', change(`body = '{"n":2,"n":3}'`), 3, /not canonical/],
    ['a number that no double holds', change(`body = '{"n":3.00000000000000001}'`), 3, /not canonical/],
    ['a number without an end', change(`body = '{"n":1e400}'`), 3, /not canonical/],
    ['half a surrogate pair', change(`body = '{"n":"\\ud83d"}'`), 3, /not canonical/],
    ['a changed kind', change(`kind = 'published'`), 3, /content does not match/],
    ['a time moved by a millisecond', change(`at = at + interval '1 ms'`), 3, /content does not match/],
    ['a changed hash', change(`hash = repeat('a', 64)`), 3, /content does not match/],
    ['a changed previous hash', change(`previous_hash = repeat('a', 64)`), 3, /previous hash/],
    [
      'a row removed from the middle',
      'DELETE FROM release_gate.audit_records WHERE installation_id = $1 AND seq = 3',
      3,
      /Record 3 is missing: 4 follows 2/,
    ],
    [
      'the first row removed',
      'DELETE FROM release_gate.audit_records WHERE installation_id = $1 AND seq = 1',
      1,
      /Record 1 is missing/,
    ],
    [
      'two rows that changed places',
      `UPDATE release_gate.audit_records a SET body = b.body, hash = b.hash, previous_hash = b.previous_hash
       FROM release_gate.audit_records b
       WHERE a.installation_id = $1 AND b.installation_id = $1
         AND ((a.seq = 3 AND b.seq = 4) OR (a.seq = 4 AND b.seq = 3))`,
      3,
      /previous hash/,
    ],
    [
      'a row moved in from another chain',
      `UPDATE release_gate.audit_records a SET body = b.body, hash = b.hash, previous_hash = b.previous_hash, kind = b.kind
       FROM (SELECT '{"n":1}' AS body, repeat('b', 64) AS hash, repeat('0', 64) AS previous_hash, 'decided' AS kind) b
       WHERE a.installation_id = $1 AND a.seq = 2`,
      2,
      /previous hash/,
    ],
  ]
  test.each(tamperings)('verify fails at %s, and names the first bad row', async (_, sql, seq, why) => {
    const { db, chain } = await aChain(5)
    expect(await verifyChain(db, chain)).toMatchObject({ ok: true, records: 5 })
    await tamper(db, sql, [chain])
    const result = await verifyChain(db, chain)
    expect(result).toMatchObject({ ok: false, installationId: chain, seq })
    expect('why' in result && result.why).toMatch(why)
    await tamper(db, 'DELETE FROM release_gate.audit_records WHERE installation_id = $1', [chain])
  })

  test('a cut tail is seen against an anchored head, and not without one', async () => {
    const { db, chain, heads } = await aChain(4)
    const anchors = heads.slice(3).map((head) => ({ installationId: chain, ...head }))
    expect(await verifyChain(db, chain, { anchors })).toMatchObject({ ok: true, records: 4 })
    await tamper(db, 'DELETE FROM release_gate.audit_records WHERE installation_id = $1 AND seq > 2', [chain])
    expect(await verifyChain(db, chain)).toMatchObject({ ok: true, records: 2 })
    expect(await verifyChain(db, chain, { anchors })).toMatchObject({
      ok: false,
      installationId: chain,
      seq: 3,
    })
    await tamper(db, 'DELETE FROM release_gate.audit_records WHERE installation_id = $1', [chain])
    expect(await verifyChain(db, undefined, { anchors })).toMatchObject({
      ok: false,
      installationId: chain,
      seq: 1,
    })
  })

  describe('retention', () => {
    const cutAt = new Date('2027-12-25T00:00:00Z')
    const aYearBefore = new Date('2026-11-26T00:00:00Z')
    const anchorAt = (db: Database, chain: number, { seq, hash }: Head, at = aYearBefore) =>
      saveAnchor(db, { installationId: chain, seq, hash, at, owner: 'acme', repo: 'shop', issue: 1 })
    const seqs = async (db: Database, chain: number) =>
      (await all(readRecords(db, chain))).map(({ seq }) => seq)

    test('cuts a whole prefix up to the newest old anchor, from which verify starts, and the chain goes on', async () => {
      const { db, chain, heads } = await aChain(5)
      await anchorAt(db, chain, heads[1] as Head)
      await anchorAt(db, chain, heads[2] as Head)
      await anchorAt(db, chain, heads[4] as Head, cutAt)
      expect(await pruneRecords(db, cutAt)).toBe(3)
      expect(await seqs(db, chain)).toEqual([4, 5])
      const since = [{ installationId: chain, ...(heads[2] as Head) }]
      const anchors = (await keptAnchors(db)).filter(({ installationId }) => installationId === chain)
      expect(await verifyChain(db, chain, { anchors })).toMatchObject({ ok: true, records: 2, since })
      expect(await appendRecord(db, aRecord({ installationId: chain }))).toMatchObject({ seq: 6 })
      expect(await verifyChain(db, chain, { anchors })).toMatchObject({ ok: true, records: 3, since })
      expect(await pruneRecords(db, cutAt)).toBe(0)
    })

    test('cuts in portions, each of which ends at an anchor and leaves a chain that verifies', async () => {
      const { db, chain, heads } = await aChain(7)
      for (const n of [0, 2, 3, 5]) await anchorAt(db, chain, heads[n] as Head)
      expect(await pruneRecords(db, cutAt, { atOnce: 3 })).toBe(6)
      const cuts = await db.query<{ seq: number }>(
        'SELECT seq FROM release_gate.checkpoints WHERE installation_id = $1 ORDER BY seq',
        [chain],
      )
      expect(cuts.map(({ seq }) => seq)).toEqual([3, 6])
      expect(await seqs(db, chain)).toEqual([7])
      expect(await verifyChain(db, chain)).toMatchObject({ ok: true, records: 1 })
    })

    test('cuts up to the next anchor at least, however small a portion is to be', async () => {
      const { db, chain, heads } = await aChain(5)
      await anchorAt(db, chain, heads[3] as Head)
      expect(await pruneRecords(db, cutAt, { atOnce: 1 })).toBe(4)
      expect(await seqs(db, chain)).toEqual([5])
    })

    test('of all records leaves a chain that goes on at its checkpoint', async () => {
      const { db, chain, heads } = await aChain(2)
      await anchorAt(db, chain, heads[1] as Head)
      expect(await pruneRecords(db, cutAt)).toBe(2)
      const all = await verifyChain(db)
      expect(all.ok && all.since).toContainEqual({ installationId: chain, ...heads[1] })
      expect(await appendRecord(db, aRecord({ installationId: chain }))).toMatchObject({ seq: 3 })
      expect(await verifyChain(db, chain)).toMatchObject({ ok: true, records: 1 })
    })

    test('cuts nothing that was not anchored, and nothing where the anchor is not what the chain holds', async () => {
      const { db, chain, heads } = await aChain(2)
      expect(await pruneRecords(db, cutAt)).toBe(0)
      await anchorAt(db, chain, { ...(heads[0] as Head), hash: 'f'.repeat(64) })
      expect(await pruneRecords(db, cutAt)).toBe(0)
      expect(await seqs(db, chain)).toEqual([1, 2])
    })

    test('cuts no record from after the time, whatever the time of its anchor', async () => {
      const { db, chain, heads } = await aChain(2)
      await append(db, 1, { installationId: chain, at: cutAt })
      const later = await append(db, 1, { installationId: chain })
      await anchorAt(db, chain, heads[1] as Head)
      await anchorAt(db, chain, later[0] as Head)
      expect(await pruneRecords(db, cutAt)).toBe(2)
      expect(await seqs(db, chain)).toEqual([3, 4])
    })

    test('cuts nothing of a chain that is left out, and cuts the others', async () => {
      const { db, chain, heads } = await aChain(2)
      const other = await aChain(2)
      await anchorAt(db, chain, heads[1] as Head)
      await anchorAt(db, other.chain, other.heads[1] as Head)
      expect(await pruneRecords(db, cutAt, { except: [chain] })).toBe(2)
      expect(await seqs(db, chain)).toEqual([1, 2])
      expect(await seqs(db, other.chain)).toEqual([])
    })

    test('leaves the triggers on', async () => {
      const { db, chain, heads } = await aChain(2)
      await anchorAt(db, chain, heads[0] as Head)
      await pruneRecords(db, cutAt)
      const drop = (table: string) =>
        db.query(`DELETE FROM release_gate.${table} WHERE installation_id = $1`, [chain])
      await expect(drop('audit_records')).rejects.toThrow('append-only')
      await expect(drop('checkpoints')).rejects.toThrow('append-only')
    })

    test('by somebody else at a place that was never anchored is seen', async () => {
      const { db, chain, heads } = await aChain(4)
      const { seq, hash } = heads[1] as Head
      await tamper(db, 'DELETE FROM release_gate.audit_records WHERE installation_id = $1 AND seq <= $2', [
        chain,
        seq,
      ])
      await db.query(
        'INSERT INTO release_gate.checkpoints (installation_id, seq, hash, cut_at) VALUES ($1, $2, $3, $4)',
        [chain, seq, hash, AT],
      )
      const anchors = [{ installationId: chain, ...(heads[3] as Head) }]
      expect(await verifyChain(db, chain, { anchors })).toMatchObject({ ok: false, seq: 2 })
    })
  })

  test('a chain that was written again from a changed record on is seen against an anchored head', async () => {
    const { db, chain, heads } = await aChain(2)
    await tamper(db, 'DELETE FROM release_gate.audit_records WHERE installation_id = $1', [chain])
    await append(db, 3, { installationId: chain, body: { forged: true } })
    const anchors = heads.map((head) => ({ installationId: chain, ...head }))
    expect(await verifyChain(db, chain)).toMatchObject({ ok: true })
    expect(await verifyChain(db, chain, { anchors })).toMatchObject({ ok: false, seq: 1 })
    await tamper(db, 'DELETE FROM release_gate.audit_records WHERE installation_id = $1', [chain])
  })

  test('verifies all chains without an installation, and names the chain that is bad', async () => {
    const one = await aChain(2)
    const two = await aChain(2)
    expect(await verifyChain(one.db)).toMatchObject({ ok: true })
    await tamper(
      two.db,
      `UPDATE release_gate.audit_records SET body = '{}' WHERE installation_id = $1 AND seq = 2`,
      [two.chain],
    )
    expect(await verifyChain(one.db)).toMatchObject({ ok: false, installationId: two.chain, seq: 2 })
    expect(await verifyChain(one.db, one.chain)).toMatchObject({ ok: true })
    await tamper(two.db, 'DELETE FROM release_gate.audit_records WHERE installation_id = $1', [two.chain])
  })

  const forbidden: [string, string][] = [
    ['UPDATE', `UPDATE release_gate.audit_records SET kind = 'x'`],
    ['DELETE', 'DELETE FROM release_gate.audit_records'],
    ['TRUNCATE', 'TRUNCATE release_gate.audit_records'],
  ]
  test.each(forbidden)('the table refuses %s, even from its owner', async (verb, sql) => {
    const { db, chain } = await aChain(1)
    await expect(db.query(sql)).rejects.toThrow(`audit_records is append-only: ${verb} is refused`)
    expect(await all(readRecords(db, chain))).toHaveLength(1)
  })

  /** Runs one statement as the role, and undoes it. */
  const asWriter = async (
    db: Database,
    work: (tx: Parameters<typeof appendRecord>[0]) => Promise<unknown>,
  ) => {
    const undone = new Error('undone')
    await db
      .transaction(async (tx) => {
        await tx.script('SET LOCAL ROLE release_gate_writer')
        await work(tx)
        throw undone
      })
      .catch((error) => {
        if (error !== undone) throw error
      })
  }

  test('a record is appended as the role release_gate_writer, and what follows it is not', async () => {
    const db = await database()
    await db.query('REVOKE INSERT ON release_gate.audit_records FROM release_gate_writer')
    await expect(append(db, 1, { installationId: 99 })).rejects.toThrow('permission denied')
    await db.query('GRANT INSERT ON release_gate.audit_records TO release_gate_writer')
    const [who] = await db.transaction(async (tx) => {
      await appendRecord(tx, aRecord({ installationId: 98 }))
      return tx.query<{ same: boolean }>('SELECT current_user = session_user AS same')
    })
    expect(who).toEqual({ same: true })
  })

  test('the role release_gate_writer can append and read', async () => {
    const { db, chain } = await aChain(1)
    await asWriter(db, async (tx) => {
      expect((await appendRecord(tx, aRecord({ installationId: chain }))).seq).toBe(2)
    })
  })

  test.each([
    ...forbidden,
    ['ALTER TABLE', 'ALTER TABLE release_gate.audit_records DISABLE TRIGGER USER'],
    ['SELECT of deliveries', 'SELECT 1 FROM release_gate.deliveries'],
    ['CREATE TABLE', 'CREATE TABLE release_gate.x (id int)'],
  ])('the role release_gate_writer cannot %s', async (_, sql) => {
    const { db } = await aChain(1)
    await expect(asWriter(db, (tx) => tx.query(sql))).rejects.toThrow(/permission denied|must be owner/)
  })
})
