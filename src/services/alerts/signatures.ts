import { createHmac } from 'node:crypto'
import { isSameSecret } from '../../settings/same-secret.ts'

/** `X-PagerDuty-Signature`: a list of `v1=hex` over the raw body, one for each secret of the sender. Any that matches counts. */
export function isPagerDutySigned(body: Uint8Array, header: string | undefined, secret: string): boolean {
  const wanted = `v1=${createHmac('sha256', secret).update(body).digest('hex')}`
  return (header ?? '').split(',').some((one) => isSameSecret(one.trim(), wanted))
}

const oldest = 5 * 60_000

/**
 * `X-Zendesk-Webhook-Signature`: base64 over the timestamp and the raw body. An old one may have been recorded and sent again.
 */
export function isZendeskSigned(
  body: Uint8Array,
  headers: { signature: string | undefined; timestamp: string | undefined },
  secret: string,
  now: Date,
): boolean {
  const { signature, timestamp } = headers
  if (!signature || !timestamp || !(Math.abs(now.getTime() - Date.parse(timestamp)) <= oldest)) return false
  const wanted = createHmac('sha256', secret).update(timestamp).update(body).digest('base64')
  return isSameSecret(signature, wanted)
}
