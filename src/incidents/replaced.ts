import type { RepositoryRef } from '../decision/merge-task.ts'
import { lastIncidentCheck, saveIncidentCheck } from '../store/incident-repositories.ts'
import { enqueueAffectedPulls } from './affected-pulls.ts'
import type { IncidentShell } from './shell.ts'

/**
 * Whether another repository took the name of an incident repository: nobody may get rid of incidents by moving them away. What it
 * holds is not read, nothing is opened in it, and the gate waits from then on.
 */
export async function isReplaced(
  { database, queue, now }: Pick<IncidentShell, 'database' | 'queue' | 'now'>,
  repository: RepositoryRef,
): Promise<boolean> {
  const last = await lastIncidentCheck(database, repository, now)
  if (last?.repositoryId === undefined || last.repositoryId === repository.repositoryId) return false
  if (!last.replaced)
    await database.transaction(async (tx) => {
      await saveIncidentCheck(tx, repository, { ...last, replaced: true }, now)
      await enqueueAffectedPulls({ queue }, tx, { repository })
    })
  return true
}

const MARK = Symbol.for('release-gate.replaced')

/** Whether an error says that another repository took the name of an incident repository. */
export function isReplacement(error: unknown): boolean {
  return error instanceof Error && MARK in error
}

/** @throws where another repository took the name. */
export async function refuseReplaced(
  shell: Pick<IncidentShell, 'database' | 'queue' | 'now'>,
  repository: RepositoryRef,
): Promise<void> {
  if (!(await isReplaced(shell, repository))) return
  const why = `${repository.owner}/${repository.repo} is another repository than the one of the incidents. Give the former one its name back, or name another repository in the policies.`
  throw Object.assign(new Error(why), { [MARK]: true as const })
}
