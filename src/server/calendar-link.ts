import { createHmac, timingSafeEqual } from 'node:crypto'

/** The path of the feed. */
export const calendarPath = '/calendar.ics'

/**
 * Calendar clients cannot sign in, and a feed must not reveal which repositories exist, so the URL is the secret. Its
 * token is an HMAC of the feed's scope, keyed with the webhook secret. That needs no extra setting, gives each repository
 * its own token, and a new webhook secret revokes all of them (the previous secret keeps working during rotation).
 */
export function calendarLink(base: string, secret: string, repository?: string): string {
  const query = new URLSearchParams({
    ...(repository === undefined ? {} : { repository }),
    token: tokenFor(secret, repository),
  })
  return `${base.replace(/\/+$/, '')}${calendarPath}?${query}`
}

/** Whether a token is valid for the feed of a repository, or of all repositories. Compares in constant time. */
export function isCalendarToken(secrets: string[], token: string, repository?: string): boolean {
  const given = Buffer.from(token)
  return secrets
    .map((secret) => Buffer.from(tokenFor(secret, repository)))
    .map((expected) => expected.length === given.length && timingSafeEqual(expected, given))
    .includes(true)
}

/** Repository names are case-insensitive. The first line separates these tokens from webhook signatures. */
function tokenFor(secret: string, repository: string | undefined): string {
  const scope = repository === undefined ? 'all' : `repository ${repository.toLowerCase()}`
  return createHmac('sha256', secret)
    .update(`release-gate calendar feed, version 1\n${scope}`)
    .digest('base64url')
}
