import { LRUCache } from 'lru-cache'
import type { Policy } from '../decision/policy.ts'
import type { WindowSettings } from '../decision/window-settings.ts'
import { parsePolicy } from '../policy/policy-file.ts'
import type { Queryable } from '../store/database.ts'
import { type KeptPolicy, keptPolicies } from '../store/policies.ts'

/** A repository with a release window whose policy names a channel. */
export type ChannelWindow = Pick<KeptPolicy, 'installationId' | 'repositoryId' | 'owner' | 'repo'> & {
  channel: string
  people: NonNullable<Policy['slack']>['people']
  settings: WindowSettings
}

type Read = Pick<ChannelWindow, 'channel' | 'people' | 'settings'> | undefined

const parsed = new LRUCache<string, { read: Read }>({ max: 2_000 })

/** Every release window that is announced in a channel, by channel. Texts that were read before are not parsed again. */
export async function channelWindows(db: Queryable): Promise<Map<string, ChannelWindow[]>> {
  const windows = (await keptPolicies(db)).flatMap(({ text, installationId, repositoryId, owner, repo }) => {
    const read = readText(text)
    return read ? [{ installationId, repositoryId, owner, repo, ...read }] : []
  })
  return Map.groupBy(windows, ({ channel }) => channel)
}

function readText(text: string): Read {
  const known = parsed.get(text) ?? { read: readPolicy(text) }
  parsed.set(text, known)
  return known.read
}

function readPolicy(text: string): Read {
  const result = parsePolicy(text)
  if (!result.ok) return undefined
  const { slack, gates } = result.policy
  if (!slack || !gates.release_window) return undefined
  return { channel: slack.channel, people: slack.people, settings: gates.release_window }
}
