import { stringify } from 'csv-stringify/sync'
import type { ChangeRecord } from '../../decision/change-record.ts'
import type { DirectPush } from '../../decision/direct-push-record.ts'
import { oneLine } from '../../decision/markdown.ts'
import type { AuditRecord } from '../../store/audit.ts'
import type { Queryable } from '../../store/database.ts'

/** One change as a row of the table. Unknown values are empty cells. */
type Row = Partial<Record<(typeof columns)[number], string | null | undefined>>

const columns = [
  ...[
    'record',
    'kind',
    'organization',
    'repository',
    'number',
    'url',
    'title',
    'author',
    'contributors',
    'approvers',
  ],
  ...[
    'approved_at',
    'opened_at',
    'merged_by',
    'merged_at',
    'base',
    'head',
    'merge_commit',
    'tickets',
    'reason',
    'risk',
    'rollback',
  ],
  ...['verdict', 'checks', 'window', 'urgent_by', 'urgent_reason', 'urgent_until', 'regression'],
  ...['regression_report', 'policy', 'policy_blob', 'rules', 'exception', 'bypassed'],
  ...['review_issue', 'review_due', 'review_closed_at', 'review_closed_by', 'hash'],
] as const

/** The first line of the table. Its byte order mark tells spreadsheets that it is UTF-8. */
export const changeTableHead = stringify([], { header: true, columns: [...columns], bom: true })

/**
 * The line of a change that reached a covered branch: a merge, or a push that belongs to no pull request. Undefined for every
 * other record. A cell that a spreadsheet would read as a formula begins with an apostrophe.
 */
export function changeTableLine(record: AuditRecord, review?: Review): string | undefined {
  const row = rowOf(record)
  if (!row) return undefined
  const cells = Object.entries({ ...row, ...review }).map(([name, text]) => [name, text && cellOf(text)])
  return stringify([Object.fromEntries(cells)], { columns: [...columns], escape_formulas: true })
}

/** A spreadsheet begins another row where a cell is longer than this. */
const cellAtMost = 32_000

/**
 * On one line, and without what hides or turns letters. In much of the world a spreadsheet also begins a cell at each semicolon, whatever the
 * quotes, so nothing after one may be a formula either.
 */
function cellOf(text: string): string {
  return oneLine(text, cellAtMost).replace(/;[\s"']*(?=[=+\-@\uFF1D\uFF0B\uFF0D\uFF20])/g, "$&'")
}

/** The deferred review of a change. It is closed later than the change, so it has a record of its own. */
type Review = Pick<Row, 'review_issue' | 'review_due' | 'review_closed_at' | 'review_closed_by'>

/** The deferred reviews of an installation, by the record of their change. */
export async function reviewsOf(db: Queryable, installationId: number): Promise<Map<number, Review>> {
  const owed = await db.query<{ seq: number; issue: string | null; due: Date | null }>(
    `SELECT record_seq AS seq, issue_url AS issue, due_at AS due FROM release_gate.landings
     WHERE installation_id = $1 AND review IS NOT NULL`,
    [installationId],
  )
  const reviews = new Map<number, Review>(
    owed.map(({ seq, issue, due }) => [seq, { review_issue: issue, review_due: due?.toISOString() }]),
  )
  const ended = await db.query<{ at: Date; body: string }>(
    `SELECT at, body FROM release_gate.audit_records WHERE installation_id = $1 AND kind = 'reviewed' ORDER BY seq`,
    [installationId],
  )
  for (const { at, body } of ended) {
    const { change, ended, by, issue, dueAt } = JSON.parse(body) as Reviewed
    const known = { review_issue: `#${issue}`, review_due: dueAt, ...reviews.get(change.seq) }
    // A reopened issue is not closed.
    const closed = ended ? { review_closed_at: at.toISOString(), review_closed_by: by ?? '' } : {}
    reviews.set(change.seq, { ...known, review_closed_at: '', review_closed_by: '', ...closed })
  }
  return reviews
}

/** The content of a `reviewed` record. */
type Reviewed = {
  change: { seq: number }
  issue: number
  dueAt: string | null
  ended: boolean
  by: string | null
}

function rowOf(record: AuditRecord): Row | undefined {
  const place = { record: String(record.seq), hash: record.hash }
  if (record.kind === 'merged') return { ...mergeRow(record.body as ChangeRecord), ...place }
  const isPush = record.kind === 'exception' && 'kind' in record.body && record.body.kind === 'pushed'
  return isPush ? { ...pushRow(record.body as DirectPush & { bypassed: string[] }), ...place } : undefined
}

function mergeRow(change: ChangeRecord): Row {
  const { description, urgent, regression, exception } = change
  return {
    kind: 'merge',
    organization: change.repository.owner,
    repository: nameOf(change.repository),
    number: String(change.number),
    url: change.url,
    title: change.title,
    author: change.author?.login,
    contributors: listed(change.contributors.map(({ login, as }) => `${login} (${as.join(', ')})`)),
    approvers: listed(
      change.approvers.map(({ login, role, commit }) => `${login} (${role}) saw ${commit ?? 'no commit'}`),
    ),
    approved_at: listed(change.approvers.map(({ login, at }) => `${login} ${at ?? 'unknown'}`)),
    opened_at: change.openedAt,
    merged_by: change.mergedBy?.login,
    merged_at: change.mergedAt,
    base: change.base.ref,
    head: change.head.sha,
    merge_commit: change.mergeCommit,
    tickets: listed(description.tickets),
    reason: description.reason,
    risk: description.risk,
    rollback: description.rollback,
    verdict: change.verdict ? `${change.verdict.state}: ${change.verdict.title}` : 'none',
    checks: listed(change.checks.map(({ name, conclusion }) => `${name}: ${conclusion ?? 'running'}`)),
    window: change.window.state,
    urgent_by: urgent?.by,
    urgent_reason: urgent && urgentReason(urgent.reason, change),
    urgent_until: urgent?.until,
    regression: regression?.verdict,
    regression_report: regression?.hash,
    policy: change.policy?.where,
    policy_blob: change.policy?.blob,
    rules: change.rules,
    exception: exception?.kind,
    bypassed: listed(exception?.bypassed ?? []),
  }
}

/**
 * Records from before they had `openedAt` took the first line of the description, although it may be another field like
 * `Ticket: PAY-12`.
 */
function urgentReason(recorded: string | null, { openedAt, description }: ChangeRecord): string | null {
  const isFirstLine = openedAt === undefined && recorded !== null && /^[\w ]{1,20}:/.test(recorded)
  return isFirstLine ? (description.reason ?? recorded) : recorded
}

function pushRow(push: DirectPush & { bypassed: string[] }): Row {
  return {
    kind: 'push',
    organization: push.repository.owner,
    repository: nameOf(push.repository),
    merged_by: push.by?.login,
    merged_at: push.at,
    base: push.branch,
    head: push.after,
    verdict: 'none',
    exception: 'pushed',
    bypassed: listed(push.bypassed),
  }
}

function nameOf({ owner, name }: { owner: string; name: string }): string {
  return `${owner}/${name}`
}

/** One that holds a semicolon itself stands in quotation marks: nobody adds another to the list by its name. */
function listed(parts: string[]): string {
  return parts.map((part) => (/[;"]/.test(part) ? JSON.stringify(part) : part)).join('; ')
}
