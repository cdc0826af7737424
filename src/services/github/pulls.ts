import type { PullRef } from '../../decision/snapshot.ts'
import type { GitHub } from './client.ts'
import { orAbsent } from './errors.ts'

export type Pull = Awaited<ReturnType<GitHub['rest']['pulls']['get']>>['data']

/** The pull request; undefined: there is none (anymore). Throws where the names now belong to another repository. */
export async function readPull(github: GitHub, ref: PullRef): Promise<Pull | undefined> {
  const { owner, repo, number: pull_number } = ref
  const answer = await orAbsent(github.rest.pulls.get({ owner, repo, pull_number }))
  if (answer && answer.data.base.repo.id !== ref.repositoryId) {
    throw new Error(
      `${owner}/${repo} is now a different repository, not the one with the id ${ref.repositoryId}`,
    )
  }
  return answer?.data
}

/**
 * Everything about a pull request that can change while it is read; only labels that a gate uses, since anyone can add others.
 */
export function versionOf(
  { head, base, state, draft, merged, labels }: Pull,
  { labels: wanted }: { labels: string[] },
): string {
  const names = labels.map(({ name }) => name.toLowerCase())
  const read = wanted.filter((name) => names.includes(name.toLowerCase()))
  return JSON.stringify([head.sha, base.ref, state, draft, merged, read])
}

/**
 * The tip of the base branch, by its full name: a tag of the same name, which whoever may push can make, must not
 * stand in for it. A branch that is gone leaves what the pull request remembers of it.
 */
export async function baseTip(github: GitHub, ref: PullRef, { base }: Pull): Promise<string> {
  const { owner, repo } = ref
  const answer = await orAbsent(github.rest.git.getRef({ owner, repo, ref: `heads/${base.ref}` }))
  return answer?.data.object.sha ?? base.sha
}

/** What a pull request looks like from outside when it was read: the hourly check reads it again where that is different. */
export type Seen = { head: string; base: string; draft: boolean; updatedAt: string; defaultBranch: string }

export function seenOf({ head, base, draft, updated_at: updatedAt }: Pull): Seen {
  return {
    head: head.sha,
    base: base.ref,
    draft: draft === true,
    updatedAt,
    defaultBranch: base.repo.default_branch,
  }
}
