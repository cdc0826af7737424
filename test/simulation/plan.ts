import { type Random, random } from './random.ts'
import type { Rules } from './rules.ts'

/** Writers are ana, ben, chloe, dev and eva; gus triages; olga owns the organization, and no rule binds her. */
export const writers = ['ana', 'ben', 'chloe', 'dev', 'eva'] as const
export const everyone = [...writers, 'gus', 'olga'] as const
export type Login = (typeof everyone)[number]

/** What a person does in one repository. `pull` counts the pull requests that were opened there, and wraps around. */
export type Act =
  | {
      kind: 'open'
      who: Login
      base: 'main' | 'release/1' | 'the last pull'
      draft?: boolean
      urgentLine?: boolean
    }
  | { kind: 'open the same head'; who: Login; pull: number; base: 'main' | 'release/1' | 'lax' }
  | { kind: 'push'; who: Login; pull: number; way: 'a commit' | 'back' | 'forward' | 'for somebody else' }
  | { kind: 'update branch'; who: Login; pull: number }
  | {
      kind: 'review'
      who: Login
      pull: number
      event: 'APPROVE' | 'REQUEST_CHANGES' | 'COMMENT'
      old?: boolean
    }
  | { kind: 'dismiss'; who: Login; pull: number }
  | { kind: 'label'; who: Login; pull: number; label: 'urgent' | 'hold' }
  | { kind: 'unlabel'; who: Login; pull: number; label: 'urgent' | 'hold' }
  | { kind: 'draft' | 'ready' | 'close' | 'reopen' | 'auto-merge'; who: Login; pull: number }
  | { kind: 'retarget'; who: Login; pull: number; base: 'main' | 'release/1' }
  | { kind: 'role'; who: Login; role: 'write' | 'triage' | 'read' | 'none' }
  | { kind: 'team'; who: Login; inside: boolean }
  | { kind: 'policy'; rules: Rules | 'broken' }
  | { kind: 'freeze'; minutes?: number }
  | { kind: 'unfreeze' }
  | { kind: 'merge' | 'enqueue' | 'dequeue'; who: Login; pull: number }

/** What goes wrong between GitHub and the bot in one repository, during one moment. */
export type Fault =
  /** The bot's requests take real milliseconds, so that others overtake them. */
  | { kind: 'slow'; of: 'GET' | 'POST' | 'PATCH'; times: number; ms: number }
  | { kind: 'drop' | 'lose' | 'double' | 'hold' | 'reorder'; times: number }
  | {
      kind: 'server error' | 'lost reply' | 'cut' | 'rate limit' | 'secondary limit'
      of: 'GET' | 'POST' | 'PATCH'
      times: number
    }

/** What goes wrong for the bot as a whole, during one moment. */
export type Trouble = 'kill' | 'database restart' | 'disk full'

/** A point on the clock: so many seconds after the one before. Unless it settles, the next begins while the bot still works. */
export type Moment = { wait: number; settle: boolean; trouble?: Trouble }

/** One repository's story: at each moment some acts and faults. */
export type History = {
  seed: number
  rules: Rules
  /** Whether `main` has a merge queue. */
  queue: boolean
  moments: { acts: Act[]; faults: Fault[] }[]
}

/** Many repositories under one clock and one bot: that is what makes a history cheap. */
export type Plan = { start: Date; bots: 1 | 2; moments: Moment[]; histories: History[] }

export type Size = { histories: number; moments: number }

/** Wednesday 11:00 in Los Angeles, when windows of many repositories close. */
const closing = Date.parse('2026-11-25T19:00:00Z')

export function drawPlan(seed: number, { histories, moments }: Size): Plan {
  const world = random(seed)
  const start = new Date(closing - world.between(15, 75) * 60_000)
  const timeline = drawMoments(world, start, moments)
  return {
    start,
    bots: world.chance(0.5) ? 2 : 1,
    moments: timeline,
    histories: Array.from({ length: histories }, (_, index) => drawHistory(seed + index, timeline.length)),
  }
}

function drawMoments(world: Random, start: Date, count: number): Moment[] {
  let now = start.getTime()
  // Few stories would meet the closing by chance: by then most have a green check, and no hourly check is due that would repair it.
  const meetsClosing = world.between(3, 6)
  return Array.from({ length: count }, (_, index) => {
    const wait = index === meetsClosing && now < closing ? untilClosing(world, now) : drawWait(world, now)
    now += wait * 1000
    const trouble = index > 1 && world.chance(0.1) ? world.pick(troubles) : undefined
    return { wait, settle: world.chance(0.7), ...(trouble ? { trouble } : {}) }
  })
}

function untilClosing(world: Random, now: number): number {
  return Math.max(2, Math.ceil((closing - now) / 1000) + world.pick([-30, -1, 0, 2, 90]))
}

