import picomatch from 'picomatch'
import { z } from 'zod'
import { type GateName, gates } from './gates/index.ts'

type GateSettings = { [Name in GateName]: z.ZodOptional<(typeof gates)[Name]['settings']> }

const gateSettings = Object.fromEntries(
  Object.entries(gates).map(([name, gate]) => [name, gate.settings.optional()]),
) as unknown as GateSettings

/**
 * The policy of a repository, `.github/release-gate.yml` on its default branch. A gate that it does not name
 * is off; an unknown key is an error; a gate named without settings has the defaults.
 */
export const policySchema = z.strictObject({
  branches: z
    .array(z.string().min(1))
    .default(['main'])
    .describe('Globs of the base branches that the gate covers, beside the default branch, which always is.'),
  gates: z.strictObject(gateSettings).describe('The gates that are on. A gate that is not named is off.'),
})

export type Policy = z.output<typeof policySchema>

/** What is judged when a repository has no valid policy yet: every gate with its defaults. */
export const defaultPolicy: Policy = policySchema.parse({ gates: { approvals: {}, release_window: {} } })

/** The default branch is always covered, whatever `branches` says. */
export function covers(policy: Policy, branch: string, defaultBranch: string): boolean {
  return branch === defaultBranch || picomatch.isMatch(branch, policy.branches, { dot: true })
}
