import { defaultPolicy, type Policy } from '../decision/policy.ts'
import type { PullRef } from '../decision/snapshot.ts'
import type { GitHub } from '../services/github/client.ts'
import { type PolicyFile, readChangedPaths, readFile, readPolicyFile } from '../services/github/policy.ts'
import type { Database } from '../store/database.ts'
import { keepValidPolicy, lastValidPolicy } from '../store/policies.ts'
import type { FileProblem } from '../yaml/yaml-file.ts'
import { parsePolicy, policyPath } from './policy-file.ts'

/** The policy that a pull request is judged by, and the sentence that the check shows about where it comes from. */
export type Judging =
  | { kind: 'none' }
  | { kind: 'policy'; policy: Policy; file: PolicyFile; note: string }
  | { kind: 'broken'; problems: FileProblem[]; file: PolicyFile }

/**
 * Reads the policy from the default branch, never from the pull request. A broken policy must not block its own
 * repair: a pull request that touches only the policy, valid at its head, is judged under the last valid policy, or
 * under the defaults where there has been none.
 */
export async function policyFor(database: Database, github: GitHub, pull: PullRef): Promise<Judging> {
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
      policy,
      file,
      note: `The policy on the default branch is broken and this mends it, so ${which} judges it.`,
    }
  }
  return { kind: 'broken', problems: result.problems, file }
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
