import { defaultPolicy, type Policy } from '../decision/policy.ts'
import type { PullRef, Snapshot } from '../decision/snapshot.ts'
import type { GitHub } from '../services/github/client.ts'
import { type PolicyFile, readChangedPaths, readFile, readPolicyFile } from '../services/github/policy.ts'
import type { Database } from '../store/database.ts'
import { keepValidPolicy, lastValidPolicy } from '../store/policies.ts'
import type { FileProblem } from '../yaml/yaml-file.ts'
import { parsePolicy, policyPath } from './policy-file.ts'

/** The policy for a pull request, and the sentence in the check about where it comes from. */
export type ApplicablePolicy =
  | { kind: 'none' }
  | { kind: 'policy'; policy: Policy; file: PolicyFile; note: string }
  | { kind: 'broken'; problems: FileProblem[]; file: PolicyFile }

/**
 * Reads the policy from the default branch, never from the pull request. An invalid policy must not block its own fix: a pull
 * request that touches only the policy, valid at its head, is evaluated under the last valid policy without its window, or
 * under the defaults where there has been none.
 */
export async function policyFor(
  database: Database,
  github: GitHub,
  pull: PullRef,
): Promise<ApplicablePolicy> {
  const repository = { owner: pull.owner, repo: pull.repo }
  const file = await readPolicyFile(github, repository, policyPath)
  if (!file) return { kind: 'none' }
  const result = parsePolicy(file.text, file.where)
  if (result.ok) {
    await keepValidPolicy(database, pull, file)
    return { kind: 'policy', policy: result.policy, file, note: `Policy: \`${file.where}\`.` }
  }
  if (await repairs(github, pull)) {
    const { policy, which } = await lastValid(database, pull)
    return {
      kind: 'policy',
      policy: withoutWindow(policy),
      file,
      note: `The policy on the default branch is invalid and this pull request fixes it, so ${which} applies, without its release window.`,
    }
  }
  return { kind: 'broken', problems: result.problems, file }
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

/**
 * What is wrong with the policy file at the head of a pull request that changes it. The file is read at the head first, which
 * costs nothing where it has not changed; only an invalid one is looked up among the changed files, since the head of an old
 * branch may hold an old policy that it does not touch.
 */
export async function policyFact(
  github: GitHub,
  { pull, state, head }: Pick<Snapshot, 'pull' | 'state' | 'head'>,
  applicable: ApplicablePolicy,
): Promise<Pick<Snapshot, 'policyProblems'>> {
  if (state !== 'open' || applicable.kind !== 'policy') return {}
  const file = await readFile(github, { owner: pull.owner, repo: pull.repo }, policyPath, head.sha)
  if (!file || file.blob === applicable.file.blob) return {}
  const result = parsePolicy(file.text)
  if (result.ok) return {}
  const { paths, headSha } = await readChangedPaths(github, pull)
  return headSha === head.sha && paths.includes(policyPath) ? { policyProblems: result.problems } : {}
}

async function repairs(github: GitHub, pull: PullRef): Promise<boolean> {
  const { paths, head, headSha } = await readChangedPaths(github, pull)
  if (paths.length !== 1 || paths[0] !== policyPath || !head) return false
  const mended = await readFile(github, head, policyPath, headSha)
  return mended !== undefined && parsePolicy(mended.text).ok
}

async function lastValid(database: Database, pull: PullRef): Promise<{ policy: Policy; which: string }> {
  const text = await lastValidPolicy(database, pull)
  const result = text === undefined ? undefined : parsePolicy(text)
  return result?.ok
    ? { policy: result.policy, which: 'the last valid policy' }
    : { policy: defaultPolicy, which: 'the default policy' }
}
