import packageFile from '../../package.json' with { type: 'json' }
import { type ChangeRecord, changeRecord } from '../decision/change-record.ts'
import { checksAtMerge } from '../decision/checks-at-merge.ts'
import { dueDate } from '../decision/due-date.ts'
import type { PostedCheck } from '../decision/merge-exception.ts'
import { mergeNotice } from '../decision/merge-notice.ts'
import type { Policy } from '../decision/policy.ts'
import { exceptionIssue, type ReviewIssue, urgentIssue } from '../decision/review-issue.ts'
import type { PullRef } from '../decision/snapshot.ts'
import type { WindowSettings } from '../decision/window-settings.ts'
import { findGreenRun } from '../services/github/checks.ts'
import { readMerge, tipBefore } from '../services/github/merges.ts'
import { postedAt } from '../store/audit/posted.ts'
import { appendRecord } from '../store/audit.ts'
import { postedRun } from '../store/check-runs.ts'
import { landingOf, saveLanding } from '../store/landings.ts'
import { forgetHistory, standingAt } from '../store/verdicts/history.ts'
import { freezeAtMerge, type Reading, readAtMerge } from './at-merge.ts'
import { isCoveredBy, type PolicyBefore, policiesBeforeMerge } from './policy-before.ts'
import { type MergeShell, repositoryOf } from './shell.ts'

/**
 * GitHub's times are floored to the second, and its clock is not ours: a verdict that passed so soon after the time of the
 * merge may have let it through. Longer, and one that was given after the merge would pass for its reason.
 */
const clocksDiffer = 3_000

type Merge = { record: ChangeRecord; window: WindowSettings | undefined }

/**
 * Appends the change record of a merge, and that of the exception where it is one, once: the mark that it was done
 * commits with them. Nothing is recorded for a repository without a policy, and for a branch that the policy leaves out: by the one
 * that the pull request was evaluated by, and that stood before the merge.
 * @returns whether the merge is recorded, now or before.
 */
export async function recordMerge(reading: Reading): Promise<boolean> {
  const { shell, pull } = reading
  const key = `#${pull.number}`
  if (await landingOf(shell.database, { repository: pull, key })) return true
  const merge = await readChange(reading)
  if (!merge) return false
  const { record } = merge
  const check = await checkUrl(shell, pull, record)
  const { review, dueAt } = reviewOf(merge, shell.now())
  await shell.database.transaction(async (tx) => {
    if (await landingOf(tx, { repository: pull, key })) return
    const at = new Date(record.mergedAt)
    const { installationId } = pull
    const { seq, hash } = await appendRecord(tx, { installationId, kind: 'merged', at, body: record })
    if (record.exception) {
      const { repository, number, mergedBy, mergedAt } = record
      const body = {
        repository,
        number,
        commit: record.mergeCommit,
        by: mergedBy,
        at: mergedAt,
        change: { seq, hash },
      }
      await appendRecord(tx, {
        installationId,
        kind: 'exception',
        at,
        body: { ...body, ...record.exception },
      })
    }
    await saveLanding(tx, {
      repository: pull,
      key,
      number: pull.number,
      headSha: record.head.sha,
      landedAt: at,
      recordedAt: shell.now(),
      recordSeq: seq,
      exception: record.exception !== null,
      urgent: record.urgent !== null,
      review,
      dueAt,
      notice: mergeNotice(repositoryOf(pull), record, { seq, check }, merge.window?.time_zone),
    })
    await forgetHistory(tx, pull)
  })
  return true
}

async function readChange(reading: Reading): Promise<Merge | undefined> {
  const { shell, github, pull } = reading
  const read = await readMerge(github, pull)
  if (!read) return undefined
  const from = new Date(read.mergedAt)
  const until = new Date(from.getTime() + clocksDiffer)
  const standing = await standingAt(shell.database, pull, { from, until })
  const recorded = await postedAt(shell.database, pull, { sha: read.head.sha, from, until })
  const posted =
    recorded?.state === 'passed'
      ? recorded
      : ((await unrecordedGreen(reading, read.head.sha, until)) ?? recorded)
  const { base, mergeCommit } = read
  const tip =
    mergeCommit === null ? undefined : await tipBefore(github, pull, { branch: base.ref, mergeCommit })
  const known = { read, tipBefore: tip, standing, posted }
  let found: Merge | undefined
  for (const inForce of await policiesBeforeMerge(shell, github, pull, read, tip)) {
    const merge = await changeUnder(reading, known, inForce)
    if (merge?.record.exception) return merge
    found ??= merge
  }
  return found
}

type Known = Parameters<typeof readAtMerge>[1] & { posted: PostedCheck | undefined }

/** The change under a policy that may have been in force. Undefined where that doesn't cover it. */
async function changeUnder(
  reading: Reading,
  { posted, ...merged }: Known,
  inForce: PolicyBefore | undefined,
): Promise<Merge | undefined> {
  const { shell, pull } = reading
  const { defaultBranch, runs, ...facts } = merged.read
  const isCovered = (policy: Policy | undefined) => isCoveredBy(policy, facts.base.ref, defaultBranch)
  // The policy may cover the branch only since the pull request was evaluated.
  const standing = merged.standing && isCovered(merged.standing.policy) ? merged.standing : undefined
  const evaluated = standing ? { policy: standing.policy, file: standing.source } : inForce
  if (!evaluated || !isCovered(evaluated.policy)) return undefined
  const atMerge = await readAtMerge(reading, merged, inForce)
  const record = changeRecord({
    ...{ ...facts, standing, posted, policy: evaluated.file, atMerge, rules: packageFile.version },
    checks: checksAtMerge(runs, facts.mergedAt, posted),
    ...(await freezeAtMerge(shell, pull, facts.mergedAt, standing)),
  })
  return { record, window: evaluated.policy?.gates.release_window }
}

/** GitHub may merge on a green check before its answer to our write has come and is recorded, or where that answer was lost. */
async function unrecordedGreen(
  { shell, github, pull }: Reading,
  sha: string,
  until: Date,
): Promise<PostedCheck | undefined> {
  const run = await postedRun(shell.database, { ...pull, sha })
  if (run?.state !== 'passed') return undefined
  const found = await findGreenRun(github, pull, sha, run.externalId)
  if (!found || found.completedAt > until) return undefined
  return { run: found.id, state: 'passed', title: found.title, at: found.completedAt.toISOString() }
}

/** The review that a merge needs: of an exception, or else of what an urgent change skipped. */
function reviewOf({ record, window }: Merge, now: Date): { review?: ReviewIssue; dueAt?: Date } {
  if (!record.exception && !record.urgent) return {}
  const place = window ?? { time_zone: 'UTC', holidays: undefined }
  const dueAt = dueDate(now, place)
  const due = { at: dueAt, zone: place.time_zone }
  return { dueAt, review: record.exception ? exceptionIssue(record, due) : urgentIssue(record, due) }
}

/** The page of the gate's check on the merged head. */
async function checkUrl(
  shell: MergeShell,
  pull: PullRef,
  { head, url }: Pick<ChangeRecord, 'head' | 'url'>,
): Promise<string | undefined> {
  const posted = await postedRun(shell.database, { ...pull, sha: head.sha })
  return posted?.runId ? url.replace(/\/pull\/\d+$/, `/runs/${posted.runId}`) : undefined
}
