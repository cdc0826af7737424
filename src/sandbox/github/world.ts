import type { Git } from './git.ts'
import type { Protection, Ruleset } from './rule-types.ts'

/** Everything that the sandbox's GitHub remembers beside git: plain data, changed only by the modules in this folder. */
export type World = {
  accounts: Map<number, Account>
  teams: Team[]
  repositories: Map<number, Repository>
  apps: AppRecord[]
  installations: Installation[]
  organizationRulesets: Map<number, Ruleset[]>
  customRoles: Map<number, Map<string, BaseRole>>
  nextId: (kind: string) => number
}

export type BaseRole = 'admin' | 'maintain' | 'write' | 'triage' | 'read'
/** A role's exact name: one of GitHub's five, or a custom role of the organisation. */
export type RoleName = string

export type Account = {
  id: number
  login: string
  type: 'User' | 'Bot' | 'Organization'
  name: string | null
  email: string | null
  createdAt: number
  deleted: boolean
  /** Organisations only: ids of members and of owners. */
  members: Set<number>
  owners: Set<number>
}

export type Team = {
  id: number
  organizationId: number
  slug: string
  name: string
  parentId: number | null
  members: Map<number, 'member' | 'maintainer'>
  repositories: Map<number, RoleName>
}

export type AppRecord = {
  id: number
  slug: string
  name: string
  ownerId: number
  botId: number
  permissions: Record<string, 'read' | 'write'>
  events: string[]
  createdAt: number
}

export type Installation = {
  id: number
  appId: number
  accountId: number
  /** Ids of the repositories, or all of the account's. */
  repositories: Set<number> | 'all'
  suspendedAt: number | null
  createdAt: number
}

export type Repository = {
  id: number
  ownerId: number
  name: string
  private: boolean
  defaultBranch: string
  parentId: number | null
  archived: boolean
  createdAt: number
  pushedAt: number
  git: Git
  collaborators: Map<number, RoleName>
  mergeMethods: Set<MergeMethod>
  allowAutoMerge: boolean
  deleteBranchOnMerge: boolean
  labels: Label[]
  issues: Map<number, Issue>
  activity: Activity[]
  checkRuns: Map<string, CheckRun[]>
  checkSuites: CheckSuite[]
  statuses: Map<string, CommitStatus[]>
  protections: Map<string, Protection>
  rulesets: Ruleset[]
  deployments: Deployment[]
  environments: Environment[]
  queues: Map<string, MergeQueue>
  /** Commits that GitHub made in the browser and signed. */
  signed: Set<string>
}

export type MergeMethod = 'merge' | 'squash' | 'rebase'
export type Label = { id: number; name: string; color: string; description: string | null; default: boolean }

export type Issue = {
  id: number
  number: number
  title: string
  body: string | null
  userId: number
  state: 'open' | 'closed'
  stateReason: string | null
  labels: Label[]
  assignees: number[]
  locked: boolean
  createdAt: number
  updatedAt: number
  closedAt: number | null
  closedBy: number | null
  comments: Comment[]
  events: IssueEvent[]
  pull?: Pull
}

export type Comment = {
  id: number
  userId: number
  body: string
  createdAt: number
  updatedAt: number
  appId?: number
}

export type IssueEvent = {
  id: number
  event: string
  actorId: number | null
  createdAt: number
  commitId: string | null
  appId: number | null
  /** What this kind of event carries besides: label, dismissed_review, rename, … as GitHub writes it. */
  detail: Record<string, unknown>
}

export type Pull = {
  id: number
  baseRef: string
  baseSha: string
  headRepositoryId: number | null
  headRef: string
  headSha: string
  draft: boolean
  mergedAt: number | null
  mergedBy: number | null
  mergeCommitSha: string | null
  maintainerCanModify: boolean
  requestedReviewers: Set<number>
  requestedTeams: Set<number>
  reviews: Review[]
  autoMerge: AutoMerge | null
}

export type AutoMerge = { userId: number; method: MergeMethod; title: string | null; message: string | null }
export type ReviewState = 'APPROVED' | 'CHANGES_REQUESTED' | 'COMMENTED' | 'DISMISSED' | 'PENDING'

