import { type AtMerge, factsAtMerge, missingFacts } from '../decision/at-merge.ts'
import { beginningOf } from '../decision/markdown.ts'
import { effectivePolicy } from '../decision/overrides.ts'
import type { Policy } from '../decision/policy.ts'
import type { PullRef, Snapshot } from '../decision/snapshot.ts'
import { healthFactAt } from '../gate/health-fact.ts'
import { incidentsFact } from '../gate/incidents-fact.ts'
import { openReviewsFact } from '../gate/open-reviews.ts'
import { wantedFactsOf } from '../gate/snapshot-verdict.ts'
import type { GitHub } from '../services/github/client.ts'
import { requestOf, statusOfError } from '../services/github/errors.ts'
import type { ReadMerge } from '../services/github/merges.ts'
import { readSnapshotAtMerge } from '../services/github/snapshot.ts'
import { exemptionFact } from '../store/exemptions.ts'
import { factStore } from '../store/facts.ts'
import { freezesWithin, frozenFact } from '../store/freezes.ts'
import { retryTimeOf } from '../store/retry-after-error.ts'
import type { KeptVerdict } from '../store/verdicts/history.ts'
import type { PolicyBefore } from './policy-before.ts'
import type { MergeShell } from './shell.ts'

/** GitHub floors the time of a merge to the second, so it happened at some instant of it. */
const flooredBy = 1_000

/** After so many failures, within about a minute, a merge is recorded without the facts that could not be read. */
const readAttempts = 5

export type Reading = { shell: MergeShell; github: GitHub; pull: PullRef; attempt: number }
type Merged = { read: ReadMerge; tipBefore: string | undefined; standing: KeptVerdict | undefined }

/**
 * Reads the facts at the time of a merge, regardless of what had been processed by then. Unreadable facts make the merge an
 * exception.
 * @throws what a later attempt may overcome.
 */
export async function readAtMerge(
  reading: Reading,
  merged: Merged,
  inForce: PolicyBefore | undefined,
): Promise<AtMerge> {
  const policy = policyAtMerge(merged.standing, inForce)
  try {
    return await readFacts(reading, merged, policy)
  } catch (error) {
    const { attempt } = reading
    if (retryTimeOf(error) || attempt < readAttempts) throw error
    return { kind: 'unverified', why: whyUnread(error) }
  }
}

async function readFacts(
  { shell, github, pull }: Reading,
  { read, tipBefore, standing }: Merged,
  policy: Policy | undefined,
): Promise<AtMerge> {
  const merged = { at: read.mergedAt, base: tipBefore ?? read.base.sha, before: standing?.snapshot }
  const facts = factStore(shell.database, shell.now)
  const snapshot = await readSnapshotAtMerge(github, pull, wantedFactsOf(policy), facts, merged)
  if (!snapshot) return { kind: 'unverified', why: 'the pull request is gone.' }
  const before = standing?.headSha === read.head.sha ? standing.snapshot : undefined
  const missing = missingFacts(snapshot, before)
  if (missing) return { kind: 'unverified', why: missing }
  const own = await ownFacts(shell, github, snapshot, policy)
  const { title, body } = standing?.snapshot ?? snapshot
  return { kind: 'verified', policy, snapshot: { ...factsAtMerge(snapshot, before), title, body, ...own } }
}

/** The facts that the gate stores itself, as of the merge. */
async function ownFacts(
  { database, now }: MergeShell,
  github: GitHub,
  snapshot: Snapshot,
  written: Policy | undefined,
): Promise<Pick<Snapshot, 'regression' | 'runbooks' | 'incidents' | 'health' | 'owedReviews' | 'exemption'>> {
  const { pull, head, takenAt } = snapshot
  const policy = written && effectivePolicy(written, snapshot)
  const at = new Date(takenAt)
  const settings = policy?.gates.staging_regression
  // Loaded only where a policy asks for it: it brings the regression engine.
  const facts = settings && (await import('../staging/facts.ts'))
  const demanded = settings && { ...settings, drill: policy.gates.runbooks?.folder }
  const regression =
    demanded && (await facts?.readRegression({ database, github, now }, pull, head.sha, demanded, at))
  const runbooks = policy?.gates.runbooks && (await import('../staging/runbooks.ts'))
  return {
    ...(regression ? { regression } : {}),
    ...(await runbooks?.runbooksFact({ database, github, now }, snapshot, policy, regression)),
    ...(await healthFactAt(database, pull, policy, at)),
    ...(await incidentsFact(database, pull, policy, at)),
    // Revoked in the second that GitHub names for the merge: nobody knows which came first, so it does not count.
    ...(await exemptionFact(database, pull, at, new Date(at.getTime() + flooredBy))),
    ...(await openReviewsFact(database, pull, policy, at)),
  }
}

/**
 * The policy as it stood before the merge. Where the check knew that very file, it is the one that the check applied: a broken
 * file is evaluated otherwise where the pull request repairs it.
 */
function policyAtMerge(
  standing: KeptVerdict | undefined,
  inForce: PolicyBefore | undefined,
): Policy | undefined {
  const sameFile = inForce?.file === undefined || standing?.source?.blob === inForce.file.blob
  if (standing && sameFile) return standing.policy
  return inForce?.valid ? inForce.policy : undefined
}

/**
 * The freeze under which a pull request was merged: one that was in force at any instant of the second that GitHub names,
 * unless the check turned green after it had been lifted.
 */
export async function freezeAtMerge(
  { database }: Pick<MergeShell, 'database'>,
  pull: PullRef,
  mergedAt: string,
  standing: KeptVerdict | undefined,
): Promise<Pick<Snapshot, 'frozen'>> {
  const from = new Date(mergedAt)
  const to = new Date(from.getTime() + flooredBy)
  const greenSince = standing?.state === 'passed' ? new Date(standing.since) : undefined
  const freezes = await freezesWithin(database, { from, to })
  const isOver = (endedAt: Date | null) =>
    endedAt !== null && greenSince !== undefined && endedAt <= greenSince
  return frozenFact(
    freezes.filter(({ endedAt }) => !isOver(endedAt)),
    pull,
  )
}

function whyUnread(error: unknown): string {
  const request = requestOf(error)
  const status = statusOfError(error)
  if (request) return status === undefined ? `${request} was not answered.` : `${request} answered ${status}.`
  return error instanceof Error ? beginningOf(error.message, 300) : String(error)
}
