import { effectivePolicy } from '../decision/overrides.ts'
import type { Policy } from '../decision/policy.ts'
import { cancelledReport } from '../decision/regression-check.ts'
import type { RegressionRequest } from '../decision/regression-request.ts'
import type { RegressionFacts } from '../decision/snapshot.ts'
import { currentRun, isFresh } from '../decision/staging.ts'
import { policyFor } from '../policy/policy-source.ts'
import type { GitHub } from '../services/github/client.ts'
import { type Pull, readPull } from '../services/github/pulls.ts'
import { retryAfterError } from '../store/retry-after-error.ts'
import { waitForTurn } from '../store/turns.ts'
import { latestVerdict, verdictsOnHead } from '../store/verdicts.ts'
import { readRegression } from './facts.ts'
import { finishRun, showCancelled, showKept } from './finish.ts'
import { beforeWindow, canRequestRun, deployBeforeWindow } from './requests.ts'
import { runOnHead } from './run.ts'
import { notOnStaging, readStaging } from './target.ts'
import type { RegressionShell, RunTask } from './task.ts'

/**
 * Evaluates a head on staging, one at a time on each staging environment. Everything is read again, since a request carries no
 * authority: the head, who clicked the button, and what is on staging. Idempotent: where the head has its evidence already,
 * nothing is run. When the head moves, its run is stopped.
 */
export async function runRegressionJob(
  shell: RegressionShell,
  request: RegressionRequest,
  signal: AbortSignal,
): Promise<void> {
  const github = await shell.github(request.pull.installationId)
  const applicable = await policyFor(shell, github, request.pull)
  const gates = applicable.kind === 'policy' ? await gatesFor(shell, request, applicable.policy) : undefined
  const settings = gates?.staging_regression
  if (!settings) return
  await waitForTurn(shell.database, `staging ${settings.server}`, signal, (turn) =>
    take(shell, { github, request, settings, runbooks: gates.runbooks }, turn),
  )
}

/** An override of the policy may apply, by the facts that were read last. */
async function gatesFor(
  { database }: RegressionShell,
  { pull }: RegressionRequest,
  policy: Policy,
): Promise<Policy['gates']> {
  const evaluated = await latestVerdict(database, pull)
  return (evaluated ? effectivePolicy(policy, evaluated.snapshot) : policy).gates
}

/** When to check staging again while something else is being deployed. */
const untilDeployed = 60_000

type Asked = Pick<RunTask, 'github' | 'request' | 'settings' | 'runbooks'>

async function take(shell: RegressionShell, asked: Asked, signal: AbortSignal): Promise<void> {
  const { github, request, settings } = asked
  const head = { ...request.pull, sha: request.sha }
  const pull = await readPull(github, request.pull)
  if (pull?.state !== 'open' || pull.head.sha !== request.sha) return showCancelled(shell, github, head)
  if (!(await isAllowed(github, request, pull))) {
    shell.log.warn(
      { head, requestedBy: request.pull.requestedBy },
      'A run was requested by someone without write access',
    )
    return
  }
  if (await showKept(shell, github, head, settings)) return
  const facts = await readRegression(
    { database: shell.database, github, now: shell.now },
    request.pull,
    request.sha,
    { ...settings, drill: asked.runbooks?.folder },
  )
  if (hasEvidence(facts, asked, shell.now())) return
  const staging = await readStaging(github, request.pull, settings, shell.now())
  if (staging.replacing && request.why !== 'button') {
    const again = new Date(shell.now().getTime() + untilDeployed)
    throw retryAfterError(again, `something is being deployed to ${settings.environment}`)
  }
  const absent = notOnStaging(staging, request.sha, settings)
  if (absent !== undefined && request.why !== 'button') {
    if (request.why === 'window') await deployBeforeWindow(github, request, facts, settings, shell)
    return
  }
  await run(shell, { ...asked, pull, staging, tree: facts.tree, absent }, signal)
}

/** A head from a fork is evaluated only where someone with write access asks, by the button. */
async function isAllowed(
  github: GitHub,
  { why, pull }: RegressionRequest,
  { head, base }: Pull,
): Promise<boolean> {
  if (why !== 'button') return head.repo?.id === base.repo.id
  return pull.requestedBy !== undefined && canRequestRun(github, pull, pull.requestedBy)
}

/**
 * Whether another run is unnecessary: never for the button. Before a window what could not be evaluated is tried again, and
 * evidence must still be fresh when it opens.
 */
function hasEvidence(facts: RegressionFacts, { request, settings }: Asked, now: Date): boolean {
  const run = request.why === 'button' ? undefined : currentRun(facts, request.sha, settings)
  if (!run || (request.why === 'window' && run.verdict === 'inconclusive')) return false
  const when = request.why === 'window' ? now.getTime() + beforeWindow : now.getTime()
  return run.verdict !== 'passed' || isFresh(run, settings, now.getTime(), when)
}

async function run(shell: RegressionShell, task: RunTask, signal: AbortSignal): Promise<void> {
  const { request, github } = task
  const head = { ...request.pull, sha: request.sha }
  const moved = watchHead(shell, request)
  try {
    const evaluated = await runOnHead(shell, task, AbortSignal.any([signal, moved.signal]))
    signal.throwIfAborted()
    if (moved.signal.aborted) return await showCancelled(shell, github, head)
    await finishRun(shell, task, evaluated)
  } finally {
    moved.stop()
  }
}

const lookEveryMs = 1_000

/** Aborts once no open pull request has this head. */
function watchHead({ database }: RegressionShell, { pull, sha }: RegressionRequest) {
  const moved = new AbortController()
  const timer = setInterval(() => {
    verdictsOnHead(database, pull, sha).then(
      (offers) => offers.length > 0 || moved.abort(new Error(cancelledReport(sha).title)),
      () => undefined,
    )
  }, lookEveryMs)
  return { signal: moved.signal, stop: () => clearInterval(timer) }
}
