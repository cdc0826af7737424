import { oneLine } from '../decision/markdown.ts'
import type { Source } from '../services/github/enforcement/sources.ts'
import type { Found } from './diagnosis.ts'

/** Other ways onto or off a branch that skip the gate. */
export function branchSettingFindings(branch: string, sources: Source[]): Found[] {
  const shownBranch = oneLine(branch, 100)
  const finding = (rule: string, what: string, fix: string): Found => ({
    severity: 'warning',
    rule,
    about: branch,
    what,
    fix,
  })
  const found: Found[] = []
  if (!sources.some(({ pullRequired }) => pullRequired)) {
    found.push(
      finding(
        'pull-request-not-required',
        `${shownBranch} does not require a pull request, so a commit with a green check can be pushed to it at any time.`,
        'Require a pull request before merging. Required approvals can stay at 0: the gate counts them.',
      ),
    )
  }
  if (!sources.some(({ refusesForcePush }) => refusesForcePush)) {
    found.push(
      finding(
        'force-push-allowed',
        `${shownBranch} can be force-pushed, so released changes can be removed without a review.`,
        'Block force pushes.',
      ),
    )
  }
  if (!sources.some(({ refusesDeletion }) => refusesDeletion)) {
    found.push(
      finding(
        'deletion-allowed',
        `${shownBranch} can be deleted and recreated from any commit.`,
        'Restrict deletions.',
      ),
    )
  }
  return found
}

/** Whether the branch has a merge queue, and whether that queue checks every pull request in a group. */
export function mergeQueueFindings(branch: string, sources: Source[]): Found[] {
  const shownBranch = oneLine(branch, 100)
  const finding = noteBuilder(branch)
  const queues = sources.flatMap(({ queue }) => queue ?? [])
  if (queues.some(({ grouping }) => grouping === 'HEADGREEN')) {
    return [
      {
        severity: 'error',
        rule: 'queue-headgreen',
        about: branch,
        what: `The merge queue of ${shownBranch} only checks the head of a group (HEADGREEN), so it merges pull requests whose own check failed.`,
        fix: 'Turn on "Require all queue entries to pass required checks" (ALLGREEN).',
      },
    ]
  }
  return queues.length > 0
    ? [finding('queue-on', `${shownBranch} has a merge queue. The gate evaluates each group again.`)]
    : [finding('queue-off', `${shownBranch} has no merge queue.`)]
}

/** GitHub's own review settings compared with the policy. `count`: approvals that the policy requires; null: none. */
export function reviewSettingFindings(branch: string, sources: Source[], count: number | null): Found[] {
  const shownBranch = oneLine(branch, 100)
  const finding = noteBuilder(branch)
  const strict = sources.some((source) => source.strict)
  const found = [
    strict
      ? finding(
          'up-to-date-on',
          `Pull requests must be up to date with ${shownBranch} before merging. Approvals survive a clean update.`,
        )
      : finding(
          'up-to-date-off',
          `Pull requests do not have to be up to date with ${shownBranch} before merging.`,
        ),
  ]
  if (count === null) return found
  if (sources.some(({ dismissStale }) => dismissStale)) {
    found.push(
      finding(
        'dismisses-stale-approvals',
        `GitHub dismisses approvals on every push to a pull request for ${shownBranch}, even when the content did not change and the gate would keep them.`,
        'Turn off "Dismiss stale pull request approvals when new commits are pushed". The gate tracks what was approved.',
      ),
    )
  }
  const approvals = Math.max(0, ...sources.map((source) => source.approvals))
  if (approvals > count) {
    found.push(
      finding(
        'asks-more-approvals',
        `GitHub requires ${approvals} approvals on ${shownBranch} and the policy requires ${count}, so a pull request with a green check may still be blocked.`,
        'Use the same number in both, or 0 on GitHub.',
      ),
    )
  }
  return found
}

function noteBuilder(branch: string) {
  return (rule: string, what: string, fix = ''): Found => ({
    severity: 'information',
    rule,
    about: branch,
    what,
    fix,
  })
}
