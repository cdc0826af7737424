import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { calendarLink } from '../../src/server/calendar-link.ts'

const run = promisify(execFile)
const main = join(import.meta.dirname, '../../src/main.ts')
const SECRET = 'a-secret-of-the-webhook'
/** No App key: the URL depends on the webhook secret alone. */
const env = { WEBHOOK_SECRET: SECRET, PORT: '4000' }

async function calendar(args: string[], given: Record<string, string> = env) {
  const options = { env: { PATH: process.env.PATH ?? '', ...given } }
  return run(process.execPath, [main, 'calendar', ...args], options).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  )
}

describe('release-gate calendar', () => {
  test.each([
    ['all repositories, where the bot listens', [], calendarLink('http://127.0.0.1:4000', SECRET)],
    [
      'one repository, where people reach the bot',
      ['--repository', 'octo-org/shop', '--base', 'https://gate.example/'],
      calendarLink('https://gate.example', SECRET, 'octo-org/shop'),
    ],
  ])('prints the address of the feed of %s', async (_, args, link) => {
    expect(await calendar(args)).toEqual({ code: 0, stdout: `${link}\n`, stderr: '' })
  })

  test('prints it as JSON', async () => {
    const { stdout } = await calendar(['--json'])
    expect(JSON.parse(stdout)).toEqual({ url: calendarLink('http://127.0.0.1:4000', SECRET) })
  })

  test.each([
    [
      'a repository without its owner',
      ['--repository', 'shop'],
      /is not a repository name\. Example: "acme\/shop"/,
    ],
    ['a base that is not a URL', ['--base', 'gate.example'], /is not a URL\. Example: "https:/],
  ])('%s is a usage error', async (_, args, says) => {
    const answer = await calendar(args)
    expect(answer).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(says) })
  })

  test('without the settings of the bot there is no address', async () => {
    const answer = await calendar([], {})
    expect(answer).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('WEBHOOK_SECRET') })
  })
})
