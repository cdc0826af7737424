import { oneLine } from '../decision/markdown.ts'
import { missingLabels, wantedLabels } from '../policy/labels.ts'
import type { Branch } from '../services/github/enforcement.ts'
import { judgeQueue, judgeReviews, judgeSettings } from './branch-settings.ts'
import { judgeBypass } from './bypass-findings.ts'
import { type Diagnosis, type Found, listed, quoted } from './diagnosis.ts'
import type { PolicyFacts, ReadRepository, RepositoryFacts } from './facts.ts'
import { type Gate, judgeRequirement, judgeUncovered, names, requires, setUp } from './required-check.ts'

export function judgeRepository(repository: RepositoryFacts, gate: Gate): Diagnosis[] {
  return once(judge(repository, gate)).map((found) => ({ ...found, repository: repository.name }))
}

function judge(repository: RepositoryFacts, gate: Gate): Found[] {
  if (repository.kind === 'absent') {
    const what = 'The App is not installed on this repository, or there is no such repository.'
    return [error('not-installed', what, 'Install the App on it, or mend the name.')]
  }
  if (repository.kind === 'unreadable') {
    const what = `Whether the gate is enforced cannot be read: ${oneLine(repository.why, 300)}`
    return [error('repository-unreadable', what, 'See that the App, or the token, may read the repository.')]
  }
  if (repository.policy.kind === 'none') return withoutPolicy(repository, gate)
  const { branches, unread, rulesets } = repository.enforcement
  // A policy that is not valid says nothing about what it covers.
  const uncovered = repository.policy.kind === 'valid' ? branches.filter(({ covered }) => !covered) : []
  return [
    ...judgePolicy(repository.policy),
    ...branches
      .filter(({ covered }) => covered)
      .flatMap((branch) => judgeCovered(branch, repository, rulesets, gate)),
    ...uncovered.flatMap((branch) => judgeUncovered(branch, gate)),
    ...(unread > 0 ? [leftOut(unread)] : []),
    ...judgeLabels(repository, gate),
  ]
}

function judgeCovered(
  { name, state }: Branch,
  { policy }: ReadRepository,
  rulesets: ReadRepository['enforcement']['rulesets'],
  gate: Gate,
): Found[] {
  if (!state.readable) {
    const what = `Whether ${oneLine(name, 100)} requires the check cannot be read: ${oneLine(state.why, 300)}`
    return [
      error(
        'branch-unreadable',
        what,
        'See that the App, or the token, may read rules and protection.',
        name,
      ),
    ]
  }
  const count = policy.kind === 'valid' ? (policy.policy.gates.approvals?.count ?? null) : null
  const required = judgeRequirement(name, state.sources, rulesets, gate)
  if (!state.sources.some((source) => requires(source, gate))) return required
  return [
    ...required,
    ...judgeBypass(state.sources, gate),
    ...judgeSettings(name, state.sources),
    ...judgeQueue(name, state.sources),
    ...judgeReviews(name, state.sources, count),
  ]
}

function judgePolicy(policy: PolicyFacts): Found[] {
  if (policy.kind === 'invalid') {
    const first = policy.problems.slice(0, 3).map((problem) => oneLine(problem, 200))
    const what = `The policy is not valid, so nothing but its own repair passes: ${first.join(' ')}`
    return [
      error(
        'policy-invalid',
        what,
        `Mend ${policy.where}; \`release-gate policy check\` tells all problems.`,
      ),
    ]
  }
  if (policy.kind === 'valid' && Object.values(policy.policy.gates).every((gate) => gate === undefined)) {
    const what = 'The policy names no gate, so nothing passes.'
    return [error('policy-empty', what, `Name at least one gate in ${policy.where}, like \`approvals: {}\`.`)]
  }
  return []
}

/** The bot publishes nothing for a repository without a policy: fine, unless the check is required. */
function withoutPolicy({ enforcement, defaultBranch }: ReadRepository, gate: Gate): Found[] {
  const bound = enforcement.branches
    .filter(({ state }) => state.readable && state.sources.some((source) => requires(source, gate)))
    .map(({ name }) => oneLine(name, 100))
  const active = enforcement.rulesets
    .filter((one) => one.enforcement === 'active' && names(one, gate))
    .map(({ name }) => `the ruleset ${quoted(name)}`)
  const where =
    bound.length > 0 ? `on ${listed(bound)}` : active.length > 0 ? `by ${listed(active)}` : undefined
  if (where === undefined) {
    const what = 'There is no policy, so the gate does not cover this repository.'
    return [
      { severity: 'information', rule: 'no-policy', about: '', what, mend: `${setUp(gate)}, if it should.` },
    ]
  }
  const what = `${quoted(gate.check)} is required ${where}, but there is no policy, so it is never published: nothing can be merged.`
  const mend = `Push .github/release-gate.yml to ${oneLine(defaultBranch, 100)} as an administrator, or no longer require the check.`
  return [error('required-without-policy', what, mend)]
}

function judgeLabels({ policy, labels }: ReadRepository, gate: Gate): Found[] {
  const wanted = wantedLabels(policy.kind === 'valid' ? policy.policy : undefined)
  return missingLabels(wanted, labels).map(({ name }) => ({
    severity: 'warning',
    rule: 'label-missing',
    about: name,
    what: `The label ${quoted(name)} is missing.`,
    mend: `${setUp(gate)}.`,
  }))
}

function leftOut(unread: number): Found {
  return {
    severity: 'warning',
    rule: 'branches-left-out',
    about: '',
    what: `${unread} further branches that are covered or protected were not read: too many for one run.`,
    mend: 'Delete branches that are done with, or name fewer in `branches` of the policy.',
  }
}

function error(rule: string, what: string, mend: string, about = ''): Found {
  return { severity: 'error', rule, about, what, mend }
}

/** One rule over many branches is told once. */
function once(found: Found[]): Found[] {
  return [...new Map(found.map((one) => [`${one.rule}\n${one.about}`, one])).values()]
}
