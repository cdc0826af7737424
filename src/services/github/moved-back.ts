import type { Commit } from '../../decision/contributors.ts'
import type { Snapshot } from '../../decision/snapshot.ts'
import { type HeadFacts, knownHead, notSame } from './older-heads.ts'
import type { Prover } from './proofs.ts'

/** A commit that the base had lost when that was seen first. */
type MovedBack = { lost: string; at: string }

/** A pull request as it was read at a time: its base, its head, and what the head adds to the base. */
type Reading = {
  number: number
  baseRef: string
  at: string
  head: HeadFacts | undefined
  commits: readonly Commit[]
}

/**
 * Whether the base was moved back below the commit on which the head stands: what it lost is part of the change now, which has the
 * same head and was approved without it. No event tells. Once the base has that commit again, it is as if nothing had been.
 */
export async function movedBack(prover: Prover, reading: Reading): Promise<MovedBack | undefined> {
  const { baseRef, at, head, commits } = reading
  if (!head) return undefined
  const isLost = (sha: string | undefined) => commits.some((commit) => commit.sha === sha)
  const ground = (await knownHead(prover, baseRef, head.change.head))?.change.mergeBase
  if (ground && isLost(ground)) return { lost: ground, at }
  const known = await prover.facts.get<MovedBack | null>(keyOf(prover, reading))
  return known && isLost(known.lost) ? known : undefined
}

/** Remembers it, since the head is remembered on the base as it is now. */
export async function keepMovedBack(
  prover: Prover,
  reading: Reading,
  found: MovedBack | undefined,
): Promise<void> {
  const known = (await prover.facts.get<MovedBack | null>(keyOf(prover, reading))) ?? null
  if (found?.at !== known?.at) await prover.facts.put(keyOf(prover, reading), found ?? null)
}

/** A base that was moved back is another base since then, whatever is proved of an earlier change of base. */
export function changedBase(
  { changed }: Pick<Snapshot['base'], 'changed'>,
  found: MovedBack | undefined,
): Pick<Snapshot['base'], 'changed'> {
  if (!found) return changed ? { changed } : {}
  const at = changed && Date.parse(changed.at) > Date.parse(found.at) ? changed.at : found.at
  return {
    changed: {
      at,
      equality: notSame('it was moved back, and commits that it had then are part of the change now'),
    },
  }
}

function keyOf({ repositoryId }: Prover, { number, baseRef }: Reading): string {
  return ['base moved back', repositoryId, number, baseRef].join('/')
}
