import { expect, test } from 'vitest'
import {
  type CacheKey,
  forgetInstallation,
  getCached,
  pruneCache,
  putCached,
} from '../../src/services/cache.ts'
import type { Database } from '../../src/services/database.ts'
import { getFact, pruneFacts, putFact } from '../../src/services/facts.ts'
import { describeOnBoth } from '../support/databases.ts'

const AT = new Date('2026-11-25T18:00:00.000Z')
const later = (minutes: number) => new Date(AT.getTime() + minutes * 60_000)
const KEY: CacheKey = { installationId: 1, url: 'https://api.github.com/repos/o/r/pulls/7', accept: 'json' }
const ANSWER = {
  etag: 'W/"1"',
  body: '{"title":"\\u0000 \u{1F680}"}',
  link: '<x>; rel="next"',
  fetchedAt: AT,
}

describeOnBoth('the cache', (open) => {
  let shared: Promise<Database> | undefined
  const empty = async () => {
    shared ??= open()
    const db = await shared
    await db.query('DELETE FROM release_gate.http_cache')
    await db.query('DELETE FROM release_gate.facts')
    return db
  }

  test('gives an answer back as it was, for this installation, address and media type only', async () => {
    const db = await empty()
    await putCached(db, KEY, ANSWER)
    expect(await getCached(db, KEY, AT)).toEqual(ANSWER)
    for (const other of [{ installationId: 2 }, { url: `${KEY.url}?page=2` }, { accept: 'diff' }]) {
      expect(await getCached(db, { ...KEY, ...other }, AT)).toBeUndefined()
    }
  })

  test('keeps the newest answer', async () => {
    const db = await empty()
    await putCached(db, KEY, ANSWER)
    await putCached(db, KEY, { etag: 'W/"2"', body: '{}', link: null, fetchedAt: later(1) })
    expect(await getCached(db, KEY, AT)).toEqual({
      etag: 'W/"2"',
      body: '{}',
      link: null,
      fetchedAt: later(1),
    })
  })

  test('prunes what was not used since, and keeps what was', async () => {
    const db = await empty()
    const used = { ...KEY, url: 'used' }
    await putCached(db, KEY, ANSWER)
    await putCached(db, used, ANSWER)
    await getCached(db, used, later(120))
    expect(await pruneCache(db, later(60))).toBe(1)
    expect(await getCached(db, used, AT)).toEqual(ANSWER)
    expect(await getCached(db, KEY, AT)).toBeUndefined()
  })

  test('reading within the hour writes nothing', async () => {
    const db = await empty()
    await putCached(db, KEY, ANSWER)
    await getCached(db, KEY, later(59))
    expect(await lastUse(db)).toEqual(AT)
    await getCached(db, KEY, later(60))
    expect(await lastUse(db)).toEqual(later(60))
  })

  test('forgets an installation, and no other', async () => {
    const db = await empty()
    await putCached(db, KEY, ANSWER)
    await putCached(db, { ...KEY, installationId: 2 }, ANSWER)
    await forgetInstallation(db, 1)
    expect(await getCached(db, KEY, AT)).toBeUndefined()
    expect(await getCached(db, { ...KEY, installationId: 2 }, AT)).toEqual(ANSWER)
  })

  test('keeps facts: the first value stays, null is one, an unknown one is undefined', async () => {
    const db = await empty()
    await putFact(db, 'compare/2/a...b', { ahead: 1, list: ['x\u0000'] }, AT)
    await putFact(db, 'compare/2/a...b', { ahead: 2 }, AT)
    await putFact(db, 'null', null, AT)
    expect(await getFact(db, 'compare/2/a...b', AT)).toEqual({ ahead: 1, list: ['x\u0000'] })
    expect(await getFact(db, 'null', AT)).toBeNull()
    expect(await getFact(db, 'unknown', AT)).toBeUndefined()
  })

  test('prunes facts that were not used since', async () => {
    const db = await empty()
    await putFact(db, 'old', 1, AT)
    await putFact(db, 'used', 2, AT)
    await getFact(db, 'used', later(24 * 60))
    expect(await pruneFacts(db, later(60))).toBe(1)
    expect(await getFact(db, 'used', AT)).toBe(2)
    expect(await getFact(db, 'old', AT)).toBeUndefined()
  })
})

async function lastUse(db: Database): Promise<Date | undefined> {
  const [row] = await db.query<{ at: Date }>('SELECT last_used_at AS at FROM release_gate.http_cache')
  return row?.at
}
