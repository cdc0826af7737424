import { type AtMerge, factChanges } from './at-merge.ts'
import { formatTime, windowStateAt } from './calendar.ts'
import type { Override } from './override-settings.ts'
import { effectiveGates, withEffectivePolicy } from './overrides.ts'
import type { Policy } from './policy.ts'
import { checkReport } from './report.ts'
import type { Snapshot } from './snapshot.ts'
import { decide, type GateFinding, type Verdict } from './verdict.ts'
import { timeZoneOf } from './window-settings.ts'

/** The verdict of a pull request at its merge. */
export type VerdictAtMerge = {
  headSha: string
  state: Verdict['state']
  /** Since when. */
  since: string
  /** The title of its check. */
  title: string
  snapshot: Snapshot
  /** Undefined: the policy was broken. */
  policy: Policy | undefined
}

/** A check of ours that stood on a commit. */
export type PostedCheck = { run: number; state: Verdict['state']; title: string; at: string }

/** As GitHub names them; a check that waits has none. */
export const shownConclusions = { passed: 'success', failed: 'failure', waiting: null } as const

export type Merge = {
  headSha: string
  baseRef: string
  mergedAt: string
  /** The ordered freeze that applied at the merge; the verdict may be older than the order. */
  frozen?: Snapshot['frozen']
  /** What stood on the merged head; undefined where that is not known. It may differ from the verdict. */
  posted?: PostedCheck | undefined
}

/**
 * Why a merge is an exception:
 * - `not evaluated`: no verdict had been given for this head to this base, or none since it was opened again.
 * - `not passed`: there was one, and it had not passed; or it had, and the check on GitHub had not: it waited for its turn, or
 *   showed another pull request with the same head.
 * - `late`: it had passed, but the window had closed, a freeze had begun, or the urgency had ended.
 * - `outdated`: the check had passed on facts that were not true any longer: changes were requested, an approval dismissed,
 *   a label removed before the merge.
 * - `unverified`: the check had passed, and the facts at the time of the merge could not be read.
 */
export type Exception = {
  kind: 'not evaluated' | 'not passed' | 'late' | 'outdated' | 'unverified'
  bypassed: string[]
}

/**
 * Whether a merge is an exception: its head had not passed by then, or had passed on facts that were no longer true. What the
 * check said and what was true must both pass: a person who merges past a pending check has bypassed it even if it would have
 * passed a second later. The margin before closing is ours and no rule of the team's, so a merge in it is in the window.
 *
 * @returns undefined if the merge followed the policy, or the policy only reports.
 */
export function exceptionOf(
  merge: Merge,
  standing: VerdictAtMerge | undefined,
  atMerge: AtMerge,
): Exception | undefined {
  if (isReportOnly(standing, atMerge)) return undefined
  const said = checkException(merge, standing)
  if (said) return { ...said, bypassed: [...said.bypassed, ...alsoTrue(said, merge, atMerge)] }
  if (atMerge.kind === 'unverified') return { kind: 'unverified', bypassed: [couldNotVerify(atMerge)] }
  const open = openAtMerge(merge, atMerge)
  if (!standing || open.length === 0) return undefined
  return { kind: 'outdated', bypassed: [...open, ...whyOutdated(merge, standing, atMerge)] }
}

/** By the policy as it stood before the merge: a change that ends the enforcement is an exception itself. */
function isReportOnly(standing: VerdictAtMerge | undefined, atMerge: AtMerge): boolean {
  const policy = atMerge.kind === 'verified' ? atMerge.policy : standing?.policy
  return policy?.enforce === false
}

/** One line for each gate that did not pass with the facts at the merge. */
function openAtMerge(merge: Merge, atMerge: AtMerge & { kind: 'verified' }): string[] {
  if (!atMerge.policy) return ['The policy was invalid.']
  return findingLines(openFindings(verdictAt(atMerge, merge.mergedAt, merge.frozen)))
}

/** What was true, if it differs from the check. */
function alsoTrue({ bypassed }: Exception, merge: Merge, atMerge: AtMerge): string[] {
  if (atMerge.kind === 'unverified') return [couldNotVerify(atMerge)]
  const open = openAtMerge(merge, atMerge)
  if (open.length === 0)
    return ['Based on the facts at the time of the merge, this pull request would have passed.']
  return open.filter((line) => !bypassed.includes(line))
}

function couldNotVerify({ why }: AtMerge & { kind: 'unverified' }): string {
  return `The facts at the time of the merge could not be verified: ${why}`
}

function whyOutdated(
  { posted }: Merge,
  { title, snapshot }: VerdictAtMerge,
  { policy, snapshot: atMerge }: AtMerge & { kind: 'verified' },
): string[] {
  const zone = timeZoneOf(effectiveGates({ snapshot: atMerge, policy }))
  const readAt = formatTime(new Date(snapshot.takenAt), zone)
  const said = `The check still said "${posted?.title ?? title}", based on facts read on ${readAt}.`
  return [...factChanges(snapshot, atMerge, zone), said]
}

