/** A ruleset as the REST API takes and gives it; the rules keep GitHub's own names. */
export type Ruleset = {
  id: number
  name: string
  target: 'branch' | 'tag' | 'push'
  sourceType: 'Repository' | 'Organization'
  source: string
  enforcement: 'active' | 'disabled' | 'evaluate'
  bypassActors: BypassActor[]
  conditions: RulesetConditions
  rules: Rule[]
  createdAt: number
  updatedAt: number
}

export type BypassActor = {
  actor_id: number | null
  actor_type: 'Integration' | 'OrganizationAdmin' | 'RepositoryRole' | 'Team' | 'DeployKey' | 'User'
  bypass_mode: 'always' | 'pull_request' | 'exempt'
}

export type RulesetConditions = {
  ref_name?: { include: string[]; exclude: string[] }
  repository_name?: { include: string[]; exclude: string[]; protected?: boolean }
  repository_id?: { repository_ids: number[] }
}

export type Rule = { type: string; parameters?: Record<string, unknown> }

/** Classic protection of one branch, in the words of `PUT …/branches/{branch}/protection`. */
export type Protection = {
  required_status_checks: { strict: boolean; checks: { context: string; app_id: number | null }[] } | null
  enforce_admins: boolean
  required_pull_request_reviews: {
    required_approving_review_count: number
    dismiss_stale_reviews: boolean
    require_code_owner_reviews: boolean
    require_last_push_approval: boolean
  } | null
  restrictions: { users: string[]; teams: string[]; apps: string[] } | null
  required_linear_history: boolean
  allow_force_pushes: boolean
  allow_deletions: boolean
}

/** Ids by which a bypass actor of type `RepositoryRole` names GitHub's own roles. */
export const roleIds: Record<number, string> = {
  1: 'read',
  2: 'maintain',
  3: 'triage',
  4: 'write',
  5: 'admin',
}
