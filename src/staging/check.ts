import { randomUUID } from 'node:crypto'
import type { ShownRegression } from '../decision/regression-check.ts'
import type { GitHub } from '../services/github/client.ts'
import {
  createRegressionRun,
  findRegressionRun,
  type RegressionRun,
  updateRegressionRun,
} from '../services/github/regression-runs.ts'
import type { Database } from '../store/database.ts'
import { type RegressionCheck, regressionCheck, saveRegressionCheck } from '../store/regression-checks.ts'
import { reserveWrite } from '../store/write-budget.ts'

export type CheckShell = { database: Database; github: GitHub; now: () => Date }
export type CheckedHead = {
  installationId: number
  repositoryId: number
  owner: string
  repo: string
  sha: string
}

/**
 * Shows the check "Staging regression" of a commit. A run that is not completed is changed, a completed one is followed by
 * a new one. `runId` is the run that it tells of, from its beginning, and known before GitHub has taken it. Where GitHub's answer to an
 * earlier write was lost, the run is looked up by our own id before another is made.
 */
export async function showRegression(
  shell: CheckShell,
  head: CheckedHead,
  shown: ShownRegression,
  runId: string | null,
): Promise<void> {
  const before = await regressionCheck(shell.database, head)
  const open = before && (await openRun(shell, head, before))
  const externalId = open ? before.externalId : randomUUID()
  const intended = { externalId, id: open?.id ?? null, url: open?.url ?? null, completed: false, runId }
  await saveRegressionCheck(shell.database, head, intended)
  await reserve(shell, head.installationId)
  const updated = open && (await updateRegressionRun(shell.github, head, { id: open.id, shown }))
  if (open && !updated) await saveRegressionCheck(shell.database, head, { ...intended, id: null, url: null })
  const run = updated ?? (await createRegressionRun(shell.github, head, { sha: head.sha, externalId, shown }))
  await saveRegressionCheck(shell.database, head, {
    externalId,
    id: run.id,
    url: run.url,
    completed: run.completed,
    runId,
  })
}

async function openRun(
  shell: CheckShell,
  head: CheckedHead,
  check: RegressionCheck,
): Promise<RegressionRun | undefined> {
  if (check.completed) return undefined
  if (check.id !== null) return { id: check.id, url: check.url, completed: false }
  const found = await findRegressionRun(shell.github, head, head.sha, check.externalId)
  return found?.completed ? undefined : found
}

/** Takes one of the writes that GitHub's limits allow, or throws `retryAfterError`. */
export function reserve(
  { database, now }: Pick<CheckShell, 'database' | 'now'>,
  installationId: number,
): Promise<void> {
  return database.transaction((tx) => reserveWrite(tx, installationId, now(), 'update'))
}

/** Shows a check with only the button, if the commit has none yet. */
export async function showRunButton(
  shell: CheckShell,
  head: CheckedHead,
  shown: ShownRegression,
): Promise<void> {
  if (await regressionCheck(shell.database, head)) return
  await showRegression(shell, head, shown, null)
}
