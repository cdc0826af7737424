import type { Context, MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import { isAppActor } from './auth.ts'
import type { Actor, GitHubContext, SandboxClock } from './context.ts'
import { costOf } from './graphql-cost.ts'
import { limitOwner, primaryRefusal, rateLimitHeaders, secondaryRefusal } from './rate-limit-answers.ts'
import { createSecondaryUse, type SecondaryLimits, type SecondaryUse } from './secondary-limits.ts'

/**
 * Requests since the start or the last `reset`. `all` is every request, refused and 304 ones too; the rest looks only at
 * requests that cost something of the hourly limit: `counted` is `reads` (GET, HEAD) plus `writes`, and `byRoute` breaks
 * them down by method and route pattern (`GET /repos/:owner/:repo/pulls/:number`). A GraphQL query counts its points.
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

type Owner = { windowStart: number; used: number }
/** REST and GraphQL have an hourly limit each, and share the secondary ones. A GraphQL query is a read, though it is a POST. */
type Asked = { resource: Resource; read: boolean; cost: number; nodeCount: number }
type Resource = 'core' | 'graphql'

const HOUR = 3_600_000
const ANONYMOUS_HOURLY = 60
const OFF = Number.POSITIVE_INFINITY

/**
 * GitHub's primary and secondary rate limits, for each owner of tokens, by the sandbox's clock. Only the hourly limit is
 * on at the start. Minting a token is not content, and neither is a DELETE.
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
  const secondaries = new Map<string, SecondaryUse>()
  const counts = emptyCounts()
  const peopleCounts = emptyCounts()

  function ownerOf(actor: Actor, resource: Resource, now: number): Owner {
    const name = `${limitOwner(actor)} ${resource}`
    const owner = owners.get(name) ?? { windowStart: now, used: 0 }
    if (now >= owner.windowStart + HOUR || now < owner.windowStart)
      Object.assign(owner, { windowStart: now, used: 0 })
    owners.set(name, owner)
    return owner
  }
  function secondaryOf(actor: Actor): SecondaryUse {
    const name = limitOwner(actor)
    const use = secondaries.get(name) ?? createSecondaryUse()
    secondaries.set(name, use)
    return use
  }
  function stateOf(owner: Owner, actor: Actor, resource: Resource) {
    const limit = actor.kind === 'anonymous' ? ANONYMOUS_HOURLY : settings.hourly
    return { limit, used: owner.used, resetAt: owner.windowStart + HOUR, resource }
  }
  function refusalOf(c: Context, owner: Owner, asked: Asked, now: number): Response | undefined {
    const { actor } = c.var
    if (settings.only !== 'all' && settings.only !== (isAppActor(actor) ? 'app' : 'people')) return undefined
    const state = stateOf(owner, actor, asked.resource)
    if (state.used + asked.cost > state.limit) return primaryRefusal(c, { ...state, used: state.limit })
    const request = { now, write: !asked.read, content: isContent(c, actor, asked) }
    const refusal = secondaryOf(actor).admit(request, settings)
    return refusal && secondaryRefusal(c, refusal.status, refusal.retryAfter)
  }

  return {
    counts,
    peopleCounts,
    async middleware(c, next) {
      const { actor } = c.var
      const asked = await askedOf(c)
      const owner = ownerOf(actor, asked.resource, clock())
      const secondary = secondaryOf(actor)
      const tally = isAppActor(actor) ? counts : peopleCounts
      tally.all += 1
      const refusal = refusalOf(c, owner, asked, clock())
      if (refusal) return refusal
      const { windowStart } = owner
      owner.used += asked.cost // before the work, or requests at the same time would all pass on the last one left
      const { cost, nodeCount } = asked
      c.set('points', { cost, nodeCount, ...stateOf(owner, actor, asked.resource) })
      secondary.inFlight += 1
      try {
        await next()
      } finally {
        secondary.inFlight -= 1
        if (c.res.status !== 304) count(tally, c, asked)
        else if (owner.windowStart === windowStart) owner.used -= asked.cost
      }
      // A refusal by a fault says itself how much is left.
      if (c.res.headers.has('x-ratelimit-remaining')) return
      for (const [name, value] of Object.entries(rateLimitHeaders(stateOf(owner, actor, asked.resource))))
        c.res.headers.set(name, value)
    },
    reset() {
      owners.clear()
      secondaries.clear()
      for (const tally of [counts, peopleCounts]) Object.assign(tally, emptyCounts())
    },
    set: (changes) => void Object.assign(settings, changes),
  }
}

function emptyCounts(): RequestCounts {
  return { all: 0, counted: 0, reads: 0, writes: 0, byRoute: new Map() }
}

function count(tally: RequestCounts, c: Context, { read, cost }: Asked): void {
  tally.counted += cost
  tally[read ? 'reads' : 'writes'] += cost
  const route = `${c.req.method} ${routePath(c)}`
  tally.byRoute.set(route, (tally.byRoute.get(route) ?? 0) + cost)
}

async function askedOf(c: Context): Promise<Asked> {
  if (!c.req.path.endsWith('/graphql')) {
    const read = ['GET', 'HEAD', 'OPTIONS'].includes(c.req.method)
    return { resource: 'core', read, cost: 1, nodeCount: 0 }
  }
  const { query, variables } = queryIn(await c.req.text())
  return { resource: 'graphql', read: !/^\s*mutation\b/.test(query), ...costOf(query, variables) }
}

function queryIn(text: string): { query: string; variables: Record<string, unknown> } {
  try {
    const { query = '', variables } = JSON.parse(text)
    return { query: String(query), variables: variables ?? {} }
  } catch {
    return { query: '', variables: {} }
  }
}

function isContent(c: Context, actor: Actor, { read }: Asked): boolean {
  return !read && actor.kind !== 'app' && ['POST', 'PUT', 'PATCH'].includes(c.req.method)
}
