import { oneLine } from '../decision/markdown.ts'
import { latencyChart, millis } from './latency-chart.ts'
import { type Escape, inline, table } from './markdown.ts'
import { percent, ratio } from './ratio.ts'
import { headline, isUnrunnable } from './report-headline.ts'
import type { RunReport } from './report-schema.ts'
import { changes, dataTable, failures, marks, remarks, suiteChanges } from './report-sections.ts'

export type ReportOptions = {
  /** The command that reproduces the run locally. */
  command?: string
  /** p95 in milliseconds, for the chart. */
  limit?: number
  /** Where the report is shown. Default: GitHub. */
  escape?: Escape
  /** False on an engineer's machine, where no head of a pull request is tested. */
  atHead?: boolean
}

/** The report as Markdown: the verdict in the first line, then only the sections with content. */
export function reportMarkdown(
  report: RunReport,
  { command, limit = 3000, escape: safe = inline, atHead = true }: ReportOptions = {},
): string {
  return [
    headline(report, safe),
    suiteChanges(report, safe),
    gateTable(report, safe),
    toolTable(report, safe),
    chart(report, limit),
    failures(report, safe),
    changes(report, safe),
    dataTable(report, safe),
    remarks(report, safe),
    identity(report, safe, atHead),
    command ? `### Reproduce this run\n\n${fenced(oneLine(command, 1000))}` : '',
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n')
}

function gateTable({ gates }: RunReport, safe: Escape): string {
  const rows = gates.map(({ gate, verdict, message }) => [`${marks[verdict]} ${gate}`, safe(message, 500)])
  return rows.length > 0 ? table(['Gate', 'Result'], rows) : ''
}

function toolTable({ tools, errors, notCovered }: RunReport, safe: Escape): string {
  if (tools.length === 0 && notCovered.length === 0) return ''
  const head = [
    'Tool',
    'Calls',
    'Passed',
    'Tool errors',
    'Protocol errors',
    'Transport errors',
    'p50',
    'p95',
    'p99',
    'n',
  ]
  const time = (value: number | undefined) => (value === undefined ? '–' : millis(value))
  const rows = tools.map((row) => [
    `${safe(row.tool, 80)}${row.flaky > 0 ? ` (flaky: ${row.flaky} passed on retry)` : ''}`,
    ...[row.calls, row.passed, row.toolErrors, row.protocolErrors, row.transportErrors].map(String),
    ...[time(row.p50), time(row.p95), time(row.p99), String(row.n)],
  ])
  for (const name of notCovered)
    rows.push([`${safe(name, 80)} (not covered)`, ...Array.from({ length: 9 }, () => '–')])
  const expected = tools.reduce((sum, row) => sum + row.expectedErrors, 0)
  const rate = errors.calls > 0 ? rateLine(errors) : 'No calls were measured.'
  const aside = expected > 0 ? ` Expected errors, which do not count: ${expected}.` : ''
  return `### Tools\n\n${table(head, rows, [1, 2, 3, 4, 5, 6, 7, 8, 9])}\n\n${rate}${aside}`
}

function rateLine({ calls, errors, rate, low, high, limit }: RunReport['errors']): string {
  const share = (value: number) => `${(value * 100).toFixed(2)}%`
  return `Errors: ${errors} of ${calls} calls, ${share(rate)} (95% interval ${share(low)} to ${share(high)}; limit ${percent(ratio(limit))}).`
}

function chart({ tools }: RunReport, limit: number): string {
  const text = latencyChart(tools, limit)
  return text ? `### p95 by tool\n\n${fenced(text)}` : ''
}

function identity(report: RunReport, safe: Escape, atHead: boolean): string {
  const { server, deployment, runId, startedAt, durationMs } = report
  const tie = atHead ? ['tied to the head at the time of the run'] : []
  const parts = [
    server
      ? `Server ${safe(server.name, 100)} ${safe(server.version, 100)}, MCP ${safe(server.protocol, 40)} over ${server.transport}`
      : isUnrunnable(report)
        ? 'No server was called'
        : 'No server answered',
    ...(deployment === undefined ? tie : [`deployment ${safe(deployment)}`]),
    `run ${safe(runId, 80)}, ${startedAt}, ${millis(durationMs)}`,
  ]
  return parts.join('; ')
}

function fenced(text: string): string {
  return `\`\`\`text\n${text.replaceAll('`', "'")}\n\`\`\``
}