const troubles: Trouble[] = ['kill', 'database restart', 'disk full']

/** Windows open and close at full hours, so many moments are at one or next to one. */
function drawWait(world: Random, now: number): number {
  const toHour = 3600 - (Math.floor(now / 1000) % 3600)
  return world.weighted([
    [7, world.between(2, 20)],
    [5, world.between(60, 400)],
    [4, Math.max(2, toHour + world.pick([-30, -1, 0, 2, 90]))],
    [2, world.between(1000, 2500)],
    [1, world.between(5, 30) * 3600],
  ] as const)
}

function drawHistory(seed: number, moments: number): History {
  const house = random(seed * 7919 + 17)
  const slack = house.chance(0.4)
  const queue = house.chance(0.2)
  const rules = drawRules(house, slack)
  const drawn = Array.from({ length: moments }, (_, index) => ({
    acts:
      index === 0
        ? [anOpening(house, 'main')]
        : index === 1 && house.chance(0.75)
          ? approvalsFor(rules)
          : drawActs(house, rules, queue),
    faults: index > 0 && house.chance(0.15) ? [drawFault(house)] : [],
  }))
  const scenes = random(seed * 104_729 + 29)
  if (scenes.chance(0.5)) drawn[scenes.between(2, 4)] = drawScene(scenes, rules)
  return { seed, rules, queue, moments: drawn }
}

/** What hardly any story comes to by chance alone. */
function drawScene(scenes: Random, rules: Rules): History['moments'][number] {
  const scene = scenes.weighted([
    [3, mergeOnOldFacts],
    [1, approvalOfAContributor],
    [1, sameHeadAtOnce],
  ] as const)
  return scene(scenes, rules)
}

/**
 * A fact changes and the merge follows in the same second, before a delivery tells of it. Roles are left out: GitHub does not tell those of
 * another time.
 */
function mergeOnOldFacts(scenes: Random, { hold }: Rules): History['moments'][number] {
  const change = scenes.weighted<Act>([
    [4, { kind: 'review', who: 'eva', pull: 0, event: 'REQUEST_CHANGES' }],
    [2, { kind: 'dismiss', who: 'eva', pull: 0 }],
    [1, { kind: 'unlabel', who: 'eva', pull: 0, label: 'urgent' }],
    [hold ? 4 : 0, { kind: 'label', who: 'eva', pull: 0, label: 'hold' }],
  ])
  const kind = scenes.pick(['hold', 'drop', 'lose'] as const)
  return { acts: [change, { kind: 'merge', who: 'dev', pull: 0 }], faults: [{ kind, times: 1 }] }
}

/** Everybody approves that is needed, but one of them has pushed. */
function approvalOfAContributor(scenes: Random, rules: Rules): History['moments'][number] {
  const way = scenes.pick(['a commit', 'for somebody else'] as const)
  return { acts: [{ kind: 'push', who: 'chloe', pull: 0, way }, ...approvalsFor(rules)], faults: [] }
}

/** Two pull requests with one head are evaluated at the same time, and the first one's write may be the last to arrive. */
function sameHeadAtOnce(scenes: Random): History['moments'][number] {
  const reviews = scenes.chance(0.5)
    ? ([
        { kind: 'review', who: 'eva', pull: 0, event: 'REQUEST_CHANGES' },
        { kind: 'review', who: 'dev', pull: 1, event: 'APPROVE' },
      ] as const)
    : ([
        { kind: 'review', who: 'dev', pull: 1, event: 'APPROVE' },
        { kind: 'review', who: 'eva', pull: 1, event: 'REQUEST_CHANGES' },
      ] as const)
  return {
    acts: [{ kind: 'open the same head', who: 'ben', pull: 0, base: 'release/1' }, ...reviews],
    faults: [{ kind: 'slow', of: 'POST', times: 6, ms: scenes.between(10, 80) }],
  }
}

export function drawRules(house: Random, slack: boolean): Rules {
  const window = house.weighted([
    [6, undefined],
    [3, { days: ['Wednesday'], opens: 10, closes: 11 }],
    [3, { days: ['Wednesday', 'Thursday', 'Friday'], opens: 9, closes: 12 }],
  ] as const)
  const urgent = house.weighted([
    [4, undefined],
    [1, { allowAuthor: false }],
    [1, { boundToHead: false }],
    [1, { reason: true }],
    [1, { expiresAfterHours: 1 }],
  ] as const)
  return {
    count: house.weighted([
      [3, 1],
      [2, 2],
    ] as const),
    ...(house.chance(0.2) ? { team: 'operations' } : {}),
    ...(window ? { window: { ...window, days: [...window.days] } } : {}),
    ...(window && urgent ? { urgent } : {}),
    ...(house.chance(0.3) ? { hold: true } : {}),
    ...(house.chance(0.5) ? { branches: ['release/*'] } : {}),
    ...(slack ? { slack } : {}),
  }
}

