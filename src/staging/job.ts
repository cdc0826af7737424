import type { Logger } from 'pino'
import { parseDuration } from '../decision/duration.ts'
import { cancelled } from '../decision/regression-check.ts'
import type { RegressionSettings } from '../decision/regression-settings.ts'
import type { RegressionWish } from '../decision/regression-wish.ts'
import type { RegressionFacts } from '../decision/snapshot.ts'
import { standingRun } from '../decision/staging.ts'
import { policyFor } from '../policy/policy-source.ts'
import { asRetry, type GitHub } from '../services/github/client.ts'
import { type Pull, readPull } from '../services/github/pulls.ts'
import type { StagingServer } from '../settings/servers.ts'
import type { Database } from '../store/database.ts'
import type { Queue } from '../store/queue.ts'
import { retryAfter } from '../store/retry-later.ts'
import { withTurn } from '../store/turns.ts'
import { verdictsOnHead } from '../store/verdicts.ts'
import { readRegression } from './facts.ts'
import { finishRun, showCancelled, showKept } from './finish.ts'
import { judgeHead, type Task } from './run.ts'
import { notOnStaging, readStaging } from './target.ts'
import { beforeWindow, deployBeforeWindow, mayAsk } from './wishes.ts'

export type RegressionShell = {
  database: Database
  github: (installationId: number) => Promise<GitHub>
  queue: Pick<Queue, 'enqueueEvaluate'>
  servers: ReadonlyMap<string, StagingServer>
  now: () => Date
  log: Pick<Logger, 'info' | 'warn'>
}

/**
 * Judges a head on staging (`shared/rules/regression.md`), one at a time on each staging environment. Everything is read
 * again, since a wish carries no authority: whether the head is still offered, who pressed the button, what staging
 * holds. Idempotent: where the head has its evidence already, nothing is run. A run for a head that has moved is stopped.
 */
export async function runRegressionJob(
  shell: RegressionShell,
  wish: RegressionWish,
  signal: AbortSignal,
): Promise<void> {
  try {
    const github = await shell.github(wish.pull.installationId)
    const judging = await policyFor(shell.database, github, wish.pull)
    const settings = judging.kind === 'policy' ? judging.policy.gates.staging_regression : undefined
    if (!settings) return
    await withTurn(shell.database, `staging ${settings.server}`, signal, (turn) =>
      take(shell, { github, wish, settings }, turn),
    )
  } catch (error) {
    throw asRetry(error, shell.now())
  }
}

/** While something else is being deployed, staging is looked at again after this time. */
const untilDeployed = 60_000

type Asked = { github: GitHub; wish: RegressionWish; settings: RegressionSettings }

async function take(shell: RegressionShell, asked: Asked, signal: AbortSignal): Promise<void> {
  const { github, wish, settings } = asked
  const head = { ...wish.pull, sha: wish.sha }
  const pull = await readPull(github, wish.pull)
  if (pull?.state !== 'open' || pull.head.sha !== wish.sha) return showCancelled(shell, github, head)
  if (!(await isAllowed(github, wish, pull))) {
    shell.log.warn(
      { head, requestedBy: wish.pull.requestedBy },
      'A run was asked for by somebody who may not',
    )
    return
  }
  if (await showKept(shell, github, head, settings)) return
  const facts = await readRegression(
    { database: shell.database, github, now: shell.now },
    wish.pull,
    wish.sha,
    settings,
  )
  if (hasEvidence(facts, asked, shell.now())) return
  const staging = await readStaging(github, wish.pull, settings, shell.now())
  if (staging.replacing && wish.why !== 'button') {
    const again = new Date(shell.now().getTime() + untilDeployed)
    throw retryAfter(again, `something is being deployed to ${settings.environment}`)
  }
  const absent = notOnStaging(staging, wish.sha, settings)
  if (absent !== undefined && wish.why !== 'button') {
    if (wish.why === 'window') await deployBeforeWindow(github, wish, facts, settings, shell)
    return
  }
  await run(shell, { ...asked, pull, staging, tree: facts.tree, absent }, signal)
}

/** A head from a fork is judged only where a person with write access asks, by the button. */
async function isAllowed(
  github: GitHub,
  { why, pull }: RegressionWish,
  { head, base }: Pull,
): Promise<boolean> {
  if (why !== 'button') return head.repo?.id === base.repo.id
  return pull.requestedBy !== undefined && mayAsk(github, pull, pull.requestedBy)
}

/**
 * Whether another run is needless: never for the button. Before a window what could not be judged is tried again, and
 * evidence must still be fresh when it opens.
 */
function hasEvidence(facts: RegressionFacts, { wish, settings }: Asked, now: Date): boolean {
  const run = wish.why === 'button' ? undefined : standingRun(facts, wish.sha, settings)
  if (!run || (wish.why === 'window' && run.verdict === 'inconclusive')) return false
  const when = wish.why === 'window' ? now.getTime() + beforeWindow : now.getTime()
  const age = when - Date.parse(run.startedAt)
  return run.verdict !== 'passed' || age < parseDuration(settings.freshness)
}

async function run(shell: RegressionShell, task: Task, signal: AbortSignal): Promise<void> {
  const { wish, github } = task
  const head = { ...wish.pull, sha: wish.sha }
  const moved = watchHead(shell, wish)
  try {
    const judged = await judgeHead(shell, task, AbortSignal.any([signal, moved.signal]))
    signal.throwIfAborted()
    if (moved.signal.aborted) return await showCancelled(shell, github, head)
    await finishRun(shell, task, judged)
  } finally {
    moved.stop()
  }
}

const lookEveryMs = 1_000

/** Aborts when no open pull request offers the head any more. */
function watchHead({ database }: RegressionShell, { pull, sha }: RegressionWish) {
  const moved = new AbortController()
  const timer = setInterval(() => {
    verdictsOnHead(database, pull, sha).then(
      (offers) => offers.length > 0 || moved.abort(new Error(cancelled(sha).title)),
      () => undefined,
    )
  }, lookEveryMs)
  return { signal: moved.signal, stop: () => clearInterval(timer) }
}
