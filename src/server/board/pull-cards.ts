import { LRUCache } from 'lru-cache'
import { type OpenPull, openPulls, verdictsOf } from '../../store/board/open-pulls.ts'
import type { Queryable } from '../../store/database.ts'
import type { OpeningCalendar } from './at-opening.ts'
import { type PullCard, pullCard } from './pull-card.ts'

/** The calendar of each repository, by its id. */
export type Calendars = Map<number, OpeningCalendar>

/** Cards of as many pull requests are remembered. */
const most = 20_000

/**
 * The cards of all open pull requests of some repositories. A card is made again only when its verdict, its check or its calendar has
 * changed: reading and deciding five hundred pull requests for every view would take a second.
 */
export function createPullCards(): (
  db: Queryable,
  repositoryIds: number[],
  calendars: Calendars,
) => Promise<PullCard[]> {
  const known = new LRUCache<string, { version: string; card: PullCard }>({ max: most })
  return async (db, repositoryIds, calendars) => {
    const open = await openPulls(db, repositoryIds)
    const wanted = open.map((pull) => ({ pull, key: keyOf(pull), version: versionOf(pull, calendars) }))
    const missing = wanted.filter(({ key, version }) => known.get(key)?.version !== version)
    const stored = new Map(
      (
        await verdictsOf(
          db,
          missing.map(({ pull }) => pull),
        )
      ).map((verdict) => [keyOf(verdict.pull), verdict]),
    )
    for (const { pull, key, version } of missing) {
      const verdict = stored.get(key)
      if (verdict) known.set(key, { version, card: pullCard(verdict, pull, calendarOf(pull, calendars)) })
    }
    const cards = wanted.flatMap(({ pull, key }) => {
      const card = known.get(key)?.card
      return card ? [{ pull, card }] : []
    })
    const heads = Map.groupBy(cards, ({ pull }) => `${pull.repositoryId} ${pull.headSha}`)
    return cards.map((one) =>
      likeItsHead(one, heads.get(`${one.pull.repositoryId} ${one.pull.headSha}`) ?? []),
    )
  }
}

type Carded = { pull: OpenPull; card: PullCard }

/** A check belongs to a commit: one that passes can't merge while its check shows the result of another with the same head. */
function likeItsHead({ pull, card }: Carded, sameHead: Carded[]): PullCard {
  if (pull.state !== 'passed' || !pull.check || pull.check.state === 'passed') return card
  const { title } = pull.check
  const shown = sameHead.find((other) => other.pull.state !== 'passed' && other.card.check === title)
  if (!shown) return card
  const who = `#${shown.pull.number} has the same head commit, and the check shows its result.`
  return { ...card, state: shown.card.state, who }
}

const always: OpeningCalendar = { opensAt: undefined, freeze: {} }

function calendarOf({ repositoryId }: OpenPull, calendars: Calendars): OpeningCalendar {
  return calendars.get(repositoryId) ?? always
}

function keyOf({ repositoryId, number }: { repositoryId: number; number: number }): string {
  return `${repositoryId}#${number}`
}

function versionOf(pull: OpenPull, calendars: Calendars): string {
  const { opensAt, freeze } = calendarOf(pull, calendars)
  return JSON.stringify([pull.version, pull.state, pull.check, opensAt, freeze])
}
