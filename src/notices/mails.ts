import { createHash } from 'node:crypto'
import { z } from 'zod'
import { mailOf } from '../decision/mail.ts'
import { type Notice, noticeSchema } from '../decision/notice.ts'
import { createRedactor } from '../regression/redaction.ts'
import type { Mailer } from '../services/mail.ts'
import type { Database } from '../store/database.ts'
import { saveSent, sentNotice, takeRequest } from '../store/notices.ts'
import type { Queue } from '../store/queue.ts'
import { withNoticeLease } from './posting.ts'

/** Who gets mail, and from which address. Undefined in the settings: nobody. */
export type MailShell = {
  database: Database
  queue: Pick<Queue, 'enqueueNotice'>
  mailer: Mailer
  from: string
  to: string[]
  withSlack: boolean
  now: () => Date
  /** Values to redact, wherever they appear. */
  secrets: string[]
}

/** A mail to one person is a job of its own, so that one address that fails delays no other and nothing in Slack. */
const mailJob = z.object({ kind: z.literal('mail'), to: z.email(), notice: noticeSchema })
type MailJob = z.infer<typeof mailJob>

export function isMailJob(data: object): boolean {
  return 'kind' in data && data.kind === 'mail'
}

/** Enqueues the mails about a notice, once. */
export async function requestMails(
  { database, queue, to, withSlack, now }: MailShell,
  data: object,
): Promise<void> {
  const notice = noticeSchema.parse(data)
  if (!mailOf(notice, { withSlack })) return
  for (const address of to) {
    const job: MailJob = { kind: 'mail', to: address, notice }
    await database.transaction(async (tx) => {
      if (await takeRequest(tx, keyOf(address, notice), now())) await queue.enqueueNotice(job, { tx })
    })
  }
}

/**
 * Sends one mail, once. SMTP has no idempotency key: where the process dies between the server's answer and our note of it, the mail
 * is sent again, with the same Message-ID, by which mailboxes know it for the same.
 */
export async function sendMail(shell: MailShell, data: object): Promise<void> {
  const { to, notice } = mailJob.parse(data)
  const { database, mailer, from, withSlack, now, secrets } = shell
  const key = keyOf(to, notice)
  const mail = mailOf(createRedactor(secrets).value(notice) as Notice, { withSlack })
  // The operator may have taken the address away since.
  if (!mail || !shell.to.includes(to)) return
  await withNoticeLease(shell, `notice ${key}`, async () => {
    if (await sentNotice(database, key)) return
    const messageId = `<${key.replace('mail/', '')}@${from.split('@')[1] ?? 'localhost'}>`
    await mailer.send({ ...mail, to, messageId })
    await saveSent(database, { key, channel: 'mail', ts: messageId, sentAt: now() })
  })
}

/** Addresses are not kept: of a mail that was sent, a digest is. */
function keyOf(to: string, { key }: Notice): string {
  return `mail/${createHash('sha256').update(`${to}\n${key}`).digest('hex').slice(0, 40)}`
}
