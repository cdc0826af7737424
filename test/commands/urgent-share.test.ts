import { Command } from 'commander'
import { beforeAll, expect, test } from 'vitest'
import { urgentShareCommand } from '../../src/commands/urgent-share.ts'
import { appendRecord } from '../../src/store/audit.ts'
import { openDatabase } from '../../src/store/database/open.ts'
import type { Database } from '../../src/store/database.ts'
import { aFolder, aPglite } from '../support/databases.ts'
import { runCommand } from './command-run.ts'

let dataDir: string
const now = () => new Date('2026-11-30T12:00:00Z')

const merge = (database: Database, at: string, urgent: object | null) =>
  appendRecord(database, { installationId: 5, kind: 'merged', at: new Date(at), body: { urgent } })

beforeAll(async () => {
  dataDir = await aFolder()
  const database = await aPglite(dataDir)
  await merge(database, '2026-08-01T12:00:00Z', { by: 'eva' })
  await merge(database, '2026-11-01T12:00:00Z', null)
  await merge(database, '2026-11-02T12:00:00Z', null)
  await merge(database, '2026-11-29T12:00:00Z', { by: 'eva' })
  await database.close()
})

const run = (...words: string[]) => {
  const command = new Command('audit').addCommand(urgentShareCommand(now))
  return runCommand(command, ['urgent-share', ...words], { DATA_DIR: dataDir })
}

test('tells the share of the last 90 days, and that it is more than auditors like', async () => {
  expect(await run()).toMatchObject({
    out: 'Installation 5: 1 of 3 merges in 90 days were urgent (33.3%).\n',
    code: 1,
  })
})

test('prints the counts of each installation as JSON', async () => {
  const { out, code } = await run('--json')
  expect(JSON.parse(out)).toEqual({
    days: 90,
    installations: [{ installationId: 5, account: null, merged: 3, urgent: 1, share: 1 / 3 }],
  })
  expect(code).toBe(1)
})

test('looks back as far as requested', async () => {
  expect(await run('--days', '20')).toMatchObject({
    out: expect.stringContaining('1 of 1 merges in 20 days'),
  })
})

test('is content with a small share', async () => {
  const database = await openDatabase({ dataDir })
  for (let day = 3; day < 20; day++)
    await merge(database, new Date(Date.UTC(2026, 10, day)).toISOString(), null)
  await database.close()
  expect(await run()).toMatchObject({ out: expect.stringContaining('(5.0%)'), code: 0 })
})

test.each(['0', 'x', '-1', '1.5'])('refuses %s days', async (days) => {
  await expect(run('--days', days)).rejects.toThrow('is not a number of days')
})
