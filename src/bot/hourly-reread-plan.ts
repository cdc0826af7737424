import { covers, type Policy } from '../decision/policy.ts'
import { incompleteFor } from '../gate/publish.ts'
import { identityOf } from '../policy/combine-policies.ts'
import { policyPath } from '../policy/policy-file.ts'
import type { PullView, RepositoryView } from '../services/github/bulk.ts'
import { sharedPlace } from '../services/github/policy.ts'
import { type KnownPull, versionOf } from '../store/verdicts/seen.ts'

/** The policy that covers a repository now: valid, or `broken`. */
export type CoveringPolicy = { blob: string; where: string; valid: Policy | 'broken' }

export type CheckedRepository = {
  repositoryId: number
  view: RepositoryView
  /** Undefined: none covers it. */
  policy: CoveringPolicy | undefined
  open: PullView[]
  known: KnownPull[]
  /** Its installation has so few open pull requests that all of them are read at each check. */
  small: boolean
  now: Date
}

/**
 * What has to be read. `changed`: what GitHub shows is not what our verdict rests on, or there is no verdict. `left`: known as
 * open, and closed, retargeted or without a policy now. `again`: nothing shows a change, and it is read all the same, now
 * where a green check rests on it or no evaluation has succeeded since it changed, else as far as GitHub's limits leave room.
 */
export type RereadPlan = {
  changed: { number: number; head: string }[]
  left: number[]
  again: { now: number[]; later: number[] }
}

/** Which pull requests of a repository have to be read in full, by what can be seen without reading any. */
export function pullsToReread(checked: CheckedRepository): RereadPlan {
  const known = new Map(checked.known.map((pull) => [pull.number, pull]))
  const covered = checked.open.filter(({ base }) => isCovered(checked, base))
  const open = new Set(covered.map(({ number }) => number))
  const changed = covered.filter((pull) => isChanged(pull, known.get(pull.number), checked))
  const rest = covered.flatMap((pull) => (changed.includes(pull) ? [] : (known.get(pull.number) ?? [])))
  return {
    changed: changed.map(({ number, head }) => ({ number, head })),
    left: checked.known
      .filter((pull) => !open.has(pull.number) && isLeft(pull, checked))
      .map(({ number }) => number),
    again: {
      now: numbersOf(rest.filter((pull) => isReadNow(pull, checked))),
      later: numbersOf(rest.filter((pull) => !isReadNow(pull, checked) && isReadLater(pull, checked))),
    },
  }
}

function isCovered({ policy, view: { defaultBranch } }: CheckedRepository, base: string): boolean {
  if (!policy) return false
  return policy.valid === 'broken' ? base === defaultBranch : covers(policy.valid, base, defaultBranch)
}

function isChanged(
  pull: PullView,
  known: KnownPull | undefined,
  { view, policy }: CheckedRepository,
): boolean {
  if (!known) return true
  const { owner, repo, defaultBranch } = view
  return (
    (known.seen !== undefined && known.seen !== versionOf({ ...pull, defaultBranch })) ||
    known.policy.blob !== policy?.blob ||
    known.policy.where !== policy.where ||
    known.repository !== `${owner}/${repo}`
  )
}

/** Where there is no policy, one whose check was revoked for that has nothing left to lose. */
function isLeft(known: KnownPull, checked: CheckedRepository): boolean {
  const { green, changed, seen } = known
  return checked.policy !== undefined || green || changed || seen !== undefined || isOld(known, checked)
}

function isReadNow({ green, changed }: KnownPull, { small }: CheckedRepository): boolean {
  return small || green || changed
}

/** A change of a role or a team does not show, so nothing rests for longer on facts that were read once. */
export const readInFullEvery = 3 * 24 * 60 * 60_000

function isOld({ readAt, number }: KnownPull, { repositoryId, now }: CheckedRepository): boolean {
  return isDue(readAt, now, readInFullEvery, repositoryId + 7_919 * number)
}

function isReadLater(known: KnownPull, checked: CheckedRepository): boolean {
  const { seen, staleAt, waitingSince } = known
  const { now } = checked
  const isStale = staleAt !== undefined && staleAt <= now
  const expires = waitingSince !== undefined && now.getTime() - waitingSince.getTime() > incompleteFor
  return seen === undefined || isStale || expires || isOld(known, checked)
}

function numbersOf(pulls: KnownPull[]): number[] {
  return pulls.map(({ number }) => number)
}

/**
 * Whether a period has begun since the last time. Each key has its own beginnings, so that the work is spread over the period
 * and a backlog that was caught up at once is spread again.
 */
export function isDue(last: Date | undefined, now: Date, period: number, key: number): boolean {
  if (!last) return true
  const phase = (spread(key) / 2 ** 32) * period
  const turn = (at: Date) => Math.floor((at.getTime() - phase) / period)
  return turn(now) > turn(last)
}

/** Knuth's multiplicative hash: numbers that follow each other lie far apart. */
function spread(key: number): number {
  return Math.imul(key, 2_654_435_761) >>> 0
}

/** The policy of a repository, by the blobs of its own file and of the shared one. */
export function policyPlace({ owner, policy }: RepositoryView): { blob: string; where: string } | undefined {
  const own = policy.own === undefined ? undefined : { blob: policy.own, where: policyPath }
  const shared =
    policy.shared === undefined ? undefined : { blob: policy.shared, where: sharedPlace(owner, policyPath) }
  return own || shared ? identityOf({ own, shared }) : undefined
}
