import type { HTTPException } from 'hono/http-exception'
import type { By } from './context.ts'
import { mergeTrees, replay } from './git-merging.ts'
import { type Commit, findCommit, noCommit, type Signature, shaOf } from './git-reading.ts'
import { moveRef, writeCommit } from './git-writing.ts'
import { accountById, type Hub } from './hub.ts'
import { problem } from './problems.ts'
import { mergesCleanly, pullCommits } from './pull-facts.ts'
import { closePull } from './pulls.ts'
import { branchMoved, moveBranch } from './pushes.ts'
import type { MergeMethod, PullIssue, Repository } from './repository-state.ts'
import { unmet } from './requirements.ts'
import type { Requirement } from './rule-readers.ts'
import { requirementsFor } from './rules.ts'
import { noReplyEmail } from './shapes/commit.ts'
import { webFlow } from './world.ts'

export type MergeInput = { method: MergeMethod; title: string | null; message: string | null }
type BlockOptions = { method?: MergeMethod; sha?: string | undefined; ignoreQueue?: boolean }

/** Why a pull request cannot be merged now, as the answer that GitHub gives; without `by` nobody may pass over a rule. */
export async function mergeBlock(
  hub: Hub,
  repository: Repository,
  issue: PullIssue,
  by?: By,
  options: BlockOptions = {},
): Promise<HTTPException | undefined> {
  const { method, sha } = options
  if (issue.state !== 'open') return refused('Pull Request is not mergeable')
  if (sha && sha !== issue.pull.headSha) {
    return problem(409, 'Head branch was modified. Review and try the merge again.')
  }
  if (issue.pull.draft) return refused('Pull Request is still a draft')
  if (!(await mergesCleanly(repository, issue))) return refused('Pull Request is not mergeable')
  if (method && !repository.mergeMethods.has(method)) return refused(methodRefused(method))
  const rules = requirementsFor(hub, repository, issue.pull.baseRef, by && { ...by, via: 'pull_request' })
  for (const rule of rules) {
    const lines = [...(await unmet(hub, repository, issue, rule)), ...mergeLines(rule, options)]
    const [first] = lines
    if (first) return refused(rule.source === 'classic' ? first : violations(lines))
  }
  return undefined
}

function refused(message: string): HTTPException {
  return problem(405, message, { page: '/pulls/pulls#merge-a-pull-request' })
}

function violations(lines: string[]): string {
  return `Repository rule violations found\n\n${lines.join('\n\n')}\n\n`
}

/** What a rule has against this way of merging. */
function mergeLines(rule: Requirement, { method, ignoreQueue = false }: BlockOptions): string[] {
  const lines = rule.mergeQueue && !ignoreQueue ? ['Changes must be made through the merge queue'] : []
  const barred = method && (rule.methods?.includes(method) === false || (rule.linear && method === 'merge'))
  return barred ? [...lines, methodRefused(method)] : lines
}

function methodRefused(method: MergeMethod): string {
  const words = { merge: 'Merge commits', squash: 'Squash merges', rebase: 'Rebase merges' }
  return `${words[method]} are not allowed on this repository.`
}

/** Merges, or throws GitHub's refusal. Answers the merge commit. */
export async function mergePull(
  hub: Hub,
  repository: Repository,
  issue: PullIssue,
  by: By,
  params: MergeInput,
  sha?: string,
): Promise<string> {
  const block = await mergeBlock(hub, repository, issue, by, { method: params.method, sha })
  if (block) throw block
  const before = await shaOf(repository.git, `refs/heads/${issue.pull.baseRef}`)
  const after = before && (await mergedTip(hub, repository, issue, by, params, before))
  if (!before || !after) throw problem(405, 'Pull Request is not mergeable')
  await landPull(hub, repository, issue, by, before, after)
  return after
}

async function landPull(
  hub: Hub,
  repository: Repository,
  issue: PullIssue,
  by: By,
  before: string,
  after: string,
) {
  const ref = `refs/heads/${issue.pull.baseRef}`
  if (!(await moveRef(repository.git, ref, after, before))) {
    throw problem(405, 'Base branch was modified. Review and try the merge again.')
  }
  issue.pull.baseSha = before
  await closePull(hub, repository, issue, by, { mergeCommitSha: after })
  await branchMoved(hub, repository, { ref, before, after, by, type: 'pr_merge' })
  await deleteMergedBranch(hub, repository, issue, by)
}

