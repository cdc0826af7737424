import type { ChangeRecord } from '../../decision/change-record.ts'
import type { FindingState } from '../../decision/gate.ts'
import { code, list, oneLine, plural, short } from '../../decision/markdown.ts'
import type { AuditRecord } from '../../store/audit.ts'
import type { DecidedBody } from './replay.ts'
import { changesBetween, type FactChange, firstFacts } from './timeline-facts.ts'

/**
 * One moment of a change, from one record. `what` and `details` are Markdown in which everything that people wrote is code.
 * `isDecision`: it can be decided again from the record.
 */
export type TimelineEntry = {
  at: Date
  seq: number
  kind: string
  what: string
  details: string[]
  state: FindingState | undefined
  isDecision: boolean
  link: { text: string; url: string } | undefined
}

type Parts = Partial<Omit<TimelineEntry, 'at' | 'seq' | 'kind' | 'what'>>

/**
 * The timeline of a change, newest first. `before`: the record of the verdict that stands before the first of these, where they are
 * not the first ones; without it, what was there at the first verdict is told too.
 */
export function timelineOf(records: AuditRecord[], before: AuditRecord | undefined): TimelineEntry[] {
  const entries: TimelineEntry[] = []
  let last = before && (before.body as DecidedBody)
  for (const record of records.toSorted((a, b) => a.seq - b.seq)) {
    if (record.kind === 'decided') {
      const body = record.body as DecidedBody
      entries.push(...factEntries(record, body, last), verdictEntry(record, body, last))
      last = body
    } else {
      const entry = entryOf(record)
      if (entry) entries.push(entry)
    }
  }
  return entries
    .map((entry, index) => ({ entry, index }))
    .sort((a, b) => b.entry.at.getTime() - a.entry.at.getTime() || b.index - a.index)
    .map(({ entry }) => entry)
}

function entry({ at, seq }: AuditRecord, kind: string, what: string, parts: Parts = {}): TimelineEntry {
  return { at, seq, kind, what, details: [], state: undefined, isDecision: false, link: undefined, ...parts }
}

function factEntries(record: AuditRecord, body: DecidedBody, last: DecidedBody | undefined): TimelineEntry[] {
  const changes: FactChange[] = last
    ? changesBetween(last.snapshot, body.snapshot)
    : firstFacts(body.snapshot)
  const policy =
    last && last.policy.blob !== body.policy.blob
      ? [{ kind: 'policy', at: undefined, what: `The policy changed (${short(body.policy.blob)}).` }]
      : []
  return [...changes, ...policy].map(({ kind, at, what }) => ({
    ...entry(record, kind, what),
    at: at === undefined ? record.at : new Date(at),
  }))
}

const stateWords: Record<FindingState, string> = {
  passed: 'Passed',
  waiting: 'Waiting',
  failed: 'Failed',
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

type Published = { head: string; state: FindingState; title: string }
type Regression = {
  head: string
  verdict: string
  summary: string
  run: string
  why?: unknown
  server?: { name?: string }
}
type Unverified = { problem: string; request?: string; status?: number }
type Reviewed = { issue: number; ended: boolean; by: string | null }

/** How each kind of record beside a verdict is told. */
const tellers: Record<string, (record: AuditRecord, body: never) => TimelineEntry> = {
  published: (record, { head, state, title }: Published) =>
    entry(record, 'published', `The check on ${short(head)} says ${code(title, 140)}.`, { state }),
  regression: regressionEntry,
  unverified: unverifiedEntry,
  merged: mergedEntry,
  exception: (record, { bypassed = [] }: { bypassed?: string[] }) =>
    entry(record, 'exception', 'It was merged past the gate.', {
      state: 'failed',
      details: bypassed.map(shown),
    }),
  announced: (record, { permalink }: { permalink: string | null }) =>
    entry(record, 'announced', 'The merge was announced.', {
      link: permalink === null ? undefined : { text: 'The message', url: permalink },
    }),
  reviewed: (record, { issue, ended, by }: Reviewed) =>
    entry(
      record,
      'reviewed',
      ended
        ? `${by === null ? 'Someone' : code(by)} closed the review #${issue}.`
        : `The review #${issue} was reopened.`,
    ),
}

function entryOf(record: AuditRecord): TimelineEntry | undefined {
  return Object.hasOwn(tellers, record.kind)
    ? tellers[record.kind]?.(record, record.body as never)
    : undefined
}

function unverifiedEntry(record: AuditRecord, { problem, request, status }: Unverified): TimelineEntry {
  const answer = status === undefined ? '' : ` answered ${status}`
  return entry(record, 'unverified', `It could not be verified: ${code(problem, 300)}.`, {
    state: 'failed',
    details: request ? [`${code(request, 300)}${answer}`] : [],
  })
}

/** A sentence of a record, in which people's text may stand without being marked as code. */
function shown(line: string): string {
  return /[`*]/.test(line) ? line : code(line, 300)
}

const regressionStates: Record<string, FindingState> = {
  passed: 'passed',
  failed: 'failed',
  inconclusive: 'waiting',
}

function regressionEntry(
  record: AuditRecord,
  { head, verdict, summary, run, server }: Regression,
): TimelineEntry {
  const where = server?.name ? ` on ${code(server.name)}` : ''
  return entry(
    record,
    'regression',
    `The staging regression of ${short(head)}${where}: ${oneLine(verdict, 20)}.`,
    {
      state: regressionStates[verdict],
      details: [code(summary, 300), `Run ${code(run.slice(0, 8))}`],
    },
  )
}

function mergedEntry(record: AuditRecord, change: ChangeRecord): TimelineEntry {
  const { mergedBy, mergeCommit, base, approvers, urgent, regression, policy, window } = change
  const commit = mergeCommit === null ? '' : ` as ${short(mergeCommit)}`
  const approved = approvers.map(
    ({ login, role, commit: saw }) =>
      `${code(login)} (${oneLine(role, 30)}) saw ${saw ? short(saw) : 'no commit'}`,
  )
  const details = [
    approved.length > 0 ? `Approved by ${list(approved)}` : 'Approved by nobody',
    windowText(window),
    urgent
      ? `Marked as urgent by ${code(urgent.by)}: ${urgent.reason ? code(urgent.reason, 200) : 'no reason given'}`
      : '',
    regression
      ? `Staging regression ${oneLine(regression.verdict, 20)}, report ${code(regression.hash.slice(0, 12))}`
      : '',
    policy ? `Policy ${code(policy.where)} at ${short(policy.blob)}` : '',
  ]
  const who = mergedBy ? code(mergedBy.login) : 'Someone'
  return entry(record, 'merged', `${who} merged it into ${code(base.ref)}${commit}.`, {
    details: details.filter((line) => line !== ''),
    isDecision: true,
    state: change.exception ? 'failed' : 'passed',
  })
}

const windowWords: Record<ChangeRecord['window']['state'], string> = {
  'any time': 'No release window applied',
  closed: 'The release window was closed',
  window: 'The release window was open',
  urgent: 'The change was urgent',
}

function windowText({ state }: ChangeRecord['window']): string {
  return windowWords[state]
}
