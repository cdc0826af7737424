import { beforeAll, expect, test } from 'vitest'
import { reportCommand } from '../../src/commands/report.ts'
import { aFolder, aPglite } from '../support/databases.ts'
import { runCommand } from './command-run.ts'

let dataDir: string
beforeAll(async () => {
  dataDir = await aFolder()
  await (await aPglite(dataDir)).close()
})

const now = () => new Date('2026-11-27T12:00:00Z')
const since = async (time: string): Promise<string> => {
  const words = ['--since', time, '--json']
  const { out } = await runCommand(reportCommand(now), words, { DATA_DIR: dataDir, DATABASE_URL: '' })
  return JSON.parse(out).since
}

test.each([
  ['14d', '2026-11-13T12:00:00.000Z'],
  ['2026-11-25', '2026-11-25T00:00:00.000Z'],
  ['2026-11-25T09:00-08:00', '2026-11-25T17:00:00.000Z'],
])('report --since %s begins at %s', async (time, begin) => {
  expect(await since(time)).toBe(begin)
})

test.each(['5', '2026-02-30', '2026-11-25T09:00', '2026-11-25 noon', '2026-11-31T09:00Z'])(
  'report --since %s is refused',
  async (time) => {
    await expect(since(time)).rejects.toThrow(
      `--since: ${JSON.stringify(time)} is not a duration, an ISO date`,
    )
  },
)