export async function deleteMergedBranch(hub: Hub, repository: Repository, { pull }: PullIssue, by: By) {
  if (!repository.deleteBranchOnMerge || pull.headRepositoryId !== repository.id) return
  const ref = `refs/heads/${pull.headRef}`
  const before = await shaOf(repository.git, ref)
  if (before) await moveBranch(hub, repository, { ref, before, after: noCommit, by })
}

/** The commit that merging would put on a tip: GitHub signs merges and squashes, and leaves rebased commits unsigned. */
export async function mergedTip(
  hub: Hub,
  repository: Repository,
  issue: PullIssue,
  by: By,
  params: MergeInput,
  tip: string,
): Promise<string | undefined> {
  const { git } = repository
  const person = personSignature(hub, by.userId)
  if (params.method === 'rebase') {
    return (await replay(git, await pullCommits(repository, issue), tip, person)).head
  }
  const { tree } = await mergeTrees(git, tip, issue.pull.headSha)
  if (!tree) return undefined
  const squash = params.method === 'squash'
  const author = squash ? personSignature(hub, issue.userId) : person
  const message = squash ? await squashMessage(repository, issue, params) : mergeMessage(hub, issue, params)
  const parents = squash ? [tip] : [tip, issue.pull.headSha]
  const sha = await writeCommit(git, { tree, parents, message, author, committer: webFlowSignature(hub) })
  repository.signed.add(sha)
  return sha
}

export function personSignature(hub: Hub, userId: number): Signature {
  const account = accountById(hub, userId)
  return {
    name: account.name ?? account.login,
    email: account.email ?? noReplyEmail(account),
    at: hub.clock(),
  }
}
export function webFlowSignature(hub: Hub): Signature {
  return { name: webFlow.name, email: webFlow.email, at: hub.clock() }
}

function mergeMessage(hub: Hub, issue: PullIssue, { title, message }: MergeInput): string {
  const owner = hub.world.repositories.get(issue.pull.headRepositoryId ?? -1)?.ownerId
  const from = `${owner === undefined ? 'unknown' : accountById(hub, owner).login}/${issue.pull.headRef}`
  return `${title ?? `Merge pull request #${issue.number} from ${from}`}\n\n${message ?? issue.title}`
}

async function squashMessage(repository: Repository, issue: PullIssue, { title, message }: MergeInput) {
  const commits = await pullCommits(repository, issue)
  const [only] = commits
  const plain = commits.length === 1 && only ? only.message.split('\n').slice(2).join('\n') : listed(commits)
  return `${title ?? `${issue.title} (#${issue.number})`}\n\n${message ?? plain}`.trimEnd()
}

function listed(commits: Commit[]): string {
  return commits.map(({ message }) => `* ${message}`).join('\n\n')
}

/** "Update branch": merges the base into the head, signed by GitHub, in the name of who pressed the button. */
export async function updateBranch(
  hub: Hub,
  repository: Repository,
  issue: PullIssue,
  by: By,
): Promise<void> {
  const { pull } = issue
  const head = hub.world.repositories.get(pull.headRepositoryId ?? -1)
  const tip = await shaOf(repository.git, `refs/heads/${pull.baseRef}`)
  if (!head || !tip) throw problem(422, 'Head repository is gone')
  if (head !== repository) await head.git.run(['fetch', '--quiet', repository.git.folder, tip])
  const { tree } = await mergeTrees(head.git, pull.headSha, tip)
  if (!tree) throw problem(422, 'merge conflict between base and head')
  const message = `Merge branch '${pull.baseRef}' into ${pull.headRef}`
  const author = personSignature(hub, by.userId)
  const parents = [pull.headSha, tip]
  const after = await writeCommit(head.git, {
    tree,
    parents,
    message,
    author,
    committer: webFlowSignature(hub),
  })
  head.signed.add(after)
  repository.signed.add(after)
  await moveBranch(hub, head, { ref: `refs/heads/${pull.headRef}`, before: pull.headSha, after, by })
}

export async function commitOf(repository: Repository, sha: string): Promise<Commit> {
  const commit = await findCommit(repository.git, sha)
  if (!commit) throw problem(422, `No commit found for SHA: ${sha}`)
  return commit
}
