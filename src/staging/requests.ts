import type { Step } from '../decision/gate.ts'
import { effectiveGates } from '../decision/overrides.ts'
import { notRequestedReport } from '../decision/regression-check.ts'
import type { RegressionRequest } from '../decision/regression-request.ts'
import type { RegressionSettings } from '../decision/regression-settings.ts'
import type { PullRef, RegressionFacts } from '../decision/snapshot.ts'
import { isOver, releaseLabelOf } from '../decision/staging.ts'
import { readAccess } from '../services/github/access.ts'
import type { GitHub } from '../services/github/client.ts'
import { orAbsent } from '../services/github/errors.ts'
import { personOf } from '../services/github/people.ts'
import type { Database } from '../store/database.ts'
import { evidenceFor, recordBaseline } from '../store/evidence.ts'
import { PRIORITY } from '../store/queue/queues.ts'
import type { Queue } from '../store/queue.ts'
import { retryAfterError } from '../store/retry-after-error.ts'
import { markPullsChanged } from '../store/verdicts/changes.ts'
import { openVerdicts, type StoredVerdict, verdictsOnHead } from '../store/verdicts.ts'
import { showRunButton } from './check.ts'
import { deployInTurn } from './deployment.ts'

/** How long before a window opens evidence for its candidates is requested. */
export const beforeWindow = 60 * 60_000

export type RequestShell = {
  database: Database
  github: (installationId: number) => Promise<GitHub>
  queue: Pick<Queue, 'enqueueRegression' | 'enqueueEvaluate' | 'enqueueRecheck'>
  now: () => Date
}

/** Carries out an action of the gate `staging_regression`: a run, a deployment of the head, or the button. */
export async function performRegressionStep(
  { database, queue, now }: RequestShell,
  github: GitHub,
  stored: Pick<StoredVerdict, 'pull' | 'headSha' | 'policy' | 'snapshot'>,
  step: Step,
): Promise<void> {
  const { pull, headSha: sha } = stored
  if (step.kind === 'run-regression') {
    const { requestedBy: _, ...plain } = pull
    await queue.enqueueRegression({ pull: plain, sha, server: step.server, why: 'gate' })
  }
  const settings = effectiveGates(stored).staging_regression
  if (step.kind === 'request-deployment' && settings) {
    const again = await deployInTurn({ database, github, now }, pull, sha, settings)
    if (again) await queue.enqueueRecheck(pull, again)
  }
  if (step.kind === 'offer-regression')
    await showRunButton({ database, github, now }, { ...pull, sha }, notRequestedReport)
}

/** Whether this account is someone with write access now. */
export async function canRequestRun(
  github: GitHub,
  repository: { owner: string; repo: string },
  accountId: number,
): Promise<boolean> {
  const answer = await orAbsent(github.rest.users.getById({ account_id: accountId }))
  const person = personOf(answer?.data)
  if (!person) return false
  const access = await readAccess(github, repository, [person])
  return access[person.id]?.write === true
}

/** Handles a click on the button of a check. Nothing happens without write access. */
export async function requestRunByButton(
  { database, github, queue }: RequestShell,
  repository: Omit<PullRef, 'number' | 'requestedBy'>,
  sha: string,
  requestedBy: number,
): Promise<void> {
  const verdicts = await verdictsOnHead(database, repository, sha)
  const evaluated = verdicts.find((verdict) => effectiveGates(verdict).staging_regression)
  const settings = evaluated && effectiveGates(evaluated).staging_regression
  if (!evaluated || !settings) return
  if (!(await canRequestRun(await github(repository.installationId), repository, requestedBy))) return
  const pull = { ...evaluated.pull, requestedBy }
  await queue.enqueueRegression({ pull, sha, server: settings.server, why: 'button' })
}

/**
 * Before a window, a head that is not on staging is deployed where the label `release` asks for it: once, and again only
 * where an earlier deployment is over.
 * @throws `retryAfterError` where another candidate has its turn on staging.
 */
export async function deployBeforeWindow(
  github: GitHub,
  { pull, sha }: RegressionRequest,
  { deployments }: RegressionFacts,
  settings: RegressionSettings,
  { database, now }: Pick<RequestShell, 'database' | 'now'>,
): Promise<void> {
  const [evaluated] = await verdictsOnHead(database, pull, sha)
  if (!evaluated || evaluated.snapshot.draft || !releaseLabelOf(evaluated.snapshot).label) return
  const since = now().getTime() - beforeWindow
  const ofHead = deployments.filter((deployment) => deployment.sha === sha)
  const over = ofHead.every(({ state, createdAt }) => isOver(state) && Date.parse(createdAt) < since)
  const again = over ? await deployInTurn({ database, github, now }, pull, sha, settings) : undefined
  if (again) throw retryAfterError(again, 'another candidate is on staging')
}

/**
 * After a merge to the default branch: the list of tools that the newest run on the merged head has read becomes the
 * baseline of the next release, and the other open pull requests are evaluated against it.
 */
export async function recordReleaseBaseline(
  { database, queue }: Pick<RequestShell, 'database' | 'queue'>,
  stored: StoredVerdict,
  now: Date,
): Promise<void> {
  const { pull, headSha, snapshot } = stored
  const settings = effectiveGates(stored).staging_regression
  const { state, base, regression } = snapshot
  if (!settings || state !== 'merged' || base.ref !== base.defaultBranch) return
  const runs = await evidenceFor(database, pull, { sha: headSha, tree: regression?.tree ?? null })
  const released = runs.find(({ recorded, server }) => recorded !== null && server === settings.server)
  if (!released) return
  await database.transaction(async (tx) => {
    if (!(await recordBaseline(tx, pull, released, now))) return
    const others = (await openVerdicts(tx, pull)).filter((other) => effectiveGates(other).staging_regression)
    const numbers = others.map((other) => other.pull.number)
    for (const { pull: other, green } of await markPullsChanged(tx, pull, numbers))
      await queue.enqueueEvaluate(other, { tx, ...(green && { priority: PRIORITY.mayBeGreen }) })
  })
}
