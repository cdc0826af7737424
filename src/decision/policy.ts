import { z } from 'zod'
import { type GateName, gates } from './gates/index.ts'
import { branchGlob, selectsBranch } from './globs.ts'
import { incidentSettings } from './incidents/settings.ts'
import { isGate, lockable } from './lockable-settings.ts'
import { completeOverrides, isMap, overrides } from './override-settings.ts'
import { rowSecuritySettings } from './row-security.ts'

/** The path of a repository's policy, and of the fallback in the organization's `.github` repository. */
export const policyPath = '.github/release-gate.yml'

const releaseNotesSettings = z.strictObject({
  after_window: z.boolean().default(false).describe('Whether to post them when a release window has closed.'),
  monthly: z.boolean().default(true).describe('Whether to post them when a month has ended.'),
  labels: z
    .array(z.string().trim().min(1).max(50))
    .min(1)
    .max(50)
    .optional()
    .describe(
      'The labels to group changes by, in this order. A change belongs to the first that it has. Default: any label.',
    ),
})

type GateSettings = { [Name in GateName]: z.ZodOptional<(typeof gates)[Name]['settings']> }

const gateSettings = Object.fromEntries(
  Object.entries(gates).map(([name, gate]) => [name, gate.settings.optional()]),
) as unknown as GateSettings

/** In YAML, a # that is not quoted begins a comment. */
const unquotedChannel =
  'the channel is empty; write its id, like C0123456789, or its name in quotes, like "#releases"'

const channelMessage = (input: unknown) =>
  `${JSON.stringify(input)?.slice(0, 90)} is not a channel; write its id, like "C0123456789", or its name in quotes, like "#releases"`

const slackPerson = z
  .string({ error: ({ input }) => personMessage(input) })
  .regex(/^([UW][A-Z0-9]{5,20}|[^\s@<>|&"]+@[^\s@<>|&"]+\.[^\s@<>|&"]+)$/, {
    error: ({ input }) => personMessage(input),
  })

const personMessage = (input: unknown) =>
  `${JSON.stringify(input)?.slice(0, 90)} is not a member of Slack; write a member ID, like "U0123456789", or an email address`

const slackSettings = z.strictObject({
  channel: z
    .string({ error: ({ input }) => (input === null ? unquotedChannel : channelMessage(input)) })
    .regex(/^([CG][A-Z0-9]{3,20}|#[^\sA-Z#.,<>|&]{1,80})$/, {
      error: ({ input }) => channelMessage(input),
    })
    .meta({ examples: ['C0123456789', '#releases'] })
    .describe('The Slack channel for the notices of this repository: its id, or its name with a leading #.'),
  people: z
    .record(z.string(), slackPerson)
    .optional()
    .meta({ examples: [{ ana: 'U0123456789', chloe: 'chloe@example.com' }] })
    .describe(
      'Who is who in Slack: the GitHub login, and the member ID or the email address. Only these people are mentioned.',
    ),
})

const pushSettings = z.strictObject({
  allowed: z
    .array(
      z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]*(\[bot\])?$/, {
        error: ({ input }) =>
          `${JSON.stringify(input)?.slice(0, 90)} is not an account; write a login like "ana", or an App's like "release-bot[bot]"`,
      }),
    )
    .default([])
    .describe(
      'Who can push to a covered branch without a pull request: logins of people, and of Apps as name[bot].',
    ),
})

/**
 * The policy of a repository, `.github/release-gate.yml` on its default branch. A gate that it does not name
 * is off; an unknown key is an error; a gate named without settings has the defaults.
 */
const completePolicy = z.strictObject({
  branches: z
    .array(branchGlob)
    .default(['main'])
    .describe(
      'Patterns of the base branches that the gate covers, in order: a pattern with "!" excludes what an earlier one matched. The default branch is always covered.',
    ),
  commands: z
    .boolean()
    .optional()
    .describe(
      'Whether comments on pull requests can be commands: /why, /recheck, /hold, /unhold and /urgent. Default: false.',
    ),
  gates: z.strictObject(gateSettings).describe('The gates that are on. A gate that is not named is off.'),
  overrides: overrides.optional(),
  enforce: z
    .boolean()
    .optional()
    .describe(
      'false: report only. Every check is green, its title begins with "Report only:", and nothing is blocked. Default: true.',
    ),
  incidents: incidentSettings
    .optional()
    .describe('Where incidents are kept, and their clocks. Without it the repository has none.'),
  push: pushSettings
    .optional()
    .describe(
      'Allowed pushes without a pull request. All others are exceptions on the default branch and where the check is required.',
    ),
  extends: z
    .enum(['organization', 'none'])
    .optional()
    .describe(
      'Whether the policy of the organization fills in what this file does not name. Default: organization, where there is one. `none` counts only where the organization locks nothing.',
    ),
  locked: z
    .array(z.enum(lockable))
    .min(1)
    .optional()
    .describe(
      "In the policy of an organization: what the policies of its repositories can't change. A locked gate locks `branches`, `enforce` and `push` too, and the gates that it depends on.",
    ),
  release_notes: releaseNotesSettings
    .optional()
    .describe('Release notes, posted as issues and to the Slack channel. Without it none are posted.'),
  row_security: rowSecuritySettings
    .optional()
    .describe('Row-level security of a database, compared once a day with what is there.'),
  slack: slackSettings
    .optional()
    .describe(
      'Where notices about merges and exceptions go. Without it, no notices are posted for the repository.',
    ),
})

export const policySchema = z.preprocess(
  (policy) => completeOverrides(withoutGatesThatAreOff(policy)),
  completePolicy,
)

export type Policy = z.output<typeof policySchema>

/** `off` turns off a gate of the organization's policy. Where there is none, it says what is so without it. */
function withoutGatesThatAreOff(policy: unknown): unknown {
  if (!isMap(policy) || !isMap(policy.gates)) return policy
  const on = Object.entries(policy.gates).filter(([name, settings]) => settings !== 'off' || !isGate(name))
  return { ...policy, gates: Object.fromEntries(on) }
}

/** What is evaluated where there has never been a valid policy: `approvals` and `release_window` with their defaults. */
export const defaultPolicy: Policy = policySchema.parse({ gates: { approvals: {}, release_window: {} } })

/** The default branch is always covered, whatever `branches` says. */
export function covers(policy: Policy, branch: string, defaultBranch: string): boolean {
  return branch === defaultBranch || selectsBranch(policy.branches, branch)
}
