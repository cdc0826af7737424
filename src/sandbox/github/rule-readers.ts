import type { MergeMethod } from './repository-state.ts'
import type { Protection, Rule, Ruleset } from './rule-types.ts'

export type RequiredCheck = { context: string; appId: number | null }

/** What one ruleset, or one classic protection, asks of a branch. */
export type Requirement = {
  source: 'classic' | 'ruleset'
  checks: RequiredCheck[]
  strict: boolean
  approvals: number | null
  dismissStale: boolean
  lastPushApproval: boolean
  pullRequired: boolean
  methods: MergeMethod[] | null
  mergeQueue: Record<string, unknown> | null
  linear: boolean
  refuses: Set<'force_push' | 'deletion' | 'update' | 'creation'>
}

function nothing(source: Requirement['source']): Requirement {
  return {
    source,
    checks: [],
    strict: false,
    approvals: null,
    dismissStale: false,
    lastPushApproval: false,
    pullRequired: false,
    methods: null,
    mergeQueue: null,
    linear: false,
    refuses: new Set(),
  }
}

export function fromRuleset({ rules }: Ruleset): Requirement {
  const requirement = nothing('ruleset')
  for (const rule of rules) readers[rule.type]?.(requirement, rule.parameters ?? {})
  return requirement
}

type Parameters = NonNullable<Rule['parameters']>
const readers: Record<string, (requirement: Requirement, parameters: Parameters) => void> = {
  required_status_checks(requirement, parameters) {
    const checks = parameters.required_status_checks as { context: string; integration_id?: number | null }[]
    requirement.checks = checks.map(({ context, integration_id }) => ({
      context,
      appId: integration_id ?? null,
    }))
    requirement.strict = parameters.strict_required_status_checks_policy === true
  },
  pull_request(requirement, parameters) {
    requirement.pullRequired = true
    requirement.approvals = Number(parameters.required_approving_review_count ?? 0)
    requirement.dismissStale = parameters.dismiss_stale_reviews_on_push === true
    requirement.lastPushApproval = parameters.require_last_push_approval === true
    requirement.methods = (parameters.allowed_merge_methods as MergeMethod[] | undefined) ?? null
  },
  merge_queue(requirement, parameters) {
    requirement.mergeQueue = parameters
  },
  required_linear_history(requirement) {
    requirement.linear = true
  },
  non_fast_forward: (requirement) => void requirement.refuses.add('force_push'),
  deletion: (requirement) => void requirement.refuses.add('deletion'),
  update: (requirement) => void requirement.refuses.add('update'),
  creation: (requirement) => void requirement.refuses.add('creation'),
}

export function fromProtection(protection: Protection): Requirement {
  const requirement = nothing('classic')
  const checks = protection.required_status_checks
  requirement.checks = (checks?.checks ?? []).map(({ context, app_id }) => ({ context, appId: app_id }))
  requirement.strict = checks?.strict ?? false
  const reviews = protection.required_pull_request_reviews
  if (reviews) {
    requirement.pullRequired = true
    requirement.approvals = reviews.required_approving_review_count
    requirement.dismissStale = reviews.dismiss_stale_reviews
    requirement.lastPushApproval = reviews.require_last_push_approval
  }
  requirement.linear = protection.required_linear_history
  if (!protection.allow_force_pushes) requirement.refuses.add('force_push')
  if (!protection.allow_deletions) requirement.refuses.add('deletion')
  return requirement
}
