import { z } from 'zod'
import { day, duration, jsonPath, pattern, percentage, size } from './units.ts'
import { valueKinds } from './value-kinds.ts'

/** The schema of the suite file (rule "The suite"). Strict everywhere: a misspelt key must not weaken a check. */

const name = z.string().trim().min(1).max(200)
const identifier = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'use letters, digits and _ only')
  .max(100)
const arguments_ = z.record(z.string(), z.json())
const where = z.record(identifier, z.union([z.string(), z.number(), z.boolean(), z.null()]))

/** What a value is compared with, other than a plain value, which must be equal. */
export const comparison = z.strictObject({
  any: z.enum(valueKinds).optional().describe('The value is of this kind, whatever it is.'),
  equals: z.json().optional().describe('The value is this one, even where it looks like a comparison.'),
  gt: z.number().optional(),
  gte: z.number().optional(),
  lt: z.number().optional(),
  lte: z.number().optional(),
  matches: pattern.optional().describe('A regular expression in RE2 syntax.'),
  contains: z.json().optional().describe('The text or the array contains this.'),
  one_of: z.array(z.json()).min(1).optional(),
  length: z.int().nonnegative().optional().describe('The length of the array or text.'),
  count: z.int().nonnegative().optional().describe('How many values the path finds.'),
  absent: z.literal(true).optional().describe('The path finds nothing.'),
})
export type Comparison = z.output<typeof comparison>
const operators = new Set(Object.keys(comparison.shape))

const expectedValue = z.json().superRefine((value, context) => {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return
  const keys = Object.keys(value)
  if (!keys.some((key) => operators.has(key))) return
  const parsed = comparison.safeParse(value)
  if (parsed.success) return
  const odd = keys.filter((key) => !operators.has(key))
  const why =
    odd.length > 0 ? `${odd.join(', ')} is no comparison` : (parsed.error.issues[0]?.message ?? 'is wrong')
  context.addIssue({ code: 'custom', message: `${why}; write {equals: …} to compare with an object` })
})

/** Tells a comparison from a plain value. */
export function asComparison(value: unknown): Comparison | undefined {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined
  const keys = Object.keys(value)
  return keys.length > 0 && keys.every((key) => operators.has(key)) ? (value as Comparison) : undefined
}

const textExpectation = z.union([
  z.string().describe('The text contains this.'),
  z.strictObject({
    equals: z.string().optional(),
    contains: z.string().optional(),
    matches: pattern.optional(),
    not_matches: pattern.optional(),
  }),
])

export const statuses = ['ok', 'tool_error', 'protocol_error'] as const
const status = z.enum(statuses)

export const expectation = z.strictObject({
  status: z
    .union([status, z.array(status).min(1)])
    .optional()
    .describe('ok where nothing is said.'),
  code: z.int().optional().describe('The JSON-RPC error code of a protocol_error.'),
  json: z.record(jsonPath, expectedValue).optional().describe('JSONPath (RFC 9535) to what it must find.'),
  text: textExpectation.optional(),
})
export type Expectation = z.output<typeof expectation>

const captureRule = z.strictObject({
  path: jsonPath,
  redact: z.boolean().default(false).describe('Never store or print the value.'),
})
const capture = z.record(identifier, captureRule)

const call = {
  tool: name.optional(),
  args: arguments_.optional(),
  expect: expectation.optional(),
  capture: capture.optional(),
  timeout: duration.optional(),
}
const step = z
  .strictObject({ ...call, repeat_previous: z.literal(true).optional() })
  .superRefine((value, context) => {
    if (
      value.repeat_previous ? value.tool === undefined && value.args === undefined : value.tool !== undefined
    )
      return
    context.addIssue({ code: 'custom', message: 'a step has either `tool` or `repeat_previous: true`' })
  })
export type Step = z.output<typeof step>

const sums = z.record(
  identifier,
  z.union([z.number(), z.string().regex(/^-?\d+(\.\d+)?$/, 'write a number')]),
)
const ledgerCheck = z.strictObject({
  table: identifier,
  where,
  within: duration.default(5000),
  expect: z.strictObject({ rows: z.int().nonnegative().optional(), sum: sums.optional() }),
})
export type LedgerCheck = z.output<typeof ledgerCheck>

const receiptCheck = z.strictObject({
  hash: z.string().min(1),
  status: z.enum(['success', 'reverted']).default('success'),
  within: duration.default(30_000),
})
export type ReceiptCheck = z.output<typeof receiptCheck>

