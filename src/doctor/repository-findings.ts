import { oneLine } from '../decision/markdown.ts'
import { isSharedRepository } from '../decision/shared-repository.ts'
import { missingLabels, wantedLabels } from '../policy/labels.ts'
import type { Branch } from '../services/github/enforcement.ts'
import { approverFindings } from './approver-findings.ts'
import { branchSettingFindings, mergeQueueFindings, reviewSettingFindings } from './branch-settings.ts'
import { bypassFindings } from './bypass-findings.ts'
import { type Diagnosis, type Found, listed, quoted } from './diagnosis.ts'
import type { PolicyFacts, ReadRepository, RepositoryFacts } from './facts.ts'
import { incidentFormFindings } from './incident-form.ts'
import {
  type RequiredCheck,
  requirementFindings,
  requires,
  requiresCheck,
  requiresFromApp,
  setupHint,
  uncoveredFindings,
} from './required-check.ts'

export function repositoryFindings(repository: RepositoryFacts, gate: RequiredCheck): Diagnosis[] {
  return once(findingsIn(repository, gate)).map((found) => ({ ...found, repository: repository.name }))
}

function findingsIn(repository: RepositoryFacts, gate: RequiredCheck): Found[] {
  if (repository.kind === 'absent') {
    const what = 'The App is not installed on this repository, or the repository does not exist.'
    return [error('not-installed', what, 'Install the App on it, or check the name.')]
  }
  if (repository.kind === 'unreadable') {
    const what = `Cannot read whether the gate is enforced: ${oneLine(repository.why, 300)}`
    return [
      error('repository-unreadable', what, 'Make sure that the App or the token can read the repository.'),
    ]
  }
  if (repository.policy.kind === 'none') return withoutPolicy(repository, gate)
  const { branches, unread, rulesets } = repository.enforcement
  // An invalid policy does not tell which branches it covers.
  const uncovered = repository.policy.kind === 'valid' ? branches.filter(({ covered }) => !covered) : []
  return [
    ...policyFindings(repository.policy),
    ...sharedPolicyFindings(repository, gate),
    ...branches
      .filter(({ covered }) => covered)
      .flatMap((branch) => coveredBranchFindings(branch, repository, rulesets, gate)),
    ...uncovered.flatMap((branch) => uncoveredFindings(branch, gate)),
    ...(unread > 0 ? [unreadBranches(unread)] : []),
    ...labelFindings(repository, gate),
    ...approverFindings(repository),
    ...incidentFormFindings(repository.incidentForm),
  ]
}

function coveredBranchFindings(
  { name, state }: Branch,
  { policy }: ReadRepository,
  rulesets: ReadRepository['enforcement']['rulesets'],
  gate: RequiredCheck,
): Found[] {
  if (!state.readable) {
    const what = `Cannot read whether ${oneLine(name, 100)} requires the check: ${oneLine(state.why, 300)}`
    return [
      error(
        'branch-unreadable',
        what,
        'Make sure that the App or the token can read rules and branch protection.',
        name,
      ),
    ]
  }
  const count = policy.kind === 'valid' ? (policy.policy.gates.approvals?.count ?? null) : null
  const required = requirementFindings(name, state.sources, rulesets, gate)
  if (!state.sources.some((source) => requires(source, gate))) return required
  return [
    ...required,
    ...bypassFindings(state.sources, gate),
    ...branchSettingFindings(name, state.sources),
    ...mergeQueueFindings(name, state.sources),
    ...reviewSettingFindings(name, state.sources, count),
  ]
}

function policyFindings(policy: PolicyFacts): Found[] {
  if (policy.kind === 'invalid') {
    const first = policy.problems.slice(0, 3).map((problem) => oneLine(problem, 200))
    const what = `The policy is invalid, so only a pull request that fixes it can pass: ${first.join(' ')}`
    return [
      error('policy-invalid', what, `Fix ${policy.where}. \`release-gate policy check\` lists all problems.`),
    ]
  }
  if (policy.kind === 'lost')
    return [
      error('organization-policy-lost', `Every check fails: ${policy.loss.what}.`, `${policy.loss.fix}.`),
    ]
  if (policy.kind === 'none') return []
  const empty = Object.values(policy.policy.gates).every((gate) => gate === undefined)
  return [
    ...(empty ? [emptyPolicy(policy.where)] : []),
    ...(policy.policy.enforce === false ? [onlyReports(policy.where)] : []),
    ...(policy.ignored ?? []).map((problem) => ignoredSetting(problem)),
  ]
}

