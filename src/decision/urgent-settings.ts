import { RE2JS } from 're2js'
import { z } from 'zod'
import { lastingDuration } from './calendar/written-values.ts'

const longestPattern = 500

/** The settings of urgent changes (docs/policy.md). */
export const urgentSettings = z.strictObject({
  label: z
    .string()
    .trim()
    .min(1, 'the label needs a name, like "urgent"')
    .max(50, 'GitHub limits label names to 50 characters; use a shorter name')
    .default('urgent')
    .describe(
      "The label with which a change doesn't wait for the release window or a freeze. All other gates still apply.",
    ),
  reason: z
    .enum(['required', 'optional'])
    .default('optional')
    .describe('Whether the description must give a reason: a line "Urgent: …", or else its first sentence.'),
  incident: z
    .string()
    .min(1, 'the pattern is empty; write one like "INC-\\d+", or leave incident out')
    .max(longestPattern, 'the pattern is longer than 500 characters; write a shorter one')
    .superRefine(refuseBadPattern)
    .optional()
    .describe('An RE2 pattern for the incident that the description must name, such as FOODYE-MCP-\\d+.'),
  labelled_by: z
    .array(z.string().regex(/^([\w.-]+\/)?[\w.-]+$/, { error: teamProblem }))
    .default([])
    .describe('Teams whose members can add the label. Empty: anyone with write access.'),
  allow_author: z.boolean().default(true).describe('Whether the author can add the label.'),
  expires_after: lastingDuration.default('24h').describe('How long the label counts after it was added.'),
  reverts: lastingDuration
    .optional()
    .describe(
      'For how long after the merge of a change its exact revert needs no reason and no incident. Default: never.',
    ),
  bound_to_head: z
    .boolean()
    .default(true)
    .describe('Whether a push after the label was added invalidates it.'),
  block_when_overdue: z
    .boolean()
    .default(false)
    .describe('Whether an overdue retrospective review blocks the next urgent change.'),
})

/**
 * Patterns of users run only in re2js, whose time grows with the text and never explodes. Compiling one takes a time that grows with
 * what its repetitions stand for, and anyone can propose a policy: `(…){1000}` took half a second for each override.
 */
function refuseBadPattern(pattern: string, context: z.RefinementCtx): void {
  if (pattern.length > longestPattern) return
  if (writtenOut(pattern) > longestPattern) {
    const what = `has more than ${longestPattern} characters with its repetitions and classes of Unicode written out`
    context.addIssue({
      code: 'custom',
      message: `${JSON.stringify(pattern)} ${what}; write a shorter one`,
    })
    return
  }
  try {
    RE2JS.compile(pattern)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    const hint = 'fix it (lookaround and backreferences are not supported)'
    context.addIssue({
      code: 'custom',
      message: `${JSON.stringify(pattern)} is not a pattern: ${why}; ${hint}`,
    })
  }
}

/** A class or range of Unicode takes as long to compile as this many characters, since upper and lower case are looked up. */
const unicodeClass = 200

/** What re2js takes as one: quoted text, an escape, a class with all that is in it, the count of a repetition, or a character. */
const part =
  /\\Q[\s\S]*?(?:\\E|$)|\\[pPx](?:\{[^}]*\}|[\s\S])|\\[\s\S]|\[\^?\]?(?:\[:\^?\w+:\]|\\[\s\S]|[^\]\\])*\]|\{(\d+)(?:,(\d*))?\}|[\s\S]/gu

/** A class or an escape stands for one character; quoted text for as many as it has. */
function shortened(text: string): string {
  return text.startsWith('[') || (text.startsWith('\\') && !text.startsWith('\\Q')) ? 'x' : text
}

/** How long a pattern is with its repetitions written out, each as often as it may repeat. Classes are read once for all of them. */
function writtenOut(pattern: string): number {
  /** The lengths of the whole and of each group that is open, innermost last. */
  const open = [0]
  let last = 0
  const classes = pattern.match(/\\[pPx]|-[^\0-\x7f]/gu)?.length ?? 0
  const short = pattern.replace(part, shortened)
  for (const [text, least, most] of short.matchAll(part)) {
    if (text === '(') {
      open.push(1)
      continue
    }
    const inner = text === ')' && open.length > 1 ? open.pop() : undefined
    const before = least === undefined ? 0 : last
    last =
      least === undefined ? text.length + (inner ?? 0) : last * Math.max(1, Number(least), Number(most ?? 0))
    open.push((open.pop() ?? 0) + last - before)
  }
  return open.reduce((sum, length) => sum + length, pattern.length - short.length + unicodeClass * classes)
}

function teamProblem({ input }: { input?: unknown }): string {
  return `${JSON.stringify(input)} is not a team; write its short name, like "on-call" or "my-org/on-call"`
}
