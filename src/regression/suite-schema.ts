import { z } from 'zod'
import { isolated, mirrored, reconciliation, sanitized } from './data-schema.ts'
import { expectation } from './expectation-schema.ts'
import { day, duration, jsonPath, patience, percentage, size } from './suite-values.ts'
import { args, atLeastOne, identifier, name, where, writtenNumber } from './suite-words.ts'

/** The schema of the suite file. Strict everywhere: a misspelled key must not weaken a check. */

const captureRule = z.strictObject({
  path: jsonPath,
  redact: z.boolean().default(false).describe('Never store or print the value.'),
})
export const capture = z.record(identifier, captureRule)

const call = {
  tool: name.optional(),
  args: args.optional(),
  expect: expectation.optional(),
  capture: capture.optional(),
  timeout: patience.optional(),
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

const sums = z
  .record(identifier, z.union([writtenNumber, z.string().regex(/^-?\d+(\.\d+)?$/, 'write a number')]))
  .refine(...atLeastOne('name a column'))
export const ledgerExpectation = z.strictObject({
  rows: z.int().nonnegative().optional(),
  at_least: z.int().positive().optional().describe('The smallest number of rows.'),
  sum: sums.optional(),
})
export const ledgerCheck = z.strictObject({
  table: identifier,
  where,
  within: patience.default(5000),
  expect: ledgerExpectation.refine(...atLeastOne('write rows, at_least or sum')),
})
export type LedgerCheck = z.output<typeof ledgerCheck>

export const receiptCheck = z.strictObject({
  hash: z.string().min(1),
  status: z.enum(['success', 'reverted']).default('success'),
  within: patience.default(30_000),
})
export type ReceiptCheck = z.output<typeof receiptCheck>

const cleanup = z.strictObject({ tool: name, args: args.default({}) })

const testCase = z
  .strictObject({
    name,
    ...call,
    writes: z
      .boolean()
      .default(false)
      .describe('Required for every tool that does not declare readOnlyHint and is not under `reads`.'),
    reads: z
      .boolean()
      .default(false)
      .describe('This case only reads, although one of its tools has no readOnlyHint. It may be repeated.'),
    repeat: z
      .int()
      .min(1)
      .max(1000)
      .optional()
      .describe('The minimum number of times that a passing read-only case is measured.'),
    steps: z.array(step).min(1).max(50).optional(),
    verify: z
      .strictObject({ ledger: ledgerCheck.optional(), receipt: receiptCheck.optional() })
      .refine(...atLeastOne('write ledger or receipt'))
      .optional(),
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
    if (value.reads && value.writes) complain('a case either reads or writes')
    if ((value.verify || value.cleanup) && !value.writes) complain('verify and cleanup need `writes: true`')
  })
export type SuiteCase = z.output<typeof testCase>

const waiver = z.strictObject({
  rule: name,
  tool: name.optional().describe('Without a tool, the waiver covers a change of the server.'),
  path: z.string().max(500).optional(),
  reason: z.string().trim().min(1).max(1000),
  expires: day,
})

const floor = z.int().nonnegative()

function hasReason({
  per_tool,
  total,
  reason,
}: {
  per_tool?: number | undefined
  total?: number | undefined
  reason?: string | undefined
}): boolean {
  return (per_tool !== 0 && total !== 0) || reason !== undefined
}

export const suiteSchema = z
  .strictObject({
    version: z.literal(1),
    defaults: z
      .strictObject({
        timeout: patience.default(10_000),
        max_total: patience.default(20_000),
        max_bytes: size.default(1024 * 1024),
        elicitation: z.enum(['none', 'defaults']).default('none'),
      })
      .prefault({}),
    gates: z
      .strictObject({
        errors: z.strictObject({ rate: percentage.optional() }).prefault({}),
        latency: z.strictObject({ p95: duration.optional(), warn: duration.optional() }).prefault({}),
        samples: z
          .strictObject({
            per_tool: floor.max(10_000).optional(),
            total: floor.max(100_000).optional(),
            reason: z.string().trim().min(1).max(500).optional(),
          })
          .refine(hasReason, 'a minimum of 0 turns off the latency check; give the reason in `reason`')
          .prefault({}),
      })
      .prefault({}),
    contract: z
      .strictObject({
        fail_on: z.enum(['breaking', 'warning']).default('breaking'),
        waivers: z.array(waiver).max(100).default([]),
      })
      .prefault({}),
    reads: z
      .array(name)
      .max(500)
      .default([])
      .describe('Read-only tools, for a server that gives no hints. Their calls count as samples.'),
    coverage: z.enum(['optional', 'required']).default('optional'),
    cases: z.array(testCase).min(1).max(1000),
    reconcile: z.array(reconciliation).max(50).default([]),
    mirror: z.array(mirrored).max(50).default([]),
    sanitized: z.array(sanitized).max(50).default([]),
    isolated: z
      .array(isolated)
      .max(50)
      .default([])
      .describe('Rows that another tenant must not see, by row-level security.'),
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
