import type { Policy } from '../decision/policy.ts'
import { isSharedRepository } from '../decision/shared-repository.ts'
import type { PolicyEffect, PullRef, Snapshot } from '../decision/snapshot.ts'
import type { GitHub } from '../services/github/client.ts'
import { type PolicyFile, readFile, readFileAtMergeBase } from '../services/github/policy.ts'
import type { FactStore } from '../store/facts.ts'
import { type CombinedPolicy, combinePolicies } from './combine-policies.ts'
import { policyPath } from './policy-file.ts'
import { type ApplicablePolicy, problemsWith } from './policy-source.ts'

/** What a pull request makes of the policy. */
export type PolicyAtHead =
  | { problems: NonNullable<Snapshot['policyProblems']> }
  | { outdated: true }
  | { policy: Policy | undefined; file?: PolicyFile; removed?: PolicyEffect['removed'] }

/**
 * The policy at the head of a pull request that changes it: what is wrong, mistakes or what the organization locks, or how it
 * would be. Unless the changed paths are known, the file is read at the head, which costs nothing where it has not changed; another one is compared with that
 * where the branch began, since the head of an old branch may hold an old policy that it does not touch. Each head is asked once.
 * Only the default branch has a policy: the file of another one counts once somebody proposes to merge it there.
 * `outdated`: the default branch changed the file too, so a merge gives neither of both.
 */
export async function policyAtHead(
  github: GitHub,
  facts: Pick<FactStore, 'get' | 'put'>,
  { pull, state, head, base, changed }: Pick<Snapshot, 'pull' | 'state' | 'head' | 'base' | 'changed'>,
  applicable: ApplicablePolicy,
): Promise<PolicyAtHead | undefined> {
  if (state !== 'open' || applicable.kind !== 'policy' || base.ref !== base.defaultBranch) return undefined
  if (changed?.complete && !changed.paths.some(({ path }) => path === policyPath)) return undefined
  const { own, shared } = applicable.files
  const key = `policy file ${pull.repositoryId} ${head.sha}`
  if (own && (await facts.get(key)) === own.blob) return undefined
  const file = await readFile(github, pull, policyPath, head.sha)
  if (file) await facts.put(key, file.blob)
  if (file?.blob === own?.blob) return undefined
  if (!file) return removalAtHead(github, facts, { pull, head, base }, shared)
  const began = await readFileAtMergeBase(github, pull, policyPath, { base: base.sha, head: head.sha })
  if (began && began.file?.blob === file.blob) return undefined
  if (began && began.file?.blob !== own?.blob) return { outdated: true }
  const combined = combinePolicies({ own: file, shared })
  const problems = problemsWith(combined)
  return problems.length > 0 || !combined?.result.ok ? { problems } : { policy: combined.result.policy, file }
}

/** A head without the file removes it, or is from before there was one. Which one it is, is read once for each head and base. */
async function removalAtHead(
  github: GitHub,
  facts: Pick<FactStore, 'get' | 'put'>,
  { pull, head, base }: Pick<Snapshot, 'pull' | 'head' | 'base'>,
  shared: PolicyFile | undefined,
): Promise<PolicyAtHead | undefined> {
  const key = `policy file not removed ${pull.repositoryId} ${pull.number} ${head.sha} ${base.ref}`
  if (await facts.get(key)) return undefined
  const began = await readFileAtMergeBase(github, pull, policyPath, { base: base.sha, head: head.sha })
  if (!began || began.file) return withoutOwn(pull, combinePolicies({ shared }))
  await facts.put(key, 'yes')
  return undefined
}

function withoutOwn({ repo }: PullRef, organizations: CombinedPolicy | undefined): PolicyAtHead {
  const removed = isSharedRepository(repo) ? 'organization' : 'policy'
  if (!organizations) return { policy: undefined, removed }
  const [problem] = problemsWith(organizations)
  if (!problem && organizations.result.ok) return { policy: organizations.result.policy, removed: 'own' }
  const message = `without this file, only the organization's policy applies: ${problem?.message}`
  return { problems: [{ file: policyPath, line: 1, column: 1, message }] }
}
