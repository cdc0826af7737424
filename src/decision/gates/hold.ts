import { z } from 'zod'
import { defineGate, passed, waiting } from '../gate.ts'
import { code } from '../markdown.ts'
import type { Label } from '../snapshot.ts'

const settings = z.strictObject({
  label: z
    .string()
    .trim()
    .min(1, 'the label needs a name, like "hold"')
    .max(50, 'GitHub limits label names to 50 characters; use a shorter name')
    .default('hold')
    .describe('The label that blocks a pull request until it is removed.'),
})

/**
 * A label that blocks until it is removed. It counts whoever added it: GitHub lets nobody below triage label a pull
 * request, and blocking a merge needs less authority than allowing one.
 */
export const hold = defineGate({
  title: 'Hold',
  settings,
  labels: ({ label }) => [label],
  evaluate(snapshot, { label: wanted }) {
    const label = snapshot.labels.find(({ name }) => name.toLowerCase() === wanted.toLowerCase())
    if (!label) return passed('Not on hold', `The label ${code(wanted)} is not set.`)
    const who = label.by ? code(label.by.login) : 'An unknown user'
    return waiting(
      label.by ? `On hold by ${label.by.login}` : 'On hold',
      `${who} added the label ${code(wanted)}${whyOf(label)}. It blocks the merge until it is removed, even for an urgent change.`,
      { who: `Anyone with triage access: remove the label ${code(wanted)}` },
    )
  },
})

/** The reason of the command, where it gave one. */
function whyOf({ order }: Label): string {
  return order?.reason === undefined ? '' : ` with a comment: ${code(order.reason, 140)}`
}
