import { hasRole } from './access.ts'
import { isAncestor } from './git-history.ts'
import type { Hub } from './hub.ts'
import { baseTip } from './pull-facts.ts'
import type { PullIssue, Repository } from './repository-state.ts'
import type { RequiredCheck, Requirement } from './rule-readers.ts'
import { newestRuns } from './shapes/check.ts'

type CheckState = 'success' | 'expected' | 'failing' | 'in progress' | 'queued' | 'pending'

/** `neutral` and `skipped` satisfy a required check as `success` does. */
const satisfied = new Set(['success', 'neutral', 'skipped'])

/** How a required check stands on a commit. The newest run of that name and app counts; unpinned, of any app. */
export function checkState(repository: Repository, sha: string, check: RequiredCheck): CheckState {
  const fits = (appId: number | null) => check.appId === null || appId === check.appId
  const runs = newestRuns(repository.checkRuns.get(sha) ?? [])
    .filter((run) => run.name === check.context && fits(run.appId))
    .sort((a, b) => b.id - a.id)
  const statuses = (repository.statuses.get(sha) ?? []).filter(
    (status) => status.context === check.context && fits(status.appId),
  )
  const states: CheckState[] = []
  const run = runs[0]
  if (run) states.push(stateOfRun(run.status, run.conclusion))
  const status = statuses.at(-1)
  if (status) states.push(stateOfStatus(status.state))
  return states.find((state) => state !== 'success') ?? states[0] ?? 'expected'
}

function stateOfRun(status: string, conclusion: string | null): CheckState {
  if (status === 'completed') return satisfied.has(conclusion ?? '') ? 'success' : 'failing'
  return status === 'in_progress' ? 'in progress' : status === 'queued' ? 'queued' : 'pending'
}
function stateOfStatus(state: string): CheckState {
  return state === 'success' ? 'success' : state === 'pending' ? 'pending' : 'failing'
}

/** What stands against required checks on a commit, in GitHub's sentences; none if all passed. */
export function missingChecks(repository: Repository, sha: string, checks: RequiredCheck[]): string[] {
  const unmet = checks
    .map((check) => ({ check, state: checkState(repository, sha, check) }))
    .filter(({ state }) => state !== 'success')
  const [first] = unmet
  if (!first) return []
  if (unmet.length === 1) return [`Required status check "${first.check.context}" is ${first.state}.`]
  const counts = Map.groupBy(unmet, ({ state }) => state)
  const total = `${unmet.length} of ${checks.length} required status checks`
  if (counts.size === 1) return [`${total} are ${first.state}.`]
  const parts = [...counts].map(([state, rows]) => `${rows.length} ${state}`)
  return [`${total} have not succeeded: ${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}.`]
}

/** Everything of one requirement that a pull request does not meet, one sentence a line. */
export async function unmet(
  hub: Hub,
  repository: Repository,
  issue: PullIssue,
  requirement: Requirement,
): Promise<string[]> {
  const lines = [
    ...reviewLines(hub, repository, issue, requirement),
    ...missingChecks(repository, issue.pull.headSha, requirement.checks),
  ]
  if (requirement.strict && !(await upToDate(repository, issue))) {
    lines.push('Head branch is not up to date with the base branch.')
  }
  return lines
}

async function upToDate(repository: Repository, issue: PullIssue): Promise<boolean> {
  return isAncestor(repository.git, await baseTip(repository, issue), issue.pull.headSha)
}

/** GitHub's own count of reviews: the last of each person that is not a comment, by people with write access. */
function reviewLines(hub: Hub, repository: Repository, issue: PullIssue, requirement: Requirement): string[] {
  if (requirement.approvals === null) return []
  const last = new Map<number, string>()
  for (const { state, userId } of issue.pull.reviews) {
    if (state !== 'COMMENTED' && state !== 'PENDING') last.set(userId, state)
  }
  const counted = [...last].filter(([userId]) => hasRole(hub, repository, userId, 'write'))
  const lines: string[] = []
  if (counted.some(([, state]) => state === 'CHANGES_REQUESTED')) {
    lines.push('Changes have been requested by a reviewer with write access.')
  }
  const approvers = counted.filter(([, state]) => state === 'APPROVED').map(([userId]) => userId)
  if (approvers.length < requirement.approvals) lines.push(approvalsLine(requirement.approvals))
  const pusher = lastPusher(repository, issue)
  if (requirement.lastPushApproval && !approvers.some((userId) => userId !== pusher)) {
    lines.push('New changes require approval from someone other than the last pusher.')
  }
  return lines
}

function approvalsLine(count: number): string {
  const subject = count === 1 ? '1 approving review is' : `${count} approving reviews are`
  return `At least ${subject} required by reviewers with write access.`
}

function lastPusher(repository: Repository, { pull }: PullIssue): number | undefined {
  return repository.activity.findLast(({ ref }) => ref === `refs/heads/${pull.headRef}`)?.actorId
}
