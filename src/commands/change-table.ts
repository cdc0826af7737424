import { stringify } from 'csv-stringify/sync'
import type { ChangeRecord } from '../decision/change-record.ts'
import type { DirectPush } from '../decision/review-issue.ts'
import type { AuditRecord } from '../store/audit.ts'

/** One change as a row of the table; what is not known is an empty cell. */
type Row = Partial<Record<(typeof columns)[number], string | null | undefined>>

const columns = [
  ...['record', 'kind', 'repository', 'number', 'url', 'title', 'author', 'contributors', 'approvers'],
  ...['merged_by', 'merged_at', 'base', 'head', 'merge_commit', 'tickets', 'reason', 'risk', 'rollback'],
  ...['verdict', 'checks', 'window', 'urgent_by', 'urgent_reason', 'urgent_until', 'regression'],
  ...['regression_report', 'policy', 'policy_blob', 'rules', 'exception', 'bypassed', 'hash'],
] as const

/** The first line of the table. Its byte order mark tells spreadsheets that it is UTF-8. */
export const changeTableHead = stringify([], { header: true, columns: [...columns], bom: true })

/**
 * The line of a change that reached a covered branch: a merge, or a push that belongs to no pull request. Undefined for
 * every other record. A cell that a spreadsheet would take for a formula begins with an apostrophe.
 */
export function changeTableLine(record: AuditRecord): string | undefined {
  const row = rowOf(record)
  return row && stringify([row], { columns: [...columns], escape_formulas: true })
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
    repository: nameOf(change.repository),
    number: String(change.number),
    url: change.url,
    title: change.title,
    author: change.author?.login,
    contributors: listed(change.contributors.map(({ login, as }) => `${login} (${as.join(', ')})`)),
    approvers: listed(
      change.approvers.map(({ login, role, commit }) => `${login} (${role}) saw ${commit ?? 'no commit'}`),
    ),
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
    urgent_reason: urgent?.reason,
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

function pushRow(push: DirectPush & { bypassed: string[] }): Row {
  return {
    kind: 'push',
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

function listed(parts: string[]): string {
  return parts.join('; ')
}
