import { z } from 'zod'
import { filledPattern, jsonPath, matchesEveryText } from './suite-values.ts'
import { atLeastOne, json, writtenNumber } from './suite-words.ts'
import { valueKinds } from './value-kinds.ts'

/** A comparison for a value. A plain value, in contrast, must be equal. */
export const comparison = z.strictObject({
  any: z.enum(valueKinds).optional().describe('The value is of this kind, whatever it is.'),
  equals: json.optional().describe('The value equals this one, even if it looks like a comparison.'),
  gt: writtenNumber.optional(),
  gte: writtenNumber.optional(),
  lt: writtenNumber.optional(),
  lte: writtenNumber.optional(),
  matches: filledPattern.optional().describe('A regular expression in RE2 syntax.'),
  contains: json.optional().describe('The text or the array contains this.'),
  one_of: z.array(json).min(1).optional(),
  length: z.int().nonnegative().optional().describe('The length of the array or text.'),
  count: z.int().nonnegative().optional().describe('How many values the path finds.'),
  absent: z.literal(true).optional().describe('The path finds nothing.'),
})
export type Comparison = z.output<typeof comparison>
const operators = new Set(Object.keys(comparison.shape))

export const expectedValue = json.superRefine((value, context) => {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return
  const keys = Object.keys(value)
  if (!keys.some((key) => operators.has(key))) return
  const parsed = comparison.safeParse(value)
  if (parsed.success && (parsed.data.absent === undefined || keys.length === 1)) return
  if (parsed.success)
    return context.addIssue({ code: 'custom', message: '`absent` goes with no other comparison' })
  const odd = keys.filter((key) => !operators.has(key))
  const why =
    odd.length > 0 ? `${odd.join(', ')} is not a comparison` : (parsed.error.issues[0]?.message ?? 'is wrong')
  context.addIssue({ code: 'custom', message: `${why}; write {equals: …} to compare with an object` })
})

/** Distinguishes a comparison from a plain value. */
export function asComparison(value: unknown): Comparison | undefined {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined
  const keys = Object.keys(value)
  return keys.length > 0 && keys.every((key) => operators.has(key)) ? (value as Comparison) : undefined
}

const textRules = z.strictObject({
  equals: z.string().optional(),
  contains: z.string().optional(),
  matches: filledPattern.optional(),
  not_matches: filledPattern.optional(),
})

const textExpectation = z
  .union([
    z.string().describe('The text contains this.'),
    textRules.refine(...atLeastOne('write equals, contains, matches or not_matches')),
  ])
  .refine((expected) => canFail(typeof expected === 'string' ? { contains: expected } : expected), {
    error:
      'every text meets this, so nothing is checked; write what the text contains, or `matches: "."` for any',
    when: ({ issues }) => issues.length === 0,
  })

function canFail({
  equals,
  contains = '',
  matches,
  not_matches: excluded,
}: z.output<typeof textRules>): boolean {
  const isTelling = matches !== undefined && !matchesEveryText(matches)
  return equals !== undefined || contains !== '' || excluded !== undefined || isTelling
}

const bytes = z.int().nonnegative()
const sizeExpectation = z.union([
  bytes.describe('The exact number of bytes.'),
  z
    .strictObject({
      gt: bytes.optional(),
      gte: bytes.optional(),
      lt: bytes.optional(),
      lte: bytes.optional(),
    })
    .refine(...atLeastOne('write gt, gte, lt or lte')),
])

/** A block of the answer's `content`. Binary data is measured and hashed after decoding, text in UTF-8. */
const blockExpectation = z.strictObject({
  type: z.enum(['text', 'image', 'audio', 'resource_link', 'resource']),
  mime_type: z.string().optional(),
  uri: textExpectation.optional().describe('Of a resource, or of a link to one.'),
  name: textExpectation.optional().describe('Of a link to a resource.'),
  text: textExpectation.optional().describe('Of a text block or an embedded resource.'),
  size: sizeExpectation.optional().describe('In bytes.'),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/i, 'write the SHA-256 as 64 hexadecimal digits')
    .optional(),
})
export type BlockExpectation = z.output<typeof blockExpectation>

const jsonExpectation = z.record(z.string(), expectedValue).superRefine((value, context) => {
  if (Object.keys(value).length === 0)
    context.addIssue({ code: 'custom', message: 'write at least one JSONPath' })
  for (const key of Object.keys(value)) {
    const parsed = jsonPath.safeParse(key)
    if (parsed.success) continue
    context.addIssue({
      code: 'custom',
      path: [key],
      message: parsed.error.issues[0]?.message ?? 'is not a JSONPath',
    })
  }
})

export const statuses = ['ok', 'tool_error', 'protocol_error', 'unknown_tool'] as const
const status = z.enum(statuses)

function hasCode(one: (typeof statuses)[number]): boolean {
  return one === 'protocol_error' || one === 'unknown_tool'
}

export const expectation = z
  .strictObject({
    status: z
      .union([status, z.array(status).min(1)])
      .optional()
      .describe(
        'Defaults to ok. unknown_tool tests how the server answers a call to a tool that it does not list.',
      ),
    code: z.int().optional().describe('The JSON-RPC error code of a protocol_error.'),
    json: jsonExpectation.optional().describe('Maps each JSONPath (RFC 9535) to what it must find.'),
    text: textExpectation.optional(),
    snapshot: z
      .union([
        z.literal(true),
        z.strictObject({
          mask: z
            .array(
              jsonPath.refine(
                (path) => path.trim() !== '$',
                'this masks the whole answer, so nothing is compared',
              ),
            )
            .min(1)
            .max(50)
            .describe('Paths to what differs from call to call.'),
        }),
      ])
      .optional()
      .describe(
        'The answer equals the one stored next to the suite; `regress --update-snapshots` stores it.',
      ),
    content: z
      .array(blockExpectation)
      .min(1)
      .max(50)
      .optional()
      .describe('Blocks that the answer contains, in this order; other blocks may come between them.'),
  })
  .refine(
    ({ code, status = 'ok' }) => code === undefined || [status].flat().some(hasCode),
    '`code` needs `status: protocol_error` or `unknown_tool`',
  )

export type Expectation = z.output<typeof expectation>
