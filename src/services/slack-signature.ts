import { createHmac } from 'node:crypto'
import { isSameSecret } from '../settings/same-secret.ts'

/** Seconds: an older request may have been recorded and sent again. */
const oldest = 5 * 60

/**
 * `X-Slack-Signature`, version 0: an HMAC over the version, the timestamp and the raw body.
 * https://docs.slack.dev/authentication/verifying-requests-from-slack/
 */
export function isSlackSigned(
  body: Uint8Array,
  { signature, timestamp }: { signature: string | undefined; timestamp: string | undefined },
  secret: string,
  now: Date,
): boolean {
  if (!signature || !timestamp || !/^\d{1,12}$/.test(timestamp)) return false
  if (Math.abs(now.getTime() / 1000 - Number(timestamp)) > oldest) return false
  return isSameSecret(signature, signSlack(body, timestamp, secret))
}

export function signSlack(body: Uint8Array, timestamp: string, secret: string): string {
  return `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:`).update(body).digest('hex')}`
}
