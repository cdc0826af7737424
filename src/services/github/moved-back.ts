import { isDeepStrictEqual } from 'node:util'
import type { Commit } from '../../decision/contributors.ts'
import type { Snapshot } from '../../decision/snapshot.ts'
import { type HeadFacts, knownHead, notSame } from './older-heads.ts'
import type { Prover } from './proofs.ts'

/** A commit that a base had lost when that was seen first. */
type Loss = { lost: string; base: string; at: string }

/** A pull request as it was read at a time: its base, its head, and what the head adds to the base. */
type Reading = {
  number: number
  baseRef: string
  at: string
  head: HeadFacts | undefined
  commits: readonly Commit[]
}

/**
 * The commits below which a base was moved back: what it lost is part of the change now, which has the same head and was approved without
 * it. No event tells. Once the base has such a commit again, it is as if nothing had been. Known are the losses of the pull request
 * on all of its bases, and those of its head and of the `approved` ones, which other pull requests may have too: whichever of
 * them is read first, its head is remembered on the base as it is then.
 */
export async function movedBack(prover: Prover, reading: Reading, approved: string[]): Promise<Loss[]> {
  const { number, baseRef, at, head, commits } = reading
  if (!head) return []
  const ours = new Set(commits.map(({ sha }) => sha))
  const heads = [...new Set([head.change.head, ...approved])]
  const [own, ...shared] = await Promise.all([`#${number}`, ...heads].map((place) => lossesOf(prover, place)))
  const known = [...(own ?? []), ...shared.flat().filter(({ base }) => base === baseRef)]
  const ground = (await knownHead(prover, baseRef, head.change.head))?.change.mergeBase
  const isNew = ground !== undefined && known.every(({ lost }) => lost !== ground)
  const losses = [...known, ...(isNew ? [{ lost: ground, base: baseRef, at }] : [])]
  const distinct = new Map(losses.map((loss) => [`${loss.lost} ${loss.base} ${loss.at}`, loss]))
  return [...distinct.values()].filter(({ lost }) => ours.has(lost))
}

/** Remembers them, since the head is remembered on the base as it is now. */
export async function keepMovedBack(
  prover: Prover,
  { number, baseRef, head }: Pick<Reading, 'number' | 'baseRef' | 'head'>,
  losses: Loss[],
): Promise<void> {
  if (!head) return
  const { head: sha } = head.change
  const elsewhere = (await lossesOf(prover, sha)).filter(({ base }) => base !== baseRef)
  await keepLosses(prover, `#${number}`, losses)
  await keepLosses(prover, sha, [...elsewhere, ...losses.filter(({ base }) => base === baseRef)])
}

async function keepLosses(prover: Prover, place: string, losses: Loss[]): Promise<void> {
  if (isDeepStrictEqual(await lossesOf(prover, place), losses)) return
  await prover.facts.put(keyOf(prover, place), losses)
}

/** A base that was moved back is another base since then, whatever is proved of an earlier change of base. */
export function changedBase(
  { changed }: Pick<Snapshot['base'], 'changed'>,
  losses: Loss[],
): Pick<Snapshot['base'], 'changed'> {
  if (losses.length === 0) return changed ? { changed } : {}
  const times = [...losses, ...(changed ? [changed] : [])].map(({ at }) => Date.parse(at))
  return {
    changed: {
      at: new Date(Math.max(...times)).toISOString(),
      equality: notSame('it was moved back, and commits that it had then are part of the change now'),
    },
  }
}

async function lossesOf(prover: Prover, place: string): Promise<Loss[]> {
  return (await prover.facts.get<Loss[]>(keyOf(prover, place))) ?? []
}

/** `place`: a head, or `#` and the number of a pull request. */
function keyOf({ repositoryId }: Prover, place: string): string {
  return ['bases moved back', repositoryId, place].join('/')
}
