import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { post } from '../../src/commands/bot-request.ts'
import { revokeToken, tokenForCode } from '../../src/services/github/user-tokens.ts'
import { callJson } from '../../src/services/http.ts'
import { openLedger } from '../../src/services/ledger.ts'
import { openReceipts } from '../../src/services/receipts.ts'
import { createSlack } from '../../src/services/slack.ts'
import { respondInSlack } from '../../src/services/slack-responses.ts'
import { createWebhook } from '../../src/services/slack-webhook.ts'
import { exchangeCode } from '../../src/setup/credentials.ts'

/** What is sent to a system holds keys: where that system answers with a redirect, they stay with it. */

const endings: (() => void)[] = []
afterEach(() => {
  for (const end of endings.splice(0)) end()
})

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  endings.push(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const now = () => new Date('2026-11-27T12:00:00Z')
const signal = new AbortController().signal
const message = { text: 'x', blocks: [] }

const calls: [string, (url: string) => Promise<unknown>][] = [
  ['the ledger, rows', (url) => openLedger({ url, key: 'canary' }).rows('t', ['a'], {})],
  ['the ledger, a count', (url) => openLedger({ url, key: 'canary' }).count('t', {})],
  ['receipts', (url) => openReceipts({ url }).status(`0x${'ab'.repeat(32)}`)],
  [
    'Slack',
    (url) => createSlack({ token: 'xoxb-canary', apiUrl: `${url}/api/`, now }).post('C1', message, signal),
  ],
  ['an incoming webhook', (url) => createWebhook({ url, now }).post('C1', message, signal)],
  ['the answer to a press in Slack', (url) => respondInSlack(`${url}/r`, message, { apiUrl: url })],
  [
    'Jira, PagerDuty and Datadog',
    (url) => callJson({ system: 'Jira', url: `${url}/x`, method: 'POST', body: {}, signal, now }),
  ],
  [
    'the sign-in',
    (url) =>
      tokenForCode(
        { clientId: 'c', clientSecret: 'canary', apiUrl: url },
        { code: 'canary', verifier: 'v', redirectUri: 'https://gate.example/sign-in/callback' },
      ),
  ],
  [
    'the end of a sign-in',
    (url) => revokeToken({ clientId: 'c', clientSecret: 'canary', apiUrl: url }, 'canary'),
  ],
  ['the credentials of a new App', (url) => exchangeCode(url, 'canary')],
  ['the bot, from the command line', (url) => post(new URL(url), {}, 'canary')],
]

describe.each([302, 307, 308])('a redirect with %i to another host is not followed:', (status) => {
  test.each(calls)('%s', async (_, call) => {
    const elsewhere: IncomingMessage[] = []
    const asked: IncomingMessage[] = []
    const other = await serve((request, response) => {
      elsewhere.push(request)
      response.end('{}')
    })
    const system = await serve((request, response) => {
      asked.push(request)
      response.writeHead(status, { location: other }).end()
    })
    await call(system).catch(() => undefined)
    expect(asked).toHaveLength(1)
    expect(elsewhere).toHaveLength(0)
  })
})
