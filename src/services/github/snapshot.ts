import { distinctBots, distinctParts } from '../../decision/contributors.ts'
import { standingReviews } from '../../decision/reviews.ts'
import type { Label, PullRef, Snapshot } from '../../decision/snapshot.ts'
import type { FactStore } from '../../store/facts.ts'
import { readAccess } from './access.ts'
import { approvedHere, contributorsAmongApprovers } from './approvers.ts'
import { baseChange, keepBase } from './bases.ts'
import { readChangedPaths } from './changed-paths.ts'
import type { GitHub } from './client.ts'
import { ownerTeams, readCodeOwners } from './code-owners.ts'
import { readContributors } from './contributions.ts'
import { bindLabels, pushedAt } from './labels.ts'
import { changedBase, keepMovedBack, movedBack } from './moved-back.ts'
import {
  type CurrentHead,
  contributorsOfEqualHeads,
  equalitiesFor,
  equalityWith,
  headReader,
  keepHead,
} from './older-heads.ts'
import { type OpenPull, readSameHeadPulls } from './open-pulls.ts'
import { personOf } from './people.ts'
import type { Prover, Version } from './proofs.ts'
import { type Pull, readPull, type Seen, seenOf, versionOf } from './pulls.ts'
import { readRevert } from './reverts.ts'
import { readReviews, reviewsBy, withDismissal } from './reviews.ts'
import { readTeams, teamFacts } from './teams.ts'
import { type EarlierLabels, labelsBefore, labelsOf, readTimeline } from './timeline.ts'
import { unlistedLabels } from './told-labels.ts'

/** A snapshot, how the pull request looked before it was read, and the other open ones of the repository with the same head. */
export type Facts = { snapshot: Snapshot; seen: Seen; sameHead: OpenPull[] }

/** What the policy asks to be read beyond the pull request itself. */
export type Wanted = {
  teams: string[]
  /** Labels that are bound to the content that they were added for. */
  boundLabels: string[]
  /** Labels that a gate or an override looks at. */
  labels: string[]
  /** Whether the paths of the change are read, and who owns them. */
  paths?: boolean
  codeOwners?: boolean
  /** The labels with which it matters whether the change reverts another one. */
  revertLabels?: string[]
  /** A label that is read as if it had been put on, to find out whether it would count. */
  proposed?: Label
}

/**
 * Reads every fact about a pull request that a gate may look at, or throws: never a part of them. Answers that have
 * not changed cost nothing (ETag). If the pull request moved while it was read, reading starts again, three times at
 * most; then it throws and the evaluation is repeated later. Undefined: there is no such pull request (anymore).
 */
export async function readSnapshot(
  github: GitHub,
  ref: PullRef,
  wanted: Wanted,
  facts: FactStore,
  now: () => Date,
): Promise<Facts | undefined> {
  const repository = { owner: ref.owner, repo: ref.repo }
  const prover = { github, repository, repositoryId: ref.repositoryId, facts }
  for (let attempt = 0; attempt < 3; attempt++) {
    const before = await readPull(github, ref)
    if (!before) return undefined
    const [{ snapshot, keep }, sameHead] = await Promise.all([
      readFacts(prover, ref, before, wanted, now().toISOString()),
      readSameHeadPulls(github, ref, before.head.sha),
    ])
    const after = await readPull(github, ref)
    if (after && versionOf(after, wanted) === versionOf(before, wanted)) {
      await keep()
      return { snapshot, seen: seenOf(before), sameHead }
    }
  }
  throw new Error(`${ref.owner}/${ref.repo}#${ref.number} changed three times while it was being read`)
}

/** `keep` remembers what later evaluations need, once it is sure that the facts belong together. */
type Reading = { snapshot: Snapshot; keep: () => Promise<void> }

type Merged = { at: string; base: string; before?: EarlierLabels | undefined }

/**
 * Reads the facts about a merged pull request as they were at the merge: what was reviewed, labeled, dismissed or pushed
 * in a later second is left out. Roles and teams are those of now, since GitHub tells no others. `base` is the tip of the
 * base branch before the merge, `before` what was read before it.
 */
export async function readSnapshotAtMerge(
  github: GitHub,
  ref: PullRef,
  wanted: Wanted,
  facts: FactStore,
  merged: Merged,
): Promise<Snapshot | undefined> {
  const repository = { owner: ref.owner, repo: ref.repo }
  const prover = { github, repository, repositoryId: ref.repositoryId, facts }
  const pull = await readPull(github, ref)
  return pull && (await readFacts(prover, ref, pull, wanted, merged.at, merged)).snapshot
}

