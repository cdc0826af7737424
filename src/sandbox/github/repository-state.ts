import type { Git } from './git.ts'
import type { Protection, Ruleset } from './rule-types.ts'

/** A role's exact name: one of GitHub's five, or a custom role of the organization. */
export type RoleName = string

export type Repository = {
  id: number
  ownerId: number
  name: string
  private: boolean
  defaultBranch: string
  parentId: number | null
  archived: boolean
  hasIssues: boolean
  createdAt: number
  pushedAt: number
  git: Git
  collaborators: Map<number, RoleName>
  mergeMethods: Set<MergeMethod>
  allowAutoMerge: boolean
  deleteBranchOnMerge: boolean
  labels: Label[]
  issues: Map<number, Issue>
  /** Where the issues went that were transferred, by their former numbers. */
  movedIssues?: Map<number, { repository: Repository; number: number }>
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

/** An issue that is a pull request. */
export type PullIssue = Issue & { pull: Pull }

export type Comment = {
  id: number
  userId: number
  body: string
  createdAt: number
  updatedAt: number
  appId?: number
  reactions?: Reaction[]
}

export type Reaction = { id: number; userId: number; content: string; createdAt: number }

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
