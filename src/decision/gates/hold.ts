import { z } from 'zod'
import { defineGate, passed, waiting } from '../gate.ts'
import { code } from '../markdown.ts'

const settings = z.strictObject({
  label: z
    .string()
    .min(1, 'the label needs a name, like "hold"')
    .max(50, 'GitHub allows a label no more than 50 characters; write a shorter name')
    .default('hold')
    .describe('The label that holds a pull request back until it is taken off.'),
})

/**
 * A label that says never until removed. It counts whoever put it on: GitHub lets nobody below triage label a pull
 * request, and what holds back needs less authority than what lets through.
 */
export const hold = defineGate({
  title: 'Hold',
  settings,
  labels: ({ label }) => [label],
  evaluate(snapshot, { label: wanted }) {
    const label = snapshot.labels.find(({ name }) => name.toLowerCase() === wanted.toLowerCase())
    if (!label) return passed('Not on hold', `Nobody has put the label ${code(wanted)} on.`)
    const who = label.by ? code(label.by.login) : 'Somebody whom GitHub does not name'
    return waiting(
      label.by ? `On hold by ${label.by.login}` : 'On hold',
      `${who} put the label ${code(wanted)} on. Nothing lifts it, not even urgency, until it is taken off.`,
      { who: 'Anybody with the triage role or more, by taking the label off' },
    )
  },
})
