import type { Policy } from '../decision/policy.ts'
import type { Loss } from '../policy/shared-policy.ts'
import type { ApproverPool } from '../services/github/approver-pool.ts'
import type { Enforcement } from '../services/github/enforcement.ts'
import type { IncidentFormFacts } from './incident-form.ts'

/** The input of `diagnose`, as plain data. */
export type Facts = {
  app: AppFacts
  installations: InstallationFacts[]
  repositories: RepositoryFacts[]
  probes: ProbeFacts[]
}

/** Permissions by GitHub's names, `read` or `write`. */
export type Permissions = Record<string, string>

export type AppFacts = {
  id: number
  slug: string
  /** What `app.yml` asks for, each with its reason. */
  asks: { permissions: RequestedGrant[]; events: RequestedGrant[] }
  has: { permissions: Permissions; events: string[] }
}

export type RequestedGrant = { name: string; level: string; reason: string }

export type InstallationFacts = {
  account: string
  page: string
  suspended: boolean
  /** Whether `ALLOWED_ACCOUNTS` lets the bot serve it. */
  served: boolean
  permissions: Permissions
  events: string[]
  /** Why it could not be read. */
  unreadable?: string
}

export type PolicyFacts =
  | { kind: 'none' }
  /**
   * `ignored`: what the repository's own file names although the organization locks it. `shared`: a part of it, or all, is the
   * organization's.
   */
  | { kind: 'valid'; policy: Policy; where: string; ignored?: string[]; shared?: boolean }
  | { kind: 'invalid'; where: string; problems: string[]; shared?: boolean }
  /** The organization's policy applied before and does not apply now. */
  | { kind: 'lost'; where: string; loss: Loss; shared: true }

export type RepositoryFacts = { name: string } & (
  | { kind: 'absent' }
  | { kind: 'unreadable'; why: string }
  | ReadRepository
)

export type ReadRepository = {
  kind: 'read'
  name: string
  defaultBranch: string
  policy: PolicyFacts
  enforcement: Enforcement
  labels: string[]
  approvers: ApproverPool
  /** Read only where the policy names an incident repository. */
  incidentForm?: IncidentFormFacts
}

/** `unknown`: it cannot be determined from here. */
export type ProbeFacts = {
  name: string
  state: 'ok' | 'failed' | 'unknown'
  message: string
  fix?: string
  /** What Slack says that the token may do. */
  scopes?: string[]
}
