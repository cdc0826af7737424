import type { ChangedPaths } from '../../decision/snapshot.ts'
import { type CurrentHead, crossed } from './older-heads.ts'
import { footprintOf, type Prover } from './proofs.ts'

/** GitHub's own list of a pull request's files stops here too, and a snapshot is kept in the records. */
export const maximumPaths = 3_000

/** Globs are matched against each path, and a name may have thousands of characters. */
const maximumCharacters = 500_000

/**
 * Every path that the change touches, told from its two git trees: unlike GitHub's list of changed files these have modes, and a
 * renamed file is its old and its new name, however GitHub pairs them.
 */
export async function readChangedPaths(
  prover: Prover,
  { head, hasOneMergeBase }: CurrentHead,
): Promise<ChangedPaths> {
  if (!head) return unknown('GitHub cannot compare the head with its base')
  const footprint = await footprintOf(prover, head)
  if (footprint === 'unreadable') return unknown('the files of the head or of its base cannot be read')
  if (footprint === 'cut') return unknown('the repository has more files than GitHub lists')
  if (!(await hasOneMergeBase())) return unknown(crossed)
  const entries = Object.entries(footprint)
  if (entries.length > maximumPaths)
    return unknown(`more than ${maximumPaths.toLocaleString('en-US')} files changed`)
  if (entries.reduce((sum, [path]) => sum + path.length, 0) > maximumCharacters)
    return unknown(
      `the paths of the changed files have more than ${maximumCharacters.toLocaleString('en-US')} characters`,
    )
  const paths = entries.map(([path, { was, is }]) => ({
    path,
    ...(was ? { was: was.mode } : {}),
    ...(is ? { is: is.mode } : {}),
  }))
  return { complete: true, paths: paths.toSorted((a, b) => (a.path < b.path ? -1 : 1)) }
}

function unknown(why: string): ChangedPaths {
  return { complete: false, why }
}
