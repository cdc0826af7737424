import { isDeepStrictEqual } from 'node:util'
import { selectsBranch } from '../decision/globs.ts'
import { covers, type Policy } from '../decision/policy.ts'
import { checkName } from '../decision/report.ts'
import type { ReadRepository } from '../doctor/facts.ts'
import { incidentFormPath } from '../doctor/incident-form.ts'
import { type RequiredCheck, requiresFromApp } from '../doctor/required-check.ts'
import { type Label, missingLabels, wantedLabels } from '../policy/labels.ts'
import type { Ruleset } from '../services/github/enforcement/sources.ts'
import { incidentForm as incidentFormText } from './incident-form.ts'
import { runbookTemplate } from './runbook-template.ts'

/** The name of the ruleset that `setup` creates and maintains. */
export const rulesetName = 'Release gate'

/** A ruleset in GitHub's shape, without the bypass list, which `setup` never changes. */
export type RulesetBody = {
  name: string
  target: 'branch'
  enforcement: 'active'
  conditions: { ref_name: { include: string[]; exclude: string[] } }
  rules: Ruleset['rules']
}

export type SetupStep =
  /** Manual, since the bot never writes to a repository. */
  | { kind: 'push-policy' }
  | { kind: 'fix-policy'; where: string; problems: string[] }
  /** Manual too. `url`: GitHub's editor, filled in; left out where the file is there, which that editor cannot replace. */
  | {
      kind: 'commit-incident-form'
      repository: string
      file: string
      lacks: string[]
      text: string
      url?: string
    }
  | { kind: 'create-ruleset'; body: RulesetBody }
  | { kind: 'update-ruleset'; id: number; body: RulesetBody }
  | { kind: 'create-label'; label: Label }

export type SetupPlan = {
  steps: SetupStep[]
  /** Branch patterns of the policy that a ruleset cannot express. */
  inexpressible: string[]
  /** The policy only reports: the check is green whatever the gates say. */
  reportOnly?: true
  /** A runbook to fill in for each tool, where the policy names the gate `runbooks`. */
  runbook?: { file: string; text: string }
}

/**
 * The steps that are left until the gate is enforced on a repository. The check is not required before there is a valid
 * policy: it would never be published, so not even the policy could be merged.
 */
export function planSetup(repository: ReadRepository, appId: number, web = 'https://github.com'): SetupPlan {
  const { policy } = repository
  const settled = policy.kind === 'valid' ? policy.policy : undefined
  const labels = missingLabels(wantedLabels(settled), repository.labels)
  const steps = [
    ...labels.map((label): SetupStep => ({ kind: 'create-label', label })),
    ...planIncidentForm(repository, web),
  ]
  if (policy.kind === 'none') return { steps: [{ kind: 'push-policy' }, ...steps], inexpressible: [] }
  if (policy.kind === 'invalid')
    return { steps: [{ ...policy, kind: 'fix-policy' }, ...steps], inexpressible: [] }
  if (policy.kind === 'lost') {
    const problems = [`${policy.loss.what}.`, `${policy.loss.fix}.`]
    return { steps: [{ kind: 'fix-policy', where: policy.where, problems }, ...steps], inexpressible: [] }
  }
  const { inexpressible, ...refs } = refsOf(policy.policy, repository.defaultBranch)
  const isCovered = (branch: string) => covers(policy.policy, branch, repository.defaultBranch)
  return {
    steps: [...planRuleset(repository, appId, refs, isCovered), ...steps],
    inexpressible,
    ...(policy.policy.enforce === false ? { reportOnly: true } : {}),
    ...runbookOf(policy.policy),
  }
}

function planIncidentForm({ incidentForm }: ReadRepository, web: string): SetupStep[] {
  if (!incidentForm || incidentForm.state.kind === 'current') return []
  const { repository, defaultBranch, state, components } = incidentForm
  const text = incidentFormText(components)
  const form = { kind: 'commit-incident-form' as const, repository, file: incidentFormPath, text }
  if (state.kind === 'outdated') return [{ ...form, lacks: state.lacks }]
  const file = new URLSearchParams({ filename: incidentFormPath, value: text })
  return [
    { ...form, lacks: [], url: `${web}/${repository}/new/${encodeURIComponent(defaultBranch)}?${file}` },
  ]
}

function runbookOf({ gates: { runbooks } }: Policy): Pick<SetupPlan, 'runbook'> {
  if (!runbooks) return {}
  return { runbook: { file: `${runbooks.folder}/<tool>.md`, text: runbookTemplate(runbooks) } }
}

type Refs = { include: string[]; exclude: string[] }

