import { commitsBetween, mergeBase } from '../../src/sandbox/github/git-history.ts'
import type { Commit } from '../../src/sandbox/github/git-reading.ts'
import type { Repository } from '../../src/sandbox/github/repository-state.ts'
import type { Photo, PullPhoto } from './photo.ts'

const noCommit = '0'.repeat(40)

/** What git tells about the commits of a pull request. Commits never change, so what is known once stays known. */
export type Commits = ReturnType<typeof commitsOf>

export function commitsOf({ git, signed }: Repository) {
  const changes = new Map<string, Promise<string>>()

  /** The whole change that a head brings to a tip: each path with its blobs before and after. */
  function changeOf(tip: string, head: string): Promise<string> {
    const key = `${tip} ${head}`
    const known = changes.get(key) ?? readChange(tip, head)
    changes.set(key, known)
    return known
  }

  async function readChange(tip: string, head: string): Promise<string> {
    const from = (await mergeBase(git, tip, head)) ?? tip
    return git.run(['diff-tree', '-r', '--raw', '--no-abbrev', from, head])
  }

  /** "Update branch" and its like: the change against the base is the same after it as before. */
  async function isCleanUpdate({ sha, parents }: Commit): Promise<boolean> {
    const [own, base] = parents
    return (
      own !== undefined && base !== undefined && (await changeOf(base, own)) === (await changeOf(base, sha))
    )
  }

  /** The commits of a pull request, clean updates left out: those are nobody's work. */
  async function ownCommits(photo: Photo, pull: PullPhoto): Promise<Commit[]> {
    const commits = await commitsBetween(git, tipOf(photo, pull), pull.head)
    const clean = await Promise.all(commits.map(isCleanUpdate))
    return commits.filter((_, index) => !clean[index])
  }

  /** Who pushed any of these commits to the branch. */
  async function pushersOf(photo: Photo, pull: PullPhoto, commits: Commit[]): Promise<number[]> {
    const own = new Set(commits.map(({ sha }) => sha))
    const pushes = photo.activity.filter(({ ref, after }) => ref === refOf(pull) && after !== noCommit)
    const brought = await Promise.all(
      pushes.map(({ before, after }) =>
        commitsBetween(git, before === noCommit ? tipOf(photo, pull) : before, after),
      ),
    )
    return pushes.flatMap(({ actorId }, index) =>
      brought[index]?.some(({ sha }) => own.has(sha)) ? [actorId] : [],
    )
  }

  /** Who put the branch on one of these commits, maybe from a commit that only this push tells of: then it looks as if it was brought. */
  function puttingBack(photo: Photo, pull: PullPhoto, commits: Commit[]): number[] {
    return photo.activity
      .filter(({ ref, after }) => ref === refOf(pull) && commits.some(({ sha }) => sha === after))
      .map(({ actorId }) => actorId)
  }

  return {
    changeOf,
    ownCommits,
    pushersOf,
    puttingBack,
    isSigned: (sha: string) => signed.has(sha),
    fileAt: async (commit: string | undefined, path: string) =>
      (await git.read(`${commit}:${path}`))?.content.toString('utf8'),
  }
}

export function tipOf(photo: Photo, { base, head }: PullPhoto): string {
  return photo.tips.get(base) ?? head
}

export function refOf({ branch }: PullPhoto): string {
  return `refs/heads/${branch}`
}
