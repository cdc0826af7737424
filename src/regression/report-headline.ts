import { type Escape, inline } from './markdown.ts'
import type { RunReport, RunVerdict } from './report-schema.ts'
import { marks } from './report-sections.ts'

const words: Record<RunVerdict, string> = {
  passed: 'Staging regression passed',
  failed: 'Staging regression failed',
  inconclusive: 'Staging regression inconclusive',
}

/** The first line, which is also the title of the check run. */
export function headline(report: RunReport, safe: Escape = inline): string {
  if (isUnrunnable(report)) return `${marks.failed} ${unrunnable(report, safe, '**')}`
  const { verdict, summary, partial } = report
  const scope = partial ? ' (only some cases were run; this does not count as evidence for a release)' : ''
  return `${marks[verdict]} **${words[verdict]}**: ${safe(summary, 600)}${scope}`
}

/** Whether the suite itself is invalid, so that the server was never called and there is no regression. */
export function isUnrunnable({ gates }: Pick<RunReport, 'gates'>): boolean {
  return gates.some(({ gate, verdict }) => gate === 'suite' && verdict === 'failed')
}

/** The sentence for a suite that cannot be run; `strong` marks bold text. */
export function unrunnable({ gates }: Pick<RunReport, 'gates'>, safe: Escape, strong = ''): string {
  const why = gates.find(({ gate }) => gate === 'suite')?.message ?? ''
  return `${strong}The suite cannot be run${strong}: ${safe(why, 600)}. Nothing was tested.`
}