/** What the check that stood says of a merge, and the calendar at its time. */
function checkException(merge: Merge, standing: VerdictAtMerge | undefined): Exception | undefined {
  if (!standing)
    return { kind: 'not evaluated', bypassed: ['The release gate had not checked this pull request.'] }
  if (standing.headSha !== merge.headSha) {
    return {
      kind: 'not evaluated',
      bypassed: ['The release gate had not checked the commit that was merged.'],
    }
  }
  if (standing.snapshot.base.ref !== merge.baseRef) {
    return {
      kind: 'not evaluated',
      bypassed: ['The release gate had not checked it for the branch that it was merged into.'],
    }
  }
  if (standing.snapshot.state === 'closed') {
    return { kind: 'not evaluated', bypassed: ['The release gate had not checked it since it was reopened.'] }
  }
  if (standing.state !== 'passed' && !isClosingOnly(standing)) {
    const open = openFindings(verdictAt(standing, merge.mergedAt, merge.frozen))
    const shown = merge.posted && merge.posted.state !== 'passed' ? merge.posted : standing
    const why = open.length > 0 ? findingLines(open) : [said(shown)]
    return { kind: 'not passed', bypassed: [...why, ...stillGreen(merge)] }
  }
  const ended = openFindings(verdictAt(standing, merge.mergedAt, merge.frozen))
  if (ended.length > 0) return { kind: 'late', bypassed: findingLines(ended) }
  const { posted } = merge
  const notGreen = standing.state === 'passed' && posted && posted.state !== 'passed'
  return notGreen ? { kind: 'not passed', bypassed: [said(posted)] } : undefined
}

function said({ title }: { title: string }): string {
  return `The check said "${title}".`
}

/** Where GitHub had not taken the check that no longer passed. */
function stillGreen({ posted }: Merge): string[] {
  return posted?.state === 'passed' ? [`The check on GitHub still said "${posted.title}".`] : []
}

/** Facts and policy at an instant, under the freeze that was ordered then and without a margin before closing. */
export function factsAsOf(
  { snapshot, policy }: Pick<VerdictAtMerge, 'snapshot' | 'policy'>,
  at: string,
  frozen?: Snapshot['frozen'],
): Pick<VerdictAtMerge, 'snapshot' | 'policy'> {
  const { frozen: _, ...facts } = snapshot
  const then = { ...facts, ...(frozen ? { frozen } : {}), takenAt: at, takeBack: 0 }
  return { snapshot: then, policy: policy && withoutMargin(policy) }
}

/** What facts give at an instant. Without a valid policy nothing passes. */
export function verdictAt(
  facts: Pick<VerdictAtMerge, 'snapshot' | 'policy'>,
  at: string,
  frozen?: Snapshot['frozen'],
): Verdict {
  const { snapshot, policy } = factsAsOf(facts, at, frozen)
  return policy ? decide(snapshot, policy) : { state: 'failed', findings: [], next: [] }
}

/** Whether a verdict waited for nothing but the end of a window that was about to close. */
function isClosingOnly(evaluated: VerdictAtMerge): boolean {
  const standing = withEffectivePolicy(evaluated)
  const { snapshot, policy, since, title } = standing
  const closesAt =
    policy?.gates.release_window && windowStateAt(policy.gates.release_window, new Date(since)).closesAt
  if (!policy || !closesAt || verdictAt(standing, since).state !== 'passed') return false
  const { frozen: _, ...facts } = snapshot
  const closing = { ...facts, takenAt: since, takeBack: Math.max(0, closesAt.getTime() - Date.parse(since)) }
  return checkReport(decide(closing, policy), snapshot).title === title
}

/** A policy without a margin before closing. */
export function withoutMargin({ overrides, ...policy }: Policy): Policy {
  return {
    ...policy,
    gates: withoutMarginIn(policy.gates),
    ...(overrides && {
      overrides: overrides.map((each) => ({ ...each, gates: withoutMarginIn(each.gates) })),
    }),
  }
}

function withoutMarginIn<Gates extends Override['gates'] | Policy['gates']>(gates: Gates): Gates {
  const window = gates.release_window
  if (!window || window === 'off') return gates
  return { ...gates, release_window: { ...window, closing_margin: '0s' } }
}

/** What blocks: nothing under a policy that only reports. */
export function openFindings({ findings, reportOnly }: Verdict): GateFinding[] {
  if (reportOnly !== undefined) return []
  return findings.filter(({ state }) => state !== 'passed')
}

/** One line for each finding: the gate and what it says. */
export function findingLines(findings: Pick<GateFinding, 'gateTitle' | 'title'>[]): string[] {
  return findings.map(({ gateTitle, title }) => `${gateTitle}: ${title}`)
}
