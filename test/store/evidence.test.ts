import { afterEach, expect, test } from 'vitest'
import { appendRecord } from '../../src/store/audit.ts'
import type { Database } from '../../src/store/database.ts'
import {
  evidenceFor,
  hashOfReport,
  latestBaseline,
  recordBaseline,
  runsRecordedAfter,
  type StoredEvidence,
  saveEvidence,
} from '../../src/store/evidence.ts'
import { describeOnBoth } from '../support/databases.ts'

const repository = { installationId: 1, repositoryId: 2 }
const at = new Date('2026-11-25T18:00:00Z')
let count = 0
const aRun = (what: Partial<StoredEvidence> = {}): StoredEvidence => {
  count += 1
  const report = '{"b":1.0,"a":"\\u0000é"}'
  return {
    runId: `run-${count}`,
    headSha: 'a'.repeat(40),
    tree: 'd'.repeat(40),
    server: 'staging',
    environment: 'staging',
    suite: 'suite.yml',
    suiteText: 'version: 1\n',
    deploymentId: 12,
    serverName: 'rewards',
    serverVersion: '1',
    verdict: 'passed',
    summary: 'all gates passed',
    startedAt: at.toISOString(),
    hash: hashOfReport(report),
    report,
    recorded: '{"tools": [ ]}',
    baselineId: null,
    requestedBy: null,
    settings: '{"coverage":"optional"}',
    ...what,
  }
}

describeOnBoth('the evidence', (open) => {
  let database: Database
  const start = async () => {
    database ??= await open()
    return database
  }
  afterEach(async () => {
    await database.query('ALTER TABLE release_gate.evidence DISABLE TRIGGER evidence_append_only')
    await database.query('DELETE FROM release_gate.baselines')
    await database.query('DELETE FROM release_gate.evidence')
    await database.query('ALTER TABLE release_gate.evidence ENABLE TRIGGER evidence_append_only')
  })

  test('comes back to the letter, the newest run first, though all began in one millisecond', async () => {
    const db = await start()
    const runs = [aRun(), aRun({ verdict: 'inconclusive', recorded: null, deploymentId: null }), aRun()]
    for (const run of runs) await saveEvidence(db, repository, run)
    const kept = await evidenceFor(db, repository, { sha: 'a'.repeat(40), tree: null })
    expect(kept).toEqual(runs.toReversed())
    expect(kept.map(({ report, hash }) => hashOfReport(report) === hash)).toEqual([true, true, true])
  })

  test('is found if it says something, however many runs after it gave no result', async () => {
    const db = await start()
    const noResults = Array.from({ length: 12 }, () => aRun({ verdict: 'inconclusive' }))
    const failed = aRun({ verdict: 'failed' })
    for (const run of [aRun(), failed, ...noResults]) await saveEvidence(db, repository, run)
    const kept = await evidenceFor(db, repository, { sha: 'a'.repeat(40), tree: null })
    expect(kept.map(({ verdict }) => verdict)).toEqual([
      ...Array.from({ length: 10 }, () => 'inconclusive'),
      ...['failed', 'passed'],
    ])
  })

  test('was not known in a second before it was recorded, whatever its summary holds', async () => {
    const db = await start()
    const record = (run: string, milliseconds: number, installationId = 31, kind = 'regression') =>
      appendRecord(db, {
        installationId,
        kind,
        at: new Date(at.getTime() + milliseconds),
        body: { run, summary: 'a \u0000 b' },
      })
    await record('before', -1)
    await record('in the same second', 999)
    await record('later', 1_000)
    await record('of another installation', 1_000, 32)
    await record('of another kind', 1_000, 31, 'decided')
    expect(await runsRecordedAfter(db, { installationId: 31 }, at)).toEqual(['later'])
  })

  test('is found by the head or by the identical tree, and for no other repository', async () => {
    const db = await start()
    await saveEvidence(db, repository, aRun())
    const found = async (sha: string, tree: string | null, where = repository) =>
      (await evidenceFor(db, where, { sha, tree })).length
    expect(await found('a'.repeat(40), null)).toBe(1)
    expect(await found('b'.repeat(40), 'd'.repeat(40))).toBe(1)
    expect(await found('b'.repeat(40), 'e'.repeat(40))).toBe(0)
    expect(await found('b'.repeat(40), null)).toBe(0)
    expect(await found('a'.repeat(40), null, { installationId: 1, repositoryId: 3 })).toBe(0)
    expect(await found('a'.repeat(40), null, { installationId: 9, repositoryId: 2 })).toBe(0)
  })

  test('cannot be changed or taken away', async () => {
    const db = await start()
    await saveEvidence(db, repository, aRun())
    await expect(db.query(`UPDATE release_gate.evidence SET verdict = 'passed'`)).rejects.toThrow(
      /append-only/,
    )
    await expect(db.query('DELETE FROM release_gate.evidence')).rejects.toThrow(/append-only/)
  })

  test('makes a baseline once, kept raw, and the newest one counts for its server', async () => {
    const db = await start()
    const [first, second, other] = [
      aRun(),
      aRun({ recorded: '[2]' }),
      aRun({ server: 'canary', recorded: '[3]' }),
    ]
    for (const run of [first, second, other]) await saveEvidence(db, repository, run)
    expect(await latestBaseline(db, repository, 'staging')).toBeUndefined()
    expect(await recordBaseline(db, repository, first, at)).toBe(true)
    expect(await recordBaseline(db, repository, first, at)).toBe(false)
    expect(await latestBaseline(db, repository, 'staging')).toMatchObject({ recorded: '{"tools": [ ]}' })
    expect(await recordBaseline(db, repository, second, at)).toBe(true)
    expect(await recordBaseline(db, repository, other, at)).toBe(true)
    expect(await latestBaseline(db, repository, 'staging')).toMatchObject({ recorded: '[2]' })
    expect(await latestBaseline(db, { ...repository, repositoryId: 3 }, 'staging')).toBeUndefined()
  })

  test('of a run that read no list makes no baseline', async () => {
    const db = await start()
    const run = aRun({ recorded: null })
    await saveEvidence(db, repository, run)
    expect(await recordBaseline(db, repository, run, at)).toBe(false)
  })
})
