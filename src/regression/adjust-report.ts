import { oneLine } from '../decision/markdown.ts'
import type { ShownRegression } from '../decision/regression-check.ts'
import { LONGEST, summarise, verdictOf } from './build-report.ts'
import { cut } from './cut.ts'
import { forTerminal } from './markdown.ts'
import { asNumber, type Ratio } from './ratio.ts'
import { headline } from './report-headline.ts'
import { reportMarkdown } from './report-markdown.ts'
import type { GateResult, RunReport } from './report-schema.ts'

/** The report with one gate replaced or added, and an updated verdict and summary. */
export function withGate(report: RunReport, result: GateResult): RunReport {
  const rest = report.gates.filter(({ gate }) => gate !== result.gate)
  const gates = [...rest, { ...result, message: cut(result.message, LONGEST) }]
  const verdict = verdictOf(gates)
  return { ...report, gates, verdict, summary: summarise(verdict, gates) }
}

/** The report of a run that never started, because there is no suite or nothing to run it against. */
export function reportOfSkippedRun(runId: string, at: Date, limit: Ratio, result: GateResult): RunReport {
  const nothing: RunReport = {
    version: 1,
    runId,
    verdict: 'inconclusive',
    summary: '',
    startedAt: at.toISOString(),
    durationMs: 0,
    partial: false,
    gates: [],
    errors: { calls: 0, errors: 0, rate: 0, low: 0, high: 1, limit: asNumber(limit) },
    tools: [],
    notCovered: [],
    cases: [],
    contract: { changes: [], notes: [] },
    data: [],
    removedCases: [],
    addedWaivers: [],
    addedReads: [],
    changedParts: [],
    notes: [],
  }
  return withGate(nothing, result)
}

/** GitHub rejects a longer summary. */
const summaryLimit = 65_535

/** The report for the check run, with its first line as the title. */
export function shownReport(report: RunReport, suites: readonly string[], limit: number): ShownRegression {
  const named = suites.map((suite) =>
    /^[\w./-]+$/.test(suite) ? suite : `'${suite.replaceAll("'", "'\\''")}'`,
  )
  const command = `release-gate regress --suite ${named.join(' ')} --server "$STAGING_URL"`
  return {
    status: 'completed',
    conclusion: report.verdict === 'passed' ? 'success' : 'failure',
    title: oneLine(headline(report, forTerminal).replaceAll('**', ''), 140),
    summary: shortened(reportMarkdown(report, { command, limit })),
  }
}

/** Truncated at the end of a line, since the content of a code span without its end would be rendered. */
function shortened(text: string): string {
  if (text.length <= summaryLimit) return text
  const end = '\n\n… truncated: GitHub shows no more.'
  return text.slice(0, Math.max(0, text.lastIndexOf('\n', summaryLimit - end.length))) + end
}
