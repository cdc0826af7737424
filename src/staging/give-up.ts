import { randomUUID } from 'node:crypto'
import type { RegressionWish } from '../decision/regression-wish.ts'
import { newestOf } from '../decision/staging.ts'
import { limitsOfPolicy } from '../regression/policy-limits.ts'
import { createRedactor } from '../regression/redaction.ts'
import { unrun } from '../regression/rejudge.ts'
import { verdictsOnHead } from '../store/verdicts.ts'
import { finishRun } from './finish.ts'
import type { RegressionShell } from './job.ts'
import { serverFor } from './target.ts'

/**
 * A run died again and again, and its job was given up: that is no regression, but staging could not be judged. Where no
 * pull request offers the head any more, nobody waits for it.
 */
export async function giveUp(shell: RegressionShell, wish: RegressionWish, problem: string): Promise<void> {
  const judged = (await verdictsOnHead(shell.database, wish.pull, wish.sha)).find(
    ({ policy }) => policy?.gates.staging_regression,
  )
  const settings = judged?.policy?.gates.staging_regression
  if (!judged || !settings) return
  const { regression: facts } = judged.snapshot
  const target = serverFor(shell.servers, settings, wish.pull)
  const redactor = createRedactor('refused' in target ? [] : target.operator.secrets)
  const message = redactor.text(`the run died each time: ${problem}`)
  const { errorRate } = limitsOfPolicy(settings)
  const report = unrun(randomUUID(), shell.now(), errorRate, {
    gate: 'connection',
    verdict: 'inconclusive',
    message,
  })
  const tied = {
    github: await shell.github(wish.pull.installationId),
    wish,
    settings,
    tree: facts?.tree ?? null,
    absent: undefined,
    staging: { live: facts && newestOf(facts, wish.sha, settings) },
  }
  await finishRun(shell, tied, { report, recorded: undefined, suiteText: null, baselineId: null })
}
