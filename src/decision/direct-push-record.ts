import { beginningOf } from './markdown.ts'
/** A push that bypassed the gate, as it is recorded. */
export type DirectPush = {
  repository: { id: number; owner: string; name: string }
  branch: string
  before: string
  after: string
  forced: boolean
  /** Commits of the push that belong to no pull request that was merged into this branch. */
  commits: string[]
  by: { id: number; login: string; type: string } | null
  at: string
  /** Its id in the repository's activity; null if GitHub does not show it. */
  activity: number | null
}

/** The key of a push, since the same commit may be pushed to several branches, and repeatedly. */
export function keyOfPush({
  branch,
  after,
  activity,
}: Pick<DirectPush, 'branch' | 'after' | 'activity'>): string {
  return `${after}/${activity ?? beginningOf(branch, 200)}`
}

/** What a push bypassed, for the record and the notice. */
export function bypassedByPush({ branch, forced, commits }: DirectPush): string[] {
  const count = commits.length === 1 ? '1 commit belongs' : `${commits.length} commits belong`
  return [
    ...(forced ? [`The history of ${branch} was rewritten by a force push.`] : []),
    ...(commits.length > 0 ? [`${count} to no pull request.`] : []),
  ]
}
