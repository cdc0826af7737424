import { isClockWrong, wrongClock } from './clock-offset.ts'
import { isFrozen } from './freeze.ts'
import { type Finding, type FindingState, failed, type Gate, type Step, waiting } from './gate.ts'
import { type GateName, gates } from './gates/index.ts'
import { freezeGate } from './gates/release-window.ts'
import { code, oneLine, plural } from './markdown.ts'
import { type AppliedOverride, type RefusedOverride, resolvePolicy } from './overrides.ts'
import type { Policy } from './policy.ts'
import type { Snapshot } from './snapshot.ts'

export type GateFinding = Finding & {
  gate: GateName | 'freeze' | 'draft' | 'policy' | 'clock'
  gateTitle: string
}

/** The result for one snapshot: the worst finding wins; `next` are the actions that the path carries out. */
export type Verdict = {
  state: FindingState
  findings: GateFinding[]
  next: Step[]
  /** The override of the policy that applies, and those that would apply but for one fact. */
  override?: AppliedOverride
  refused?: RefusedOverride[]
  /** What the state would be if the policy were enforced; `state` is `passed` then. */
  reportOnly?: FindingState
}

const severity: Record<FindingState, number> = { passed: 0, waiting: 1, failed: 2 }

export function worst(states: FindingState[]): FindingState {
  return states.reduce<FindingState>(
    (worse, state) => (severity[state] > severity[worse] ? state : worse),
    'passed',
  )
}

/**
 * Evaluates a snapshot under a policy. Pure and total: the same input gives the same verdict, a gate that throws
 * is a failed finding, and a policy without any gate is a failure, since a check that protects nothing must not look green.
 * An ordered freeze applies whether or not the policy names the release window, and a draft waits whether or not it names
 * approvals.
 */
export function decide(snapshot: Snapshot, policy: Policy): Verdict {
  const { policy: effective, override, refused } = resolvePolicy(policy, snapshot)
  const verdict = verdictOf(findingsOf(snapshot, effective))
  return {
    ...verdict,
    ...(policy.enforce === false ? { state: 'passed', reportOnly: verdict.state } : {}),
    ...(override ? { override } : {}),
    ...(refused.length > 0 ? { refused } : {}),
  }
}

function findingsOf(snapshot: Snapshot, policy: Policy): GateFinding[] {
  const findings: GateFinding[] = []
  for (const name of Object.keys(gates) as GateName[]) {
    const settings = policy.gates[name]
    if (settings !== undefined) findings.push(findingOf(name, snapshot, settings, policy.gates))
  }
  if (findings.length === 0) return [noGates]
  if (snapshot.policyProblems?.length) findings.unshift(problemsByThis(snapshot.policyProblems))
  if (snapshot.policyOutdated) findings.unshift(outdatedPolicy)
  if (snapshot.policyUnclear) findings.unshift(unclearPolicy)
  const { clockAhead = 0 } = snapshot
  if (isClockWrong(clockAhead))
    findings.unshift({ gate: 'clock', gateTitle: 'Clock', ...wrongClock(clockAhead) })
  if (!policy.gates.release_window && isFrozen(snapshot)) findings.push(freezeFinding(snapshot))
  if (!policy.gates.approvals && snapshot.draft) findings.push(draft)
  return findings
}

/** A verdict from existing findings, for cases without a valid policy to evaluate. */
export function verdictOf(findings: GateFinding[]): Verdict {
  const state = worst(findings.map((finding) => finding.state))
  return {
    state,
    findings: state === 'passed' ? findings : findings.map(withoutEnd),
    next: findings.flatMap((finding) => finding.next ?? []),
  }
}

/** Until when a gate passes is said by a green check alone: no other one is written again at that time. */
function withoutEnd({ when, ...finding }: GateFinding): GateFinding {
  return when === undefined || finding.state === 'passed' ? finding : { ...finding, when }
}

function freezeFinding(snapshot: Snapshot): GateFinding {
  const { title } = freezeGate
  return { gate: 'freeze', gateTitle: title, ...evaluateSafely(title, () => freezeGate.evaluate(snapshot)) }
}

function findingOf(name: GateName, snapshot: Snapshot, settings: unknown, all: Policy['gates']): GateFinding {
  const gate = gates[name] as Gate
  const finding = evaluateSafely(gate.title, () => gate.evaluate(snapshot, settings, all))
  return { gate: name, gateTitle: gate.title, ...finding }
}

function evaluateSafely(title: string, evaluate: () => Finding): Finding {
  try {
    return evaluate()
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return failed(
      `${title} could not be checked`,
      `This gate failed with an error, so it can't pass: ${code(why, 300)}. Report it to the release-gate operator.`,
    )
  }
}

type PolicyProblems = NonNullable<Snapshot['policyProblems']>

/**
 * A pull request that would break the policy fails now, rather than every other one after its merge. So does one that names
 * what the organization locks: its reader would take for a rule what has no effect.
 */
function problemsByThis(problems: PolicyProblems): GateFinding {
  const breaking = problems.filter(({ ignored }) => !ignored)
  const [first] = breaking.length > 0 ? breaking : problems
  const [title, reason, who] =
    breaking.length > 0
      ? [
          `This change makes the policy invalid: line ${first?.line}`,
          `The policy file has ${plural(breaking.length, 'error')} at this commit. Merging it would block every pull request.`,
          'The author: fix the policy file',
        ]
      : [
          `This change sets options that the organization has locked: line ${first?.line}`,
          `The organization's policy locks ${plural(problems.length, 'setting')} that the policy file names at this commit. They have no effect here.`,
          "The author: remove them from the policy file. The organization's policy can only be changed in its own repository",
        ]
  return { gate: 'policy', gateTitle: 'Policy', ...failed(title, reason, { who, ...placesOf(problems) }) }
}

/** Two changes that are valid each may be invalid together, or loosen what neither shows. */
const outdatedPolicy: GateFinding = {
  gate: 'policy',
  gateTitle: 'Policy',
  ...failed(
    'Another change to the policy came first',
    'The policy changed on the default branch, or in the merge queue ahead of this pull request, since this branch began. So the policy after a merge is not known.',
    { who: 'The author: update the branch once the other change is merged' },
  ),
}

/** Where git has several merge bases, a merge can bring back an older policy that no list of changed files shows. */
const unclearPolicy: GateFinding = {
  gate: 'policy',
  gateTitle: 'Policy',
  ...failed(
    'Update the branch: the policy after a merge is not known',
    "The policy file on this branch isn't the one on the default branch, and the changed files don't show which policy a merge leaves: the branches were merged into each other, one of them gave this name to a file that the other one changed, or GitHub can't compare them.",
    { who: 'The author: update the branch' },
  ),
}

function placesOf(problems: PolicyProblems) {
  return {
    details: problems.map(
      ({ file, line, column, message }) => `${code(`${file}:${line}:${column}`)} ${code(message, 300)}`,
    ),
    annotations: problems.map(({ file: path, line, column, message }) => ({
      path,
      line,
      column,
      message: oneLine(message, 300),
    })),
  }
}

const draft: GateFinding = {
  gate: 'draft',
  gateTitle: 'Draft',
  ...waiting('Draft: not ready for review', 'Mark the pull request as ready for review.', {
    who: 'The author',
  }),
}

const noGates: GateFinding = {
  gate: 'policy',
  gateTitle: 'Policy',
  ...failed(
    'The policy names no gates',
    'A policy without gates protects nothing. Add at least one under `gates:` in `.github/release-gate.yml`.',
  ),
}
