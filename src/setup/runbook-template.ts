import type { RunbookSettings } from '../decision/runbook-settings.ts'

const hints: Record<string, string> = {
  symptoms: 'What callers and alerts show when this tool misbehaves.',
  diagnosis: 'What to check, in which order, and what each result means.',
  remediation: 'What to do for each finding, and how to see that it worked.',
  escalation: 'Whom to call, when, and with which facts.',
}

/** A runbook to fill in, with the headings of a policy. As it is, the gate rejects it: under each heading is only a comment. */
export function runbookTemplate({ headings }: Pick<RunbookSettings, 'headings'>, tool = '<tool>'): string {
  const sections = headings.map((heading) => {
    const hint = hints[heading.toLowerCase()] ?? 'Fill this in.'
    return `## ${heading}\n\n<!-- ${hint} -->\n`
  })
  return [`# ${tool}\n`, ...sections].join('\n')
}
