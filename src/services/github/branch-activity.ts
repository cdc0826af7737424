import type { PushedRange } from '../../decision/merge-task.ts'
import type { GitHub } from './client.ts'
import { orAbsent } from './errors.ts'

export type Activity = Awaited<ReturnType<GitHub['rest']['repos']['listActivities']>>['data'][number]

/** What a branch that is made comes from, and one that is deleted goes to. */
export const noCommit = /^0+$/

/** What moved a branch lately, newest first: the only place where GitHub names who did. */
export async function activityOn(
  github: GitHub,
  { owner, repo }: { owner: string; repo: string },
  branch: string,
): Promise<Activity[]> {
  const options = { owner, repo, ref: `refs/heads/${branch}`, per_page: 100 }
  return (await orAbsent(github.rest.repos.listActivities(options)))?.data ?? []
}

/** The row of a push; the same commit may have been pushed again since, by somebody else. */
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
