import { createHmac, timingSafeEqual } from 'node:crypto'

const SHORTEST = 16

/**
 * What is wrong with the webhook secrets, as sentences; empty when the start may go on (rules/ingest.md, "Webhooks":
 * refused with a missing or short secret; two at a time for rotation). No sentence repeats a secret.
 */
export function webhookSecretProblems(secrets: readonly string[]): string[] {
  if (secrets.length === 0) return ['WEBHOOK_SECRET is missing: without it anybody could send events.']
  if (secrets.length > 2) {
    return [
      'WEBHOOK_SECRET holds more than two secrets: two at a time are for rotation, the new one and the old one.',
    ]
  }
  return secrets.flatMap((secret, index) =>
    secret.trim().length < SHORTEST
      ? [
          `Webhook secret ${index + 1} is shorter than ${SHORTEST} characters: make one with \`openssl rand -hex 32\`.`,
        ]
      : [],
  )
}

/**
 * Whether GitHub's `X-Hub-Signature-256` header signs these raw bytes with one of the secrets. The comparison takes the
 * same time wherever the difference is, and all secrets are tried.
 */
export function isSigned(body: Uint8Array, header: string | undefined, secrets: readonly string[]): boolean {
  const given = /^sha256=([0-9a-f]{64})$/.exec(header ?? '')?.[1]
  if (given === undefined) return false
  const signature = Buffer.from(given, 'hex')
  let valid = false
  for (const secret of secrets) {
    const expected = createHmac('sha256', secret).update(body).digest()
    if (timingSafeEqual(expected, signature)) valid = true
  }
  return valid
}
