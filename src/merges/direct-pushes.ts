import { bypassedByPush, type DirectPush, keyOfPush } from '../decision/direct-push-record.ts'
import { dueDate } from '../decision/due-date.ts'
import { pushNotice } from '../decision/merge-notice.ts'
import type { MergeTask, PushedRange, RepositoryRef } from '../decision/merge-task.ts'
import type { Policy } from '../decision/policy.ts'
import { checkName } from '../decision/report.ts'
import { pushIssue } from '../decision/review-issue.ts'
import type { Person } from '../decision/snapshot.ts'
import { type Activity, activitiesOfPush, activityOn } from '../services/github/branch-activity.ts'
import type { GitHub } from '../services/github/client.ts'
import { requiresCheckOn } from '../services/github/enforcement.ts'
import { type ReadPush, readPush } from '../services/github/landed-commits.ts'
import { appendRecord } from '../store/audit.ts'
import { landingOf, saveLanding } from '../store/landings.ts'
import { isCoveredBy, policiesBefore, secondOf } from './policy-before.ts'
import { type MergeShell, repositoryOf } from './shell.ts'

/** GitHub links a merged commit to its pull request shortly after the push event. */
export const linkMayLag = 2 * 60_000

/**
 * Checks a push, two minutes old, to a covered branch that is the default branch or requires the check: commits that
 * belong to no merged pull request, and a rewritten history, are an exception, recorded once. Those whom `push.allowed`
 * lists may push: that of the policy as it stood before the push. Where the same commit was pushed several times, each time counts.
 * @returns what it is kept by, each time that is an exception, recorded now or before.
 */
export async function recordDirectPushes(
  shell: MergeShell,
  github: GitHub,
  repository: RepositoryRef,
  { range, attempt }: { range: PushedRange; attempt: number },
  signal: AbortSignal,
): Promise<string[]> {
  const all = await activityOn(github, repository, range.branch)
  const moves = activitiesOfPush(all, range, new Date(shell.now().getTime() - keptFor))
  const keys: string[] = []
  for (const row of moves.length > 0 ? moves : [undefined]) {
    const rows = row ? all.slice(all.indexOf(row)) : all
    const key = await recordDirectPush(shell, github, repository, { range, rows, row, attempt }, signal)
    if (key !== undefined) keys.push(key)
  }
  return keys
}

/** One time that a commit was pushed: `row`, and those before it in `rows`. */
type Move = { range: PushedRange; rows: Activity[]; row: Activity | undefined; attempt: number }

async function recordDirectPush(
  shell: MergeShell,
  github: GitHub,
  repository: RepositoryRef,
  { range, rows, row, attempt }: Move,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { owner, repo } = repository
  const known = await keyOfKnown(shell, repository, range, row)
  if (known !== undefined) return known
  const { data } = await github.rest.repos.get({ owner, repo })
  const { default_branch: defaultBranch } = data
  const now = shell.now()
  const span = row ? secondOf(row.timestamp) : { from: new Date(now.getTime() - keptFor), to: now }
  const policies = await policiesBefore(shell, github, repository, { ...range, defaultBranch, span })
  const covering = policies.filter((each) => each && isCoveredBy(each.policy, range.branch, defaultBranch))
  if (covering.length === 0) return undefined
  if (!(await isGuarded(github, repository, range.branch, defaultBranch))) return undefined
  const read = await readPush(github, repository, { range, rows, defaultBranch }, signal)
  if (!read || (read.strangers.length === 0 && !read.forced)) return undefined
  const inForce = covering.find((each) => !isExcused(read.by, each?.policy))
  if (!inForce) return undefined
  if (read.activity === null && attempt < lastWait)
    throw new Error(`GitHub does not list the push of ${range.after} to ${range.branch} yet`)
  const push = pushOf(repository, range, read, shell.now())
  await record(shell, repository, { push, page: data.html_url, policy: inForce.policy })
  return keyOfPush(push)
}

