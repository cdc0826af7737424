import type { Allowance } from '../../services/github/hourly-quota.ts'
import {
  type KnownRepository,
  knownRepositories,
  type PendingPull,
  pendingPulls,
  type RunningRegression,
  runningRegressions,
} from '../../store/board/open-pulls.ts'
import type { Database, Queryable } from '../../store/database.ts'
import { activeFreezes } from '../../store/freezes.ts'
import { type HourlyCheckAges, hourlyCheckAges } from '../../store/hourly-checks.ts'
import { pausedUntil } from '../../store/pauses.ts'
import { keptPoliciesIn } from '../../store/policies.ts'
import { countGivenUp, queueDepths } from '../../store/queue/inspect.ts'
import { writeLoad, writesAnHour } from '../../store/write-budget.ts'
import type { PullCard } from './pull-card.ts'
import { createPullCards } from './pull-cards.ts'
import { calendarsAt, type WindowCard, windowCards, windowsOf } from './windows.ts'

/** What is left of the limits of one installation. `requests`: what GitHub said last, where this process asked. */
export type Limits = {
  account: string
  writesLastHour: number
  writesAnHour: number
  requests: Allowance | undefined
  pausedUntil: Date | undefined
}

/** Whether the bot itself is well. */
export type Health = {
  looks: HourlyCheckAges
  due: number
  oldestSeconds: number
  running: number
  givenUp: number
  limits: Limits[]
}

/** What the first page shows to one person. */
export type NowView = {
  at: Date
  repositories: KnownRepository[]
  windows: WindowCard[]
  cards: PullCard[]
  pending: PendingPull[]
  running: RunningRegression[]
  health: Health
}

export type NowShell = {
  database: Database
  now: () => Date
  /** What GitHub said last about the hourly limits of an installation. */
  allowance?: ((installationId: number) => Allowance | undefined) | undefined
}

/** Reads what the first page shows, of the repositories that a person can read. GitHub is not asked. */
export function createNowView({
  database,
  now,
  allowance,
}: NowShell): (readable: Set<number>) => Promise<NowView> {
  const cardsOf = createPullCards()
  return async (readable) => {
    const at = now()
    const repositories = await readableOf(database, readable)
    const ids = repositories.map(({ repositoryId }) => repositoryId)
    const freezes = await activeFreezes(database, at)
    const windows = windowsOf(await keptPoliciesIn(database, readable))
    return {
      at,
      repositories,
      windows: windowCards(windows, freezes, at),
      cards: await cardsOf(database, ids, calendarsAt(windows, freezes, at)),
      pending: await pendingPulls(database, repositories),
      running: await runningRegressions(database, ids),
      health: await healthOf(database, repositories, at, allowance),
    }
  }
}

export async function readableOf(db: Queryable, readable: Set<number>): Promise<KnownRepository[]> {
  const known = await knownRepositories(db)
  return known.filter(({ repositoryId }) => readable.has(repositoryId))
}

async function healthOf(
  database: Database,
  repositories: KnownRepository[],
  at: Date,
  allowance: NowShell['allowance'],
): Promise<Health> {
  const depths = await queueDepths(database)
  const sum = (key: 'due' | 'running') => depths.reduce((total, depth) => total + depth[key], 0)
  const accounts = new Map(repositories.map(({ installationId, owner }) => [installationId, owner]))
  return {
    looks: await hourlyCheckAges(
      database,
      repositories.map(({ repositoryId }) => repositoryId),
    ),
    due: sum('due'),
    running: sum('running'),
    oldestSeconds: Math.max(0, ...depths.map(({ oldestSeconds }) => oldestSeconds)),
    givenUp: await countGivenUp(database),
    limits: await Promise.all(
      [...accounts].map(([id, account]) => limitsOf(database, { id, account, at, allowance })),
    ),
  }
}

async function limitsOf(
  db: Queryable,
  { id, account, at, allowance }: { id: number; account: string; at: Date; allowance: NowShell['allowance'] },
): Promise<Limits> {
  const { lastHour } = await writeLoad(db, id, at)
  return {
    account,
    writesLastHour: lastHour,
    writesAnHour,
    requests: allowance?.(id),
    pausedUntil: await pausedUntil(db, id, at),
  }
}