/** Most stories begin well, or few would ever come to a green check. */
function approvalsFor({ count }: Rules): Act[] {
  const reviewers = ['chloe', 'dev'] as const
  return reviewers.slice(0, count).map((who) => ({ kind: 'review', who, pull: 0, event: 'APPROVE' }))
}

function drawActs(house: Random, rules: Rules, queue: boolean): Act[] {
  const count = house.weighted([
    [2, 0],
    [6, 1],
    [2, 2],
  ] as const)
  return Array.from({ length: count }, () => drawAct(house, rules, queue))
}

function anOpening(house: Random, base: 'main' | 'release/1' | 'the last pull'): Act {
  const draft = house.chance(0.1)
  const urgentLine = house.chance(0.5)
  return { kind: 'open', who: house.pick(['ana', 'ana', 'ben'] as const), base, draft, urgentLine }
}

function drawAct(house: Random, rules: Rules, queue: boolean): Act {
  const who = house.pick(writers)
  const reviewer = house.pick(['chloe', 'dev', 'eva', 'dev', 'chloe', 'ben', 'gus', 'ana'] as const)
  const pull = house.weighted([
    [6, 0],
    [3, 1],
    [1, 2],
  ] as const)
  const label = rules.hold && house.chance(0.4) ? 'hold' : 'urgent'
  return house.weighted<Act>([
    [
      14,
      { kind: 'review', who: reviewer, pull, event: 'APPROVE', ...(house.chance(0.1) ? { old: true } : {}) },
    ],
    [
      14,
      {
        kind:
          queue && house.chance(0.7)
            ? house.pick(['enqueue', 'enqueue', 'enqueue', 'dequeue'] as const)
            : 'merge',
        who: house.chance(0.12) ? 'olga' : who,
        pull,
      },
    ],
    [3, { kind: 'auto-merge', who, pull }],
    [3, anOpening(house, house.pick(['main', 'main', 'release/1', 'the last pull'] as const))],
    [
      2,
      {
        kind: 'open the same head',
        who: house.pick(['ana', 'ben'] as const),
        pull,
        base: house.pick(['main', 'release/1', 'lax'] as const),
      },
    ],
    [
      5,
      {
        kind: 'push',
        who: house.pick(['ana', 'ana', 'ben', 'chloe'] as const),
        pull,
        way: house.pick(['a commit', 'back', 'forward', 'for somebody else'] as const),
      },
    ],
    [2, { kind: 'update branch', who, pull }],
    [2, { kind: 'review', who: reviewer, pull, event: 'REQUEST_CHANGES' }],
    [1, { kind: 'review', who: reviewer, pull, event: 'COMMENT' }],
    [3, { kind: 'dismiss', who, pull }],
    [4, { kind: 'label', who: house.pick([...writers, 'gus'] as const), pull, label }],
    [2, { kind: 'unlabel', who, pull, label }],
    [1, { kind: 'draft', who: 'ana', pull }],
    [1, { kind: 'ready', who: 'ana', pull }],
    [1, { kind: 'close', who, pull }],
    [1, { kind: 'reopen', who, pull }],
    [2, { kind: 'retarget', who: 'ana', pull, base: house.pick(['main', 'release/1'] as const) }],
    [
      3,
      {
        kind: 'role',
        who: house.pick(['chloe', 'dev', 'eva', 'gus'] as const),
        role: house.pick(['write', 'write', 'triage', 'read', 'none'] as const),
      },
    ],
    [1, { kind: 'team', who: house.pick(writers), inside: house.chance(0.6) }],
    [2, { kind: 'policy', rules: house.chance(0.15) ? 'broken' : drawRules(house, rules.slack === true) }],
    [2, house.chance(0.5) ? { kind: 'freeze', minutes: house.between(5, 60) } : { kind: 'freeze' }],
    [2, { kind: 'unfreeze' }],
  ])
}

function drawFault(house: Random): Fault {
  const times = house.between(1, 3)
  const of = house.pick(['GET', 'POST', 'PATCH', 'POST'] as const)
  return house.weighted<Fault>([
    [3, { kind: 'drop', times }],
    [2, { kind: 'lose', times }],
    [2, { kind: 'double', times }],
    [3, { kind: 'hold', times }],
    [2, { kind: 'reorder', times }],
    [4, { kind: 'server error', of, times }],
    [3, { kind: 'lost reply', of, times }],
    [3, { kind: 'cut', of, times }],
    [5, { kind: 'slow', of, times: times * 3, ms: house.between(5, 60) }],
    [1, { kind: 'rate limit', of, times: 1 }],
    [1, { kind: 'secondary limit', of, times: 1 }],
  ])
}