/** GitHub names who pushed in its activity, which may lag. A push that is not listed until this attempt, after about a minute, is recorded without. */
const lastWait = 6

/** The key by which a push is recorded already; also where it was recorded before GitHub listed it. */
async function keyOfKnown(
  { database }: Pick<MergeShell, 'database'>,
  repository: RepositoryRef,
  range: PushedRange,
  row: Activity | undefined,
): Promise<string | undefined> {
  const find = (activity: number | null) =>
    landingOf(database, { repository, key: keyOfPush({ ...range, activity }) })
  const known = await find(row?.id ?? null)
  if (known || !row) return known?.key
  // The same commit may have been pushed again since.
  const unlisted = await find(null)
  return unlisted && new Date(row.timestamp) <= unlisted.landedAt ? unlisted.key : undefined
}

const askAgain = 3_600_000
const keptFor = 30 * 24 * 3_600_000

/** A push that cannot be read, since the App has lost its access, is read when it has that again: asked every hour, for 30 days. */
export async function reschedulePush(
  { queue, now }: Pick<MergeShell, 'queue' | 'now'>,
  task: Extract<MergeTask, { task: 'pushed' }>,
): Promise<void> {
  const since = task.since ?? now().toISOString()
  const age = now().getTime() - Date.parse(since)
  if (age >= keptFor) return
  await queue.enqueueMerging({ ...task, since }, { at: new Date(now().getTime() + askAgain) })
}

/**
 * Whether pushing to a branch bypasses the check: on the default branch always, on others where the check is required. A policy
 * for `**` covers pull requests to every branch, and people still push to their own.
 */
async function isGuarded(
  github: GitHub,
  { owner, repo }: RepositoryRef,
  branch: string,
  defaultBranch: string,
): Promise<boolean> {
  return branch === defaultBranch || requiresCheckOn(github, { owner, repo }, branch, checkName)
}

function isExcused(person: Person | null, policy: Policy | undefined): boolean {
  return policy?.enforce === false || isAllowed(person, policy?.push?.allowed ?? [])
}

/** By login, an App's being `name[bot]`. Unknown pushers are not allowed. */
function isAllowed(person: Person | null, allowed: string[]): boolean {
  return person !== null && allowed.some((login) => login.toLowerCase() === person.login.toLowerCase())
}

function pushOf(
  { repositoryId, owner, repo }: RepositoryRef,
  { branch, after }: PushedRange,
  { by, at, activity, before, forced, strangers }: ReadPush,
  now: Date,
): DirectPush {
  return {
    repository: { id: repositoryId, owner, name: repo },
    branch,
    before,
    after,
    forced,
    commits: strangers,
    by,
    at: at === undefined ? now.toISOString() : new Date(at).toISOString(),
    activity,
  }
}

async function record(
  shell: MergeShell,
  repository: RepositoryRef,
  { push, page, policy }: { push: DirectPush; page: string; policy: Policy | undefined },
): Promise<void> {
  const key = keyOfPush(push)
  const place = policy?.gates.release_window ?? { time_zone: 'UTC', holidays: undefined }
  const dueAt = dueDate(shell.now(), place)
  await shell.database.transaction(async (tx) => {
    if (await landingOf(tx, { repository, key })) return
    const body = { ...push, kind: 'pushed', bypassed: bypassedByPush(push) }
    const at = new Date(push.at)
    const { seq } = await appendRecord(tx, {
      installationId: repository.installationId,
      kind: 'exception',
      at,
      body,
    })
    await saveLanding(tx, {
      repository,
      key,
      number: undefined,
      headSha: undefined,
      landedAt: at,
      recordedAt: shell.now(),
      recordSeq: seq,
      exception: true,
      urgent: false,
      review: pushIssue(push, { at: dueAt, zone: place.time_zone }),
      dueAt,
      notice: pushNotice(repositoryOf(repository), push, { seq, commit: `${page}/commit/${push.after}` }),
    })
  })
}
