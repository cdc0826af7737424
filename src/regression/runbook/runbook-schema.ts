import { z } from 'zod'
import { reconciliation } from '../data-schema.ts'
import { expectation } from '../expectation-schema.ts'
import { capture, ledgerCheck, ledgerExpectation, receiptCheck } from '../suite-schema.ts'
import { patience, pattern } from '../suite-values.ts'
import { args, identifier, name, where } from '../suite-words.ts'

/** The schema of a block `yaml runbook`: steps in the words of the suite, all of which only read. */

/** Options of the command, which a variable cannot have as its name. */
const options = [
  ...[
    'server',
    'transport',
    'header',
    'query',
    'pass-env',
    'reads',
    'runbooks',
    'repository',
    'url',
    'out',
    'json',
  ],
  ...['help', 'drill'],
]

const drillRow = z.strictObject({ table: identifier, column: identifier, where: where.default({}) })

const variable = z.strictObject({
  description: z.string().trim().min(1).max(200),
  matches: pattern
    .optional()
    .describe('What a whole value looks like, as a regular expression in RE2 syntax.'),
  drill: z
    .union([z.string().min(1).max(1000), drillRow])
    .optional()
    .describe('The value for a drill: a text, or a column of the first matching row of the ledger.'),
})

const variables = z.record(z.string(), variable).superRefine((named, context) => {
  for (const name of Object.keys(named)) {
    const complain = (message: string) => context.addIssue({ code: 'custom', path: [name], message })
    if (!/^[a-z][a-z0-9_]{0,30}$/.test(name))
      complain('name a variable with lower-case letters, digits and _')
    if (options.includes(name.replaceAll('_', '-'))) complain('this is an option of `runbook run`; rename it')
  }
})

const ledgerStep = ledgerCheck.extend({
  expect: ledgerExpectation.prefault({}),
  show: z.array(identifier).min(1).max(20).optional().describe('Columns to print of the rows found.'),
})

/** An export is a file of the operator, so its name can come from a variable. */
const { csv: writtenCsv, ledger } = reconciliation.shape.equals.shape
const csv = writtenCsv
  .unwrap()
  .extend({ file: z.union([z.string().regex(/^\$\{[a-z][a-z0-9_]*\}$/), writtenCsv.unwrap().shape.file]) })
  .optional()
const reconcileStep = reconciliation.omit({ name: true }).extend({
  equals: z
    .strictObject({ ledger, csv })
    .refine(
      (value) => (value.ledger === undefined) !== (value.csv === undefined),
      'name either `ledger` or `csv`',
    ),
})

const kinds = ['tool', 'ledger', 'receipt', 'reconcile'] as const

const step = z
  .strictObject({
    name,
    tool: name.optional(),
    args: args.optional(),
    expect: expectation.optional(),
    capture: capture.optional(),
    timeout: patience.optional(),
    ledger: ledgerStep.optional(),
    receipt: receiptCheck.optional(),
    reconcile: reconcileStep.optional(),
    skip_drill: z.string().trim().min(1).max(300).optional().describe('Why a drill leaves this step out.'),
  })
  .superRefine((value, context) => {
    const complain = (message: string) => context.addIssue({ code: 'custom', message })
    if (kinds.filter((kind) => value[kind] !== undefined).length !== 1)
      complain('a step has one of `tool`, `ledger`, `receipt` and `reconcile`')
    if (value.expect?.snapshot)
      complain('a runbook has no stored answers, so a step cannot expect a `snapshot`')
    if (
      value.tool === undefined &&
      (value.args ?? value.expect ?? value.capture ?? value.timeout) !== undefined
    )
      complain('`args`, `expect`, `capture` and `timeout` belong to `tool`')
  })
export type RunbookStep = z.output<typeof step>

export const runbookBlock = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][\w.-]{0,99}$/, 'use letters, digits, ".", "_" and "-"')
    .optional()
    .describe('The name for `runbook run`; the name of the file otherwise.'),
  variables: variables.default({}),
  steps: z.array(step).min(1).max(50),
})
export type RunbookBlock = z.output<typeof runbookBlock>