/** Whoever can change the organization's policy without the gate decides what it locks everywhere. */
function sharedPolicyFindings(
  { name, defaultBranch, policy, enforcement }: ReadRepository,
  gate: RequiredCheck,
): Found[] {
  if (!isSharedRepository(name.slice(name.indexOf('/') + 1))) return []
  const branch = enforcement.branches.find((one) => one.name === defaultBranch)
  const isRequired =
    branch?.state.readable === true && branch.state.sources.some((source) => requiresFromApp(source, gate))
  const reports = policy.kind === 'valid' && policy.policy.enforce === false
  if (isRequired && !reports) return []
  const why = reports
    ? 'its own policy only reports'
    : `${oneLine(defaultBranch, 100)} is not known to require ${quoted(gate.check)} from this App`
  const what = `The organization's policy can be changed without passing the gate, because ${why}.`
  const fix = reports ? 'Remove `enforce: false` from its policy.' : `${setupHint(gate)}.`
  return [error('organization-policy-not-gated', what, fix)]
}

function emptyPolicy(where: string): Found {
  const fix = `Enable at least one gate in ${where}, for example \`approvals: {}\`.`
  return error('policy-empty', 'The policy enables no gate, so nothing can pass.', fix)
}

function onlyReports(where: string): Found {
  return {
    severity: 'information',
    rule: 'report-only',
    about: '',
    what: 'The policy only reports (`enforce: false`): every check is green, and nothing is blocked.',
    fix: `To enforce it: remove \`enforce: false\` from ${where}.`,
  }
}

function ignoredSetting(problem: string): Found {
  const [place = problem] = problem.split(': ')
  return {
    severity: 'warning',
    rule: 'policy-setting-ignored',
    about: place,
    what: `A setting has no effect: ${oneLine(problem, 300)}.`,
    fix: 'Remove it, so that nobody takes it for a rule.',
  }
}

/** The bot publishes nothing for a repository without a policy. That is fine unless the check is required. */
function withoutPolicy({ enforcement, defaultBranch }: ReadRepository, gate: RequiredCheck): Found[] {
  const bound = enforcement.branches
    .filter(({ state }) => state.readable && state.sources.some((source) => requires(source, gate)))
    .map(({ name }) => oneLine(name, 100))
  const active = enforcement.rulesets
    .filter((one) => one.enforcement === 'active' && requiresCheck(one, gate))
    .map(({ name }) => `the ruleset ${quoted(name)}`)
  const where =
    bound.length > 0 ? `on ${listed(bound)}` : active.length > 0 ? `by ${listed(active)}` : undefined
  if (where === undefined) {
    const what = 'This repository has no policy, so the gate does not cover it.'
    return [
      {
        severity: 'information',
        rule: 'no-policy',
        about: '',
        what,
        fix: `To cover it: ${setupHint(gate)}.`,
      },
    ]
  }
  const what = `${quoted(gate.check)} is required ${where}, but there is no policy, so the check is never published and nothing can be merged.`
  const fix = `Push .github/release-gate.yml to ${oneLine(defaultBranch, 100)} as an administrator, or stop requiring the check.`
  return [error('required-without-policy', what, fix)]
}

function labelFindings({ policy, labels }: ReadRepository, gate: RequiredCheck): Found[] {
  const wanted = wantedLabels(policy.kind === 'valid' ? policy.policy : undefined)
  return missingLabels(wanted, labels).map(({ name }) => ({
    severity: 'warning',
    rule: 'label-missing',
    about: name,
    what: `The label ${quoted(name)} is missing.`,
    fix: `${setupHint(gate)}.`,
  }))
}

function unreadBranches(unread: number): Found {
  return {
    severity: 'warning',
    rule: 'branches-left-out',
    about: '',
    what: `${unread} more branches are covered or protected but were not read, because there are too many for one run.`,
    fix: 'Delete old branches, or list fewer in `branches` of the policy.',
  }
}

function error(rule: string, what: string, fix: string, about = ''): Found {
  return { severity: 'error', rule, about, what, fix }
}

/** One rule that applies to many branches is reported once. */
function once(found: Found[]): Found[] {
  return [...new Map(found.map((one) => [`${one.rule}\n${one.about}`, one])).values()]
}
