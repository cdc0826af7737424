import { LRUCache } from 'lru-cache'
import { weekInWords } from '../../decision/calendar/week-in-words.ts'
import { windowStateAt } from '../../decision/calendar.ts'
import type { Snapshot } from '../../decision/snapshot.ts'
import type { WindowSettings } from '../../decision/window-settings.ts'
import { parsePolicy } from '../../policy/policy-file.ts'
import { type Freeze, frozenFact } from '../../store/freezes.ts'
import type { KeptPolicy } from '../../store/policies.ts'
import type { Calendars } from './pull-cards.ts'

/**
 * Repositories that share a window and a freeze. `opensAt` and `closesAt` are those of the current window, or of the next one; after a
 * freeze with an end, of the first one after it.
 */
export type WindowCard = {
  repositories: string[]
  rule: string
  zone: string
  open: boolean
  opensAt: Date | undefined
  closesAt: Date | undefined
  holiday: string | undefined
  frozen:
    | { reason: string; by: string | undefined; since: Date | undefined; until: Date | undefined }
    | undefined
}

type RepositoryWindow = Omit<KeptPolicy, 'text' | 'blob'> & { settings: WindowSettings | undefined }

const parsed = new LRUCache<string, { settings: WindowSettings | undefined }>({ max: 2_000 })

/** The release window of each repository with a policy. Texts that were read before are not parsed again. */
export function windowsOf(policies: KeptPolicy[]): RepositoryWindow[] {
  return policies.map(({ text, blob: _, ...repository }) => {
    const known = parsed.get(text) ?? { settings: windowIn(text) }
    parsed.set(text, known)
    return { ...repository, settings: known.settings }
  })
}

function windowIn(text: string): WindowSettings | undefined {
  const read = parsePolicy(text)
  return read.ok ? read.policy.gates.release_window : undefined
}

/** What the calendar of each repository says at an instant, for the cards of its pull requests. */
export function calendarsAt(windows: RepositoryWindow[], freezes: Freeze[], at: Date): Calendars {
  return new Map(
    windows.map(({ settings, ...repository }) => {
      const freeze = frozenFact(freezes, repository)
      const card = settings && stateUnder(settings, frozenBy(settings, freeze), at)
      return [repository.repositoryId, { opensAt: card?.opensAt, freeze }]
    }),
  )
}

/** The windows at an instant, the one that opens next first, and those without a date last. Equal ones are one. */
export function windowCards(windows: RepositoryWindow[], freezes: Freeze[], at: Date): WindowCard[] {
  const groups = new Map<string, WindowCard>()
  for (const { settings, ...repository } of windows) {
    const freeze = frozenFact(freezes, repository)
    if (!settings && !freeze.frozen) continue
    const key = JSON.stringify([settings, freeze])
    const card = groups.get(key) ?? cardOf(settings, freeze, at)
    card.repositories.push(`${repository.owner}/${repository.repo}`)
    groups.set(key, card)
  }
  const rank = ({ open, opensAt }: WindowCard) =>
    open ? 0 : (opensAt?.getTime() ?? Number.POSITIVE_INFINITY)
  return [...groups.values()].sort(
    (a, b) => rank(a) - rank(b) || b.repositories.length - a.repositories.length,
  )
}

function cardOf(
  settings: WindowSettings | undefined,
  freeze: Pick<Snapshot, 'frozen'>,
  at: Date,
): WindowCard {
  const frozen = frozenBy(settings, freeze)
  const zone = settings?.time_zone ?? 'UTC'
  const rule = settings ? weekInWords(settings) : 'No release window'
  const state = settings
    ? stateUnder(settings, frozen, at)
    : { open: false, opensAt: frozen?.until, closesAt: undefined }
  return {
    repositories: [],
    rule,
    zone,
    ...state,
    holiday: settings && windowStateAt(settings, at).holiday,
    frozen,
  }
}

function frozenBy(
  settings: WindowSettings | undefined,
  { frozen }: Pick<Snapshot, 'frozen'>,
): WindowCard['frozen'] {
  // A freeze of the policy has no end, so it outlasts one that has.
  if (frozen && (frozen.until === undefined || settings?.frozen === undefined)) {
    const until = frozen.until === undefined ? undefined : new Date(frozen.until)
    return { reason: frozen.reason, by: frozen.by, since: new Date(frozen.since), until }
  }
  if (settings?.frozen === undefined) return undefined
  return { reason: settings.frozen, by: undefined, since: undefined, until: undefined }
}

function stateUnder(
  settings: WindowSettings,
  frozen: WindowCard['frozen'],
  at: Date,
): Pick<WindowCard, 'open' | 'opensAt' | 'closesAt'> {
  if (!frozen) {
    const { open, opensAt, closesAt, freeze } = windowStateAt(settings, at)
    return { open: open && !freeze, opensAt, closesAt }
  }
  if (!frozen.until) return { open: false, opensAt: undefined, closesAt: undefined }
  const { open, opensAt, closesAt } = windowStateAt(settings, frozen.until)
  return { open: false, opensAt: open ? frozen.until : opensAt, closesAt }
}
