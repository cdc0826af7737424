import { z } from 'zod'

/** The settings of the gate `runbooks`: `{}` parses to the defaults. No transforms, so that editors get its JSON Schema. */

const heading = z
  .string()
  .min(1, 'write the text of a heading, such as "Symptoms"')
  .max(100)
  .regex(/[\p{L}\p{N}]/u, 'write the text of a heading, such as "Symptoms"')

export const runbookSettings = z.strictObject({
  folder: z
    .string()
    .max(300)
    .regex(
      /^(?!\/)(?!.*(^|\/)\.\.?(\/|$))[^\\:]+[^\\:/]$/,
      'write a folder from the root of the repository, such as docs/runbooks',
    )
    .default('docs/runbooks')
    .describe('The folder with a runbook for each tool, named <tool>.md, read from the head.'),
  headings: z
    .array(heading)
    .min(1)
    .max(20)
    .default(['Symptoms', 'Diagnosis', 'Remediation', 'Escalation'])
    .describe('The headings that each runbook has, none of them empty.'),
  strict: z
    .boolean()
    .default(false)
    .describe('Whether tools that are older than the gate need their runbook, too. false: only a note.'),
})

export type RunbookSettings = z.output<typeof runbookSettings>
