import { describe, expect, test } from 'vitest'
import { auditCommand } from '../../src/commands/audit.ts'
import { incidentCommand } from '../../src/commands/incident.ts'
import { aFolder } from '../support/databases.ts'
import { runCommand } from './command-run.ts'

describe('`incident webhooks`', () => {
  test.each([
    ['--url', 'foo'],
    ['--url', ''],
    ['--url', 'ftp://gate.example'],
    ['--bot', 'gate.example'],
  ])('refuses %s "%s", which is not an address, by the name of the option', async (option, text) => {
    await expect(runCommand(incidentCommand(), ['webhooks', option, text], {})).rejects.toThrow(
      `--url: ${JSON.stringify(text)} is not a URL. Example: "https://release-gate.example.com".`,
    )
  })
})

test.each(['--file', '--anchors'])(
  '`audit verify %s` refuses a folder, by the name of the option',
  async (option) => {
    const folder = await aFolder()
    await expect(runCommand(auditCommand(), ['verify', option, folder], {})).rejects.toThrow(
      `${option}: cannot read ${folder} (EISDIR). Expected `,
    )
  },
)
