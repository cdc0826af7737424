import { z } from 'zod'
import { numberText } from './exact.ts'
import { duration, jsonPath, pattern, percentage } from './suite-values.ts'
import { args, identifier, name, where, writtenNumber } from './suite-words.ts'

/** What a total is compared with. */
const against = z
  .strictObject({
    ledger: z
      .strictObject({ table: identifier, where: where.default({}), sum: identifier.optional() })
      .optional(),
    csv: z
      .strictObject({
        file: z
          .string()
          .regex(/^(?!.*\.\.)(?!\/)[\w./-]+\.csv$/, 'name a .csv file in or below the folder of the suite'),
        where: z.record(z.string(), z.string()).default({}),
        sum: z.string().optional(),
      })
      .optional(),
  })
  .refine(
    (value) => (value.ledger === undefined) !== (value.csv === undefined),
    'name either `ledger` or `csv`',
  )

export const reconciliation = z.strictObject({
  name,
  tool: name,
  args: args.default({}),
  value: jsonPath,
  equals: against,
  tolerance: z
    .union([
      percentage.transform((share) => ({ share })),
      writtenNumber
        .refine((amount) => !numberText(amount).startsWith('-'), 'write a tolerance of 0 or more')
        .transform((amount) => ({ amount })),
    ])
    .prefault(0)
    .describe('An amount, or a percentage such as 1%.'),
})

export const mirrored = z
  .strictObject({
    table: identifier,
    newest: identifier.optional().describe('The column with the time at which a row was created.'),
    behind: duration
      .optional()
      .describe('How far the newest row may lag behind the one that the operator declares.'),
    rows_within: percentage
      .optional()
      .describe('By how much the number of rows may differ from the declared one.'),
  })
  .refine(
    ({ newest, behind }) => (newest === undefined) === (behind === undefined),
    'write both `newest` and `behind`, or neither',
  )

export const isolated = z.strictObject({
  table: identifier,
  as: z
    .string()
    .regex(/^[a-z][a-z0-9]{0,29}$/, 'use the name of a key of the operator: lower-case letters and digits')
    .describe('Whose key must find none of the rows: the operator sets it as LEDGER_KEY_AS_<NAME>.'),
  where: where.default({}),
})

export const sanitized = z.strictObject({
  table: identifier,
  columns: z.array(identifier).min(1).max(50),
  allow: pattern.optional().describe('Values that match are known to be fake.'),
})
