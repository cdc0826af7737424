import { contributionsOf } from '../../decision/contributors.ts'
import { standingReviews } from '../../decision/reviews.ts'
import type { Access, Equality, Label, Person, PullRef, Review, Snapshot } from '../../decision/snapshot.ts'
import type { FactStore } from '../fact-store.ts'
import { type GitHub, orAbsent } from './client.ts'
import { type CommitRange, type DatedPush, readCommits, readPushes } from './commits.ts'
import { equalitiesFor, equalityTo, type HeadFacts, idsOf, keepHead, sameOnEveryBase } from './older-heads.ts'
import { personOf } from './people.ts'
import { cleanMergesIn, type Prover } from './proofs.ts'
import { labelsOf, readTimeline, type Timeline } from './timeline.ts'

type Pull = Awaited<ReturnType<GitHub['rest']['pulls']['get']>>['data']
type Repository = { owner: string; repo: string }

/** A snapshot, and the other open pull requests of the repository that have the same head. */
export type Facts = { snapshot: Snapshot; sameHead: number[] }

/** What the policy asks to be read beyond the pull request itself. */
export type Wanted = {
  teams: string[]
  /** Labels that are bound to the content that they were put on. */
  boundLabels: string[]
}

/**
 * Reads every fact about a pull request that a gate may look at, or throws: never a part of them. Answers that have
 * not changed cost nothing (ETag). If the pull request moved while it was read, reading starts again, three times at
 * most; then it throws and the evaluation is repeated later. Undefined: there is no such pull request (any more).
 */
export async function readSnapshot(
  github: GitHub,
  ref: PullRef,
  wanted: Wanted,
  facts: FactStore,
  now: () => Date,
): Promise<Facts | undefined> {
  for (let attempt = 0; attempt < 3; attempt++) {
    const before = await readPull(github, ref)
    if (!before) return undefined
    const [snapshot, sameHead] = await Promise.all([
      readFacts(github, ref, before, wanted, facts, now),
      readSameHead(github, ref, before.head.sha),
    ])
    const after = await readPull(github, ref)
    if (after && version(after) === version(before)) return { snapshot, sameHead }
  }
  throw new Error(`${ref.owner}/${ref.repo}#${ref.number} moved three times while it was read`)
}

async function readPull(github: GitHub, ref: PullRef): Promise<Pull | undefined> {
  const answer = await orAbsent(
    github.rest.pulls.get({ owner: ref.owner, repo: ref.repo, pull_number: ref.number }),
  )
  if (answer && answer.data.base.repo.id !== ref.repositoryId) {
    throw new Error(
      `${ref.owner}/${ref.repo} is now another repository than the one with the id ${ref.repositoryId}`,
    )
  }
  return answer?.data
}

/** All of a pull request that moves under a reader. */
function version({ head, base, state, draft, merged, labels }: Pull): string {
  return JSON.stringify([head.sha, base.ref, state, draft, merged, labels.map((label) => label.name)])
}

async function readFacts(
  github: GitHub,
  ref: PullRef,
  pull: Pull,
  wanted: Wanted,
  facts: FactStore,
  now: () => Date,
): Promise<Snapshot> {
  const repository = { owner: ref.owner, repo: ref.repo }
  const takenAt = now().toISOString()
  const [reviews, timeline, range, pushes, teams] = await Promise.all([
    readReviews(github, repository, ref.number),
    readTimeline(github, repository, ref.number),
    readCommits(github, repository, pull.base.ref, pull.head.sha),
    pull.head.repo
      ? readPushes(github, { owner: pull.head.repo.owner.login, repo: pull.head.repo.name }, pull.head.ref)
      : [],
    readTeams(github, repository, wanted.teams),
  ])
  const prover = { github, repository, repositoryId: ref.repositoryId, facts }
  const contribute = async ({ commits }: CommitRange, head: string) => {
    const cleanMerges = await cleanMergesIn(prover, commits)
    return contributionsOf({ opener: personOf(pull.user), head, commits, pushes, cleanMerges })
  }
  const readHead = async (sha: string): Promise<HeadFacts | undefined> => {
    const then = await orAbsent(readCommits(github, repository, pull.base.ref, sha))
    return then && { change: then.change, contributors: idsOf((await contribute(then, sha)).contributors) }
  }
  const contributions = await contribute(range, pull.head.sha)
  const current = { change: range.change, contributors: idsOf(contributions.contributors) }
  await keepHead(prover, pull.base.ref, current)
  const labels = labelsOf(
    pull.labels.map((label) => label.name),
    timeline,
  )
  const people = [
    ...standingReviews(reviews).map((review) => review.person),
    ...labels.flatMap((label) => label.by ?? []),
  ]
  return {
    pull: ref,
    takenAt,
    title: pull.title,
    body: pull.body ?? '',
    state: pull.merged ? 'merged' : pull.state === 'open' ? 'open' : 'closed',
    draft: pull.draft === true,
    author: personOf(pull.user),
    head: {
      sha: pull.head.sha,
      ref: pull.head.ref,
      fork: pull.head.repo?.id !== pull.base.repo.id,
      ...pushedAt(pushes, pull.head.sha),
    },
    base: {
      sha: range.change.base,
      ref: pull.base.ref,
      defaultBranch: pull.base.repo.default_branch,
      ...(await baseChange(prover, pull.base.ref, current, timeline)),
    },
    labels: await bindLabels(labels, wanted, pushes, (sha) =>
      equalityTo(prover, pull.base.ref, current, sha, readHead),
    ),
    reviews: reviews.map((review) => withDismissal(review, timeline)),
    ...contributions,
    ...(range.incomplete === undefined ? {} : { commitsIncomplete: range.incomplete }),
    access: await readAccess(github, repository, people),
    equalities: await equalitiesFor(prover, pull.base.ref, current, reviews, readHead),
    teams,
  }
}

