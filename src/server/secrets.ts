import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

const SHORTEST = 16

/** Problems with the webhook secrets, as sentences that never repeat a secret. Two secrets are allowed for rotation. */
export function webhookSecretProblems(secrets: readonly string[]): string[] {
  if (secrets.length === 0) return ['WEBHOOK_SECRET is missing. Without it anyone could send events.']
  if (secrets.length > 2) {
    return [
      'There are more than two webhook secrets. Two are allowed during rotation: the new one and the old one.',
    ]
  }
  return secrets.flatMap((secret, index) =>
    secret.trim().length < SHORTEST
      ? [
          `Webhook secret ${index + 1} is shorter than ${SHORTEST} characters. Create one with \`openssl rand -hex 32\`.`,
        ]
      : [],
  )
}

/**
 * Whether GitHub's `X-Hub-Signature-256` header signs these raw bytes with one of the secrets. Compares in constant time
 * and always tries every secret.
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

/** A secret that nobody can guess: the token of a session, the state of a sign-in. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** What the database holds of such a secret. */
export function hashOfSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}
