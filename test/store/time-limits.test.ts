import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeBackup } from '../../src/store/database/backup.ts'
import { migrate } from '../../src/store/database/migrations.ts'
import { openPostgres } from '../../src/store/database/postgres.ts'
import type { Database } from '../../src/store/database.ts'
import { aFolder, aPostgresUrl } from '../support/databases.ts'

/** Limits as the bot has them, only shorter: of the server for each, and of the client for what the server does not end. */
const limits = ['statement_timeout=100&query_timeout=10000', 'query_timeout=150&statement_timeout=0']
const limited = (url: string, limit: string) => `${url}${url.includes('?') ? '&' : '?'}${limit}`
const slow = 'SELECT pg_sleep(0.4)'

describe.each(limits)('a database with %s', (limit) => {
  let url: string
  let database: Database
  beforeAll(async () => {
    url = await aPostgresUrl()
    database = await openPostgres({ url: limited(url, limit) })
  })
  afterAll(() => database.close())

  test('ends a query, and one in a transaction, that takes longer', async () => {
    await expect(database.query(slow)).rejects.toThrow(/timeout/)
    await expect(database.transaction((tx) => tx.query(slow))).rejects.toThrow(/timeout/)
    await expect(database.transaction((tx) => tx.script(slow))).rejects.toThrow(/timeout/)
  })

  test('ends none in a transaction without limits, and is limited again after it', async () => {
    await database.transaction((tx) => tx.query(slow), { limits: 'none' })
    await database.transaction((tx) => tx.script(slow), { limits: 'none' })
    await expect(database.query(slow)).rejects.toThrow(/timeout/)
  })

  test('lets a migration take longer', async () => {
    const folder = await aFolder()
    await writeFile(join(folder, '0001_slow.sql'), `${slow};`)
    const empty = await openPostgres({ url: limited(await aPostgresUrl('template0'), limit) })
    await migrate(empty, pathToFileURL(`${folder}/`))
    expect(await empty.query('SELECT name FROM release_gate.migrations')).toEqual([{ name: '0001_slow.sql' }])
    await empty.close()
  })

  test('lets a backup wait for a table longer', async () => {
    const other = await openPostgres({ url })
    const held = Promise.withResolvers<void>()
    const holding = other.transaction(async (tx) => {
      await tx.script('LOCK TABLE release_gate.verdicts')
      held.resolve()
      await tx.query(slow)
    })
    await held.promise
    const lines: string[] = []
    await writeBackup(database, new Date(), async (line) => void lines.push(line))
    expect(lines.at(-1)).toContain('"end":true')
    await holding
    await other.close()
  })
})
