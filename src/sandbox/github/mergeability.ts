import { isAncestor } from './git-history.ts'
import type { Hub } from './hub.ts'
import { mergeBlock } from './merging.ts'
import { baseTip, type Mergeability, mergesCleanly } from './pull-facts.ts'
import type { PullIssue, Repository } from './repository-state.ts'
import { newestRuns } from './shapes/check.ts'

/**
 * `mergeable` and `mergeable_state` of a pull request. GitHub works these out in the background and answers null at first;
 * the sandbox has them at once.
 */
export async function mergeability(
  hub: Hub,
  repository: Repository,
  issue: PullIssue,
): Promise<Mergeability> {
  if (issue.pull.mergedAt !== null) return { mergeable: null, rebaseable: null, mergeable_state: 'unknown' }
  const mergeable = await mergesCleanly(repository, issue)
  return {
    mergeable,
    rebaseable: mergeable,
    mergeable_state: await stateOf(hub, repository, issue, mergeable),
  }
}

async function stateOf(
  hub: Hub,
  repository: Repository,
  issue: PullIssue,
  mergeable: boolean,
): Promise<string> {
  if (issue.state === 'closed') return 'unknown'
  if (!mergeable) return 'dirty'
  if (issue.pull.draft) return 'draft'
  const block = await mergeBlock(hub, repository, issue)
  if (block?.message.includes('not up to date') && !(await upToDate(repository, issue))) return 'behind'
  if (block) return 'blocked'
  return redSomewhere(repository, issue.pull.headSha) ? 'unstable' : 'clean'
}

async function upToDate(repository: Repository, issue: PullIssue): Promise<boolean> {
  return isAncestor(repository.git, await baseTip(repository, issue), issue.pull.headSha)
}

/** A check that nobody requires failed or is not done. */
function redSomewhere(repository: Repository, sha: string): boolean {
  const runs = newestRuns(repository.checkRuns.get(sha) ?? [])
  return runs.some(({ conclusion }) => !['success', 'neutral', 'skipped'].includes(conclusion ?? ''))
}
