import { mkdtempSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { loginCommand } from '../../src/commands/login.ts'
import { type Ran, runCommand } from './command-run.ts'

type Answer = { status: number; body: object | string }

/** `no answer`: the connection is cut. */
type Poll = Answer | 'no answer'

let server: Server
afterEach(() => {
  vi.useRealTimers()
  server.close()
})

/** Runs `login` at a bot that answers the polls with these, one a minute, one after the other, and the last one for ever. */
async function loginAt(polls: Poll[]): Promise<Ran & { polled: number; kept: string }> {
  vi.useFakeTimers({ toFake: ['Date'] })
  let polled = 0
  server = createServer((request, response) => {
    const started = {
      deviceCode: 'd'.repeat(40),
      userCode: 'ABCD-1234',
      verificationUri: 'https://github.example/login/device',
      expiresIn: 900,
      interval: 0,
    }
    const isPoll = request.url === '/api/login/token'
    if (isPoll) vi.advanceTimersByTime(60_000)
    if (isPoll && polls[polled] === 'no answer') {
      polled += 1
      return void request.socket.destroy()
    }
    const { status, body } = isPoll
      ? (polls[Math.min(polled++, polls.length - 1)] as Answer)
      : { status: 200, body: started }
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const home = mkdtempSync(join(tmpdir(), 'login-'))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const ran = await runCommand(loginCommand(), ['--url', url], { XDG_CONFIG_HOME: home })
  const kept = ran.code === 0 ? readFileSync(join(home, 'release-gate', 'logins.json'), 'utf8') : ''
  return { ...ran, polled, kept }
}

const signedIn = {
  status: 200,
  body: { token: 'token-of-mia', login: 'mia', expiresAt: '2099-01-01T00:00:00.000Z' },
}
const pending = { status: 200, body: { pending: true } }

describe('login', () => {
  test.each([
    ['the limit of sign-ins', { status: 429, body: { error: 'There were too many sign-ins.' } }],
    ['an error of the bot', { status: 502, body: { error: 'GitHub cannot be reached.' } }],
    ['the page of a proxy while the bot restarts', { status: 503, body: '<h1>Unavailable</h1>' }],
    ['no answer at all', 'no answer' as const],
  ])('polls again after %s', async (_, trouble) => {
    const ran = await loginAt([pending, trouble, trouble, signedIn])
    expect(ran).toMatchObject({ code: 0, polled: 4, err: '' })
    expect(ran.out).toContain('Signed in as mia until 2099-01-01')
    expect(ran.kept).toContain('token-of-mia')
  })

  test('says that the bot cannot be reached where that is so until the code has expired', async () => {
    const polls = Array.from({ length: 15 }, () => 'no answer' as const)
    await expect(loginAt(polls)).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringContaining('Cannot reach the bot'),
    })
  })

  test('ends with what the bot says when the sign-in is refused', async () => {
    const denied = { status: 403, body: { error: 'You denied the request on GitHub.' } }
    expect(await loginAt([pending, denied, signedIn])).toMatchObject({
      code: 1,
      polled: 2,
      err: 'You denied the request on GitHub.\n',
    })
  })

  test('gives up when the code has expired', async () => {
    const ran = await loginAt([{ status: 429, body: { error: 'Too many.' } }])
    expect(ran).toMatchObject({ code: 1, polled: 15, err: expect.stringContaining('The code has expired') })
  })
})
