import { latencyChart, millis } from './latency-chart.ts'
import { type Escape, inline, table } from './markdown.ts'
import type { CaseResult, RunReport, RunVerdict } from './report-schema.ts'

const words: Record<RunVerdict, string> = {
  passed: 'Staging regression passed',
  failed: 'Staging regression failed',
  inconclusive: 'Staging could not be judged',
}
const marks = { passed: '✅', failed: '❌', inconclusive: '⚠️', skipped: '⏭️' } as const

const MOST_FAILURES = 10
const MOST_CHANGES = 50

export type ReportOptions = {
  /** The command that runs the same on one's own machine. */
  command?: string
  /** p95 in milliseconds, for the chart. */
  limit?: number
  /** Where it is read; GitHub where nothing is said. */
  escape?: Escape
}

/** The report as people read it: the verdict in the first line, then only what there is to say. */
export function reportMarkdown(
  report: RunReport,
  { command, limit = 3000, escape: safe = inline }: ReportOptions = {},
): string {
  return [
    headline(report, safe),
    gateTable(report, safe),
    toolTable(report, safe),
    chart(report, limit),
    failures(report, safe),
    changes(report, safe),
    dataTable(report, safe),
    remarks(report, safe),
    identity(report, safe),
    command ? `### Run the same yourself\n\n${fenced(command)}` : '',
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n')
}

/** The first line alone: the title of the check run. */
export function headline({ verdict, summary, partial }: RunReport, safe: Escape = inline): string {
  const scope = partial ? ' (only some cases were run; this is no evidence for a release)' : ''
  return `${marks[verdict]} **${words[verdict]}**: ${safe(withoutPrefix(summary), 600)}${scope}`
}

function withoutPrefix(summary: string): string {
  return summary.replace(/^staging could not be judged: /, '')
}

function gateTable({ gates }: RunReport, safe: Escape): string {
  const rows = gates.map(({ gate, verdict, message }) => [`${marks[verdict]} ${gate}`, safe(message, 500)])
  return rows.length > 0 ? table(['Gate', 'What was found'], rows) : ''
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
  const rate = errors.calls > 0 ? rateLine(errors) : 'No call was measured.'
  const aside = expected > 0 ? ` Expected errors, which do not count: ${expected}.` : ''
  return `### Tools\n\n${table(head, rows, [1, 2, 3, 4, 5, 6, 7, 8, 9])}\n\n${rate}${aside}`
}

function rateLine({ calls, errors, rate, low, high, limit }: RunReport['errors']): string {
  const share = (value: number) => `${(value * 100).toFixed(2)} %`
  return `Errors: ${errors} of ${calls} calls, ${share(rate)} (95 % interval ${share(low)} to ${share(high)}; at most ${share(limit)}).`
}

function chart({ tools }: RunReport, limit: number): string {
  const text = latencyChart(tools, limit)
  return text ? `### p95 by tool\n\n${fenced(text)}` : ''
}

function failures({ cases }: RunReport, safe: Escape): string {
  const bad = cases.filter(({ verdict }) => verdict === 'failed')
  const open = cases.filter(({ verdict }) => verdict === 'skipped' || verdict === 'inconclusive')
  const flaky = cases.filter((entry) => entry.flaky && entry.verdict === 'passed')
  const shown = bad.slice(0, MOST_FAILURES).map((entry) => failure(entry, safe))
  const more = bad.length > MOST_FAILURES ? `\n\nand ${bad.length - MOST_FAILURES} more failed cases` : ''
  const parts = [
    bad.length > 0 ? `### Failed cases\n\n${shown.join('\n\n')}${more}` : '',
    listed(
      '### Cases that were not judged',
      open.map((entry) => named(safe, entry, entry.notes.join('; '))),
    ),
    listed(
      '### Flaky cases',
      flaky.map((entry) => named(safe, entry, `passed on retry, ${entry.attempts} attempts`)),
    ),
  ]
  return parts.filter((part) => part !== '').join('\n\n')
}

function failure(entry: CaseResult, safe: Escape): string {
  const attempts = entry.attempts > 1 ? `, ${entry.attempts} attempts` : ''
  const rows = entry.mismatches.map(({ where, expected, actual }) =>
    [where, expected, actual].map((text) => safe(text)),
  )
  const notes = entry.notes.map((note) => `\n\n${safe(note)}`).join('')
  return `**${safe(entry.name)}** (${safe(entry.tools.join(', '))}${attempts})\n\n${table(['Where', 'Expected', 'Actual'], rows)}${notes}`
}

function named(safe: Escape, { name }: CaseResult, text: string): string {
  return `${safe(name)}: ${safe(text)}`
}

function changes({ contract, removedCases, addedWaivers }: RunReport, safe: Escape): string {
  const order = ['breaking', 'warning', 'safe', 'info']
  const sorted = contract.changes.toSorted(
    (one, other) => order.indexOf(one.severity) - order.indexOf(other.severity),
  )
  const rows = sorted
    .slice(0, MOST_CHANGES)
    .map(({ severity, rule, tool, path, message, waived }) => [
      waived === undefined ? severity : `${severity}, waived`,
      safe(tool, 80),
      safe(path, 80),
      safe(waived === undefined ? message : `${message} (waived: ${waived})`, 500),
      safe(rule, 80),
    ])
  const more = sorted.length > MOST_CHANGES ? `\n\nand ${sorted.length - MOST_CHANGES} more changes` : ''
  const parts = [
    rows.length > 0
      ? `### Contract\n\n${table(['Severity', 'Tool', 'Where', 'Change', 'Rule'], rows)}${more}`
      : '',
    listed(
      '',
      contract.notes.map((note) => safe(note)),
    ),
    listed(
      '### Cases that this pull request removes',
      removedCases.map((name) => safe(name)),
    ),
    listed(
      '### Waivers that this pull request adds',
      addedWaivers.map((name) => safe(name)),
    ),
  ]
  return parts.filter((part) => part !== '').join('\n\n')
}

function dataTable({ data }: RunReport, safe: Escape): string {
  if (data.length === 0) return ''
  const rows = data.map(({ kind, name, verdict, message }) => [
    `${marks[verdict]} ${kind}`,
    safe(name),
    safe(message, 500),
  ])
  return `### Staging data\n\n${table(['Check', 'Of', 'What was found'], rows)}`
}

function remarks({ notes }: RunReport, safe: Escape): string {
  return listed(
    '### Notes',
    notes.map((note) => safe(note, 500)),
  )
}

function identity({ server, deployment, runId, startedAt, durationMs }: RunReport, safe: Escape): string {
  const parts = [
    server
      ? `Server ${safe(server.name, 100)} ${safe(server.version, 100)}, MCP ${safe(server.protocol, 40)} over ${server.transport}`
      : 'No server answered',
    deployment === undefined ? 'tied to the head at the time of the run' : `deployment ${safe(deployment)}`,
    `run ${safe(runId, 80)}, ${startedAt}, ${millis(durationMs)}`,
  ]
  return parts.join('; ')
}

function listed(title: string, lines: string[]): string {
  if (lines.length === 0) return ''
  const list = lines.map((line) => `- ${line}`).join('\n')
  return title === '' ? list : `${title}\n\n${list}`
}

function fenced(text: string): string {
  return `\`\`\`text\n${text.replaceAll('`', "'")}\n\`\`\``
}
