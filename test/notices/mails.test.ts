import PostalMime, { type Email } from 'postal-mime'
import { SMTPServer } from 'smtp-server'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { mailOf } from '../../src/decision/mail.ts'
import type { Notice } from '../../src/decision/notice.ts'
import { isMailJob, type MailShell, requestMails, sendMail } from '../../src/notices/mails.ts'
import { createMailer } from '../../src/services/mail.ts'
import { readSettings } from '../../src/settings/settings.ts'
import type { Database } from '../../src/store/database.ts'
import type { DeadJob, Queue } from '../../src/store/queue.ts'
import { appKey } from '../support/app-key.ts'
import { aDatabase } from '../support/databases.ts'
import { anException, aRepository, everyKind } from '../support/notices.ts'
import { aQueue, untilIdle } from '../support/queues.ts'

/** Mail over a real SMTP server on loopback, read as a mailbox reads it. */

const SECRET = 'canary-webhook-secret-91'
type Taken = { envelope: { from: string; to: string[] }; email: Email; raw: string }

let database: Database
let server: SMTPServer | undefined
let queue: Queue | undefined
beforeAll(async () => {
  database = await aDatabase()
})
afterAll(() => database.close())
afterEach(async () => {
  await queue?.stop()
  await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()))
  await database.query('DELETE FROM release_gate_jobs.job')
  await database.query('TRUNCATE release_gate.notices, release_gate.notice_requests')
  queue = undefined
  server = undefined
})

type Options = { to?: string[]; withSlack?: boolean; refuses?: (address: string) => number | undefined }

async function start({ to = ['sec@acme.example'], withSlack = false, refuses }: Options = {}) {
  const taken: Taken[] = []
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onRcptTo: ({ address }, _session, done) => {
      const code = refuses?.(address)
      done(code === undefined ? null : Object.assign(new Error(`no ${SECRET}`), { responseCode: code }))
    },
    onData: (stream, session, done) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', async () => {
        const raw = Buffer.concat(chunks).toString('utf8')
        const { mailFrom, rcptTo } = session.envelope
        const from = mailFrom === false ? '' : (mailFrom?.address ?? '')
        taken.push({
          envelope: { from, to: rcptTo.map(({ address }) => address) },
          email: await PostalMime.parse(raw),
          raw,
        })
        done()
      })
    },
  })
  server = smtp
  await new Promise<void>((resolve) => smtp.listen(0, '127.0.0.1', () => resolve()))
  const address = smtp.server.address()
  const port = typeof address === 'object' ? address?.port : 0
  const from = 'gate@acme.example'
  const dead: DeadJob[] = []
  const started = await aQueue(database, {
    notice: async (data) => (isMailJob(data) ? sendMail(shell, data) : requestMails(shell, data)),
    dead: async (job) => void dead.push(job),
  })
  queue = started.queue
  const mailer = createMailer({ url: `smtp://127.0.0.1:${port}`, from })
  const shell: MailShell = {
    database,
    queue: started.queue,
    mailer,
    from,
    to,
    withSlack,
    now: () => new Date(),
    secrets: [SECRET],
  }
  await started.work()
  const tell = async (...notices: Notice[]) => {
    for (const notice of notices) await started.queue.enqueueNotice(notice)
    await untilIdle(started.queue)
  }
  return { taken, shell, tell, port, lines: started.lines }
}

const drift: Notice = {
  kind: 'drift',
  key: 'drift/2/d',
  repository: aRepository,
  problems: ['No ruleset requires the check.'],
}

