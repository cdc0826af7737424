import { randomUUID } from 'node:crypto'
import { connectingReport, progressReport } from '../decision/regression-check.ts'
import { reportOfSkippedRun, withGate } from '../regression/adjust-report.ts'
import { limitsOfPolicy } from '../regression/policy-limits.ts'
import type { GateResult } from '../regression/report-schema.ts'
import type { Progress } from '../regression/run-cases.ts'
import type { GitHub } from '../services/github/client.ts'
import { listFiles, readFile } from '../services/github/policy.ts'
import type { Pull } from '../services/github/pulls.ts'
import { latestBaseline } from '../store/evidence.ts'
import { showRegression } from './check.ts'
import { runApart } from './run-apart.ts'
import { headRunbooks } from './runbooks-of-head.ts'
import { findSuites, keptText, type SuiteReader } from './suites.ts'
import { describeDeployment, readStaging, serverFor } from './target.ts'
import type { RegressionShell, RunResult, RunTask } from './task.ts'

/** Tests the head. An obstacle before the run also gives a verdict. */
export async function runOnHead(
  shell: RegressionShell,
  task: RunTask,
  signal: AbortSignal,
): Promise<RunResult> {
  const { github, request, settings, pull, staging } = task
  const runId = randomUUID()
  const at = shell.now()
  const without = (result: GateResult): RunResult => ({
    report: reportOfSkippedRun(runId, at, limitsOfPolicy(settings).errorRate, result),
    recorded: undefined,
    suiteText: null,
    baselineId: null,
  })
  const target = serverFor(shell.servers, settings, request.pull)
  const inTheWay = task.absent ?? ('refused' in target ? target.refused : undefined)
  if (inTheWay !== undefined || 'refused' in target)
    return without({ gate: 'connection', verdict: 'inconclusive', message: inTheWay ?? '' })
  const readHead = headReader(github, pull)
  const found = await findSuites(settings.suite, headSuites(github, pull, readHead))
  if ('wrong' in found) return without({ gate: 'suite', verdict: 'failed', message: found.wrong })
  const base = await findSuites(settings.suite, baseSuites(github, pull))
  const baseline = await latestBaseline(shell.database, request.pull, settings.server)
  const head = { ...request.pull, sha: request.sha }
  await showRegression({ ...shell, github }, head, connectingReport, runId)
  const progress = progressOn(shell, task, runId)
  const run = {
    ...{ settings, ...target, sha: request.sha, runId, baseline, at },
    texts: found.texts,
    baseTexts: 'wrong' in base ? undefined : base.texts,
    runbooks: task.runbooks && (await headRunbooks(github, request, task.runbooks)),
    deployment: describeDeployment(staging, settings),
  }
  const evaluated = await runApart(run, {
    readHead,
    signal,
    onProgress: progress.show,
    ...shell.threads,
  })
  await progress.settled()
  if ('ended' in evaluated)
    return without({ gate: 'connection', verdict: 'inconclusive', message: evaluated.ended })
  const { suiteRead, ...output } = evaluated
  return {
    ...(await confirmDeployment(shell, task, output)),
    suiteText: suiteRead ? keptText(found.texts) : null,
    baselineId: suiteRead ? (baseline?.id ?? null) : null,
  }
}

/** Reads files of the head from its repository, which may be a fork. */
function headReader(github: GitHub, { head }: Pull): (path: string) => Promise<string | undefined> {
  return async (path) => {
    if (!head.repo || path.startsWith('..') || path.startsWith('/')) return undefined
    return (await readFile(github, nameIn(head.repo), path, head.sha))?.text
  }
}

function headSuites(github: GitHub, { head }: Pull, read: SuiteReader['read']): SuiteReader {
  const list = async () => head.repo && listFiles(github, nameIn(head.repo), head.sha)
  return { side: 'head', read, list: async () => (await list()) ?? undefined }
}

function baseSuites(github: GitHub, { base }: Pull): SuiteReader {
  const repository = nameIn(base.repo)
  return {
    side: 'default branch',
    partly: true,
    read: async (path) => (await readFile(github, repository, path))?.text,
    list: () => listFiles(github, repository, base.repo.default_branch),
  }
}

function nameIn({ owner, name }: { owner: { login: string }; name: string }) {
  return { owner: owner.login, repo: name }
}

/** What was evaluated must be what was deployed, from the first call to the last; else its list of tools is nobody's either. */
async function confirmDeployment(
  { now }: Pick<RegressionShell, 'now'>,
  { github, request, settings, staging }: RunTask,
  evaluated: Pick<RunResult, 'report' | 'recorded'>,
): Promise<Pick<RunResult, 'report' | 'recorded'>> {
  const after = await readStaging(github, request.pull, settings, now())
  if (after.mark === staging.mark && !staging.replacing && !after.replacing) return evaluated
  const message = `something was deployed to ${settings.environment} during the run`
  const report = withGate(evaluated.report, { gate: 'connection', verdict: 'inconclusive', message })
  return { report, recorded: undefined }
}

const showEveryMs = 5_000

/** True at most once per interval, and not before the first one has passed. */
export function atMostEvery(milliseconds: number, clock: () => number): () => boolean {
  let last = clock()
  return () => {
    if (clock() - last < milliseconds) return false
    last = clock()
    return true
  }
}

/** Shows the progress of a run, at most every five seconds. A failure to show it does not fail the run. */
function progressOn(shell: RegressionShell, { github, request }: RunTask, runId: string) {
  const isDue = atMostEvery(showEveryMs, () => performance.now())
  let showing: Promise<void> = Promise.resolve()
  const show = ({ done, total, phase }: Progress) => {
    if (!isDue()) return
    const head = { ...request.pull, sha: request.sha }
    showing = showing
      .then(() => showRegression({ ...shell, github }, head, progressReport(done, total, phase), runId))
      .catch((error: unknown) => shell.log.warn({ problem: String(error) }, 'Progress could not be shown'))
  }
  return { show, settled: () => showing }
}
