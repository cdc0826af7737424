import { type Mention, mentionBy, nobodyMentioned } from '../decision/mentions.ts'
import type { Policy } from '../decision/policy.ts'
import { refusal } from '../services/slack.ts'
import { factStore } from '../store/facts.ts'
import type { Connected } from './posting.ts'

type People = NonNullable<Policy['slack']>['people']

/** A member keeps their ID; who is not found may become one. */
const remembered = { found: 30 * 86_400_000, missing: 3_600_000 }

/**
 * How people are named: those that the policy maps to Slack, and nobody else. Email addresses are looked up where one of `logins` has one.
 * Whoever can't be found is named by login: a notice is not held up by it.
 */
export async function mentionFor(
  shell: Connected,
  people: People,
  logins: string[],
  signal: AbortSignal,
): Promise<Mention> {
  if (!people) return nobodyMentioned
  const wanted = new Set(logins.map((login) => login.toLowerCase()))
  const ids = new Map<string, string>()
  for (const [login, place] of Object.entries(people)) {
    if (!wanted.has(login.toLowerCase())) continue
    const id = place.includes('@') ? await memberByEmail(shell, place, signal) : place
    if (id !== undefined) ids.set(login.toLowerCase(), id)
  }
  return mentionBy(ids)
}

/** The member ID of an email address, as Slack said lately. */
export async function memberByEmail(
  { database, slack, now }: Connected,
  email: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const facts = factStore(database, now)
  const key = `slack member ${email.toLowerCase()}`
  const known = await facts.get<{ id: string | null; at: string }>(key)
  const age = known ? now().getTime() - Date.parse(known.at) : Number.POSITIVE_INFINITY
  if (known && age < (known.id === null ? remembered.missing : remembered.found)) return known.id ?? undefined
  const id = await slack.memberOf(email, signal).catch(unlessRefused)
  await facts.put(key, { id: id ?? null, at: now().toISOString() })
  return id
}

/** Without the scope for it, say. */
function unlessRefused(error: unknown): undefined {
  if (refusal(error) === undefined) throw error
}
