import { z } from 'zod'

/** Where remediation is tracked in Jira Cloud. The account and its token are the operator's. */
export const jiraSettings = z.strictObject({
  project: z
    .string()
    .regex(/^[A-Z][A-Z0-9_-]{1,30}$/, {
      error: ({ input }) =>
        `${JSON.stringify(input)?.slice(0, 60)} is not the key of a Jira project; write it like "FOODYE-MCP"`,
    })
    .describe('The key of the project.'),
  issue_type: z.string().min(1).max(60).default('Task').describe('The type of its issues.'),
  people: z
    .record(z.string(), z.string().min(1).max(128))
    .default({})
    .describe('The Atlassian account ids of those who acknowledge, by their GitHub logins.'),
})

export type JiraSettings = z.output<typeof jiraSettings>
