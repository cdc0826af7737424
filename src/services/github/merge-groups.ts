import type { MergeGroup, RepositoryRef } from '../../decision/merge-task.ts'
import { checkName } from '../../decision/report.ts'
import { ownRuns, type StandingRun } from './checks.ts'
import type { GitHub } from './client.ts'
import { readCommits } from './commits.ts'
import { type LineCommit, readFirstParents } from './first-parents.ts'
import { tipOf } from './landed-commits.ts'
import { type OpenPull, readOpenPulls } from './open-pulls.ts'

/** Which pull requests a group would merge, in the order of the queue; `unknown` are commits that belong to none that could be found. */
export type GroupContents = { pulls: number[]; unknown: string[] }

export const branchOf = (ref: string) => ref.replace(/^refs\/heads\//, '')

/** Whether GitHub's branch of the group still stands at its head; it is deleted when the group is finished. */
export async function groupStands(
  github: GitHub,
  repository: RepositoryRef,
  { headRef, headSha }: MergeGroup,
): Promise<boolean> {
  return (await tipOf(github, repository, branchOf(headRef))) === headSha
}

/** Whether the base holds the head of a group: GitHub has merged it. */
export async function isInBase(
  github: GitHub,
  repository: RepositoryRef,
  group: MergeGroup,
): Promise<boolean> {
  const { line, complete } = await lineOf(github, repository, group)
  return complete && line.length === 0
}

/** The newest run of our check on a commit, where it is the one that we gave this id. */
export async function newestRunOf(
  github: GitHub,
  repository: RepositoryRef,
  { sha, externalId }: { sha: string; externalId: string },
): Promise<StandingRun | undefined> {
  const runs = await ownRuns(github, repository, { ref: sha, check_name: checkName, filter: 'latest' })
  return runs.find(({ external_id: id }) => id === externalId)
}

/**
 * Finds the pull requests of a group, from the tip of its base to its head. The payload does not list them, and a group can
 * have several. Each commit on the group's own line is laid to a pull request: by the branches that the queue made for the
 * groups ahead and whose names hold the number, by the pull requests that GitHub ties to the commit or to the head that it
 * merges. Commits of a rebase have no branch of their own and belong to the tip above them, where that pull request has one of the
 * same author and message. Whatever is left belongs to nobody known: it is given back, and the group cannot pass.
 */
export async function contentsOfGroup(
  github: GitHub,
  repository: RepositoryRef,
  group: MergeGroup,
): Promise<GroupContents> {
  const { line, complete } = await lineOf(github, repository, group)
  const tips = await queueTips(github, repository, group)
  const open = await readOpenPulls(github, repository)
  const pulls = new Set<number>()
  const unknown: string[] = complete ? [] : [group.headSha]
  /** The commits of the pull requests of the last tip, which may stand below it after a rebase. */
  let rebased: string[] = []
  for (const commit of line) {
    const own = tips.get(commit.sha) ?? (await pullsOf(github, repository, group, commit, open))
    for (const number of own.toSorted((a, b) => b - a)) pulls.add(number)
    if (own.length > 0) rebased = await commitsOf(github, repository, group, own, open)
    const place = rebased.indexOf(identityOf(commit))
    if (place >= 0) rebased.splice(place, 1)
    else if (own.length === 0 || mergesOther(commit, own, open)) unknown.push(commit.sha)
  }
  return { pulls: [...pulls].toReversed(), unknown }
}

/** Whether a merge brings something else than the head that its pull request has now, which is what is evaluated. */
function mergesOther({ parents: [, merged] }: LineCommit, own: number[], open: OpenPull[]): boolean {
  const heads = open.filter(({ number }) => own.includes(number)).map(({ head }) => head)
  return merged !== undefined && heads.length > 0 && !heads.includes(merged)
}

/** What a rebase leaves of a commit, which drops merges. */
function identityOf({
  message,
  author,
  parents,
}: Pick<LineCommit, 'message' | 'author' | 'parents'>): string {
  return JSON.stringify([parents.length, message, author])
}

/** The group's own line, newest first, down to the tip of the base as it is now. */
async function lineOf(github: GitHub, repository: RepositoryRef, group: MergeGroup) {
  const base = await tipOf(github, repository, branchOf(group.baseRef))
  const read = base && (await readFirstParents(github, repository, base, group.headSha))
  return read || { line: [], complete: false }
}

/** The numbers of the pull requests by the head of each group of this branch's queue: `…/main/pr-12-<sha>`. */
async function queueTips(
  github: GitHub,
  { owner, repo }: RepositoryRef,
  { baseRef, headRef, headSha }: MergeGroup,
): Promise<Map<string, number[]>> {
  const ref = `heads/gh-readonly-queue/${branchOf(baseRef)}/pr-`
  const refs = await github.paginate(github.rest.git.listMatchingRefs, { owner, repo, ref })
  const tips = [...refs.map((each) => [each.ref, each.object.sha] as const), [headRef, headSha] as const]
  const numbers = new Map<string, Set<number>>()
  for (const [name, sha] of tips) {
    const number = /\/pr-(\d+)-[0-9a-f]+$/.exec(name)?.[1]
    if (number !== undefined) numbers.set(sha, (numbers.get(sha) ?? new Set()).add(Number(number)))
  }
  return new Map([...numbers].map(([sha, own]) => [sha, [...own]]))
}

/**
 * Open pull requests to the group's base that a commit on its line comes from: a merge names their head, whatever branch
 * or fork has it; any other commit GitHub alone can tie to one.
 */
async function pullsOf(
  github: GitHub,
  { owner, repo, repositoryId }: RepositoryRef,
  { baseRef }: MergeGroup,
  { sha, parents }: LineCommit,
  open: OpenPull[],
): Promise<number[]> {
  const toBase = open.filter(({ base }) => base === branchOf(baseRef))
  const merged = toBase.filter(({ head }) => head === (parents[1] ?? sha))
  if (merged.length > 0 || parents.length > 1) return merged.map(({ number }) => number)
  const options = { owner, repo, commit_sha: sha, per_page: 100 }
  const tied = await github.paginate(github.rest.repos.listPullRequestsAssociatedWithCommit, options)
  return tied
    .filter(({ base }) => base.repo.id === repositoryId)
    .map(({ number }) => number)
    .filter((number) => toBase.some((pull) => pull.number === number))
}

/** Open pull requests to other branches whose head is the head of the group: they share its check. */
export async function sharersOfGroup(
  github: GitHub,
  repository: RepositoryRef,
  { headSha, baseRef }: MergeGroup,
): Promise<number[]> {
  const open = await readOpenPulls(github, repository)
  return open
    .filter(({ head, base }) => head === headSha && base !== branchOf(baseRef))
    .map(({ number }) => number)
}

/** What the pull requests add to the base, as far as GitHub shows it. */
async function commitsOf(
  github: GitHub,
  repository: RepositoryRef,
  { baseRef }: MergeGroup,
  numbers: number[],
  open: OpenPull[],
): Promise<string[]> {
  const base = await tipOf(github, repository, branchOf(baseRef))
  const heads = open.filter(({ number }) => numbers.includes(number)).map(({ head }) => head)
  const ranges = await Promise.all(heads.map((head) => base && readCommits(github, repository, base, head)))
  const commits = ranges.flatMap((range) => (range ? range.commits : []))
  return commits
    .filter(({ parents }) => parents.length === 1)
    .map(({ author, ...commit }) => identityOf({ ...commit, author: author.name }))
}
