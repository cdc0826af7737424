import { z } from 'zod'
import { codeOwnersFiles } from '../../decision/code-owners.ts'
import type { MergeTask, RepositoryRef } from '../../decision/merge-task.ts'
import { policyPath } from '../../decision/policy.ts'
import { isSharedRepository } from '../../decision/shared-repository.ts'
import { type Effect, inRepository } from './reading.ts'

/** What a push concerns: the pull requests based on its branch, and those that it may put under another policy. */

export const inBranches = z.object({ default_branch: z.string() })

/** Those that we know to be based on a branch, and those that GitHub has retargeted from it or to it by now. */
export function basedOn(repository: RepositoryRef, branch: string, defaultBranch: string): Effect[] {
  return [
    onBase(repository, branch),
    { kind: 'lookup', lookup: { of: 'retargeted', repository, defaultBranch } },
  ]
}

function onBase({ installationId, repositoryId }: RepositoryRef, baseRef: string): Effect {
  return { kind: 'pulls', scope: { installationId, repositoryId, baseRef } }
}

const changedFiles = z.array(z.string()).default([])
const pushedCommit = z.object({ added: changedFiles, modified: changedFiles, removed: changedFiles })
type PushedCommit = z.output<typeof pushedCommit>

/** GitHub names at most so many commits of a push, and so many files of a commit. */
const namedCommits = 2048
const namedFiles = 3000

const filesOf = ({ added, modified, removed }: PushedCommit) => [...added, ...modified, ...removed]

type Push = { commits: PushedCommit[]; created: boolean; forced: boolean }

/** Also where the payload does not show what was pushed: the commits that a forced push takes away are never named. */
function mayChange(paths: string[], { commits, forced }: Push): boolean {
  if (forced || commits.length === 0 || commits.length >= namedCommits) return true
  return commits.some((commit) => {
    const files = filesOf(commit)
    return files.length >= namedFiles || paths.some((path) => files.includes(path))
  })
}

/**
 * The pull requests that a push may put under another policy, or give other code owners: those that we know are marked at once, so that
 * none of them turns green while GitHub is asked for the others. The organization's policy is a part of that of every repository.
 */
function changedBy(push: Push, repository: RepositoryRef, branch: string, defaultBranch: string): Effect[] {
  const { installationId, repositoryId, repo } = repository
  if (branch === defaultBranch && (push.created || mayChange([policyPath], push))) {
    const scope = isSharedRepository(repo) ? { installationId } : { installationId, repositoryId }
    return [{ kind: 'pulls', scope }]
  }
  return !push.created && mayChange(codeOwnersFiles, push) ? [onBase(repository, branch)] : []
}

export const pushed = inRepository(
  {
    ref: z.string(),
    before: z.string(),
    after: z.string(),
    created: z.boolean().default(false),
    deleted: z.boolean(),
    forced: z.boolean().default(false),
    commits: z.array(pushedCommit).default([]),
    repository: inBranches,
  },
  ({ ref, before, after, repository: { default_branch: main }, ...push }, repository) => {
    if (!ref.startsWith('refs/heads/')) return []
    const branch = ref.slice('refs/heads/'.length)
    if (push.deleted) return basedOn(repository, branch, main)
    const task: MergeTask = { task: 'pushed', repository, push: { branch, before, after } }
    return [
      { kind: 'merge', task },
      ...changedBy(push, repository, branch, main),
      ...(branch === main
        ? [{ kind: 'lookup' as const, lookup: { of: 'policy' as const, repository } }]
        : []),
    ]
  },
)
