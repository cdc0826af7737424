import { type Escape, table } from './markdown.ts'
import type { CaseResult, RunReport } from './report-schema.ts'

export const marks = { passed: '✅', failed: '❌', inconclusive: '⚠️', skipped: '⏭️' } as const

const MOST_FAILURES = 10
const MOST_CHANGES = 50

/** Failed, inconclusive and flaky cases. */
export function failures({ cases }: RunReport, safe: Escape): string {
  const bad = cases.filter(({ verdict }) => verdict === 'failed')
  const open = cases.filter(({ verdict }) => verdict === 'skipped' || verdict === 'inconclusive')
  const flaky = cases.filter((entry) => entry.flaky && entry.verdict === 'passed')
  const shown = bad.slice(0, MOST_FAILURES).map((entry) => failure(entry, safe))
  const more = bad.length > MOST_FAILURES ? `\n\nand ${bad.length - MOST_FAILURES} more failed cases` : ''
  const parts = [
    bad.length > 0 ? `### Failed cases\n\n${shown.join('\n\n')}${more}` : '',
    listed(
      '### Inconclusive cases',
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

/** What the pull request takes from the suite of its base, which people must see: the head brings its own suite. */
export function suiteChanges(
  { removedCases, addedWaivers, addedReads, changedParts }: RunReport,
  safe: Escape,
): string {
  const parts = [
    listed(
      '### Cases that this pull request removes',
      removedCases.map((name) => safe(name)),
    ),
    listed(
      '### Waivers that this pull request adds',
      addedWaivers.map((name) => safe(name)),
    ),
    listed(
      '### Tools and cases that this pull request declares read-only',
      addedReads.map((name) => safe(name)),
    ),
    listed(
      '### Other parts of the suite that this pull request changes or removes',
      changedParts.map((name) => safe(name)),
    ),
  ]
  return parts.filter((part) => part !== '').join('\n\n')
}

/** Contract changes by severity. */
export function changes({ contract }: RunReport, safe: Escape): string {
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
  ]
  return parts.filter((part) => part !== '').join('\n\n')
}

export function dataTable({ data }: RunReport, safe: Escape): string {
  if (data.length === 0) return ''
  const rows = data.map(({ kind, name, verdict, message }) => [
    `${marks[verdict]} ${kind}`,
    safe(name),
    safe(message, 500),
  ])
  return `### Staging data\n\n${table(['Check', 'Of', 'Result'], rows)}`
}

export function remarks({ notes }: RunReport, safe: Escape): string {
  return listed(
    '### Notes',
    notes.map((note) => safe(note, 500)),
  )
}

function listed(title: string, lines: string[]): string {
  if (lines.length === 0) return ''
  const list = lines.map((line) => `- ${line}`).join('\n')
  return title === '' ? list : `${title}\n\n${list}`
}
