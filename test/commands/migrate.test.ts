import { join } from 'node:path'
import type { Command } from 'commander'
import { expect, test } from 'vitest'
import { restoreCommand } from '../../src/commands/backup.ts'
import { migrateCommand } from '../../src/commands/migrate.ts'
import { queueCommand } from '../../src/commands/queue.ts'
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

test.each<[string, () => Command, string[]]>([
  ['MIGRATION_DATABASE_URL', migrateCommand, []],
  ['MIGRATION_DATABASE_URL', restoreCommand, ['--in-place']],
  ['DATABASE_URL', migrateCommand, []],
  ['DATABASE_URL', queueCommand, ['ls']],
])('a %s that is no address of Postgres is named, without its value', async (name, command, words) => {
  const env = { DATA_DIR: './none', DATABASE_URL: '', MIGRATION_DATABASE_URL: '', [name]: 'secret@host' }
  await expect(runCommand(command(), words, env)).rejects.toThrow(
    new RegExp(`^${name}: is not a Postgres URL\\. Use postgres://USER:PASSWORD@HOST/DATABASE\\.$`),
  )
})
