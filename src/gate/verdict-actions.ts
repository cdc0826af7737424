import type { Step } from '../decision/gate.ts'
import { isRecent } from '../decision/recent.ts'
import type { PullRef } from '../decision/snapshot.ts'
import type { GitHub } from '../services/github/client.ts'
import { requestReviews } from '../services/github/review-requests.ts'
import { performRegressionStep, recordReleaseBaseline } from '../staging/requests.ts'
import { enqueueWindowTime } from '../staging/windows.ts'
import { isAnyEventOf } from '../store/inbox.ts'
import { PRIORITY } from '../store/queue/queues.ts'
import { pendingOn } from '../store/verdicts/pending.ts'
import type { StoredVerdict } from '../store/verdicts.ts'
import { noteWrite } from '../store/write-budget.ts'
import { enqueueTimes } from './calendar/transitions.ts'
import { requestMonitors } from './health-fact.ts'
import { enqueueDayTime } from './notices-of-verdict.ts'
import type { Outcome } from './publish.ts'
import type { Shell } from './shell.ts'
import { wantedFactsOf } from './snapshot-verdict.ts'

/**
 * What a published verdict asks for: the times at which it may be another one, the actions of its gates, what has to be read before the
 * head may turn green, and the evaluation of others with the same head.
 */
export async function carryOutVerdict(
  shell: Shell,
  github: GitHub,
  stored: StoredVerdict,
  {
    steps,
    changed,
    toRead,
    monitors,
    deliveries,
  }: { steps: Step[]; changed: boolean; deliveries: string[] } & Pick<Outcome, 'toRead' | 'monitors'>,
): Promise<void> {
  const { queue, database, now } = shell
  const { pull, headSha, counts } = stored
  await enqueueTimes(queue, stored)
  await enqueueWindowTime(queue, stored, now())
  await enqueueDayTime(queue, stored, now())
  await recordReleaseBaseline(shell, stored, now())
  for (const step of counts ? steps : []) await perform(shell, github, stored, { step, changed })
  await enqueueIncidentWork(shell, stored, changed)
  await enqueueUnattributed(shell, stored, changed)
  await enqueueUnlisted(shell, stored, changed)
  if (!changed) await enqueueUnseen(shell, stored, deliveries)
  await requestMonitors(queue, monitors)
  for (const other of toRead) await queue.enqueueEvaluate(other, { priority: PRIORITY.sameHead })
  for (const { number } of await pendingOn(database, pull, headSha))
    await queue.enqueueEvaluate({ ...pull, number })
}

/** What people notice happens only if the verdict has changed, so that a withdrawn review request is not repeated. */
async function perform(
  shell: Shell,
  github: GitHub,
  stored: StoredVerdict,
  { step, changed }: { step: Step; changed: boolean },
): Promise<void> {
  const { pull } = stored
  await performRegressionStep(shell, github, stored, step)
  if (step.kind !== 'request-reviews' || !changed) return
  const outcome = await requestReviews(github, pull, step)
  if ('asked' in outcome && outcome.asked.logins.length + outcome.asked.teams.length > 0)
    await noteWrite(shell.database, pull.installationId, shell.now())
  if ('refused' in outcome)
    shell.log.warn(
      { pull: `${pull.owner}/${pull.repo}#${pull.number}`, ...outcome },
      'Reviews were not requested',
    )
}

/** What GitHub does not list yet is read again after this time, and then every hour like everything else. */
const untilListed = 60_000

async function enqueueUnattributed(
  { queue, now }: Shell,
  { pull, snapshot, counts }: StoredVerdict,
  changed: boolean,
): Promise<void> {
  if (changed && counts && snapshot.unattributed.some(({ field }) => field === 'pusher'))
    await queue.enqueueRecheck(pull, new Date(now().getTime() + untilListed))
}

/** The same for who added a label. It is often waited for, so it is looked for more than once. */
async function enqueueUnlisted(
  { queue, now }: Shell,
  { pull, snapshot, policy, counts }: StoredVerdict,
  changed: boolean,
): Promise<void> {
  const wanted = wantedFactsOf(policy).labels.map((name) => name.toLowerCase())
  const isUnlisted = snapshot.labels.some(({ name, by }) => !by && wanted.includes(name.toLowerCase()))
  if (!changed || !counts || !isUnlisted) return
  for (const times of [1, 2, 5])
    await queue.enqueueRecheck(pull, new Date(now().getTime() + times * untilListed))
}

/**
 * GitHub may send the event of a review or a label before it lists either, and it says nothing once it does. So where such an event changed
 * nothing, a green pull request is read again.
 */
async function enqueueUnseen(
  { queue, database, now }: Shell,
  { pull, state, counts }: StoredVerdict,
  deliveries: string[],
): Promise<void> {
  if (!counts || state !== 'passed') return
  if (!(await isAnyEventOf(database, deliveries, ['pull_request', 'pull_request_review']))) return
  // On the full minute, so that many events make one evaluation.
  await queue.enqueueRecheck(pull, new Date(Math.ceil(now().getTime() / 60_000) * 60_000 + untilListed))
}

/** What the gates need of incidents and of production, where it was never read; and links to incidents. */
async function enqueueIncidentWork(shell: Shell, stored: StoredVerdict, changed: boolean): Promise<void> {
  await readIncidents(shell, stored)
  await readUnknownMonitors(shell, stored)
  if (changed && stored.counts && namesIncidents(stored))
    await shell.queue.enqueueIncident({ task: 'link', pull: refOf(stored.pull) })
}

/** Monitors are read every minute. One that was not, or never, is read now: what it says may be another verdict. */
async function readUnknownMonitors(
  { queue, now }: Shell,
  { policy, snapshot }: StoredVerdict,
): Promise<void> {
  if (!snapshot.health) return
  const ids = policy?.gates.production_health?.monitors.map(({ id }) => id) ?? []
  const fresh = snapshot.health.monitors.filter(
    ({ readAt }) => readAt !== null && isRecent(Date.parse(readAt), now(), 60_000),
  )
  if (ids.some((id) => !fresh.some((one) => one.id === id))) await queue.enqueueIncident({ task: 'monitors' })
}

/** The gate waits until the incidents were read, so they are read at once where they never were, or too long ago. */
async function readIncidents(
  { queue, now }: Shell,
  { pull, snapshot, policy }: StoredVerdict,
): Promise<void> {
  if (!snapshot.incidents || !policy?.incidents) return
  const { readAt } = snapshot.incidents
  if (readAt !== null && isRecent(Date.parse(readAt), now(), 2 * 3_600_000)) return
  const [owner = '', repo = ''] = policy.incidents.repository.split('/')
  await queue.enqueueIncident({ task: 'read all', installationId: pull.installationId, owner, repo })
}

/** An urgent pull request in a repository with incidents may name one. */
function namesIncidents({ policy, snapshot }: StoredVerdict): boolean {
  const label = policy?.gates.release_window?.urgent.label ?? 'urgent'
  return (
    policy?.incidents !== undefined &&
    snapshot.labels.some(({ name }) => name.toLowerCase() === label.toLowerCase())
  )
}

function refOf({ requestedBy: _, ...pull }: PullRef): PullRef {
  return pull
}
