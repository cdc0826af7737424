import { readFileSync } from 'node:fs'
import { isMap, isSeq, LineCounter, parseDocument } from 'yaml'
import { oneLine } from '../decision/markdown.ts'
import type { CaseResult, RunReport } from '../regression/report-schema.ts'

/** GitHub shows ten of each kind for a step. */
const MOST = 10

/**
 * Workflow commands of GitHub Actions, which show each failed case at its line of the suite:
 * https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
 */
export function annotations({ cases, gates }: RunReport, files: readonly string[]): string[] {
  const places = placesOf(files)
  const at = (entry: CaseResult) => ({ ...places.get(entry.name), title: entry.name })
  const failed = cases
    .filter(({ verdict }) => verdict === 'failed')
    .map((entry) => command('error', at(entry), wrongWith(entry)))
  const open = cases
    .filter(({ verdict }) => verdict === 'inconclusive' || verdict === 'skipped')
    .map((entry) => command('warning', at(entry), entry.notes.join('; ') || 'not evaluated'))
  // Failed cases are shown one by one; other failures have no line.
  const others = gates
    .filter(({ gate, verdict }) => verdict !== 'passed' && gate !== 'answers')
    .map(({ gate, verdict, message }) =>
      command(verdict === 'failed' ? 'error' : 'warning', { title: gate }, message),
    )
  return [...failed.slice(0, MOST), ...open.slice(0, MOST), ...others]
}

function wrongWith({ mismatches, notes }: CaseResult): string {
  const told = mismatches.map(
    ({ where, expected, actual }) => `${where}: expected ${expected}, got ${actual}`,
  )
  return [...told, ...notes].join('; ')
}

type Place = { file?: string; line?: number; title: string }

function command(kind: 'error' | 'warning', place: Place, message: string): string {
  const properties = Object.entries(place).map(([key, value]) => `${key}=${escapedProperty(String(value))}`)
  return `::${kind} ${properties.join(',')}::${escaped(oneLine(message, 1000))}`
}

function escaped(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function escapedProperty(text: string): string {
  return escaped(oneLine(text, 200)).replaceAll(':', '%3A').replaceAll(',', '%2C')
}

/** The line of each case, by its name. */
function placesOf(files: readonly string[]): Map<string, { file: string; line: number }> {
  const places = new Map<string, { file: string; line: number }>()
  for (const file of files) {
    const lines = new LineCounter()
    const cases = parseDocument(readFileSync(file, 'utf8'), { lineCounter: lines }).get('cases')
    for (const entry of isSeq(cases) ? cases.items : []) {
      if (!isMap(entry)) continue
      places.set(String(entry.get('name')).trim(), { file, line: lines.linePos(entry.range?.[0] ?? 0).line })
    }
  }
  return places
}
