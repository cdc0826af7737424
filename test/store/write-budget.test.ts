import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database } from '../../src/store/database.ts'
import { noteWrite, writeLoad } from '../../src/store/write-budget.ts'
import { describeOnBoth } from '../support/databases.ts'

describeOnBoth('the writes to GitHub that are kept', (open) => {
  const start = Date.parse('2026-11-25T18:00:00Z')
  const after = (minutes: number) => new Date(start + minutes * 60_000)
  let database: Database
  beforeAll(async () => {
    database = await open()
  })
  afterAll(() => database.close())

  test('are those of the last hour, of each installation', async () => {
    await noteWrite(database, 1, after(0))
    await noteWrite(database, 2, after(0))
    await noteWrite(database, 1, after(30))
    await noteWrite(database, 1, after(61))
    const rows = await database.query<{ installation: number; at: Date }>(
      'SELECT installation_id AS installation, at FROM release_gate.writes ORDER BY 1, 2',
    )
    expect(rows).toEqual([
      { installation: 1, at: after(30) },
      { installation: 1, at: after(61) },
      { installation: 2, at: after(0) },
    ])
    expect(await writeLoad(database, 1, after(61))).toMatchObject({ lastHour: 2, lastMinute: 1 })
  })
})
