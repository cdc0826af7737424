import { beginningOf } from '../decision/markdown.ts'
import { cancelledReport } from '../decision/regression-check.ts'
import type { RegressionSettings } from '../decision/regression-settings.ts'
import { suitesName } from '../decision/suite-places.ts'
import { shownReport } from '../regression/adjust-report.ts'
import { settingsOfRun } from '../regression/evaluate-again.ts'
import { limitsOfPolicy } from '../regression/policy-limits.ts'
import { runReportSchema } from '../regression/report-schema.ts'
import type { GitHub } from '../services/github/client.ts'
import { appendRecord } from '../store/audit.ts'
import type { Queryable } from '../store/database.ts'
import { evidenceFor, hashOfReport, type StoredEvidence, saveEvidence } from '../store/evidence.ts'
import { regressionCheck } from '../store/regression-checks.ts'
import { markChanged } from '../store/verdicts/changes.ts'
import { verdictsOnHead } from '../store/verdicts.ts'
import { type CheckedHead, showRegression } from './check.ts'
import type { RegressionShell, RunOrigin, RunResult } from './task.ts'

/**
 * Stores the result, and with it the evaluation of every pull request with the head or its content: whatever keeps the result
 * from being shown keeps no check green. Then shows it; another evaluation links to what is shown.
 */
export async function finishRun(
  shell: RegressionShell,
  task: RunOrigin,
  evaluated: RunResult,
): Promise<void> {
  const { request, github, settings } = task
  const evidence = evidenceOf(task, evaluated)
  await shell.database.transaction(async (tx) => {
    await saveEvidence(tx, request.pull, evidence)
    await appendRecord(tx, {
      installationId: request.pull.installationId,
      kind: 'regression',
      at: shell.now(),
      body: {
        pull: request.pull,
        head: request.sha,
        run: evidence.runId,
        why: request.why,
        verdict: evidence.verdict,
        summary: evidence.summary,
        reportHash: evidence.hash,
        server: { name: settings.server, says: evidence.serverName, version: evidence.serverVersion },
        deployment: evidence.deploymentId,
        baseline: evidence.baselineId,
      },
    })
    const { installationId, repositoryId } = request.pull
    const tested = await markChanged(tx, { installationId, repositoryId, testedSha: request.sha })
    await shell.queue.enqueueAll(tested, { tx })
  })
  const head = { ...request.pull, sha: request.sha }
  await show(shell, github, head, evidence, settings)
  shell.log.info({ head, run: evidence.runId, verdict: evidence.verdict }, 'A head was tested on staging')
  await evaluateAgain(shell, head)
}

async function evaluateAgain({ database, queue }: RegressionShell, head: CheckedHead): Promise<void> {
  for (const { pull } of await verdictsOnHead(database, head, head.sha)) await queue.enqueueEvaluate(pull)
}

function evidenceOf(
  { request, settings, runbooks, tree, staging, absent }: RunOrigin,
  { report, recorded, suiteText, baselineId }: RunResult,
): StoredEvidence {
  const text = JSON.stringify(report)
  return {
    runId: report.runId,
    headSha: request.sha,
    tree,
    server: settings.server,
    environment: settings.environment,
    suite: suitesName(settings.suite),
    deploymentId: absent === undefined ? (staging.live?.id ?? null) : null,
    serverName: report.server?.name ?? null,
    serverVersion: report.server?.version ?? null,
    verdict: report.verdict,
    summary: beginningOf(report.summary, 2_000),
    startedAt: report.startedAt,
    hash: hashOfReport(text),
    report: text,
    recorded: recorded ?? null,
    suiteText,
    baselineId,
    requestedBy: request.pull.requestedBy ?? null,
    settings: settingsOfRun(settings, runbooks?.folder),
  }
}

async function show(
  shell: RegressionShell,
  github: GitHub,
  head: CheckedHead,
  { report, runId }: StoredEvidence,
  settings: RegressionSettings,
): Promise<void> {
  const shown = shownReport(
    runReportSchema.parse(JSON.parse(report)),
    [settings.suite].flat(),
    limitsOfPolicy(settings).p95,
  )
  await showRegression({ ...shell, github }, head, shown, runId)
}

/** The evidence of the head's newest run, where its check does not show it yet. */
export async function keptUnshown(db: Queryable, head: CheckedHead): Promise<StoredEvidence | undefined> {
  const check = await regressionCheck(db, head)
  if (!check?.runId || check.completed) return undefined
  const runs = await evidenceFor(db, head, { sha: head.sha, tree: null })
  return runs.find(({ runId }) => runId === check.runId)
}

/** Shows the evidence of a run that was kept and could not be shown before its job ended. False: there is none. */
export async function showKept(
  shell: RegressionShell,
  github: GitHub,
  head: CheckedHead,
  settings: RegressionSettings,
): Promise<boolean> {
  const run = await keptUnshown(shell.database, head)
  if (!run) return false
  await show(shell, github, head, run, settings)
  await evaluateAgain(shell, head)
  return true
}

/** Updates the check of a head whose run was stopped. */
export async function showCancelled(
  shell: RegressionShell,
  github: GitHub,
  head: CheckedHead,
): Promise<void> {
  const check = await regressionCheck(shell.database, head)
  if (check && !check.completed)
    await showRegression({ ...shell, github }, head, cancelledReport(head.sha), null)
}
