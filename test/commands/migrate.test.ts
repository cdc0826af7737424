import { join } from 'node:path'
import { expect, test } from 'vitest'
import { migrateCommand } from '../../src/commands/migrate.ts'
import { aFolder } from '../support/databases.ts'
import { runCommand } from './command-run.ts'

test('`migrate` says which folder it upgraded, and where it made a new database', async () => {
  const DATA_DIR = join(await aFolder(), 'data')
  const env = { DATA_DIR, DATABASE_URL: '', MIGRATION_DATABASE_URL: '' }
  const { out } = await runCommand(migrateCommand(), [], env)
  expect(out).toMatch(/^Up to date: \d{4}_\w+\.sql/)
  expect(out).toContain(`(new database in ${DATA_DIR})`)
  expect((await runCommand(migrateCommand(), [], env)).out).toContain(`(${DATA_DIR})`)
})
