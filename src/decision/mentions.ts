import { list } from './markdown.ts'
import { slackText } from './slack-escape.ts'

/** How a person is named in a message: as a mention that notifies them, where the policy says who they are in Slack, else by login. */
export type Mention = (login: string) => string

export const nobodyMentioned: Mention = (login) => slackText(login, 60)

/** Mentions people by member IDs, given by lower-case logins. What is not a member ID mentions nobody. */
export function mentionBy(ids: ReadonlyMap<string, string>): Mention {
  return (login) => {
    const id = ids.get(login.toLowerCase())
    return id !== undefined && /^[UW][A-Z0-9]+$/.test(id) ? `<@${id}>` : nobodyMentioned(login)
  }
}

/** `@ana`, `@ana and ben`: as many as are read; the rest is counted. */
export function mentionAll(logins: string[], mention: Mention, most = 10): string {
  const rest = logins.length - most
  const named = logins.slice(0, most).map(mention)
  return list(rest > 0 ? [...named, `${rest} more`] : named)
}