const cleanup = z.strictObject({ tool: name, args: arguments_.default({}) })

const testCase = z
  .strictObject({
    name,
    ...call,
    writes: z
      .boolean()
      .default(false)
      .describe('Required for every tool that does not declare readOnlyHint.'),
    repeat: z
      .int()
      .min(1)
      .max(1000)
      .optional()
      .describe('How often a passing read-only case is measured at least.'),
    steps: z.array(step).min(1).max(50).optional(),
    verify: z.strictObject({ ledger: ledgerCheck.optional(), receipt: receiptCheck.optional() }).optional(),
    cleanup: z.array(cleanup).max(20).optional(),
  })
  .superRefine((value, context) => {
    const complain = (message: string) => context.addIssue({ code: 'custom', message })
    if ((value.tool === undefined) === (value.steps === undefined))
      complain('a case has either `tool` or `steps`')
    if (value.steps && (value.args || value.expect || value.capture)) {
      complain('with `steps`, put args, expect and capture into the steps')
    }
    if (value.steps?.[0]?.repeat_previous) complain('the first step has no previous one to repeat')
    if ((value.verify || value.cleanup) && !value.writes) complain('verify and cleanup need `writes: true`')
  })
export type SuiteCase = z.output<typeof testCase>

const waiver = z.strictObject({
  rule: name,
  tool: name,
  path: z.string().max(500).optional(),
  reason: z.string().trim().min(1).max(1000),
  expires: day,
})

const against = z
  .strictObject({
    ledger: z
      .strictObject({ table: identifier, where: where.default({}), sum: identifier.optional() })
      .optional(),
    csv: z
      .strictObject({
        file: z
          .string()
          .regex(/^(?!.*\.\.)(?!\/)[\w./-]+\.csv$/, 'name a .csv file below the folder of the suite'),
        where: z.record(z.string(), z.string()).default({}),
        sum: z.string().optional(),
      })
      .optional(),
  })
  .refine(
    (value) => (value.ledger === undefined) !== (value.csv === undefined),
    'name either `ledger` or `csv`',
  )

const reconciliation = z.strictObject({
  name,
  tool: name,
  args: arguments_.default({}),
  value: jsonPath,
  equals: against,
  tolerance: z
    .union([
      percentage.transform((share) => ({ share })),
      z
        .number()
        .nonnegative()
        .transform((amount) => ({ amount })),
    ])
    .prefault(0)
    .describe('An amount, or a share such as 1%.'),
})

const mirrored = z.strictObject({
  table: identifier,
  newest: identifier.optional().describe('The column that says when a row was made.'),
  behind: duration.optional().describe('At most so far behind the newest row that the operator declares.'),
  rows_within: percentage.optional().describe('The number of rows differs by at most this share.'),
})

const sanitized = z.strictObject({
  table: identifier,
  columns: z.array(identifier).min(1).max(50),
  allow: pattern.optional().describe('Values that match are known to be made up.'),
})

export const suiteSchema = z
  .strictObject({
    version: z.literal(1),
    defaults: z
      .strictObject({
        timeout: duration.default(10_000),
        max_total: duration.default(20_000),
        max_bytes: size.default(1024 * 1024),
        elicitation: z.enum(['none', 'defaults']).default('none'),
      })
      .prefault({}),
    gates: z
      .strictObject({
        errors: z.strictObject({ rate: percentage.optional() }).prefault({}),
        latency: z.strictObject({ p95: duration.optional(), warn: duration.optional() }).prefault({}),
        samples: z
          .strictObject({ per_tool: z.int().positive().optional(), total: z.int().positive().optional() })
          .prefault({}),
      })
      .prefault({}),
    contract: z
      .strictObject({
        fail_on: z.enum(['breaking', 'warning']).default('breaking'),
        waivers: z.array(waiver).max(100).default([]),
      })
      .prefault({}),
    coverage: z.enum(['optional', 'required']).default('optional'),
    cases: z.array(testCase).min(1).max(500),
    reconcile: z.array(reconciliation).max(50).default([]),
    mirror: z.array(mirrored).max(50).default([]),
    sanitized: z.array(sanitized).max(50).default([]),
  })
  .superRefine((suite, context) => {
    const seen = new Set<string>()
    suite.cases.forEach((entry, index) => {
      if (seen.has(entry.name)) {
        context.addIssue({
          code: 'custom',
          path: ['cases', index, 'name'],
          message: 'another case has this name',
        })
      }
      seen.add(entry.name)
    })
  })
export type Suite = z.output<typeof suiteSchema>