describe('a mail', () => {
  test('goes to each person alone, and says that a program wrote it', async () => {
    const { taken, tell } = await start({ to: ['sec@acme.example', 'ana@acme.example'] })
    await tell(anException())
    expect(
      taken.map(({ envelope }) => envelope).toSorted((a, b) => String(a.to).localeCompare(String(b.to))),
    ).toEqual([
      { from: 'gate@acme.example', to: ['ana@acme.example'] },
      { from: 'gate@acme.example', to: ['sec@acme.example'] },
    ])
    for (const { email, envelope } of taken) {
      expect(email.to?.map(({ address }) => address)).toEqual(envelope.to)
      expect(email.cc ?? []).toEqual([])
      expect(email.subject).toBe('[release-gate] foodyepay/mcp-server: release gate bypassed by olga')
      expect(email.text).toContain('What was bypassed:\n- Approvals: Waiting for 2 approvals\n')
      const headers = Object.fromEntries(email.headers.map(({ key, value }) => [key, value]))
      expect(headers).toMatchObject({
        'auto-submitted': 'auto-generated',
        precedence: 'bulk',
        'x-auto-response-suppress': 'All',
      })
      expect(headers['in-reply-to']).toBeUndefined()
    }
    expect(new Set(taken.map(({ email }) => email.messageId)).size).toBe(2)
  })

  test('is sent once, however often its notice or its job comes', async () => {
    const { taken, tell, shell } = await start()
    await tell(drift, drift)
    await sendMail(shell, { kind: 'mail', to: 'sec@acme.example', notice: drift })
    expect(taken).toHaveLength(1)
  })

  test('keeps its Message-ID where the note that it was sent is lost', async () => {
    const { taken, tell, shell } = await start()
    await tell(drift)
    await database.query('TRUNCATE release_gate.notices')
    await sendMail(shell, { kind: 'mail', to: 'sec@acme.example', notice: drift })
    expect(taken).toHaveLength(2)
    expect(taken[0]?.email.messageId).toMatch(/^<[0-9a-f]{40}@acme\.example>$/)
    expect(taken[1]?.email.messageId).toBe(taken[0]?.email.messageId)
  })

  test('holds no secret', async () => {
    const { taken, tell } = await start()
    await tell({
      ...drift,
      problems: [`The webhook has ${SECRET}`, 'and ghp_0123456789abcdefghijABCDEFGHIJ012345'],
    })
    expect(taken).toHaveLength(1)
    expect(taken[0]?.raw).not.toContain('canary')
    expect(taken[0]?.raw).not.toContain('ghp_0123')
  })

  test.each([
    ['a line break', 'olga\r\nBcc: mallory@evil.example\r\n\r\nHello'],
    ['a bare line feed', 'olga\nBcc: mallory@evil.example'],
    ['another line end', 'olga\u2028Bcc: mallory@evil.example'],
    ['an end of the message', 'olga\r\n.\r\nRCPT TO:<mallory@evil.example>'],
    ['an encoded word', '=?utf-8?Q?olga=0D=0ABcc=3A_mallory=40evil=2Eexample?='],
  ])('takes %s of a name for text', async (_, by) => {
    const { taken, tell } = await start()
    await tell(anException({ by, bypassed: [by] }))
    expect(taken.map(({ envelope }) => envelope.to)).toEqual([['sec@acme.example']])
    const { email } = taken[0] ?? {}
    expect(email?.bcc ?? []).toEqual([])
    expect(email?.headers.filter(({ key }) => key === 'bcc')).toEqual([])
    expect(email?.subject).not.toMatch(/[\r\n]/)
    expect(email?.text).toMatch(/^olga|^=\?utf-8/)
    expect(email?.text?.split('\n').filter((line) => line.startsWith('Bcc') || line === 'Hello')).toEqual([])
  })

  test('that one address does not take is tried again, and keeps no other from being sent', async () => {
    let answer: number | undefined = 451
    const { taken, tell, lines, shell } = await start({
      to: ['sec@acme.example', 'ana@acme.example'],
      refuses: (address) => (address === 'ana@acme.example' ? answer : undefined),
    })
    await tell(drift)
    expect(taken.map(({ envelope }) => envelope.to)).toEqual([['sec@acme.example']])
    const failed = JSON.stringify(lines)
    expect(failed).toContain('The mail server of SMTP_URL did not take a mail: EENVELOPE (451)')
    expect(failed).not.toContain('canary')
    answer = undefined
    await sendMail(shell, { kind: 'mail', to: 'ana@acme.example', notice: drift })
    expect(taken.map(({ envelope }) => envelope.to)).toEqual([['sec@acme.example'], ['ana@acme.example']])
  })

  test('is not sent to an address that was taken out of the settings', async () => {
    const { taken, shell } = await start()
    await sendMail(shell, { kind: 'mail', to: 'former@acme.example', notice: drift })
    expect(taken).toEqual([])
  })
})

const anIncident: Notice = {
  kind: 'incident',
  key: 'incident/2/5/9',
  repository: aRepository,
  issue: { number: 5, title: 'Points are lost', url: 'https://github.com/foodyepay/incidents/issues/5' },
  severity: 'P0',
  state: 'open',
  lines: ['The first response is overdue'],
  due: ['Resolution: Wed, Nov 25, 2:00 PM PST (22:00 UTC)'],
  late: true,
}

const aViolation: Notice = {
  kind: 'violation',
  key: 'violation/row-level security rewards/2026-11-25T18',
  title: 'Row-level security refused a write to rewards by the role diner',
  at: '2026-11-25T18:00:00Z',
  incidents: 'foodyepay/incidents',
}

