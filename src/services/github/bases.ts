import type { Equality, Snapshot } from '../../decision/snapshot.ts'
import { type CurrentHead, notSame, sameOnBases, unlessCrossed } from './older-heads.ts'
import type { Prover } from './proofs.ts'
import type { Timeline } from './timeline.ts'

/** The bases at which a pull request was seen, by how often its base had been changed until then. */
type Seen = Record<string, string[]>

/** The base of a pull request as it was read at a time. */
type Reading = { number: number; baseRef: string; at: string }

type Changes = Pick<Timeline, 'baseChangedAt' | 'baseChanges'>

/**
 * Remembers the current base. GitHub's events do not name the bases, so a base that was not seen in time is unknown. Two names
 * for one stretch mean that an event is listed late, or that the branch was renamed; both count.
 */
export async function keepBase(
  prover: Prover,
  reading: Reading,
  { baseChanges }: Pick<Changes, 'baseChanges'>,
): Promise<void> {
  const { number, baseRef } = reading
  const seen = await seenBases(prover, number)
  const here = seen[baseChanges] ?? []
  if (isUnlisted(seen, baseRef, baseChanges)) await keepUnlisted(prover, reading, baseChanges)
  if (here.includes(baseRef)) return
  await prover.facts.put(keyOf(prover, number), { ...seen, [baseChanges]: [...here, baseRef] })
}

/**
 * When the base was last changed, and whether the change against it is what it was against every base before. Where the base is
 * another one and GitHub lists no event of it yet, it counts as changed when that was seen first.
 */
export async function baseChange(
  prover: Prover,
  reading: Reading,
  current: CurrentHead,
  { baseChangedAt, baseChanges }: Changes,
): Promise<Pick<Snapshot['base'], 'changed'>> {
  const seen = await seenBases(prover, reading.number)
  const unlisted = isUnlisted(seen, reading.baseRef, baseChanges)
  const at = unlisted ? await unlistedSince(prover, reading, baseChanges) : baseChangedAt
  if (at === undefined) return {}
  const stretches = Array.from({ length: baseChanges + (unlisted ? 1 : 0) }, (_, index) => seen[index])
  return { changed: { at, equality: await equality(prover, reading.baseRef, current, stretches) } }
}

async function equality(
  prover: Prover,
  baseRef: string,
  { head, hasOneMergeBase }: CurrentHead,
  stretches: (string[] | undefined)[],
): Promise<Equality> {
  if (!head) return notSame('GitHub cannot compare the head with its base')
  if (stretches.includes(undefined)) return notSame('one of its earlier bases is not known')
  const others = new Set(stretches.flatMap((refs) => refs ?? []))
  others.delete(baseRef)
  return unlessCrossed(await sameOnBases(prover, head, [...others]), hasOneMergeBase)
}

/** Whether the base is another one than it was, without an event for it. */
function isUnlisted(seen: Seen, baseRef: string, baseChanges: number): boolean {
  return (seen[baseChanges] ?? []).some((ref) => ref !== baseRef)
}

async function unlistedSince(prover: Prover, reading: Reading, baseChanges: number): Promise<string> {
  const known = await prover.facts.get<string>(unlistedKey(prover, reading, baseChanges))
  return known ?? reading.at
}

async function keepUnlisted(prover: Prover, reading: Reading, baseChanges: number): Promise<void> {
  const since = await unlistedSince(prover, reading, baseChanges)
  await prover.facts.put(unlistedKey(prover, reading, baseChanges), since)
}

async function seenBases(prover: Prover, number: number): Promise<Seen> {
  return (await prover.facts.get<Seen>(keyOf(prover, number))) ?? {}
}

function keyOf(prover: Prover, number: number): string {
  return ['bases', prover.repositoryId, number].join('/')
}

function unlistedKey({ repositoryId }: Prover, { number, baseRef }: Reading, baseChanges: number): string {
  return ['base without its event', repositoryId, number, baseChanges, baseRef].join('/')
}
