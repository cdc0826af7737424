import { createHmac, timingSafeEqual } from 'node:crypto'

/** The path of the feed. */
export const calendarPath = '/calendar.ics'

/**
 * Calendar programs cannot sign in, and a feed must not tell strangers which repositories there are: so the address
 * itself is the secret. Its token is an HMAC of what the feed shows, under the webhook secret, and not a setting of its
 * own: there is nothing more to make up and to keep, each repository has another one, so that who was given one feed
 * cannot read the next, and a new webhook secret revokes them all (the previous one holds while it is rotated).
 */
export function calendarLink(base: string, secret: string, repository?: string): string {
  const query = new URLSearchParams({
    ...(repository === undefined ? {} : { repository }),
    token: tokenFor(secret, repository),
  })
  return `${base.replace(/\/+$/, '')}${calendarPath}?${query}`
}

/** Whether a token opens the feed of a repository, or of all when none is named; compared in constant time. */
export function opensCalendar(secrets: string[], token: string, repository?: string): boolean {
  const given = Buffer.from(token)
  return secrets
    .map((secret) => Buffer.from(tokenFor(secret, repository)))
    .map((expected) => expected.length === given.length && timingSafeEqual(expected, given))
    .includes(true)
}

/** GitHub's names are equal in any case. The first line keeps these apart from the signatures of webhooks. */
function tokenFor(secret: string, repository: string | undefined): string {
  const scope = repository === undefined ? 'all' : `repository ${repository.toLowerCase()}`
  return createHmac('sha256', secret)
    .update(`release-gate calendar feed, version 1\n${scope}`)
    .digest('base64url')
}
