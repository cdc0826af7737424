import { z } from 'zod'

/** The data of a report: stored as evidence, printed by `regress --json`. Everything in it is redacted. */

/** Inconclusive blocks a merge, but is never called a regression. */
export const verdictSchema = z.enum(['passed', 'failed', 'inconclusive'])
export type RunVerdict = z.infer<typeof verdictSchema>

export const gateNames = [
  'connection',
  'suite',
  'contract',
  'protocol',
  'coverage',
  'answers',
  'ledger',
  'errors',
  'latency',
  'data',
] as const
export type RunGateName = (typeof gateNames)[number]

const gateResult = z.strictObject({ gate: z.enum(gateNames), verdict: verdictSchema, message: z.string() })
export type GateResult = z.infer<typeof gateResult>

const milliseconds = z.number().nonnegative()

const toolRow = z.strictObject({
  tool: z.string(),
  readOnly: z.boolean(),
  calls: z.int(),
  passed: z.int(),
  toolErrors: z.int(),
  protocolErrors: z.int(),
  transportErrors: z.int(),
  expectedErrors: z.int(),
  flaky: z.int(),
  /** How many calls the percentiles are based on. */
  n: z.int(),
  p50: milliseconds.optional(),
  p95: milliseconds.optional(),
  p99: milliseconds.optional(),
  /** p95 at the last release, if known. */
  before: milliseconds.optional(),
})
export type ToolRow = z.infer<typeof toolRow>

const mismatch = z.strictObject({ where: z.string(), expected: z.string(), actual: z.string() })

const caseResult = z.strictObject({
  name: z.string(),
  tools: z.array(z.string()),
  verdict: z.enum(['passed', 'failed', 'inconclusive', 'skipped']),
  flaky: z.boolean(),
  /** Attempts of the worst step: 1 if nothing was retried. */
  attempts: z.int(),
  /** How often the case was measured. */
  runs: z.int(),
  ms: milliseconds,
  mismatches: z.array(mismatch),
  /** Which gate the mismatches count for. */
  gate: z.enum(['answers', 'ledger']),
  notes: z.array(z.string()),
  /** Why `verify` was not checked; absent if it was, or if there is none. */
  unverified: z.string().optional(),
})
export type CaseResult = z.infer<typeof caseResult>

const contractChange = z.strictObject({
  severity: z.enum(['breaking', 'warning', 'safe', 'info']),
  rule: z.string(),
  tool: z.string(),
  path: z.string(),
  side: z.string(),
  message: z.string(),
  /** The reason of the waiver that covers it. */
  waived: z.string().optional(),
})

const dataCheck = z.strictObject({
  kind: z.enum(['reconcile', 'mirror', 'sanitized', 'isolated', 'runbook']),
  name: z.string(),
  verdict: verdictSchema,
  message: z.string(),
})
export type DataCheck = z.infer<typeof dataCheck>

export const runReportSchema = z.strictObject({
  version: z.literal(1),
  runId: z.string(),
  verdict: verdictSchema,
  /** The verdict in one sentence. */
  summary: z.string(),
  startedAt: z.iso.datetime(),
  durationMs: milliseconds,
  /** A run of selected cases does not count as evidence for a release. */
  partial: z.boolean(),
  /** How many calls ran at a time, if more than one: latency was then measured under load. */
  concurrency: z.int().optional(),
  server: z
    .strictObject({
      name: z.string(),
      version: z.string(),
      protocol: z.string(),
      transport: z.enum(['http', 'sse', 'stdio']),
    })
    .optional(),
  deployment: z.string().optional(),
  gates: z.array(gateResult),
  errors: z.strictObject({
    calls: z.int(),
    errors: z.int(),
    rate: z.number(),
    low: z.number(),
    high: z.number(),
    limit: z.number(),
  }),
  tools: z.array(toolRow),
  notCovered: z.array(z.string()),
  cases: z.array(caseResult),
  contract: z.strictObject({
    changes: z.array(contractChange),
    notes: z.array(z.string()),
  }),
  data: z.array(dataCheck),
  removedCases: z.array(z.string()),
  addedWaivers: z.array(z.string()),
  /** What the pull request declares read-only. */
  addedReads: z.array(z.string()).default([]),
  /** Checks, settings and cases of the base that the pull request changes or removes. */
  changedParts: z.array(z.string()).default([]),
  notes: z.array(z.string()),
})
export type RunReport = z.infer<typeof runReportSchema>
