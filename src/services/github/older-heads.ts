import { isDeepStrictEqual } from 'node:util'
import { standingReviews } from '../../decision/reviews.ts'
import type { Contributor, Equality, Person, Review } from '../../decision/snapshot.ts'
import { type Prover, proofVersion, proveSame, type Version, withFootprint } from './proofs.ts'

/** What is known of a commit as a head: its difference from the base, and who had a hand in it. */
export type HeadFacts = Version & HeadContributors

/** Everybody who had a hand in a version, with one commit for each part, and the bots behind which nobody is known. */
export type HeadContributors = { contributors: Contributor[]; unownedBots: Person[] }

/** Reads an older head from GitHub where it is not remembered; undefined: out of reach. */
export type ReadHead = (sha: string) => Promise<HeadFacts | undefined>

/** By the name of the base branch that the head was offered to. */
type OnBases = Record<string, HeadFacts>

/** One entry for each part of a person: a head of many commits is kept small. */
export function compactContributors({ contributors, unownedBots }: HeadContributors): HeadContributors {
  const parts = new Map(contributors.map((part) => [`${part.person.id} ${part.as} ${part.suggestion}`, part]))
  return { contributors: [...parts.values()], unownedBots }
}

/**
 * Remembers the head while GitHub still shows it: after a force-push it may be collected. Of a head that was approved,
 * what it touches is remembered too.
 */
export async function keepHead(
  prover: Prover,
  baseRef: string,
  head: HeadFacts,
  approved: boolean,
): Promise<void> {
  const known = await onBases(prover, head.change.head)
  const before = Object.hasOwn(known, baseRef) ? known[baseRef] : undefined
  const sameBase = before?.change.mergeBase === head.change.mergeBase
  const footprint = head.footprint ?? (sameBase ? before?.footprint : undefined)
  const whole = footprint ? { ...head, footprint } : head
  const kept = asStored(approved ? await withFootprint(prover, whole) : whole)
  if (isDeepStrictEqual(before, kept)) return
  await prover.facts.put(keyOf(prover, head.change.head), { ...known, [baseRef]: kept })
}

/** What touches more paths than this is read again when it is needed. */
function asStored({ footprint, ...head }: HeadFacts): HeadFacts {
  const small = footprint && Object.keys(footprint).length <= 5_000
  return JSON.parse(JSON.stringify(small ? { ...head, footprint } : head))
}

export async function knownHead(
  prover: Prover,
  baseRef: string,
  sha: string,
): Promise<HeadFacts | undefined> {
  const known = await onBases(prover, sha)
  return Object.hasOwn(known, baseRef) ? known[baseRef] : undefined
}

/** Reads each older head once, from memory where it is remembered. */
export function headReader(prover: Prover, baseRef: string, readHead: ReadHead): ReadHead {
  const found = new Map<string, ReturnType<ReadHead>>()
  const find = async (sha: string) => (await knownHead(prover, baseRef, sha)) ?? readHead(sha)
  return (sha) => {
    const reading = found.get(sha) ?? find(sha)
    found.set(sha, reading)
    return reading
  }
}

/** For each older commit that a standing approval is for: whether the change is what it is at the head. */
export async function equalitiesFor(
  reviews: Review[],
  head: string,
  equalityTo: (sha: string) => Promise<Equality>,
): Promise<Record<string, Equality>> {
  const approved = standingReviews(reviews).filter(({ state }) => state === 'APPROVED')
  const older = new Set(approved.flatMap(({ commit }) => commit ?? []))
  older.delete(head)
  const entries = await Promise.all([...older].map(async (sha) => [sha, await equalityTo(sha)] as const))
  return Object.fromEntries(entries)
}

/** The head, and whether its difference from the base is all that a merge of it changes. */
export type CurrentHead = { head: Version | undefined; hasOneMergeBase: () => Promise<boolean> }

/**
 * Whether one older head was the same change as the current one. Who had a hand in either is another question: they
 * cannot approve, and make no other approval stale.
 */
export async function equalityWith(
  prover: Prover,
  { head, hasOneMergeBase }: CurrentHead,
  sha: string,
  readHead: ReadHead,
): Promise<Equality> {
  if (!head) return notSame('GitHub cannot compare the head with its base')
  if (sha === head.change.head) return { same: true, how: 'it is the head' }
  const then = await readHead(sha)
  if (!then) return notSame('that version is no longer available')
  return unlessCrossed(await proveSame(prover, then, head), hasOneMergeBase)
}

/** Why nothing is known of a change by its difference from the base where git knows several merge bases. */
export const crossed =
  "the branch and its base were merged into each other, so GitHub's diff does not show everything that a merge changes; update the branch to fix this"

/**
 * The difference is the one from a single merge base. Where a branch takes in a commit that its base has by another way, and drops what
 * that commit changed, no difference shows it, and a merge undoes it on the base.
 */
export async function unlessCrossed(
  equality: Equality,
  hasOneMergeBase: CurrentHead['hasOneMergeBase'],
): Promise<Equality> {
  return !equality.same || (await hasOneMergeBase()) ? equality : notSame(crossed)
}

/**
 * Who had a hand in the versions whose approvals count for the head. The content is theirs too, whatever names the
 * commits carry since: a rewritten commit frees nobody.
 */
export async function contributorsOfEqualHeads(
  equalities: Record<string, Equality>,
  readHead: ReadHead,
): Promise<HeadContributors> {
  const equal = Object.entries(equalities).filter(([, { same }]) => same)
  const heads = await Promise.all(equal.map(([sha]) => readHead(sha)))
  return {
    contributors: heads.flatMap((head) => head?.contributors ?? []),
    unownedBots: heads.flatMap((head) => head?.unownedBots ?? []),
  }
}

/** Whether the head is the same change against its base as it was against each of these, where it was seen before. */
export async function sameOnBases(prover: Prover, current: Version, bases: string[]): Promise<Equality> {
  const known = await onBases(prover, current.change.head)
  for (const base of bases) {
    const then = Object.hasOwn(known, base) ? known[base] : undefined
    if (!then) return notSame('its change against that base is not known')
    const equality = await proveSame(prover, then, current)
    if (!equality.same) return equality
  }
  return { same: true, how: 'the change is the same against both bases' }
}

export function notSame(why: string): Equality & { same: false } {
  return { same: false, why, paths: [] }
}

async function onBases(prover: Prover, sha: string): Promise<OnBases> {
  return (await prover.facts.get<OnBases>(keyOf(prover, sha))) ?? {}
}

function keyOf(prover: Prover, sha: string): string {
  return ['head', proofVersion, prover.repositoryId, sha].join('/')
}