export type Review = {
  id: number
  userId: number
  body: string
  state: ReviewState
  /** Null once git has collected the commit. */
  commitId: string | null
  submittedAt: number
}

export type Activity = {
  id: number
  before: string
  after: string
  ref: string
  timestamp: number
  activityType: ActivityType
  actorId: number
}
export type ActivityType =
  | 'push'
  | 'force_push'
  | 'branch_creation'
  | 'branch_deletion'
  | 'pr_merge'
  | 'merge_queue_merge'

export type CheckStatus = 'queued' | 'in_progress' | 'completed' | 'waiting' | 'requested' | 'pending'
export type CheckRun = {
  id: number
  name: string
  appId: number
  suiteId: number
  headSha: string
  externalId: string
  detailsUrl: string | null
  status: CheckStatus
  conclusion: string | null
  startedAt: string | null
  completedAt: string | null
  output: { title: string | null; summary: string | null; text: string | null }
  annotations: Record<string, unknown>[]
  actions: { label: string; description: string; identifier: string }[]
}
export type CheckSuite = {
  id: number
  appId: number
  headSha: string
  headBranch: string | null
  before: string | null
  createdAt: number
  updatedAt: number
  rerequested: boolean
}
export type CommitStatus = {
  id: number
  state: 'error' | 'failure' | 'pending' | 'success'
  context: string
  description: string | null
  targetUrl: string | null
  creatorId: number
  appId: number | null
  createdAt: number
}

export type Deployment = {
  id: number
  sha: string
  ref: string
  task: string
  payload: unknown
  originalEnvironment: string
  environment: string
  description: string | null
  creatorId: number
  appId: number | null
  transient: boolean
  production: boolean
  createdAt: number
  updatedAt: number
  statuses: DeploymentStatus[]
}
export type DeploymentStatus = {
  id: number
  state: string
  creatorId: number
  appId: number | null
  description: string
  environment: string
  targetUrl: string
  logUrl: string
  environmentUrl: string
  createdAt: number
}
export type Environment = { id: number; name: string; createdAt: number }

export type MergeQueue = { entries: QueueEntry[]; groups: MergeGroup[] }
export type QueueEntry = { number: number; userId: number; enqueuedAt: number; jump: boolean }
/** One pull request merged on top of everything before it in the queue. */
export type MergeGroup = {
  number: number
  headRef: string
  headSha: string
  baseSha: string
  baseRef: string
}

/** GitHub's own account for work done in the browser: the committer of merges, never a person. */
export const webFlow = { id: 19_864_447, login: 'web-flow', name: 'GitHub', email: 'noreply@github.com' }
/** Stands in where an account was deleted. */
export const ghost = { id: 10_137, login: 'ghost' }

export function createWorld(now: number): World {
  const counters = new Map<string, number>()
  const nextId = (kind: string) => {
    const next = (counters.get(kind) ?? firstIds[kind] ?? 1000) + 1
    counters.set(kind, next)
    return next
  }
  const world: World = {
    accounts: new Map(),
    teams: [],
    repositories: new Map(),
    apps: [],
    installations: [],
    organizationRulesets: new Map(),
    customRoles: new Map(),
    nextId,
  }
  for (const account of [webFlow, { ...ghost, name: 'Deleted user', email: null }]) {
    world.accounts.set(account.id, anAccount({ ...account, type: 'User', createdAt: now }))
  }
  return world
}

/** Kinds count from different numbers, so that an id taken for another kind's is noticed. */
const firstIds: Record<string, number> = {
  account: 1000,
  team: 20_000,
  repository: 300_000,
  app: 4000,
  installation: 50_000,
  pull: 600_000,
  issue: 700_000,
  review: 8_000_000,
  checkRun: 90_000_000,
  checkSuite: 10_000_000,
  event: 11_000_000,
}

export function anAccount(
  fields: Pick<Account, 'id' | 'login' | 'type' | 'name' | 'email' | 'createdAt'>,
): Account {
  return { ...fields, deleted: false, members: new Set(), owners: new Set() }
}
