import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { listeningAddress } from '../../src/commands/bot-request.ts'
import { exemptCommand } from '../../src/commands/exempt.ts'
import { freezeCommand, unfreezeCommand } from '../../src/commands/freeze.ts'
import { incidentCommand } from '../../src/commands/incident.ts'
import { policyCommand } from '../../src/commands/policy.ts'
import { statusCommand } from '../../src/commands/status.ts'
import { runCommand } from './command-run.ts'

/** What a script learns from the exit code, where the bot does not do what it was asked for. */

let server: Server
let status = 500
beforeAll(async () => {
  server = createServer((_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end('{"error":"No."}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterAll(() => server.close())

const commands: [string, () => Command, string[]][] = [
  ['freeze', freezeCommand, ['--all', '--reason', 'x']],
  ['unfreeze', unfreezeCommand, ['--all']],
  ['exempt', exemptCommand, ['acme/shop#1', '--revoke']],
  ['incident open', incidentCommand, ['open', 'Payments fail']],
  ['incident end', incidentCommand, ['end', '7', '--reason', 'x']],
  ['policy accept', policyCommand, ['accept', 'acme']],
  ['status', statusCommand, []],
]

describe.each([
  ['GitHub or a proxy does not answer', [502, 503, 504], 3],
  ['the bot refuses', [400, 401, 403, 409, 413, 429], 1],
  ['what was named is not there', [404], 2],
])('where %s', (_, answers, code) => {
  test.each(commands)(`%s ends with ${code}, and its JSON is JSON`, async (_name, command, words) => {
    const { port } = server.address() as AddressInfo
    const ask = (...more: string[]) =>
      runCommand(command(), [...words, '--url', `http://127.0.0.1:${port}`, ...more], { OPERATOR_TOKEN: 'x' })
    for (const answer of answers) {
      status = answer
      expect(await ask()).toMatchObject({ code, out: '', err: 'No.\n' })
    }
    expect(JSON.parse((await ask('--json')).out)).toEqual({ error: 'No.' })
  })
})

test.each(['2026-02-30T10:00Z', '2026-11-25T24:30Z', 'Nov 25 2026 10:00+00:00', '2026-11-25T10:00'])(
  'an incident cannot begin at %j, which no calendar has or which has no offset',
  async (since) => {
    const words = ['open', 'Payments fail', '--since', since, '--url', 'http://127.0.0.1:1']
    await expect(runCommand(incidentCommand(), words, { OPERATOR_TOKEN: 'x' })).rejects.toThrow(
      /^--since: .* is not an ISO date and time with an offset/,
    )
  },
)

test.each([
  ['0.0.0.0', 'http://127.0.0.1:3000'],
  ['::', 'http://[::1]:3000'],
  ['10.0.0.7', 'http://10.0.0.7:3000'],
])('a bot that listens on %s is reached at %s from its machine', (host, address) => {
  vi.stubEnv('HOST', host)
  vi.stubEnv('PORT', undefined)
  expect(listeningAddress()).toBe(address)
  vi.unstubAllEnvs()
})

test.each(['secret\nsecret', 'ключ'])(
  'a token that no header can hold is named, and not shown: %j',
  async (token) => {
    const words = ['--all', '--url', 'http://127.0.0.1:1']
    const problem = await runCommand(unfreezeCommand(), words, { OPERATOR_TOKEN: token }).catch(String)
    expect(problem).toBe(
      'Error: OPERATOR_TOKEN: has a line break or a character beyond Latin-1. Copy it again.',
    )
  },
)
