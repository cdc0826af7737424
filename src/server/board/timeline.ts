import { code, oneLine, plural, short } from '../../decision/markdown.ts'
import type { AuditRecord } from '../../store/audit.ts'
import { stateWords } from './parts.ts'
import type { DecidedBody } from './replay.ts'
import { changesBetween, type FactChange, firstFacts } from './timeline-facts.ts'
import { entry, entryOf, type TimelineEntry } from './timeline-records.ts'

/**
 * The timeline of a change, newest first. `before`: the record of the verdict that stands before the first of these, where they are
 * not the first ones; without it, what was there at the first verdict is described too. Times are shown in `zone`.
 */
export function timelineOf(
  records: AuditRecord[],
  { before, zone }: { before?: AuditRecord | undefined; zone: string },
): TimelineEntry[] {
  const entries: TimelineEntry[] = []
  let last = before && (before.body as DecidedBody)
  for (const record of records.toSorted((a, b) => a.seq - b.seq)) {
    if (record.kind === 'decided') {
      const body = record.body as DecidedBody
      entries.push(...factEntries(record, body, last), verdictEntry(record, body, last))
      last = body
    } else {
      const entry = entryOf(record, zone)
      if (entry) entries.push(entry)
    }
  }
  return entries
    .map((entry, index) => ({ entry, index }))
    .sort((a, b) => b.entry.at.getTime() - a.entry.at.getTime() || b.index - a.index)
    .map(({ entry }) => entry)
}

function factEntries(record: AuditRecord, body: DecidedBody, last: DecidedBody | undefined): TimelineEntry[] {
  const changes: FactChange[] = last
    ? changesBetween(last.snapshot, body.snapshot)
    : firstFacts(body.snapshot)
  const policy =
    last && last.policy.blob !== body.policy.blob
      ? [{ kind: 'policy', at: undefined, what: `The policy changed (${short(body.policy.blob)}).` }]
      : []
  return shortened([...changes, ...policy]).map(({ kind, at, what }) => ({
    ...entry(record, kind, what),
    at: at === undefined ? record.at : new Date(at),
  }))
}

/** So many facts of one record are listed: a hostile pull request may have thousands. */
const most = 50

function shortened(changes: FactChange[]): FactChange[] {
  const rest = changes.length - most
  if (rest <= 0) return changes
  const what = `${plural(rest, 'more change')} not shown.`
  return [...changes.slice(0, most), { kind: 'more', at: undefined, what }]
}

function verdictEntry(record: AuditRecord, body: DecidedBody, last: DecidedBody | undefined): TimelineEntry {
  const before = new Map(last?.findings.map((finding) => [finding.gate, finding]))
  const details = body.findings.flatMap(({ gate, state, title }) => {
    const was = before.get(gate)
    before.delete(gate)
    if (was?.state === state && was.title === title) return []
    const now = `**${gateName(gate)}**: ${stateWords[state].toLowerCase()}, ${code(title, 140)}`
    return [was ? `${now} (before: ${stateWords[was.state].toLowerCase()}, ${code(was.title, 140)})` : now]
  })
  const gone = [...before.keys()].map((gate) => `**${gateName(gate)}** no longer applies`)
  const changed = [...details, ...gone]
  const { state } = body
  const parts = { state, isDecision: true, details: changed }
  if (last && changed.length === 0 && last.state === state)
    return entry(record, 'same', 'Evaluated again with the same result.', parts)
  const from = last && last.state !== state ? ` (before: ${stateWords[last.state].toLowerCase()})` : ''
  return entry(record, 'verdict', `${stateWords[state]}${from}: ${summaryOf(body)}.`, parts)
}

function summaryOf({ findings, state }: DecidedBody): string {
  const open = findings.filter((finding) => finding.state !== 'passed')
  if (state === 'passed') return open.length === 0 ? 'ready to merge' : 'the policy only reports'
  return `${plural(open.length, 'gate')} of ${findings.length} ${open.length === 1 ? 'does' : 'do'} not pass`
}

/** A gate's name as words: `release_window` is "Release window". */
export function gateName(gate: string): string {
  const words = oneLine(gate, 60).replaceAll('_', ' ')
  return `${words.slice(0, 1).toUpperCase()}${words.slice(1)}`
}