describe('mailed', () => {
  test('says who accepted the policy of another repository, on one line', () => {
    const notice = everyKind.find(({ kind }) => kind === 'organization policy') as Notice
    const acceptedBy = 'olga (owner of foodyepay)\nBefore: nothing'
    const mail = mailOf({ ...notice, acceptedBy } as Notice, { withSlack: true })
    expect(mail?.text).toContain('olga (owner of foodyepay) Before: nothing accepted the policy')
    expect(mailOf(notice, { withSlack: true })?.text).not.toContain('accepted')
  })

  test('of an incident is its severity, what happened, and what is due', () => {
    expect(mailOf(anIncident, { withSlack: false })).toEqual({
      subject: '[release-gate] Overdue: P0 Points are lost',
      text: [
        'P0, open: Points are lost',
        'https://github.com/foodyepay/incidents/issues/5',
        '',
        'What happened:',
        '- The first response is overdue',
        '',
        'Due:',
        '- Resolution: Wed, Nov 25, 2:00 PM PST (22:00 UTC)',
        '',
      ].join('\n'),
    })
  })

  test('of a violation of row-level security is what was refused, when, and where its incident is', () => {
    expect(mailOf(aViolation, { withSlack: true })).toEqual({
      subject: '[release-gate] Row-level security refused a write to rewards by the role diner',
      text: [
        'Wed, Nov 25, 6:00 PM UTC: Row-level security refused a write to rewards by the role diner.',
        'Its incident is in foodyepay/incidents. More violations of the same table within the hour are not mailed.',
        '',
      ].join('\n'),
    })
  })

  const kinds = (withSlack: boolean) =>
    [...everyKind, anIncident, aViolation]
      .filter((notice) => mailOf(notice, { withSlack }))
      .map(({ kind }) => kind)
  test('are security notices, and incidents where there is no Slack', () => {
    expect([...new Set(kinds(true))].sort()).toEqual([
      'drift',
      'exception',
      'organization policy',
      'records',
      'violation',
    ])
    expect([...new Set(kinds(false))].sort()).toEqual([
      'drift',
      'exception',
      'incident',
      'organization policy',
      'records',
      'violation',
    ])
  })
})

describe('the settings of mail', () => {
  const read = (env: Record<string, string>) =>
    readSettings({ APP_ID: '1', PRIVATE_KEY: appKey, WEBHOOK_SECRET: 'a-secret-of-the-webhook', ...env })
  const all = {
    SMTP_URL: 'smtps://gate:canary@mail.acme.example',
    MAIL_FROM: 'gate@acme.example',
    MAIL_TO: 'a@acme.example, b@acme.example,a@acme.example',
  }

  test('are the server, the sender, and each person once', () => {
    const result = read(all)
    expect(result.ok && result.settings.mail).toEqual({
      url: all.SMTP_URL,
      from: all.MAIL_FROM,
      to: ['a@acme.example', 'b@acme.example'],
    })
    expect(read({})).toMatchObject({ ok: true, settings: { mail: undefined } })
  })

  test.each<[string, Record<string, string>, string]>([
    [
      'another protocol',
      { ...all, SMTP_URL: 'https://gate:canary@mail.acme.example' },
      'SMTP_URL: is not the URL of a mail server',
    ],
    [
      'a query, which could switch off encryption',
      { ...all, SMTP_URL: `${all.SMTP_URL}?ignoreTLS=true` },
      'SMTP_URL: is not the URL',
    ],
    [
      'a password that can not be decoded',
      { ...all, SMTP_URL: 'smtps://gate:canary%zz@mail.acme.example' },
      'SMTP_URL: is not the URL',
    ],
    [
      'a name before the address',
      { ...all, MAIL_FROM: 'Gate <gate@acme.example>' },
      'MAIL_FROM: is not an email address',
    ],
    [
      'the null sender',
      { ...all, MAIL_TO: '<>' },
      'MAIL_TO: is not a comma-separated list of email addresses',
    ],
    [
      'a line break in an address',
      { ...all, MAIL_TO: 'a@acme.example\nBcc: b@acme.example' },
      'MAIL_TO: is not a comma-separated list',
    ],
    [
      'no recipient',
      { SMTP_URL: all.SMTP_URL, MAIL_FROM: all.MAIL_FROM },
      'MAIL_TO: is not set. Mail needs SMTP_URL',
    ],
    [
      'no server',
      { MAIL_TO: all.MAIL_TO, MAIL_FROM: all.MAIL_FROM },
      'SMTP_URL: is not set. Mail needs SMTP_URL',
    ],
  ])('are refused with %s, without the password', (_, env, says) => {
    const result = read(env)
    const problems = result.ok ? '' : result.problems.join()
    expect(problems).toContain(says)
    expect(problems).not.toContain('canary')
  })
})

test('a server that offers no encryption gets no mail, unless it is this machine', async () => {
  const { taken, port } = await start()
  // The same server, by an address that does not say that it is this machine.
  const other = createMailer({ url: `smtp://0.0.0.0:${port}`, from: 'gate@acme.example' })
  const mail = { subject: 's', text: 't', to: 'a@acme.example', messageId: '<1@a>' }
  await expect(other.send(mail)).rejects.toThrow(/did not take a mail: ETLS/)
  expect(taken).toEqual([])
})
