import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../../src/store/database/open.ts'
import type { Database, Query } from '../../src/store/database.ts'
import { type Candidate, inOneProcess, type Running } from '../../src/store/one-process.ts'
import { aPostgresUrl } from '../support/databases.ts'
import { eventually } from '../support/eventually.ts'
import { aLog } from '../support/queues.ts'

/** A busy process must renew in time, too. */
const leaseMs = 4_000
const renewMs = 100

describe('work that one process at a time does', () => {
  let database: Database
  const candidates: Candidate<Running>[] = []
  beforeAll(async () => {
    database = await openDatabase({ url: await aPostgresUrl() })
  })
  afterAll(async () => {
    for (const candidate of candidates) await candidate.leave()
    await database.close()
  })

  /** A process with a connection that can be cut, and a note of who works at the moment and at most. */
  const aScene = (key: string) => {
    const working = new Set<string>()
    const most = { atOnce: 0, begun: [] as string[] }
    const join = async (name: string, stop: () => Promise<void> = async () => undefined) => {
      const wire = { cut: false }
      const query: Query = async (sql, values) => {
        if (wire.cut) throw new Error('the connection is cut')
        return database.query(sql, values)
      }
      const begin = () => {
        working.add(name)
        most.begun.push(name)
        most.atOnce = Math.max(most.atOnce, working.size)
        return {
          stop: async () => {
            await stop()
            working.delete(name)
          },
        }
      }
      const candidate = await inOneProcess({ query }, key, begin, { ...aLog(), leaseMs, renewMs })
      candidates.push(candidate)
      return { candidate, wire }
    }
    return { working, most, join }
  }

  test('begins in the first of three, and in another at once when that one leaves', async () => {
    const { working, most, join } = aScene('leaving')
    const first = await join('a')
    await join('b')
    await join('c')
    expect([...working]).toEqual(['a'])
    await first.candidate.leave()
    expect([...working]).toEqual([])
    await eventually(() => expect(working.size).toBe(1))
    expect(most).toEqual({ atOnce: 1, begun: ['a', expect.stringMatching(/[bc]/)] })
  })

  test('goes on in the same process for as long as that renews its lease', async () => {
    const { most, join } = aScene('renewing')
    await join('a')
    await join('b')
    const [row] = await database.query<{ at: Date }>(
      `SELECT expires_at AS at FROM release_gate.leases WHERE key = 'renewing'`,
    )
    // More than a lease later.
    await eventually(async () => {
      const [later] = await database.query<{ at: Date }>(
        `SELECT expires_at AS at FROM release_gate.leases WHERE key = 'renewing'`,
      )
      expect(Number(later?.at) - Number(row?.at)).toBeGreaterThan(1.25 * leaseMs)
    })
    expect(most).toEqual({ atOnce: 1, begun: ['a'] })
  })

  test('stops in a process that cannot renew its lease, before it begins in another', async () => {
    const { working, most, join } = aScene('cut')
    const first = await join('a')
    await join('b')
    first.wire.cut = true
    await eventually(() => expect([...working]).toEqual(['b']))
    first.wire.cut = false
    expect(most).toEqual({ atOnce: 1, begun: ['a', 'b'] })
  })

  test('is not begun again in a process that still stops it', async () => {
    const { most, join } = aScene('slow to stop')
    const stopped = Promise.withResolvers<void>()
    onTestFinished(() => stopped.resolve())
    const first = await join('a', () => stopped.promise)
    first.wire.cut = true
    await eventually(() => expect(first.candidate.running()).toBeUndefined())
    first.wire.cut = false
    const held = `SELECT 1 FROM release_gate.leases WHERE key = 'slow to stop' AND expires_at > clock_timestamp()`
    await eventually(async () => expect(await database.query(held)).toHaveLength(1))
    expect(most.begun).toEqual(['a'])
    stopped.resolve()
    await eventually(() => expect(most.begun).toEqual(['a', 'a']))
  })

  test('begins once the lease of a process that died has run out', async () => {
    await database.query(
      `INSERT INTO release_gate.leases VALUES ('dead', 'a dead process', clock_timestamp() + interval '300 milliseconds')`,
    )
    const { working, join } = aScene('dead')
    await join('a')
    expect([...working]).toEqual([])
    await eventually(() => expect([...working]).toEqual(['a']))
  })
})
