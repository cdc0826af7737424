import { createTransport } from 'nodemailer'
import type { Mail } from '../decision/mail.ts'
import { isLoopback } from '../settings/addresses.ts'

export type Mailer = { send: (mail: Mail & { to: string; messageId: string }) => Promise<void> }

/** A server that does not answer must not hold a worker. */
const timeout = 10_000

/**
 * Sends mail over the operator's SMTP server, always encrypted, except on loopback. A mail is marked as written by a program, so
 * that out-of-office replies and the like do not answer it (RFC 3834). Nothing is ever read, so nothing is ever answered.
 */
export function createMailer({ url, from }: { url: string; from: string }): Mailer {
  const { hostname, protocol } = new URL(url)
  const local = isLoopback(`http://${hostname}`)
  const transport = createTransport({
    url,
    requireTLS: protocol === 'smtp:' && !local,
    ignoreTLS: protocol === 'smtp:' && local,
    connectionTimeout: timeout,
    greetingTimeout: timeout,
    socketTimeout: timeout,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  return {
    send: async ({ to, subject, text, messageId }) => {
      await transport
        .sendMail({
          from: { name: 'release-gate', address: from },
          to: { name: '', address: to },
          subject,
          text,
          messageId,
          headers: {
            'Auto-Submitted': 'auto-generated',
            Precedence: 'bulk',
            'X-Auto-Response-Suppress': 'All',
          },
        })
        .catch((error: unknown) => {
          throw new Error(problemOf(error))
        })
    },
  }
}

/** The answer's code alone: its text may repeat an address or a login. */
function problemOf(error: unknown): string {
  const { code = 'unknown', responseCode } = error as { code?: string; responseCode?: number }
  const answer = responseCode === undefined ? '' : ` (${responseCode})`
  return `The mail server of SMTP_URL did not take a mail: ${String(code).slice(0, 40)}${answer}`
}
