import { unprovenReasons } from '../../decision/content/sentences.ts'
import {
  type BaseMove,
  type Change,
  type Footprint,
  type Sameness,
  sameChange,
} from '../../decision/content.ts'
import type { Equality } from '../../decision/snapshot.ts'
import type { FactStore } from '../../store/facts.ts'
import type { GitHub } from './client.ts'
import type { ChangeFacts } from './commits.ts'
import { changeOf, type NoFootprint, readBaseMove, readFootprint } from './content.ts'
import type { RepositoryName } from './repository.ts'

export type Prover = { github: GitHub; repository: RepositoryName; repositoryId: number; facts: FactStore }

/** Part of each key of what is remembered: raise it when a proof changes, or the shape of what is kept. */
export const proofVersion = 2

/** A change, and the paths that it touches once they were read for a proof. */
export type Version = { change: ChangeFacts; footprint?: Footprint }

/**
 * Whether two changes are the same change. Cheap answers come first: equal ends need no request, and neither does a
 * push that changes content where the base stood still. For the rest, two trees of each version are read, and where
 * the base touched a file of the change, what the base did.
 */
export async function proveSame(prover: Prover, before: Version, after: Version): Promise<Equality> {
  const [old, now] = [before.change, after.change]
  const key = [
    'same',
    proofVersion,
    prover.repositoryId,
    old.mergeBase,
    old.head,
    now.mergeBase,
    now.head,
  ].join('/')
  const proof = await prover.facts.get<Equality>(key)
  if (proof) return proof
  const equality = await prove(prover, before, after)
  if (equality.same) await prover.facts.put(key, equality)
  return equality
}

async function prove(prover: Prover, before: Version, after: Version): Promise<Equality> {
  const [old, now] = [before.change, after.change]
  if (old.mergeBaseTree === now.mergeBaseTree) {
    if (old.headTree !== undefined && old.headTree === now.headTree)
      return { same: true, how: 'the files are the same' }
    const changed = otherContent(old, now)
    if (changed.length > 0) return { same: false, why: changedSince(changed), paths: changed.slice(0, 20) }
  }
  const { sameness } = await compare(prover, before, after)
  return sameness.same
    ? { same: true, how: howSame(old, now) }
    : { ...sameness, paths: sameness.paths.slice(0, 20) }
}

/** A proof and the facts that it was made from; `facts` is left out where the paths alone tell the two apart. */
type Compared = { sameness: Sameness; facts?: { before: Change; after: Change; baseMove: BaseMove } }

/** The proof itself, without memory: by blob ids where the base left the files alone, else by lines. */
export async function compare(prover: Prover, before: Version, after: Version): Promise<Compared> {
  const [old, now] = await Promise.all([footprintOf(prover, before), footprintOf(prover, after)])
  const away = otherPaths(old, now)
  if (away) return { sameness: away }
  const changes = { before: changeOf(before.change, old), after: changeOf(after.change, now) }
  const attempt = (baseMove: BaseMove) => {
    const facts = { ...changes, baseMove }
    return { sameness: sameChange(facts.before, facts.after, baseMove), facts }
  }
  const [from, to] = [before.change.mergeBase, after.change.mergeBase]
  const blind = attempt({ from, to, complete: false })
  if (blind.sameness.same || !baseTouched(old, now)) return blind
  return attempt(await readBaseMove(prover.github, prover.repository, from, to))
}

/** Reads in advance what a later proof will need. A failure is ignored, since it is read again then. */
export async function withFootprint<Known extends Version>(prover: Prover, version: Known): Promise<Known> {
  await footprintOf(prover, version).catch(() => undefined)
  return version
}

/** What a change touches; read once, since a proof may need it too. */
export async function footprintOf(prover: Prover, version: Version): Promise<Footprint | NoFootprint> {
  if (version.footprint) return version.footprint
  const footprint = await readFootprint(prover.github, prover.repository, version.change)
  if (typeof footprint !== 'string') version.footprint = footprint
  return footprint
}

/** Two changes that touch other paths are not the same; of those that they share, footprints tell all there is to know. */
function otherPaths(old: Footprint | NoFootprint, now: Footprint | NoFootprint): Sameness | undefined {
  if (typeof old === 'string' || typeof now === 'string') return undefined
  const added = Object.keys(now).filter((path) => !Object.hasOwn(old, path))
  const left = Object.keys(old).filter((path) => !Object.hasOwn(now, path))
  const paths = [...added, ...left].sort()
  const [first] = paths
  if (first === undefined) return undefined
  const why = (added.includes(first) ? unprovenReasons.addedToChange : unprovenReasons.leftChange)(first)
  return { same: false, why: unprovenReasons.more(why, paths.length - 1), paths }
}

/** Whether the base touched a file of the change, which is where lines have to be compared. */
function baseTouched(old: Footprint | NoFootprint, now: Footprint | NoFootprint): boolean {
  if (typeof old === 'string' || typeof now === 'string') return false
  return Object.entries(old).some(([path, { was }]) => was?.sha !== now[path]?.was?.sha)
}

/** Paths whose new content differs, where both lists are whole and both changes start from the same files. */
function otherContent(before: ChangeFacts, after: ChangeFacts): string[] {
  if (!before.filesComplete || !after.filesComplete) return []
  const [old, now] = [contents(before), contents(after)]
  return [...new Set([...old.keys(), ...now.keys()])].filter((path) => old.get(path) !== now.get(path)).sort()
}

function contents({ files }: ChangeFacts): Map<string, string> {
  return new Map(files.map(({ path, status, sha }) => [path, status === 'removed' ? 'removed' : String(sha)]))
}

function changedSince(paths: string[]): string {
  const more = paths.length > 1 ? ` and ${paths.length - 1} more` : ''
  return `${paths[0]}${more} changed since`
}

function howSame(before: ChangeFacts, after: ChangeFacts): string {
  return before.mergeBase === after.mergeBase
    ? 'the commits differ, but the change is the same'
    : 'it was moved to a newer base, but the change is the same'
}
