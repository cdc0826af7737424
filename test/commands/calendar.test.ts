import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { calendarCommand } from '../../src/commands/calendar.ts'
import { calendarLink } from '../../src/server/calendar-link.ts'
import { openDatabase } from '../../src/store/database/open.ts'
import type { Database } from '../../src/store/database.ts'
import { keyNamed } from '../../src/store/keys.ts'
import { aPostgresUrl } from '../support/databases.ts'
import { runCommand } from './command-run.ts'

let database: Database
let url: string
beforeAll(async () => {
  url = await aPostgresUrl()
  database = await openDatabase({ url })
})
afterAll(() => database.close())

const calendar = (...words: string[]) =>
  runCommand(calendarCommand(), words, { DATABASE_URL: url, PORT: '4000', HOST: '', PUBLIC_URL: '' })
const key = () => keyNamed(database, 'calendar')

describe('release-gate calendar', () => {
  test('prints the address of the feed of all repositories, where the bot listens', async () => {
    expect(await calendar()).toMatchObject({
      code: 0,
      out: `${calendarLink('http://127.0.0.1:4000', await key())}\n`,
    })
  })

  test('prints the address of one repository, where people reach the bot', async () => {
    const { out } = await calendar('--repository', 'octo-org/shop', '--base', 'https://gate.example/')
    expect(out).toBe(`${calendarLink('https://gate.example', await key(), 'octo-org/shop')}\n`)
    const again = await runCommand(calendarCommand(), ['--json', '--repository', 'octo-org/shop'], {
      DATABASE_URL: url,
      PUBLIC_URL: 'https://gate.example',
    })
    expect(JSON.parse(again.out)).toEqual({ url: out.trim() })
  })

  test('with a new key prints other addresses, which stay', async () => {
    const before = await calendar()
    const { out } = await calendar('--new-key')
    expect(out).not.toBe(before.out)
    expect(out).toBe((await calendar()).out)
  })

  test.each([
    [
      'a repository without its owner',
      ['--repository', 'shop'],
      /is not a repository name\. Example: "acme\/shop"/,
    ],
    ['a base that is not a URL', ['--base', 'gate.example'], /is not a URL\. Example: "https:/],
  ])('%s is a usage error', async (_, words, says) => {
    await expect(calendar(...words)).rejects.toThrow(says)
  })
})
