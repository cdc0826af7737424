import type { Equality, Snapshot } from '../../decision/snapshot.ts'
import { type HeadFacts, notSame, sameOnBases } from './older-heads.ts'
import type { Prover } from './proofs.ts'
import type { Timeline } from './timeline.ts'

/** The bases at which a pull request was seen, by how often its base had been changed until then. */
type Seen = Record<string, string[]>

/**
 * Remembers the current base. GitHub's events do not name the bases, so a base that was not seen in time is unknown. Two names
 * for one stretch mean that an event was listed late; both count.
 */
export async function keepBase(
  prover: Prover,
  number: number,
  baseRef: string,
  { baseChanges }: Timeline,
): Promise<void> {
  const seen = await seenBases(prover, number)
  const here = seen[baseChanges] ?? []
  if (here.includes(baseRef)) return
  await prover.facts.put(keyOf(prover, number), { ...seen, [baseChanges]: [...here, baseRef] })
}

/** When the base was last changed, and whether the change against it is what it was against every base before. */
export async function baseChange(
  prover: Prover,
  number: number,
  baseRef: string,
  current: HeadFacts | undefined,
  timeline: Timeline,
): Promise<Pick<Snapshot['base'], 'changed'>> {
  const { baseChangedAt: at, baseChanges } = timeline
  if (at === undefined) return {}
  return { changed: { at, equality: await equality(prover, number, baseRef, current, baseChanges) } }
}

async function equality(
  prover: Prover,
  number: number,
  baseRef: string,
  current: HeadFacts | undefined,
  changes: number,
): Promise<Equality> {
  if (!current) return notSame('GitHub cannot compare the head with its base')
  const seen = await seenBases(prover, number)
  const stretches = Array.from({ length: changes }, (_, index) => seen[index])
  if (stretches.includes(undefined)) return notSame('one of its earlier bases is not known')
  const others = new Set(stretches.flatMap((refs) => refs ?? []))
  others.delete(baseRef)
  return sameOnBases(prover, current, [...others])
}

async function seenBases(prover: Prover, number: number): Promise<Seen> {
  return (await prover.facts.get<Seen>(keyOf(prover, number))) ?? {}
}

function keyOf(prover: Prover, number: number): string {
  return ['bases', prover.repositoryId, number].join('/')
}
