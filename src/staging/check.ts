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
 * a new one. `runId` is the run that it tells of, from its beginning. Where GitHub's answer to an earlier write was lost, the run is looked up by our own id before another is made.
 */
export async function showRegression(
  shell: CheckShell,
  head: CheckedHead,
  shown: ShownRegression,
  runId: string | null,
): Promise<void> {
  const before = await regressionCheck(shell.database, head)
  const open = before && (await openRun(shell, head, before))
  await reserve(shell, head.installationId)
  const externalId = open ? before.externalId : randomUUID()
  const run =
    (open && (await updateRegressionRun(shell.github, head, { id: open.id, shown }))) ??
    (await create(shell, head, externalId, shown))
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

async function create(
  { database, github }: Pick<CheckShell, 'database' | 'github'>,
  head: CheckedHead,
  externalId: string,
  shown: ShownRegression,
): Promise<RegressionRun> {
  await saveRegressionCheck(database, head, {
    externalId,
    id: null,
    url: null,
    completed: false,
    runId: null,
  })
  return createRegressionRun(github, head, { sha: head.sha, externalId, shown })
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
