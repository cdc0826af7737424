import type { Policy } from '../decision/policy.ts'
import { isSharedRepository } from '../decision/shared-repository.ts'
import type { PolicyEffect, PullRef, Snapshot } from '../decision/snapshot.ts'
import type { GitHub } from '../services/github/client.ts'
import { type MergeBase, mergeBaseOf } from '../services/github/commits.ts'
import { identityOfFile, type PolicyFile, readPolicyFile } from '../services/github/policy.ts'
import type { FactStore } from '../store/facts.ts'
import { type CombinedPolicy, combinePolicies } from './combine-policies.ts'
import { policyPath } from './policy-file.ts'
import { type ApplicablePolicy, problemsWith } from './policy-source.ts'
import { mayMergeRenamed } from './renamed-policy.ts'

/** What a pull request makes of the policy. */
export type PolicyAtHead =
  | { problems: NonNullable<Snapshot['policyProblems']> }
  | { outdated: true }
  | { unclear: true }
  | { policy: Policy | undefined; file?: PolicyFile; removed?: PolicyEffect['removed'] }

/**
 * The policy at the head of a pull request that changes it: what is wrong, mistakes or what the organization locks, or how it
 * would be. The file at the head is read once, and costs nothing more where it is that of the default branch. Another one is compared with
 * that where the branch began, since the head of an old branch may hold an old policy that it does not touch.
 * Only the default branch has a policy: the file of another one counts once somebody proposes to merge it there.
 * `outdated`: the default branch changed the file too, so a merge gives neither of both. `unclear`: what GitHub compares does not tell what a
 * merge gives.
 */
export async function policyAtHead(
  github: GitHub,
  facts: Facts,
  { pull, state, head, base }: Pick<Snapshot, 'pull' | 'state' | 'head' | 'base'>,
  applicable: ApplicablePolicy,
): Promise<PolicyAtHead | undefined> {
  if (state !== 'open' || applicable.kind !== 'policy' || base.ref !== base.defaultBranch) return undefined
  const { own, shared } = applicable.files
  const [key, now] = [keyOf(pull, head.sha), identityOfFile(own)]
  if (now !== undefined && (await facts.get(key)) === now) return undefined
  const file = await readPolicyFile(github, pull, policyPath, head.sha)
  const next = identityOfFile(file)
  if (next !== undefined) await facts.put(key, next)
  if (next === now) return undefined
  const began = await mergeBaseOf(github, pull, base.sha, head.sha)
  if (!began?.isOnly) return { unclear: true }
  const before = await fileBefore(github, facts, pull, { sha: began.sha, next })
  const isAtHead = next !== undefined
  if (before === undefined && (await mayMergeRenamed(github, pull, began, { base: base.sha, isAtHead })))
    return { unclear: true }
  if (before === next) return undefined
  if (before !== now) return { outdated: true }
  if (file) return changedPolicy(combinePolicies({ own: file, shared }), file)
  return isRemovedIn(began.change) ? withoutOwn(pull, combinePolicies({ shared })) : { unclear: true }
}

function changedPolicy(combined: CombinedPolicy | undefined, file: PolicyFile): PolicyAtHead {
  const problems = problemsWith(combined)
  return problems.length > 0 || !combined?.result.ok ? { problems } : { policy: combined.result.policy, file }
}

type Facts = Pick<FactStore, 'get' | 'put'>

function keyOf({ repositoryId }: PullRef, sha: string): string {
  return `policy file ${repositoryId} ${sha}`
}

/**
 * Which file there was where a branch began, read once. That there was none is kept only where the head has none either: then it changes
 * nothing.
 */
async function fileBefore(
  github: GitHub,
  facts: Facts,
  pull: PullRef,
  { sha, next }: { sha: string; next: string | undefined },
): Promise<string | undefined> {
  const key = keyOf(pull, sha)
  const known = await facts.get<string>(key)
  if (known !== undefined && (known !== none || next === undefined)) return known === none ? undefined : known
  const before = identityOfFile(await readPolicyFile(github, pull, policyPath, sha))
  if (before !== undefined || next === undefined) await facts.put(key, before ?? none)
  return before
}

/** Instead of the identity of a file, where a commit has none. */
const none = 'none'

/** A head that GitHub does not give yet looks as if it had no file. */
function isRemovedIn({ files }: MergeBase['change']): boolean {
  return files.some(
    ({ path, previousPath, status }) =>
      previousPath === policyPath || (path === policyPath && status === 'removed'),
  )
}

function withoutOwn({ repo }: PullRef, organizations: CombinedPolicy | undefined): PolicyAtHead {
  const removed = isSharedRepository(repo) ? 'organization' : 'policy'
  if (!organizations) return { policy: undefined, removed }
  const [problem] = problemsWith(organizations)
  if (!problem && organizations.result.ok) return { policy: organizations.result.policy, removed: 'own' }
  const message = `without this file, only the organization's policy applies: ${problem?.message}`
  return { problems: [{ file: policyPath, line: 1, column: 1, message }] }
}
