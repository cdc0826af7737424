import type { PushedRange } from '../../decision/merge-task.ts'
import type { GitHub } from './client.ts'
import { orAbsent } from './errors.ts'

export type Activity = Awaited<ReturnType<GitHub['rest']['repos']['listActivities']>>['data'][number]

/** What a branch that is made comes from, and one that is deleted goes to. */
export const noCommit = /^0+$/

/** What moved a branch lately, newest first: the only place where GitHub names who did. */
export async function activityOn(
  github: GitHub,
  repository: { owner: string; repo: string },
  branch: string,
): Promise<Activity[]> {
  return (await orAbsent(github.rest.repos.listActivities(optionsOf(repository, branch))))?.data ?? []
}

/** As `activityOn`, back to a time and a little beyond. */
export async function activitySince(
  github: GitHub,
  repository: { owner: string; repo: string },
  branch: string,
  since: Date,
): Promise<Activity[]> {
  const rows: Activity[] = []
  const pages = github.paginate.iterator(github.rest.repos.listActivities, optionsOf(repository, branch))
  for await (const { data } of pages) {
    rows.push(...data)
    if (data.some(({ timestamp }) => new Date(timestamp) < since)) break
  }
  return rows
}

function optionsOf({ owner, repo }: { owner: string; repo: string }, branch: string) {
  return { owner, repo, ref: `refs/heads/${branch}`, per_page: 100 }
}

export type Span = { from: Date; to: Date }

/** Where a branch stood at the beginning of a span and after each of its moves within it, by its rows. Undefined: they don't reach back so far. */
export function tipsWithin(
  rows: Activity[],
  { from, to }: Span,
): { first: string | undefined; moves: string[] } {
  const at = ({ timestamp }: Activity) => new Date(timestamp)
  const moves = rows.filter((row) => at(row) >= from && at(row) < to).map(({ after }) => after)
  const first = rows.find((row) => at(row) < from)?.after ?? rows.at(-1)?.before
  return { first, moves: moves.reverse() }
}

/** The rows of a push since a time, oldest first: the same commit may have been taken away and pushed again, also by somebody else. */
export function activitiesOfPush(rows: Activity[], { before, after }: PushedRange, since: Date): Activity[] {
  const exact = rows.filter((row) => row.after === after && row.before === before)
  const [newest, ...older] = exact.length > 0 ? exact : rows.filter((row) => row.after === after).slice(0, 1)
  const recent = older.filter(({ timestamp }) => new Date(timestamp) >= since)
  return newest ? [newest, ...recent].reverse() : []
}

/** The row of a push: the newest one. */
export function activityOfPush(rows: Activity[], { before, after }: PushedRange): Activity | undefined {
  return (
    rows.find((row) => row.after === after && row.before === before) ??
    rows.find((row) => row.after === after)
  )
}

/**
 * Where a branch stood before it was made at a commit: it had been deleted there. Undefined for a new one. That it was
 * deleted and made at the same commit before says nothing: what came in between is left out.
 */
export function stoodBefore(rows: Activity[], range: PushedRange): string | undefined {
  const made = rows.findIndex(({ before, after }) => noCommit.test(before) && after === range.after)
  const isSameAgain = ({ before, after }: Activity) =>
    (noCommit.test(after) && before === range.after) || (noCommit.test(before) && after === range.after)
  const last = rows.slice(made + 1).find((row) => !isSameAgain(row))
  return last && (noCommit.test(last.after) ? last.before : last.after)
}
