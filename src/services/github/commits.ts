import type { ChangedFile } from '../../decision/content.ts'
import type { Commit, Push, Signature } from '../../decision/contributors.ts'
import { type GitHub, statusOfError } from './client.ts'
import { personOf } from './people.ts'

type Repository = { owner: string; repo: string }

/** What the head adds to the base: its commits and its difference, each as far as GitHub shows it. */
export type CommitRange = { commits: Commit[]; incomplete?: string; change: ChangeFacts }

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
 * Reads every commit that the head adds to the base, by paged compare: the pull request's own list stops at 250.
 * The base is named by its branch, so that commits which have come into it since are not taken for the change's.
 */
export async function readCommits(
  github: GitHub,
  repository: Repository,
  base: string,
  head: string,
): Promise<CommitRange> {
  const page = (number: number) =>
    github.rest.repos
      .compareCommitsWithBasehead({
        ...repository,
        basehead: `${base}...${head}`,
        per_page: 100,
        page: number,
      })
      .then(({ data }) => data)
  const first = await page(1)
  const total = first.total_commits
  const pages = Math.ceil(Math.min(total, maximumCommits) / 100)
  const rest = await Promise.all(
    Array.from({ length: Math.max(0, pages - 1) }, (_, index) => page(index + 2)),
  )
  const commits = [first, ...rest].flatMap((part) => part.commits).map(commitOf)
  const range = {
    commits,
    change: changeIn(
      first,
      head,
      [first, ...rest].flatMap((part) => part.commits),
    ),
  }
  if (commits.length === total) return range
  return { ...range, incomplete: `The change has ${total} commits, of which GitHub shows ${commits.length}.` }
}

/** The difference that a compare answer shows, which is always on its first page. */
export function changeIn(answer: Comparison, head: string, commits = answer.commits): ChangeFacts {
  const files = answer.files ?? []
  const tip = commits.find((commit) => commit.sha === head)
  return {
    base: answer.base_commit.sha,
    mergeBase: answer.merge_base_commit.sha,
    mergeBaseTree: answer.merge_base_commit.commit.tree.sha,
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
  return { name: name ?? 'nobody', person: personOf(account as Parameters<typeof personOf>[0]) }
}

/** A push with the time at which GitHub took it, which nobody but GitHub writes. */
export type DatedPush = Push & { at: string }

/**
 * Who pushed what to the head branch, newest first. Where the head's repository does not let us read its activity (a fork that is
 * gone or private), nothing is known, and the gate stays closed on an unknown pusher.
 */
export async function readPushes(
  github: GitHub,
  repository: Repository,
  branch: string,
): Promise<DatedPush[]> {
  try {
    const activity = await github.paginate(github.rest.repos.listActivities, {
      ...repository,
      ref: `refs/heads/${branch}`,
      per_page: 100,
    })
    return activity.map(({ actor, before, after, timestamp: at }) => ({
      actor: personOf(actor),
      before,
      after,
      at,
    }))
  } catch (error) {
    if ([403, 404].includes(statusOfError(error) ?? 0) && !isLimit(error)) return []
    throw error
  }
}

function isLimit(error: unknown): boolean {
  return error instanceof Error && /rate limit/i.test(error.message)
}
