import type { ChangedFile } from '../../decision/content.ts'
import type { Commit, Signature } from '../../decision/contributors.ts'
import type { GitHub } from './client.ts'
import { statusOfError } from './errors.ts'
import { parentsOf, standsOn } from './history.ts'
import { personOf } from './people.ts'
import { nameOf, type RepositoryName } from './repository.ts'

/** What the head adds to the base: its commits and its difference, each as far as GitHub shows it. */
export type CommitRange = { commits: Commit[]; incomplete?: string; change: ChangeFacts | undefined }

/** A three-dot difference without its trees: those are named by their ids and read only where a proof needs them. */
export type ChangeFacts = {
  base: string
  mergeBase: string
  mergeBaseTree: string
  head: string
  headTree: string | undefined
  files: ChangedFile[]
  /** False where GitHub cut the list: it shows 300 files at most. */
  filesComplete: boolean
}

export type Comparison = Awaited<ReturnType<GitHub['rest']['repos']['compareCommitsWithBasehead']>>['data']

/** Ten pages: a change of more commits than this cannot be reviewed by anybody, and each page costs a request. */
const maximumCommits = 1_000

/**
 * Reads every commit that the head adds to the base, both named by their full ids, by paged compare: the pull
 * request's own list stops at 250. A name would not do: a tag may be called like the base branch. Undefined: GitHub
 * cannot compare the two, because one is out of reach or the answer takes it too long (422).
 */
export async function readCommits(
  github: GitHub,
  repository: RepositoryName,
  base: string,
  head: string,
): Promise<CommitRange | undefined> {
  const page = (number: number) => comparisonPage(github, repository, `${base}...${head}`, number)
  const first = await orIncomparable(page(1))
  if (!first) return undefined
  const total = first.total_commits
  const pages = Math.ceil(Math.min(total, maximumCommits) / 100)
  const rest = await Promise.all(
    Array.from({ length: Math.max(0, pages - 1) }, (_, index) => page(index + 2)),
  )
  const listed = [first, ...rest].flatMap((part) => part.commits)
  return { ...rangeOf(listed, total), change: changeIn(first, head, listed) }
}

async function comparisonPage(
  github: GitHub,
  repository: RepositoryName,
  basehead: string,
  page: number,
): Promise<Comparison> {
  const options = { ...nameOf(repository), basehead, per_page: 100, page }
  return (await github.rest.repos.compareCommitsWithBasehead(options)).data
}

export type MergeBase = { sha: string; isOnly: boolean; change: ChangeFacts }

/**
 * The commit from which the head left the base, as GitHub compares the two, and what the head changed since. `isOnly`: git knows no other
 * one. Where both were merged into each other it knows several, and their difference does not tell what a merge gives. Undefined: GitHub
 * cannot compare the two. It asks for the same pages as `readCommits`, which cost nothing after that.
 */
export async function mergeBaseOf(
  github: GitHub,
  repository: RepositoryName,
  base: string,
  head: string,
): Promise<MergeBase | undefined> {
  const range = await readCommits(github, repository, base, head)
  if (!range?.change) return undefined
  const { change } = range
  const isOnly = await isOnlyMergeBase(github, repository, { ...range, change })
  return { sha: change.mergeBase, isOnly, change }
}

/** Whether git knows no other commit from which the head left its base. */
export async function isOnlyMergeBase(
  github: GitHub,
  repository: RepositoryName,
  { commits, incomplete, change: { mergeBase, base, head } }: CommitRange & { change: ChangeFacts },
): Promise<boolean> {
  // All that the head shares with the base is below the tip of the base.
  if (mergeBase === base) return true
  if (incomplete !== undefined) return false
  const isAlone = [...standsOn(head, parentsOf(commits))].every((commit) => commit === mergeBase)
  return isAlone || (await aheadBy(github, repository, mergeBase, head)) === commits.length
}

/** How many commits a head has on top of another commit: more than on top of its base where it shares some that are not below that commit. */
async function aheadBy(
  github: GitHub,
  repository: RepositoryName,
  from: string,
  head: string,
): Promise<number | undefined> {
  const options = { ...nameOf(repository), basehead: `${from}...${head}`, per_page: 1 }
  return (await orIncomparable(github.rest.repos.compareCommitsWithBasehead(options)))?.data.ahead_by
}

/** The pull request's own list of commits, for where its ends cannot be compared; it stops at 250. */
export async function readListedCommits(
  github: GitHub,
  repository: RepositoryName,
  pull: { number: number; commits: number },
): Promise<CommitRange> {
  const options = { ...nameOf(repository), pull_number: pull.number, per_page: 100 }
  return {
    ...rangeOf(await github.paginate(github.rest.pulls.listCommits, options), pull.commits),
    change: undefined,
  }
}

function rangeOf(listed: Comparison['commits'], total: number): Pick<CommitRange, 'commits' | 'incomplete'> {
  const commits = listed.map(commitOf)
  if (commits.length === total) return { commits }
  return { commits, incomplete: `The change has ${total} commits, of which GitHub shows ${commits.length}.` }
}

/** The answer, or undefined where GitHub has no difference to show between two commits. */
export async function orIncomparable<Answer>(answer: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await answer
  } catch (error) {
    if ([404, 422].includes(statusOfError(error) ?? 0)) return undefined
    throw error
  }
}

/** The difference that a compare answer shows, which is always on its first page. */
export function changeIn(answer: Comparison, head: string, commits = answer.commits): ChangeFacts {
  const files = answer.files ?? []
  const mergeBase = answer.merge_base_commit
  const tip = mergeBase.sha === head ? mergeBase : commits.find((commit) => commit.sha === head)
  return {
    base: answer.base_commit.sha,
    mergeBase: mergeBase.sha,
    mergeBaseTree: mergeBase.commit.tree.sha,
    head,
    headTree: tip?.commit.tree.sha,
    files: files.map(changedFile),
    filesComplete: files.length < 300,
  }
}

function changedFile(file: NonNullable<Comparison['files']>[number]): ChangedFile {
  const { filename: path, previous_filename: previousPath, status, sha, additions, deletions, patch } = file
  return {
    path,
    ...(previousPath === undefined ? {} : { previousPath }),
    status,
    sha,
    additions,
    deletions,
    ...(patch === undefined ? {} : { patch }),
  }
}

function commitOf(data: Comparison['commits'][number]): Commit {
  const { author, committer, message, verification } = data.commit
  return {
    sha: data.sha,
    parents: data.parents.map((parent) => parent.sha),
    message,
    verified: verification?.verified === true,
    author: signature(author?.name, data.author),
    committer: signature(committer?.name, data.committer),
  }
}

function signature(name: string | undefined, account: unknown): Signature {
  return { name: name || 'nobody', person: personOf(account as Parameters<typeof personOf>[0]) }
}