async function readReviews(github: GitHub, repository: Repository, number: number): Promise<Review[]> {
  const reviews = await github.paginate(github.rest.pulls.listReviews, {
    ...repository,
    pull_number: number,
    per_page: 100,
  })
  return reviews.map((review) => ({
    id: review.id,
    person: personOf(review.user),
    state: stateOf(review.state),
    commit: review.commit_id,
    submittedAt: review.submitted_at ?? null,
  }))
}

const reviewStates: readonly string[] = [
  'APPROVED',
  'CHANGES_REQUESTED',
  'COMMENTED',
  'DISMISSED',
  'PENDING',
] satisfies Review['state'][]

/** A state that is not known yet must not pass for an approval, and must hide an older one: it counts as DISMISSED. */
function stateOf(state: string): Review['state'] {
  return reviewStates.includes(state) ? (state as Review['state']) : 'DISMISSED'
}

function withDismissal(review: Review, timeline: Timeline): Review {
  const dismissal = review.state === 'DISMISSED' ? timeline.dismissals.get(review.id) : undefined
  return dismissal ? { ...review, dismissal } : review
}

/** When the base was last changed, and whether the change against it is what it was against the base before. */
async function baseChange(
  prover: Prover,
  baseRef: string,
  current: HeadFacts,
  { baseChangedAt }: Timeline,
): Promise<Pick<Snapshot['base'], 'changed'>> {
  return baseChangedAt
    ? { changed: { at: baseChangedAt, equality: await sameOnEveryBase(prover, baseRef, current) } }
    : {}
}

/** The permission of each person now. A former collaborator of a private repository is a 404: no access. */
async function readAccess(
  github: GitHub,
  repository: Repository,
  people: Person[],
): Promise<Record<string, Access>> {
  const distinct = [...new Map(people.map((person) => [person.id, person])).values()]
  const entries = await Promise.all(
    distinct.map(async (person) => [String(person.id), await accessOf(github, repository, person)] as const),
  )
  return Object.fromEntries(entries)
}

async function accessOf(github: GitHub, repository: Repository, person: Person): Promise<Access> {
  const none = { role: 'none', write: false }
  if (person.type !== 'User') return none
  const answer = await orAbsent(
    github.rest.repos.getCollaboratorPermissionLevel({ ...repository, username: person.login }),
  )
  if (!answer) return none
  const { permission, role_name: role, user } = answer.data
  // The login may belong to somebody else by now: the id decides.
  if (user?.id !== person.id) return none
  return { role: role || permission, write: permission === 'admin' || permission === 'write' }
}

/** The members of each team, nested teams included, as GitHub counts them. A team that cannot be read has none. */
async function readTeams(
  github: GitHub,
  repository: Repository,
  teams: string[],
): Promise<Record<string, number[]>> {
  const entries = await Promise.all(
    teams.map(async (team) => {
      const [slug = team, org = repository.owner] = team.split('/').reverse()
      const members = await orAbsent(
        github.paginate(github.rest.teams.listMembersInOrg, { org, team_slug: slug, per_page: 100 }),
      )
      return [team, (members ?? []).map((member) => member.id)] as const
    }),
  )
  return Object.fromEntries(entries)
}

/** A check run belongs to a commit, so every open pull request that offers this one has a say. */
async function readSameHead(github: GitHub, ref: PullRef, sha: string): Promise<number[]> {
  const pulls = await github.paginate(github.rest.repos.listPullRequestsAssociatedWithCommit, {
    owner: ref.owner,
    repo: ref.repo,
    commit_sha: sha,
    per_page: 100,
  })
  return pulls
    .filter(
      ({ state, head, base }) => state === 'open' && head.sha === sha && base.repo.id === ref.repositoryId,
    )
    .map(({ number }) => number)
    .filter((number) => number !== ref.number)
}

/** When the head came to the branch: the newest push of it, since a branch may come back to an older commit. */
function pushedAt(pushes: DatedPush[], head: string): { pushedAt?: string } {
  const [newest] = pushes.filter(({ after }) => after === head).toSorted(newestFirst)
  return newest ? { pushedAt: newest.at } : {}
}

function newestFirst(a: { at: string }, b: { at: string }): number {
  return Date.parse(b.at) - Date.parse(a.at)
}

/** For each bound label: whether the content that it was put on, the branch's at that time, is the head's. */
function bindLabels(
  labels: Label[],
  { boundLabels }: Wanted,
  pushes: DatedPush[],
  equalityWith: (sha: string) => Promise<Equality>,
): Promise<Label[]> {
  const bound = new Set(boundLabels.map((name) => name.toLowerCase()))
  return Promise.all(
    labels.map(async (label) => {
      const { name, at } = label
      if (at === null || !bound.has(name.toLowerCase())) return label
      const [then] = pushes.filter((push) => Date.parse(push.at) <= Date.parse(at)).toSorted(newestFirst)
      return then ? { ...label, equality: await equalityWith(then.after) } : label
    }),
  )
}
