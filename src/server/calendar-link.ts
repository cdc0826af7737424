import { createHmac } from 'node:crypto'
import { isSameSecret } from '../settings/same-secret.ts'

/** The path of the feed. */
export const calendarPath = '/calendar.ics'

/**
 * Calendar clients cannot sign in, and a feed must not reveal which repositories exist, so the URL is the secret. Its
 * token is an HMAC of the feed's scope, with a stored key that is used for nothing else. Each repository has its own token, and
 * a new key revokes all of them.
 */
export function calendarLink(base: string, key: string, repository?: string): string {
  const query = new URLSearchParams({
    ...(repository === undefined ? {} : { repository }),
    token: tokenFor(key, repository),
  })
  return `${base.replace(/\/+$/, '')}${calendarPath}?${query}`
}

/** Whether a token is valid for the feed of a repository, or of all repositories. Compares in constant time. */
export function isCalendarToken(key: string, token: string, repository?: string): boolean {
  return isSameSecret(token, tokenFor(key, repository))
}

/** Repository names are case-insensitive. The first line is the purpose. */
function tokenFor(key: string, repository: string | undefined): string {
  const scope = repository === undefined ? 'all' : `repository ${repository.toLowerCase()}`
  return createHmac('sha256', key)
    .update(`release-gate calendar feed, version 1\n${scope}`)
    .digest('base64url')
}
