import type { Lock } from '../decision/locked-by.ts'
import { defaultPolicy, type Policy } from '../decision/policy.ts'
import { isSharedRepository } from '../decision/shared-repository.ts'
import type { PullRef, Snapshot } from '../decision/snapshot.ts'
import type { Span } from '../services/github/branch-activity.ts'
import type { GitHub } from '../services/github/client.ts'
import { mergeBaseOf } from '../services/github/commits.ts'
import {
  identityOfFile,
  listPullFiles,
  type PolicyFile,
  readPolicyFile,
  readPolicyFiles,
  readSharedFile,
  sharedFilesWithin,
  sharedPlace,
} from '../services/github/policy.ts'
import { baseTip } from '../services/github/pulls.ts'
import type { Database } from '../store/database.ts'
import { keepValidPolicy, lastValidPolicy } from '../store/policies.ts'
import { type FileProblem, problemsShown } from '../yaml/yaml-file.ts'
import { type CombinedPolicy, combinePolicies, impossibleIn, type PolicyFiles } from './combine-policies.ts'
import { policyPath } from './policy-file.ts'
import { compareSharedPolicy, type PolicyShell, sharedPolicyProblem } from './shared-policy.ts'
import { withoutImpossible } from './without-impossible.ts'

/**
 * The policy for a pull request, and the sentence in the check about where it comes from. `whole`: where it lacks what would keep a fix of
 * the policy from passing, the one that it is a part of. `lost`: as in `ReadPolicy`.
 */
export type ApplicablePolicy =
  | { kind: 'none' }
  | { kind: 'policy'; policy: Policy; whole?: Policy; file: PolicyFile; files: PolicyFiles; note: string }
  | { kind: 'broken'; problems: FileProblem[]; file: PolicyFile; lost?: true | undefined }

/**
 * Reads the policy from the default branch, never from the pull request. An invalid policy must not block its own fix: a pull
 * request into the default branch that touches only the policy, valid at its head, is evaluated under the last valid policy without its
 * window, or under the defaults where there has been none. So is the fix of a policy that nobody can pass, under what of it can pass.
 */
export async function policyFor(
  shell: PolicyShell,
  github: GitHub,
  pull: PullRef,
): Promise<ApplicablePolicy> {
  const read = await readPolicy(shell, github, pull)
  if (!read) return { kind: 'none' }
  const { database } = shell
  const { files, file, result, note } = read
  if (result.ok) {
    await keepValidPolicy(database, pull, file)
    const passable = isPassable(read) ? undefined : policyToRepair(result.policy, read.locked)
    if (!passable) return { kind: 'policy', policy: result.policy, file, files, note }
    if (!(await repairs(github, pull, files)))
      return { kind: 'policy', policy: result.policy, file, files, note: `${note} ${howToRepair}` }
    const why = `No pull request can pass under the policy on the default branch and this pull request fixes it, so only the gates that can pass apply, ${windowInWords(read.locked)}.`
    return { kind: 'policy', policy: passable, whole: result.policy, file, files, note: why }
  }
  if (!read.lost && (await repairs(github, pull, files))) {
    const { policy, which, locked } = await lastValid(database, pull, files)
    const why = `The policy on the default branch is invalid and this pull request fixes it, so ${which} applies, ${windowInWords(locked)}.`
    const part = policyToRepair(policy, locked) ?? policy
    return { kind: 'policy', policy: part, whole: policy, file, files, note: why }
  }
  return { kind: 'broken', problems: result.problems, file, lost: read.lost }
}

const howToRepair =
  "No pull request can pass under this policy. One that changes only the policy file and fixes it is checked without the gates that can't pass; if its branch is older than the mistake, update the branch first."

/** A policy that only reports blocks nothing. */
function isPassable(combined: CombinedPolicy): boolean {
  const { result } = combined
  return (result.ok && result.policy.enforce === false) || impossibleIn(combined).length === 0
}

function policyToRepair(policy: Policy, locked: Lock[]): Policy | undefined {
  return withoutImpossible(locked.includes('release_window') ? policy : withoutWindow(policy), locked)
}

function windowInWords(locked: Lock[]): string {
  return locked.includes('release_window')
    ? 'with its release window, which is locked'
    : 'without its release window'
}

type Repository = { installationId: number; owner: string; repo: string }

/**
 * `lost`: an organization's policy applied before, and can't be read now or is from another repository. Nothing tells whether it still
 * locks something, so there is no valid policy.
 */
export type ReadPolicy = CombinedPolicy & { lost?: true }

/** The policy of a repository, of its own file and its organization's. */
export async function readPolicy(
  shell: PolicyShell,
  github: GitHub,
  repository: Repository,
): Promise<ReadPolicy | undefined> {
  return policyOf(shell, github, repository, await readPolicyFiles(github, repository, policyPath))
}

/** When a policy applied: its own file now or at a commit, and its organization's now or at any instant of a span. */
export type When = { sha?: string | undefined; span?: Span | undefined }

