import { oneLine } from '../decision/markdown.ts'
import type { Source } from '../services/github/enforcement/sources.ts'
import type { Found } from './diagnosis.ts'

/** How else a change gets to a branch, or out of it, without a pull request that the gate has judged. */
export function judgeSettings(branch: string, sources: Source[]): Found[] {
  const shownBranch = oneLine(branch, 100)
  const say = (rule: string, what: string, mend: string): Found => ({
    severity: 'warning',
    rule,
    about: branch,
    what,
    mend,
  })
  const found: Found[] = []
  if (!sources.some(({ pullRequired }) => pullRequired)) {
    found.push(
      say(
        'pull-request-not-required',
        `${shownBranch} does not require a pull request: a commit that has a green check can be pushed to it at any time.`,
        'Require a pull request before merging; no approvals need to be required there, since the gate counts them.',
      ),
    )
  }
  if (!sources.some(({ refusesForcePush }) => refusesForcePush)) {
    found.push(
      say(
        'force-push-allowed',
        `${shownBranch} can be force-pushed: released changes can be taken out again without a review.`,
        'Block force pushes.',
      ),
    )
  }
  if (!sources.some(({ refusesDeletion }) => refusesDeletion)) {
    found.push(
      say(
        'deletion-allowed',
        `${shownBranch} can be deleted, and made again from any commit.`,
        'Restrict deletions.',
      ),
    )
  }
  return found
}

/** The merge queue, and GitHub's own settings that say something else than the gate does. */
export function judgeQueue(branch: string, sources: Source[]): Found[] {
  const shownBranch = oneLine(branch, 100)
  const say = noteOn(branch)
  const queues = sources.flatMap(({ queue }) => queue ?? [])
  if (queues.some(({ grouping }) => grouping === 'HEADGREEN')) {
    return [
      {
        severity: 'error',
        rule: 'queue-headgreen',
        about: branch,
        what: `The merge queue of ${shownBranch} looks only at the head of a group (HEADGREEN): pull requests whose own check is red are merged with it.`,
        mend: 'Turn on "Require all queue entries to pass required checks" (ALLGREEN).',
      },
    ]
  }
  return queues.length > 0
    ? [say('queue-on', `${shownBranch} has a merge queue; the gate is asked again for each group.`)]
    : [say('queue-off', `${shownBranch} has no merge queue.`)]
}

/** GitHub's own review settings beside those of the policy. `count`: approvals that the policy asks for; null: none. */
export function judgeReviews(branch: string, sources: Source[], count: number | null): Found[] {
  const shownBranch = oneLine(branch, 100)
  const say = noteOn(branch)
  const strict = sources.some((source) => source.strict)
  const found = [
    strict
      ? say(
          'up-to-date-on',
          `Pull requests must be up to date with ${shownBranch} before merging; approvals outlive a clean update.`,
        )
      : say('up-to-date-off', `Pull requests need not be up to date with ${shownBranch} before merging.`),
  ]
  if (count === null) return found
  if (sources.some(({ dismissStale }) => dismissStale)) {
    found.push(
      say(
        'dismisses-stale-approvals',
        `GitHub dismisses approvals at each push to a pull request for ${shownBranch}, also those of content that did not change, which the gate would keep.`,
        'Turn off "Dismiss stale pull request approvals when new commits are pushed": the gate looks at what was approved.',
      ),
    )
  }
  const approvals = Math.max(0, ...sources.map((source) => source.approvals))
  if (approvals > count) {
    found.push(
      say(
        'asks-more-approvals',
        `GitHub asks for ${approvals} approvals on ${shownBranch} and the policy for ${count}: a green gate does not mean that it can be merged.`,
        'Say the same number in both, or 0 in GitHub.',
      ),
    )
  }
  return found
}

function noteOn(branch: string) {
  return (rule: string, what: string, mend = ''): Found => ({
    severity: 'information',
    rule,
    about: branch,
    what,
    mend,
  })
}