async function readFacts(
  prover: Prover,
  ref: PullRef,
  pull: Pull,
  wanted: Wanted,
  takenAt: string,
  merged?: Merged,
): Promise<Reading> {
  const { github, repository } = prover
  const baseRef = pull.base.ref
  const [listed, timeline, work, teams] = await Promise.all([
    readReviews(github, repository, ref.number),
    readTimeline(github, repository, ref.number, merged?.at),
    readContributors(prover, ref, pull, merged),
    readTeams(github, repository, wanted.teams),
  ])
  const reviews = reviewsBy(listed, merged?.at, timeline)
  const { head, contributions, pushes } = work
  const readHead = headReader(prover, baseRef, work.readHead)
  const equalityTo = (sha: string) => equalityWith(prover, work, sha, readHead)
  const names = labelsBefore(
    pull.labels.map((label) => label.name),
    timeline,
    merged?.before,
  )
  const looked = names.filter((name) => wanted.labels.some((each) => isSameLabel(each, name)))
  const read = { events: timeline.labelEvents, now: new Date(takenAt), until: merged?.at }
  const unlisted = await unlistedLabels(prover.facts, ref, looked, read)
  const known = labelsOf(names, timeline, { orders: await prover.facts.labelOrders(ref), unlisted })
  const labels = await bindLabels(withProposed(known, wanted), wanted.boundLabels, pushes, equalityTo)
  const reviewers = standingReviews(reviews).map((review) => review.person)
  const access = await readAccess(github, repository, [
    ...reviewers,
    ...labels.flatMap((label) => label.by ?? []),
    ...[personOf(pull.user)].filter((person) => person !== null),
  ])
  const equalities = await equalitiesFor(reviews, pull.head.sha, equalityTo)
  const before = await contributorsOfEqualHeads(equalities, readHead)
  const elsewhere = await contributorsAmongApprovers(prover, pull, work, { reviews, access, equalities })
  const base = { number: ref.number, baseRef, at: takenAt }
  const standing = { ...base, head, commits: work.commits }
  const back = await movedBack(prover, standing, Object.keys(equalities))
  const movedBase = changedBase(await baseChange(prover, base, work, timeline), back)
  const paths = await pathFacts(prover, pull, work, wanted)
  const isAsked = labels.some(({ name }) => wanted.revertLabels?.some((each) => isSameLabel(each, name)))
  const revert = isAsked ? await readRevert(prover, ref, pull, work) : {}
  const ownTeams = ownerTeams(paths.codeOwners).filter((name) => !wanted.teams.includes(name))
  const snapshot: Snapshot = {
    pull: ref,
    takenAt,
    ...ownFacts(pull),
    head: {
      ...headOf(pull),
      ...pushedAt(pushes, pull.head.sha),
      ...landed(pull, head),
      ...(work.hiddenFork ? { pushersHidden: true } : {}),
    },
    base: {
      sha: head?.change.base ?? pull.base.sha,
      ref: baseRef,
      defaultBranch: pull.base.repo.default_branch,
      ...movedBase,
    },
    ...paths,
    ...revert,
    labels,
    reviews: reviews.map((review) => withDismissal(review, timeline)),
    ...contributions,
    contributors: distinctParts([...contributions.contributors, ...elsewhere, ...before.contributors]),
    unownedBots: distinctBots([...contributions.unownedBots, ...before.unownedBots]),
    ...(work.incomplete === undefined ? {} : { commitsIncomplete: work.incomplete }),
    access,
    equalities,
    ...(await teamFacts(
      github,
      repository,
      [...teams, ...(await readTeams(github, repository, ownTeams))],
      access,
    )),
  }
  const keep = async () => {
    await keepBase(prover, base, timeline)
    // Of a change whose commits cannot be read to the end, it is not known what is part of it.
    if (work.incomplete !== undefined) return
    await keepMovedBack(prover, standing, back)
    // While a push of the head is not listed, the set of those who had a hand in it is not known to be whole; and
    // against a base that holds it already, as after its merge or that of another pull request, a head changes nothing.
    if (!head || !work.pusherKnown || pull.merged || head.change.mergeBase === pull.head.sha) return
    const whole = { ...head, contributors: [...head.contributors, ...elsewhere] }
    await keepHead(prover, baseRef, whole, approvedHere(reviews, pull.head.sha))
  }
  return { snapshot, keep }
}

function withProposed(labels: Label[], { proposed }: Wanted): Label[] {
  if (!proposed) return labels
  return [...labels.filter(({ name }) => !isSameLabel(name, proposed.name)), proposed]
}

function isSameLabel(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}

async function pathFacts(
  prover: Prover,
  pull: Pull,
  current: CurrentHead,
  wanted: Wanted,
): Promise<Pick<Snapshot, 'changed' | 'codeOwners'>> {
  if (!wanted.paths && !wanted.codeOwners) return {}
  const changed = await readChangedPaths(prover, current)
  if (!wanted.codeOwners) return { changed }
  const base = current.head?.change.base ?? pull.base.sha
  return { changed, codeOwners: await readCodeOwners(prover.github, prover.repository, base, changed) }
}

function ownFacts(pull: Pull): Pick<Snapshot, 'title' | 'body' | 'state' | 'draft' | 'author'> {
  return {
    title: pull.title,
    body: pull.body ?? '',
    state: pull.merged ? 'merged' : pull.state === 'open' ? 'open' : 'closed',
    draft: pull.draft === true,
    author: personOf(pull.user),
  }
}

function landed({ merged, head: { sha } }: Pull, head: Version | undefined): { landed?: boolean } {
  return merged && head?.change.mergeBase === sha ? { landed: true } : {}
}

function headOf({ head, base }: Pull): Snapshot['head'] {
  return { sha: head.sha, ref: head.ref, fork: head.repo?.id !== base.repo.id }
}