function planRuleset(
  repository: ReadRepository,
  appId: number,
  refs: Refs,
  isCovered: (branch: string) => boolean,
): SetupStep[] {
  const { branches, rulesets } = repository.enforcement
  const gate: RequiredCheck = { check: checkName, appId, repository: repository.name }
  const enforced = branches
    .filter(({ covered }) => covered)
    .every(({ state }) => state.readable && state.sources.some((source) => requiresFromApp(source, gate)))
  const own = rulesets.find(({ name, owner }) => name === rulesetName && owner === 'Repository')
  if (!own) return enforced ? [] : [{ kind: 'create-ruleset', body: newRuleset(refs, appId) }]
  const covered = branches.filter((branch) => branch.covered).map(({ name }) => name)
  const opens = (ref: string) => excludesCovered(ref, covered, isCovered)
  const kept = enforced ? own.exclude : own.exclude.filter((ref) => refs.exclude.includes(ref) || !opens(ref))
  const body = repaired({ ...own, exclude: kept }, refs, appId)
  const same =
    own.enforcement === 'active' &&
    isDeepStrictEqual(own.rules, body.rules) &&
    isDeepStrictEqual({ include: own.include, exclude: own.exclude }, body.conditions.ref_name)
  return same ? [] : [{ kind: 'update-ruleset', id: own.id, body }]
}

/** The gate counts approvals, so GitHub requires none; it only requires a pull request. */
function newRuleset(refs: Refs, appId: number): RulesetBody {
  return {
    name: rulesetName,
    target: 'branch',
    enforcement: 'active',
    conditions: { ref_name: refs },
    rules: [
      { type: 'deletion' },
      { type: 'non_fast_forward' },
      {
        type: 'pull_request',
        parameters: {
          required_approving_review_count: 0,
          dismiss_stale_reviews_on_push: false,
          require_code_owner_review: false,
          require_last_push_approval: false,
          required_review_thread_resolution: false,
        },
      },
      requirement(newRequirement, [{ context: checkName, integration_id: appId }]),
    ],
  }
}

/** A branch can be created before its first commit has a check; later commits need one. */
const newRequirement = { strict_required_status_checks_policy: false, do_not_enforce_on_create: true }

function requirement(settings: object, checks: object[]): Ruleset['rules'][number] {
  return { type: 'required_status_checks', parameters: { ...settings, required_status_checks: checks } }
}

/** Repairs our ruleset and keeps all other rules, checks and branches. */
function repaired(own: Ruleset, { include, exclude }: Refs, appId: number): RulesetBody {
  const isChecks = ({ type }: { type: string }) => type === 'required_status_checks'
  const parameters = own.rules.find(isChecks)?.parameters
  const checks = (parameters?.required_status_checks ?? []) as {
    context: string
    integration_id?: number | null
  }[]
  const ours = { context: checkName, integration_id: appId }
  const isOurs = (one: { context: string }) => one.context === checkName
  const pinned = checks.some(isOurs) ? checks.map((one) => (isOurs(one) ? ours : one)) : [...checks, ours]
  const rule = requirement(parameters ?? newRequirement, pinned)
  return {
    name: rulesetName,
    target: 'branch',
    enforcement: 'active',
    conditions: {
      ref_name: {
        include: [...new Set([...own.include, ...include])],
        exclude: [...new Set([...own.exclude, ...exclude])],
      },
    },
    rules: own.rules.some(isChecks)
      ? own.rules.map((one) => (isChecks(one) ? rule : one))
      : [...own.rules, rule],
  }
}

/** Whether an exclusion of the ruleset takes the check from a branch that the policy covers, as far as its name tells. */
function excludesCovered(ref: string, covered: string[], isCovered: (branch: string) => boolean): boolean {
  const name = /^refs\/heads\/(.+)$/.exec(ref)?.[1]
  if (name === undefined) return true
  return /[*?[]/.test(name) ? covered.some((branch) => selectsBranch([name], branch)) : isCovered(name)
}

/**
 * The policy's globs as ruleset patterns. GitHub supports `*`, `**` before a slash, `?` and `[…]`, but no braces, `!` or
 * extended globs: https://docs.github.com/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/creating-rulesets-for-a-repository#using-fnmatch-syntax
 * What a ruleset excludes stays excluded, so only a `!` that no later pattern may undo becomes an exclusion.
 */
function refsOf({ branches }: Policy, defaultBranch: string): Refs & { inexpressible: string[] } {
  const others = branches.filter((pattern) => pattern !== defaultBranch)
  const lastIncluding = others.findLastIndex((pattern) => !pattern.startsWith('!'))
  const isExpressible = (pattern: string, index: number) => {
    const name = pattern.replace(/^!/, '')
    if (/[{}()!+@|\\]/.test(name)) return false
    return name === pattern || (index > lastIncluding && !selectsBranch([name], defaultBranch))
  }
  const expressible = others.filter(isExpressible)
  const refOf = (pattern: string) => `refs/heads/${pattern.replace(/(^|\/)\*\*$/, '$1**/*')}`
  const excluding = expressible.filter((pattern) => pattern.startsWith('!'))
  return {
    include: [
      '~DEFAULT_BRANCH',
      ...expressible.filter((pattern) => !excluding.includes(pattern)).map((pattern) => refOf(pattern)),
    ],
    exclude: excluding.map((pattern) => refOf(pattern.slice(1))),
    inexpressible: others.filter((pattern) => !expressible.includes(pattern)),
  }
}
