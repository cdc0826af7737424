import PostalMime, { type Email } from 'postal-mime'
import { SMTPServer } from 'smtp-server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { cast } from '../../src/sandbox/workshop.ts'
import { allowBypass, aRepositoryOf } from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

/** The bot with a mail server, as an operator sets it. */

const password = 'canary/9:pass'
const drainSecret = 'a-secret-of-the-drain'
const taken: Email[] = []
const logins: string[] = []
let server: SMTPServer
let stage: Stage
beforeAll(async () => {
  server = new SMTPServer({
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    onAuth: ({ username, password: given }, _session, done) => {
      logins.push(`${username} ${given}`)
      done(null, { user: username })
    },
    onData: (stream, _session, done) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', async () => {
        taken.push(await PostalMime.parse(Buffer.concat(chunks)))
        done()
      })
    },
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const { port } = server.server.address() as { port: number }
  const env = {
    SMTP_URL: `smtp://gate:${encodeURIComponent(password)}@127.0.0.1:${port}`,
    MAIL_FROM: 'gate@acme.example',
    MAIL_TO: 'sec@acme.example,olga@acme.example',
    LOG_DRAIN_SECRET: drainSecret,
  }
  stage = await aStage({ at: new Date('2026-12-01T22:00:00Z'), env })
  cast(stage)
  stage.github.installApp('foodyepay')
})
afterAll(async () => {
  await stage.close()
  await new Promise<void>((resolve) => server.close(() => resolve()))
})

test('a bypass is mailed to each person once, where the policy names no channel too, and a release is not', async () => {
  const shop = await aRepositoryOf(stage, 'gates: { approvals: { count: 1 } }\n')
  await allowBypass(stage, shop)
  expect(await shop.merge('olga', await shop.change())).toBeUndefined()
  const approved = await shop.approvedChange()
  expect(await shop.merge('eva', approved)).toBeUndefined()
  expect(taken.map(({ to, subject }) => [to?.[0]?.address, subject]).sort()).toEqual([
    ['olga@acme.example', `[release-gate] ${shop.name}: release gate bypassed by olga`],
    ['sec@acme.example', `[release-gate] ${shop.name}: release gate bypassed by olga`],
  ])
  expect(taken[0]?.text).toContain('What was bypassed:\n- Approvals: Waiting for 1 approval')
  expect(new Set(logins)).toEqual(new Set([`gate ${password}`]))
  expect(stage.bot().log()).not.toContain('canary')
})

describe('a violation of row-level security', () => {
  const policy = `gates: { approvals: { count: 1 } }
slack: { channel: "#releases" }
incidents: { repository: foodyepay/incidents }
`
  const line = (table: string, at: string) => ({
    event_message: `new row violates row-level security policy for table "${table}"`,
    timestamp: at,
    metadata: [{ parsed: [{ sql_state_code: '42501', user_name: 'diner' }] }],
  })
  const send = async (...lines: object[]) => {
    const { status } = await fetch(`${stage.bot().url}/api/supabase/logs`, {
      method: 'POST',
      headers: { 'x-release-gate-secret': drainSecret },
      body: JSON.stringify(lines),
    })
    await stage.settled()
    return status
  }
  const mailed = () =>
    taken
      .filter(({ subject }) => subject?.includes('Row-level security'))
      .map(({ to, subject }) => `${to?.[0]?.address}: ${subject?.replace('[release-gate] ', '')}`)
      .sort()
  const to = (table: string) =>
    ['olga', 'sec'].map(
      (name) => `${name}@acme.example: Row-level security refused a write to ${table} by the role diner`,
    )

  test('is mailed although Slack announces its incident, once an hour for each table', async () => {
    await stage.github.addRepository({
      owner: 'foodyepay',
      name: 'incidents',
      private: true,
      files: { 'README.md': '# Incidents\n' },
    })
    const shop = await aRepositoryOf(stage, policy)
    await shop.change()
    expect(await send(line('rewards', '2026-12-01T22:00:10Z'), line('rewards', '2026-12-01T22:01:10Z'))).toBe(
      202,
    )
    expect(mailed()).toEqual(to('rewards'))
    const said = stage.slack.messages.map(({ text }) => text).join('\n')
    expect(said).toContain('Row-level security refused a write to rewards')
    await send(line('rewards', '2026-12-01T22:59:50Z'), line('diners', '2026-12-01T22:59:50Z'))
    expect(mailed()).toEqual([...to('diners'), ...to('rewards')].sort())
    await send(line('rewards', '2026-12-01T23:00:10Z'))
    expect(mailed()).toEqual([...to('diners'), ...to('rewards'), ...to('rewards')].sort())
  })
})
