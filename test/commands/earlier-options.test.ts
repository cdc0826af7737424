import { afterAll, beforeAll, expect, test } from 'vitest'
import { incidentCommand } from '../../src/commands/incident.ts'
import { notesCommand } from '../../src/commands/notes.ts'
import { openDatabase } from '../../src/store/database/open.ts'
import type { Database } from '../../src/store/database.ts'
import { aPostgresUrl } from '../support/databases.ts'
import { runCommand } from './command-run.ts'

/** Names of options that an earlier version had are still read, and the help does not list them. */

let database: Database
let url: string
beforeAll(async () => {
  url = await aPostgresUrl()
  database = await openDatabase({ url })
})
afterAll(() => database.close())

test.each(['--url', '--bot'])('`incident webhooks %s` prints where the bot is', async (option) => {
  const { out } = await runCommand(incidentCommand(), ['webhooks', option, 'https://gate.example'], {})
  expect(out).toContain('https://gate.example/api/pagerduty/webhooks')
})

test.each(['--repository', '--repo'])(
  '`notes %s` looks for the policy of that repository',
  async (option) => {
    const words = ['--month', '2026-11', option, 'acme/shop']
    await expect(runCommand(notesCommand(), words, { DATABASE_URL: url })).rejects.toThrow(
      /^--repository: .* does not know a policy for acme\/shop/,
    )
  },
)

test('the help names the options of now', () => {
  expect(notesCommand().helpInformation()).not.toContain('--repo <')
  expect(
    incidentCommand()
      .commands.find((one) => one.name() === 'webhooks')
      ?.helpInformation(),
  ).not.toContain('--bot')
})
