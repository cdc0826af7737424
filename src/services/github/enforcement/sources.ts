import type { Bypass } from './bypass.ts'

/** A source of rules for a branch: a ruleset, or its classic protection. */
export type Source = {
  kind: 'ruleset' | 'classic'
  /** Stable and unique within the repository. */
  id: string
  /** Null where only the rule's number is known. */
  name: string | null
  /** Required checks; `appId` null: any App, and anyone with write access, may report it. */
  checks: { name: string; appId: number | null }[]
  /** Whether a pull request must be up to date with its base. */
  strict: boolean
  bypass: Bypass[] | 'hidden'
  pullRequired: boolean
  approvals: number
  dismissStale: boolean
  queue: { grouping: string } | null
  refusesForcePush: boolean
  refusesDeletion: boolean
}

/** A ruleset as it is written, whether in force or not. `rules` is as GitHub gives them, for writing them back. */
export type Ruleset = {
  id: number
  name: string
  owner: 'Repository' | 'Organization' | 'Enterprise'
  enforcement: string
  include: string[]
  exclude: string[]
  rules: { type: string; parameters?: Record<string, unknown> }[]
  bypass: Bypass[] | 'hidden'
}

type Rule = {
  type: string
  parameters?: unknown
  ruleset_id?: number
}

type Parameters = {
  required_status_checks?: { context: string; integration_id?: number | null }[]
  strict_required_status_checks_policy?: boolean
  required_approving_review_count?: number
  dismiss_stale_reviews_on_push?: boolean
  grouping_strategy?: string
}

/** The active rules of a branch as `GET …/rules/branches/{branch}` gives them, one source for each ruleset. */
export function fromRules(rules: Rule[], rulesets: Ruleset[]): Source[] {
  const sources = new Map<number, Source>()
  for (const rule of rules) {
    const id = rule.ruleset_id ?? 0
    const source = sources.get(id) ?? unbound(id, rulesets)
    sources.set(id, source)
    readers[rule.type]?.(source, (rule.parameters ?? {}) as Parameters)
  }
  return [...sources.values()]
}

function unbound(id: number, rulesets: Ruleset[]): Source {
  const ruleset = rulesets.find((one) => one.id === id)
  return {
    kind: 'ruleset',
    id: `ruleset ${id}`,
    name: ruleset?.name ?? null,
    checks: [],
    strict: false,
    bypass: ruleset?.bypass ?? 'hidden',
    pullRequired: false,
    approvals: 0,
    dismissStale: false,
    queue: null,
    refusesForcePush: false,
    refusesDeletion: false,
  }
}

const readers: Record<string, (source: Source, parameters: Parameters) => void> = {
  required_status_checks(source, parameters) {
    for (const { context, integration_id: app } of parameters.required_status_checks ?? [])
      source.checks.push({ name: context, appId: pin(app) })
    source.strict = parameters.strict_required_status_checks_policy === true
  },
  pull_request(source, parameters) {
    source.pullRequired = true
    source.approvals = parameters.required_approving_review_count ?? 0
    source.dismissStale = parameters.dismiss_stale_reviews_on_push === true
  },
  merge_queue(source, parameters) {
    source.queue = { grouping: parameters.grouping_strategy ?? 'ALLGREEN' }
  },
  non_fast_forward(source) {
    source.refusesForcePush = true
  },
  deletion(source) {
    source.refusesDeletion = true
  },
}

/** GitHub writes "any App" as null, as -1, or by leaving it out. */
function pin(appId: number | null | undefined): number | null {
  return appId === undefined || appId === null || appId < 0 ? null : appId
}

type Protection = {
  required_status_checks?: { strict?: boolean; checks?: { context: string; app_id: number | null }[] }
  enforce_admins?: { enabled: boolean }
  required_pull_request_reviews?: {
    required_approving_review_count?: number
    dismiss_stale_reviews: boolean
  }
  allow_force_pushes?: { enabled?: boolean }
  allow_deletions?: { enabled?: boolean }
}

/** Classic protection has no list of its own: administrators pass it over unless it is enforced for them too. */
export function fromProtection(branch: string, protection: Protection): Source {
  const { required_status_checks: checks, required_pull_request_reviews: reviews } = protection
  return {
    kind: 'classic',
    id: `protection of ${branch}`,
    name: null,
    checks: (checks?.checks ?? []).map(({ context, app_id }) => ({ name: context, appId: pin(app_id) })),
    strict: checks?.strict === true,
    bypass: protection.enforce_admins?.enabled
      ? []
      : [{ who: 'administrators of the repository', mode: 'always', reach: 'administrators' }],
    pullRequired: reviews !== undefined,
    approvals: reviews?.required_approving_review_count ?? 0,
    dismissStale: reviews?.dismiss_stale_reviews === true,
    queue: null,
    refusesForcePush: protection.allow_force_pushes?.enabled !== true,
    refusesDeletion: protection.allow_deletions?.enabled !== true,
  }
}
