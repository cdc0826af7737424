import type { RecordedCheck } from './change-record.ts'
import { type PostedCheck, shownConclusions } from './merge-exception.ts'

/** A run of a check on the merged head, as it is now. */
export type ReadRun = RecordedCheck & { id: number; startedAt: string | null; completedAt: string | null }

/**
 * The checks on a head as they stood at a merge: of each name and App the newest run that had begun, and no conclusion where it came
 * later. The gate's own is as it was posted: what follows a merge replaces it, often within the second.
 */
export function checksAtMerge(
  runs: ReadRun[],
  mergedAt: string,
  posted: PostedCheck | undefined,
): RecordedCheck[] {
  const isBy = (time: string | null) => time !== null && Date.parse(time) <= Date.parse(mergedAt)
  const isPosted = ({ id }: ReadRun) => id === posted?.run
  const begun = runs
    .filter((run) => isPosted(run) || run.startedAt === null || isBy(run.startedAt))
    .toSorted((a, b) => Number(isPosted(b)) - Number(isPosted(a)) || b.id - a.id)
  const conclusionOf = (run: ReadRun) => {
    if (posted && isPosted(run)) return shownConclusions[posted.state]
    return isBy(run.completedAt) ? run.conclusion : null
  }
  return [...Map.groupBy(begun, ({ name, app }) => JSON.stringify([name, app])).values()]
    .flatMap(([run]) => (run ? [{ name: run.name, app: run.app, conclusion: conclusionOf(run) }] : []))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}