/** As `readPolicy`, as it stood at a time: several where it isn't known which one of the organization's stood then. */
export async function readPoliciesAt(
  shell: PolicyShell,
  github: GitHub,
  repository: Repository,
  { sha, span }: When,
): Promise<(ReadPolicy | undefined)[]> {
  const [own, shared] = await Promise.all([
    readPolicyFile(github, repository, policyPath, sha),
    readSharedFile(github, repository, policyPath),
  ])
  const problem = await lossOf(shell, github, repository, shared)
  const nowhere = { text: '', where: sharedPlace(repository.owner, policyPath), blob: '' }
  if (problem) return [lostPolicy(own ?? shared ?? nowhere, problem)]
  if (!span || isSharedRepository(repository.repo)) return [combinePolicies({ own, shared })]
  const files = await sharedFilesWithin(github, repository, policyPath, { span, now: shared })
  return files.map((then) => combinePolicies({ own, shared: then }))
}

async function policyOf(
  shell: PolicyShell,
  github: GitHub,
  repository: Repository,
  files: PolicyFiles,
): Promise<ReadPolicy | undefined> {
  const problem = await lossOf(shell, github, repository, files.shared)
  const file = files.own ?? files.shared
  return problem ? file && lostPolicy(file, problem) : combinePolicies(files)
}

/** Why the organization's policy, which applied before, isn't known now. */
async function lossOf(
  shell: PolicyShell,
  github: GitHub,
  repository: Repository,
  shared: PolicyFile | undefined,
): Promise<FileProblem | undefined> {
  if (isSharedRepository(repository.repo)) return undefined
  const state = await compareSharedPolicy(shell, github, repository, shared)
  return state === 'applies' || state === 'none' ? undefined : sharedPolicyProblem(repository.owner, state)
}

function lostPolicy(file: PolicyFile, problem: FileProblem): ReadPolicy {
  const result = { ok: false as const, problems: [problem] }
  return { files: { own: file }, file, result, note: '', ignored: [], locked: [], lost: true }
}

/** Nothing can be merged until the policy is valid again, so its fix does not wait for the window. Everything else applies. */
function withoutWindow({
  gates: { release_window: _, ...gates },
  overrides = [],
  ...policy
}: Policy): Policy {
  const { approvals } = defaultPolicy.gates
  const stricter = overrides.map(({ gates: { release_window: _window, ...others }, ...override }) => ({
    ...override,
    gates: others,
  }))
  return {
    ...policy,
    gates: Object.keys(gates).length > 0 ? gates : approvals ? { approvals } : {},
    ...(stricter.length > 0 ? { overrides: stricter } : {}),
  }
}

/** Why a repository should not have a policy file. */
export function problemsWith(combined: CombinedPolicy | undefined): NonNullable<Snapshot['policyProblems']> {
  if (!combined) return []
  const { result, ignored } = combined
  if (!result.ok) return result.problems
  if (!isPassable(combined)) return impossibleIn(combined).slice(0, problemsShown)
  return ignored.slice(0, problemsShown).map((problem) => ({ ...problem, ignored: true }))
}

/**
 * Whether merging a pull request fixes the policy. Its file is what the merge gives only if the branch began with the present one: an
 * older branch may have no mistake at its head, and leave that of the default branch as it is.
 */
async function repairs(github: GitHub, pull: PullRef, { own, shared }: PolicyFiles): Promise<boolean> {
  const { paths, data } = await listPullFiles(github, pull)
  const { head, base } = data
  if (base.ref !== base.repo.default_branch || paths.length !== 1 || paths[0] !== policyPath) return false
  const fork = head.repo && { owner: head.repo.owner.login, repo: head.repo.name }
  const repaired = fork && (await readPolicyFile(github, fork, policyPath, head.sha))
  if (!repaired || problemsWith(combinePolicies({ own: repaired, shared })).length > 0) return false
  const ends = { base: await baseTip(github, pull, data), head: head.sha }
  const began = await mergeBaseOf(github, pull, ends.base, ends.head)
  if (!began?.isOnly) return false
  const before = await readPolicyFile(github, pull, policyPath, began.sha)
  return identityOfFile(before) === identityOfFile(own)
}

/** What the organization locks is as it says now, and not as it was when the policy was valid. */
async function lastValid(
  database: Database,
  pull: PullRef,
  { shared }: PolicyFiles,
): Promise<{ policy: Policy; which: string; locked: Lock[] }> {
  const under = (text: string) => {
    const combined = combinePolicies({ own: { text, where: policyPath, blob: '' }, shared })
    return combined?.result.ok ? { policy: combined.result.policy, locked: combined.locked } : undefined
  }
  const kept = await lastValidPolicy(database, pull)
  const last = kept === undefined ? undefined : under(kept)
  if (last) return { ...last, which: 'the last valid policy' }
  const policy = under(JSON.stringify(defaultPolicy)) ?? { policy: defaultPolicy, locked: [] }
  return { ...policy, which: 'the default policy' }
}
