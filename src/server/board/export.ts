import { lineOf } from '../../store/audit/export.ts'
import { chainIds } from '../../store/audit/verify.ts'
import { type AuditRecord, readRecords } from '../../store/audit.ts'
import type { KnownRepository } from '../../store/board/open-pulls.ts'
import { repositoryIn } from '../../store/board/records-of-change.ts'
import type { Queryable } from '../../store/database.ts'
import { scopeOf } from '../../store/freezes.ts'

export type ExportRange = { from?: Date; to?: Date }

/** A range from two dates, each `YYYY-MM-DD` in UTC, or empty. Undefined: one of them is not a date. */
export function rangeOf({
  from = '',
  to = '',
}: {
  from?: string | undefined
  to?: string | undefined
}): ExportRange | undefined {
  const [first, last] = [dateOf(from), dateOf(to)]
  if (first === null || last === null) return undefined
  return { ...(first && { from: first }), ...(last && { to: last }) }
}

/** Null: this is not a date. */
function dateOf(text: string): Date | undefined | null {
  if (text === '') return undefined
  const at = new Date(`${text}T00:00:00.000Z`)
  const isDate =
    /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text)
  return isDate ? at : null
}

/** The records that a person may read, in the lines of `release-gate audit export`: of these repositories, and of their freezes. */
export async function* exportLines(
  db: Queryable,
  repositories: KnownRepository[],
  range: ExportRange,
): AsyncGenerator<string> {
  for await (const record of readableRecords(db, repositories, range)) yield lineOf(record)
}

/** The changes among them, as the table of `release-gate audit export --csv`. */
export async function* exportTable(
  db: Queryable,
  repositories: KnownRepository[],
  range: ExportRange,
): AsyncGenerator<string> {
  const { changeTableHead, changeTableLine, reviewsOf } = await import('../requests/change-table.ts')
  yield changeTableHead
  const reviews = new Map<number, Awaited<ReturnType<typeof reviewsOf>>>()
  for await (const record of readableRecords(db, repositories, range)) {
    const { installationId, seq } = record
    const own = reviews.get(installationId) ?? (await reviewsOf(db, installationId))
    reviews.set(installationId, own)
    const line = changeTableLine(record, own.get(seq))
    if (line) yield line
  }
}

async function* readableRecords(
  db: Queryable,
  repositories: KnownRepository[],
  range: ExportRange,
): AsyncGenerator<AuditRecord> {
  const ids = new Set(repositories.map(({ repositoryId }) => repositoryId))
  const names = new Set(repositories.map(({ owner, repo }) => scopeOf(`${owner}/${repo}`)))
  const installations = new Set(repositories.map(({ installationId }) => installationId))
  for (const id of await chainIds(db)) {
    if (!installations.has(id)) continue
    for await (const record of readRecords(db, id, range)) if (isReadable(record, ids, names)) yield record
  }
}

/** Records that are about one repository and nothing else. Others, of incidents for example, may name what this person cannot read. */
const ofOneRepository = new Set([
  ...['decided', 'published', 'regression', 'unverified', 'group'],
  ...['merged', 'exception', 'announced', 'reviewed', 'watched'],
  ...['exemption ordered', 'exemption confirmed', 'exemption revoked', 'comment command'],
])

function isReadable({ kind, body }: AuditRecord, ids: Set<number>, names: Set<string>): boolean {
  if (kind === 'frozen' || kind === 'unfrozen') return isOwnFreeze(body, ids, names)
  const repository = repositoryIn(body)
  return ofOneRepository.has(kind) && repository !== undefined && ids.has(repository)
}

/** In the chain of its installation, a freeze of several repositories is of all in it. Earlier versions recorded no id. */
function isOwnFreeze(body: object, ids: Set<number>, names: Set<string>): boolean {
  const { scope, repositoryId } = body as { scope?: string; repositoryId?: number }
  if (repositoryId !== undefined) return ids.has(repositoryId)
  return scope !== undefined && (scope.endsWith('*') || names.has(scope))
}
