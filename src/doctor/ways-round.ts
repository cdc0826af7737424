import { oneLine } from '../decision/markdown.ts'
import type { Bypass, Source } from '../services/github/enforcement.ts'
import { type Found, listed } from './diagnosis.ts'
import { type Gate, pins, requires, titleOf } from './required-check.ts'

/**
 * Who may go round the gate on a branch. Where another rule requires the same check and nobody may pass that one over,
 * a bypass opens nothing and is only told.
 */
export function judgeBypass(sources: Source[], gate: Gate): Found[] {
  const binding = sources.filter((source) => requires(source, gate))
  return binding.flatMap((source) => {
    const closed = binding.some(
      (other) =>
        other !== source && pins(other, gate) && other.bypass !== 'hidden' && other.bypass.length === 0,
    )
    const found = source.bypass === 'hidden' ? [hidden(source)] : shown(source, source.bypass)
    return closed ? found.map((one) => ({ ...one, severity: 'information' as const })) : found
  })
}

function hidden(source: Source): Found {
  return {
    severity: 'unknown',
    rule: 'bypass-hidden',
    about: source.id,
    what: `Who may bypass ${titleOf(source)} cannot be read: the bypass list is shown only to those who may edit the ruleset.`,
    mend: 'Run `doctor --token …` with the token of an administrator.',
  }
}

function shown(source: Source, bypass: Bypass[]): Found[] {
  const title = titleOf(source)
  const remaining = (test: (one: Bypass) => boolean) => bypass.filter(test)
  const isExempt = ({ mode }: Bypass) => mode === 'exempt'
  const isWriters = (one: Bypass) => !isExempt(one) && one.reach === 'writers'
  const isChosen = (one: Bypass) => !isExempt(one) && !isWriters(one)
  return [
    ...say(remaining(isExempt), source, {
      severity: 'error',
      rule: 'bypass-exempt',
      what: (who) =>
        `${who} are exempt from ${title}: what they merge or push leaves no trace in GitHub's audit log.`,
      mend: 'Set the bypass to "For pull requests only", or take it out.',
    }),
    ...say(remaining(isWriters), source, {
      severity: 'error',
      rule: 'bypass-writers',
      what: (who) => `${who} may bypass ${title}: the gate binds nobody.`,
      mend: 'Take that role out of the bypass list.',
    }),
    ...say(
      remaining((one) => isChosen(one) && one.mode === 'always'),
      source,
      {
        severity: 'warning',
        rule: 'bypass-always',
        what: (who) => `${who} may bypass ${title}, also by pushing without a pull request.`,
        mend:
          source.kind === 'classic'
            ? 'Turn on "Do not allow bypassing the above settings".'
            : 'Take them out, or allow it "For pull requests only".',
      },
    ),
    ...say(
      remaining((one) => isChosen(one) && one.mode === 'pull_request'),
      source,
      {
        severity: 'information',
        rule: 'bypass-pull-request',
        what: (who) =>
          `${who} may merge a pull request past ${title}; such a merge is recorded as an exception.`,
        mend: '',
      },
    ),
  ]
}

type Saying = Pick<Found, 'severity' | 'rule' | 'mend'> & { what: (who: string) => string }

function say(bypass: Bypass[], source: Source, { severity, rule, mend, what }: Saying): Found[] {
  if (bypass.length === 0) return []
  const who = listed(bypass.map((one) => oneLine(one.who, 80)))
  return [
    {
      severity,
      rule,
      // Somebody who is new in the list is a new finding.
      about: `${source.id}: ${bypass
        .map((one) => one.who)
        .sort()
        .join(', ')}`,
      what: what(`${who.charAt(0).toUpperCase()}${who.slice(1)}`),
      mend,
    },
  ]
}

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
  const say = (rule: string, what: string, mend = ''): Found => ({
    severity: 'information',
    rule,
    about: branch,
    what,
    mend,
  })
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
  const say = (rule: string, what: string, mend = ''): Found => ({
    severity: 'information',
    rule,
    about: branch,
    what,
    mend,
  })
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
