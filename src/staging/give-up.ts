import { randomUUID } from 'node:crypto'
import { effectiveGates } from '../decision/overrides.ts'
import type { RegressionRequest } from '../decision/regression-request.ts'
import { newestTrustedDeployment } from '../decision/staging.ts'
import { reportOfSkippedRun } from '../regression/adjust-report.ts'
import { limitsOfPolicy } from '../regression/policy-limits.ts'
import { createRedactor } from '../regression/redaction.ts'
import { verdictsOnHead } from '../store/verdicts.ts'
import { finishRun, keptUnshown } from './finish.ts'
import { serverFor } from './target.ts'
import type { RegressionShell } from './task.ts'

const untilShownAgain = 60 * 60_000

/**
 * Records a run whose job failed for good as inconclusive: staging could not be checked, which is not a regression. Does
 * nothing when no open pull request has the head.
 */
export async function giveUpRegression(
  shell: RegressionShell,
  request: RegressionRequest,
  problem: string,
): Promise<void> {
  const evaluated = (await verdictsOnHead(shell.database, request.pull, request.sha)).find(
    (verdict) => effectiveGates(verdict).staging_regression,
  )
  const settings = evaluated && effectiveGates(evaluated).staging_regression
  if (!evaluated || !settings) return
  // The run itself did not fail. What it found counts, and GitHub may take it later.
  if (await keptUnshown(shell.database, { ...request.pull, sha: request.sha })) {
    const at = new Date(shell.now().getTime() + untilShownAgain)
    return shell.queue.enqueueRegression(request, { at })
  }
  const { regression: facts } = evaluated.snapshot
  const target = serverFor(shell.servers, settings, request.pull)
  const redactor = createRedactor('refused' in target ? [] : target.operator.secrets)
  const message = redactor.text(`the run failed on every attempt: ${problem}`)
  const { errorRate } = limitsOfPolicy(settings)
  const report = reportOfSkippedRun(randomUUID(), shell.now(), errorRate, {
    gate: 'connection',
    verdict: 'inconclusive',
    message,
  })
  const tied = {
    github: await shell.github(request.pull.installationId),
    request,
    settings,
    runbooks: undefined,
    tree: facts?.tree ?? null,
    absent: undefined,
    staging: { live: facts && newestTrustedDeployment(facts, request.sha, settings) },
  }
  await finishRun(shell, tied, { report, recorded: undefined, suiteText: null, baselineId: null })
}
