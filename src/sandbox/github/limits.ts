import type { Context, MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import { isAppActor } from './auth.ts'
import type { Actor, GitHubContext, SandboxClock } from './context.ts'
import { limitOwner, primaryRefusal, rateLimitHeaders, secondaryRefusal } from './rate-limit-answers.ts'
import { createSecondaryUse, type SecondaryLimits, type SecondaryUse } from './secondary-limits.ts'

/**
 * Requests since the start or the last `reset`. `all` is every request, refused and 304 ones too; the rest looks only at
 * requests that cost something of the hourly limit: `counted` is `reads` (GET, HEAD) plus `writes`, and `byRoute` breaks
 * them down by method and route pattern (`GET /repos/:owner/:repo/pulls/:number`).
 */
export type RequestCounts = {
  all: number
  counted: number
  reads: number
  writes: number
  byRoute: Map<string, number>
}

/** `only` says whom the limits bind; the others are then not limited at all. */
export type LimitSettings = Partial<SecondaryLimits> & { hourly?: number; only?: 'app' | 'people' | 'all' }

export type Limits = {
  /** Runs after auth and around everything else, since it must see the final status. */
  middleware: MiddlewareHandler<GitHubContext>
  /** Requests of Apps and their installations. */
  counts: RequestCounts
  /** Requests of people and anonymous ones. */
  peopleCounts: RequestCounts
  /** Counts start at zero and everybody's limits are fresh; the settings stay. */
  reset(): void
  /** Changes the named settings; `Number.POSITIVE_INFINITY` takes a limit off. */
  set(limits: LimitSettings): void
}

/** What GitHub enforces: `limits.set(GITHUB_LIMITS)` turns all of it on. */
export const GITHUB_LIMITS = {
  hourly: 5000,
  contentPerMinute: 80,
  contentPerHour: 500,
  pointsPerMinute: 900,
  concurrent: 100,
} as const

type Owner = { windowStart: number; used: number; secondary: SecondaryUse }

const HOUR = 3_600_000
const ANONYMOUS_HOURLY = 60
const OFF = Number.POSITIVE_INFINITY

/**
 * GitHub's primary and secondary rate limits, for each owner of tokens, by the sandbox's clock. Only the hourly limit is
 * on at the start. Minting a token is no content, and neither is a DELETE.
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
 */
export function createLimits({ clock }: { clock: SandboxClock }): Limits {
  const settings: Required<LimitSettings> = {
    hourly: GITHUB_LIMITS.hourly,
    contentPerMinute: OFF,
    contentPerHour: OFF,
    pointsPerMinute: OFF,
    concurrent: OFF,
    only: 'all',
  }
  const owners = new Map<string, Owner>()
  const counts = emptyCounts()
  const peopleCounts = emptyCounts()

  function ownerOf(actor: Actor, now: number): Owner {
    const name = limitOwner(actor)
    const owner = owners.get(name) ?? { windowStart: now, used: 0, secondary: createSecondaryUse() }
    if (now >= owner.windowStart + HOUR || now < owner.windowStart)
      Object.assign(owner, { windowStart: now, used: 0 })
    owners.set(name, owner)
    return owner
  }
  function stateOf(owner: Owner, actor: Actor) {
    const limit = actor.kind === 'anonymous' ? ANONYMOUS_HOURLY : settings.hourly
    return { limit, used: owner.used, resetAt: owner.windowStart + HOUR }
  }
  function refusalOf(c: Context, owner: Owner, actor: Actor, now: number): Response | undefined {
    if (settings.only !== 'all' && settings.only !== (isAppActor(actor) ? 'app' : 'people')) return undefined
    const state = stateOf(owner, actor)
    if (state.used >= state.limit) return primaryRefusal(c, state)
    const request = { now, write: !isRead(c), content: isContent(c, actor) }
    const refusal = owner.secondary.admit(request, settings)
    return refusal && secondaryRefusal(c, refusal.status, refusal.retryAfter)
  }

  return {
    counts,
    peopleCounts,
    async middleware(c, next) {
      const { actor } = c.var
      const owner = ownerOf(actor, clock())
      const tally = isAppActor(actor) ? counts : peopleCounts
      tally.all += 1
      const refusal = refusalOf(c, owner, actor, clock())
      if (refusal) return refusal
      const { windowStart } = owner
      owner.used += 1 // before the work, or requests at the same time would all pass on the last one left
      owner.secondary.inFlight += 1
      try {
        await next()
      } finally {
        owner.secondary.inFlight -= 1
        if (c.res.status !== 304) count(tally, c)
        else if (owner.windowStart === windowStart) owner.used -= 1
      }
      for (const [name, value] of Object.entries(rateLimitHeaders(stateOf(owner, actor))))
        c.header(name, value)
    },
    reset() {
      owners.clear()
      for (const tally of [counts, peopleCounts]) Object.assign(tally, emptyCounts())
    },
    set: (changes) => void Object.assign(settings, changes),
  }
}

function emptyCounts(): RequestCounts {
  return { all: 0, counted: 0, reads: 0, writes: 0, byRoute: new Map() }
}

function count(tally: RequestCounts, c: Context): void {
  tally.counted += 1
  tally[isRead(c) ? 'reads' : 'writes'] += 1
  const route = `${c.req.method} ${routePath(c)}`
  tally.byRoute.set(route, (tally.byRoute.get(route) ?? 0) + 1)
}

function isRead(c: Context): boolean {
  return ['GET', 'HEAD', 'OPTIONS'].includes(c.req.method)
}

function isContent(c: Context, actor: Actor): boolean {
  return actor.kind !== 'app' && ['POST', 'PUT', 'PATCH'].includes(c.req.method)
}
