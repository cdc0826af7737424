import type { Contributions } from '../../decision/contributors.ts'
import { standingReviews } from '../../decision/reviews.ts'
import type { Equality, Review } from '../../decision/snapshot.ts'
import type { ChangeFacts } from './commits.ts'
import { type Prover, proveSame } from './proofs.ts'

/** What is known of a commit as a head: its difference from the base, and the ids of all who had a hand in it. */
export type HeadFacts = { change: ChangeFacts; contributors: number[] }

/** Reads an older head from GitHub where it is not remembered; undefined: out of reach. */
type ReadHead = (sha: string) => Promise<HeadFacts | undefined>

/** By the name of the base branch that the head was offered to. */
type OnBases = Record<string, HeadFacts>

export function idsOf(contributors: Contributions['contributors']): number[] {
  return [...new Set(contributors.map(({ person }) => person.id))].sort((a, b) => a - b)
}

/** Remembers the head while GitHub still shows it: after a force-push it may be collected. */
export async function keepHead(prover: Prover, baseRef: string, head: HeadFacts): Promise<void> {
  const known = (await prover.facts.get<OnBases>(keyOf(prover, head.change.head))) ?? {}
  if (JSON.stringify(known[baseRef]) === JSON.stringify(head)) return
  await prover.facts.put(keyOf(prover, head.change.head), { ...known, [baseRef]: head })
}

/**
 * For each older commit that a standing approval is for: whether the change and the set of contributors are what they
 * are at the head.
 */
export async function equalitiesFor(
  prover: Prover,
  baseRef: string,
  current: HeadFacts,
  reviews: Review[],
  readHead: ReadHead,
): Promise<Record<string, Equality>> {
  const approved = standingReviews(reviews).filter(({ state }) => state === 'APPROVED')
  const older = new Set(approved.flatMap(({ commit }) => commit ?? []))
  older.delete(current.change.head)
  const entries = await Promise.all(
    [...older].map(async (sha) => [sha, await equalityTo(prover, baseRef, current, sha, readHead)] as const),
  )
  return Object.fromEntries(entries)
}

/** Whether one older head was the same change, by the same people, as the current one. */
export async function equalityTo(
  prover: Prover,
  baseRef: string,
  current: HeadFacts,
  sha: string,
  readHead: ReadHead,
): Promise<Equality> {
  if (sha === current.change.head) return { same: true, how: 'it is the head' }
  const onBases = await prover.facts.get<OnBases>(keyOf(prover, sha))
  const then = onBases?.[baseRef] ?? (await readHead(sha))
  return then ? sameHead(prover, then, current) : notSame('that version is out of reach')
}

async function sameHead(prover: Prover, then: HeadFacts, now: HeadFacts): Promise<Equality> {
  if (then.contributors.join() !== now.contributors.join())
    return notSame('other people have worked on it since')
  return proveSame(prover, then.change, now.change)
}

/** Whether the head is the same change against its base as it was against every base that it was offered to before. */
export async function sameOnEveryBase(
  prover: Prover,
  baseRef: string,
  current: HeadFacts,
): Promise<Equality> {
  const onBases = (await prover.facts.get<OnBases>(keyOf(prover, current.change.head))) ?? {}
  const others = Object.entries(onBases).filter(([ref]) => ref !== baseRef)
  if (others.length === 0) return notSame('what it changed there is not known')
  for (const [, then] of others) {
    const equality = await proveSame(prover, then.change, current.change)
    if (!equality.same) return equality
  }
  return { same: true, how: 'the change is the same against both bases' }
}

function keyOf(prover: Prover, sha: string): string {
  return ['head', prover.repositoryId, sha].join('/')
}

function notSame(why: string): Equality {
  return { same: false, why, paths: [] }
}
