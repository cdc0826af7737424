import { z } from 'zod'
import { duration } from './calendar/written-values.ts'
import { pathGlob } from './globs.ts'

/** The settings of the gate `staging_regression`: `{}` parses to the defaults. No transforms, so that editors get its JSON Schema. */

const percent = z
  .string()
  .regex(/^(100|\d{1,2}(\.\d{1,4})?)%$/, 'write a percentage such as "2%"')
  .describe('The share of all calls that may fail.')

const latency = z.string().regex(/^\d{1,6}(\.\d{1,3})?(ms|s|m)$/, 'write a duration such as "3s" or "500ms"')

const limits = z.strictObject({
  errors: percent.default('2%'),
  p95: latency.default('3s').describe('The highest p95 latency allowed for each read-only tool.'),
  per_tool: z
    .int()
    .min(0)
    .max(10_000)
    .default(20)
    .describe('How many calls of each tool are needed to evaluate it.'),
  total: z.int().min(0).max(100_000).default(60).describe('How many calls are needed in total.'),
  reason: z
    .string()
    .min(1)
    .max(500)
    .optional()
    .describe('Why a minimum is 0, for a server whose tools all write.'),
})

function hasReason({ per_tool, total, reason }: z.output<typeof limits>): boolean {
  return (per_tool > 0 && total > 0) || reason !== undefined
}

const suiteFile = z
  .string()
  .max(300)
  .regex(
    /^(?!\/)(?!.*(^|\/)\.\.?(\/|$))[^\\]+\.ya?ml$/,
    'write a path from the root of the repository to a YAML file',
  )

const suitePlace = pathGlob.regex(
  /^(?!.*(^|\/)\.\.?(\/|$))/,
  'write a file, a glob or a folder, from the root of the repository',
)

const deployer = z.string().regex(/^[\w-]{1,60}(\[bot\])?$/, 'write a login, such as "github-actions[bot]"')

export const regressionSettings = z.strictObject({
  server: z
    .string()
    .regex(
      /^[a-z][a-z0-9]{0,29}$/,
      'write the name of the server in the operator\'s environment, such as "staging"',
    )
    .default('staging')
    .describe("The server's name in the operator's environment, which has its address and credentials."),
  environment: z
    .string()
    .min(1)
    .max(255)
    .default('staging')
    .describe('The GitHub environment that heads are deployed to.'),
  suite: z
    .union([suiteFile, z.array(suitePlace).min(1).max(20)])
    .default('.github/mcp-regression.yml')
    .describe('The suite, read from the head; several files, globs or folders as a list.'),
  freshness: duration.default('7d').describe('How long a run counts as evidence.'),
  identity: z
    .enum(['deployment', 'server'])
    .default('deployment')
    .describe(
      'What says which head runs on staging: the deployment on GitHub, or the version that the server reports.',
    ),
  deployment: z
    .enum(['required', 'none'])
    .default('required')
    .describe('Whether the head must be deployed through GitHub before it is tested.'),
  deployers: z
    .array(deployer)
    .min(1, 'nobody is listed, so no deployment could ever count')
    .max(20)
    .default(['github-actions[bot]'])
    .describe('Whose deployment statuses count.'),
  limits: limits
    .refine(hasReason, 'a minimum of 0 turns off the latency check; give the reason in `reason`')
    .prefault({})
    .describe('A suite may only tighten these.'),
  coverage: z
    .enum(['optional', 'required'])
    .default('optional')
    .describe('Whether every tool of the server needs a case, whatever the suite says.'),
  defer_when_urgent: z
    .boolean()
    .default(false)
    .describe('Whether an urgent change can be released before its regression.'),
})

export type RegressionSettings = z.output<typeof regressionSettings>
