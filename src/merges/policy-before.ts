import { covers, type Policy } from '../decision/policy.ts'
import type { PullRef } from '../decision/snapshot.ts'
import { parsePolicy } from '../policy/policy-file.ts'
import { type ReadPolicy, readPoliciesAt } from '../policy/policy-source.ts'
import type { PolicyShell } from '../policy/shared-policy.ts'
import type { Span } from '../services/github/branch-activity.ts'
import type { GitHub } from '../services/github/client.ts'
import { orAbsent } from '../services/github/errors.ts'
import type { ReadMerge } from '../services/github/merges.ts'
import { lastValidPolicy } from '../store/policies.ts'
import { repositoryOf } from './shell.ts'

type Repository = Parameters<typeof repositoryOf>[0]

/** A change of a branch; `before` is the previous tip, undefined if unknown. It happened at some instant of the span. */
export type Arrival = {
  branch: string
  defaultBranch: string
  before: string | undefined
  after: string
  span: Span
}

/** GitHub gives the second in which something happened. */
export function secondOf(at: string): Span {
  const from = new Date(at)
  return { from, to: new Date(from.getTime() + 1_000) }
}

/** A policy and its file. Without a policy the file was invalid; without a file it is the last valid policy that was stored. */
export type PolicyBefore = {
  policy: Policy | undefined
  /** Whether the file itself was valid. */
  valid: boolean
  file: { where: string; blob: string } | undefined
}

/**
 * The policy as it stood before something came to a branch, so that nobody decides by a change whether that change is
 * recorded. Only what comes to the default branch changes the repository's own: for another branch it is the one that stands there
 * now. Undefined: there was none. There are several where it isn't known which one of the organization's stood then; what one of
 * them doesn't excuse is not excused.
 */
export async function policiesBefore(
  shell: PolicyShell,
  github: GitHub,
  ref: Repository,
  arrival: Arrival,
): Promise<(PolicyBefore | undefined)[]> {
  const repository = repositoryOf(ref)
  const reads = await readBefore(shell, github, repository, arrival)
  return Promise.all(reads.map((read) => policyBefore(shell, github, repository, { arrival, read })))
}

async function policyBefore(
  shell: PolicyShell,
  github: GitHub,
  repository: Repository,
  { arrival, read }: { arrival: Arrival; read: ReadPolicy | undefined },
): Promise<PolicyBefore | undefined> {
  const { database } = shell
  if (read?.result.ok) return { policy: read.result.policy, valid: true, file: read.file }
  const kept = await lastValidPolicy(database, repository)
  if (!read && (kept === undefined || (await isKnown(github, repository, arrival)))) return undefined
  if (kept === undefined || (await hasBrought(shell, github, repository, arrival, kept)))
    return { policy: undefined, valid: false, file: read?.file }
  const valid = parsePolicy(kept)
  return {
    policy: valid.ok ? valid.policy : undefined,
    valid: valid.ok && read === undefined,
    file: read?.file,
  }
}

/** The policies that a merge may have found, and not the one that it may have brought; `before` is the tip of the branch until then. */
export function policiesBeforeMerge(
  shell: PolicyShell,
  github: GitHub,
  pull: PullRef,
  { base: { ref: branch }, defaultBranch, mergeCommit, head, mergedAt }: ReadMerge,
  before: string | undefined,
): Promise<(PolicyBefore | undefined)[]> {
  const after = mergeCommit ?? head.sha
  return policiesBefore(shell, github, pull, {
    branch,
    defaultBranch,
    before,
    after,
    span: secondOf(mergedAt),
  })
}

/** The default branch is always covered, also where no policy can be read. */
export function isCoveredBy(policy: Policy | undefined, branch: string, defaultBranch: string): boolean {
  return policy ? covers(policy, branch, defaultBranch) : branch === defaultBranch
}

const isDefault = ({ branch, defaultBranch }: Arrival) => branch === defaultBranch

/** The policy of the repository's file as it stood before, and of its organization's as it stood then. */
async function readBefore(
  shell: PolicyShell,
  github: GitHub,
  repository: Repository,
  arrival: Arrival,
): Promise<(ReadPolicy | undefined)[]> {
  const { before: sha, span } = arrival
  if (!isDefault(arrival)) return readPoliciesAt(shell, github, repository, { span })
  return sha === undefined ? [undefined] : readPoliciesAt(shell, github, repository, { sha, span })
}

/** Whether it can be seen what stood before: a tip that a force push threw away may be gone from GitHub. */
async function isKnown(github: GitHub, { owner, repo }: Repository, arrival: Arrival): Promise<boolean> {
  const { before } = arrival
  if (!isDefault(arrival)) return true
  if (before === undefined) return false
  return (await orAbsent(github.rest.git.getCommit({ owner, repo, commit_sha: before }))) !== undefined
}

/** Whether the policy that was kept since is the one that came: it says nothing of what held before. */
async function hasBrought(
  shell: PolicyShell,
  github: GitHub,
  repository: Repository,
  arrival: Arrival,
  kept: string,
): Promise<boolean> {
  if (!isDefault(arrival)) return false
  const [brought] = await readPoliciesAt(shell, github, repository, { sha: arrival.after })
  return brought?.file.text === kept
}
