import { isMap, isScalar } from 'yaml'
import { type Policy, policySchema } from './decision/policy.ts'
import { type FileProblem, readYaml } from './yaml-file.ts'

/** Where a repository keeps its policy, and the organisation's `.github` repository the one that all fall back to. */
export const policyPath = '.github/release-gate.yml'

export type PolicyResult = { ok: true; policy: Policy } | { ok: false; problems: FileProblem[] }

/** Parses the text of a policy file; every problem names the line and column, what is wrong and how to mend it. */
export function parsePolicy(text: string, file = policyPath): PolicyResult {
  const result = readYaml(text, file, policySchema, (document) => {
    const gates = document.get('gates', true)
    if (!isMap(gates)) return
    for (const pair of gates.items) {
      // `approvals:` without a value names the gate just as `approvals: {}` does.
      if (pair.value === null || (isScalar(pair.value) && pair.value.value === null))
        pair.value = document.createNode({})
    }
  })
  return result.ok ? { ok: true, policy: result.value } : result
}
