import {
  type Commit,
  type Contributions,
  contributionsOf,
  type HiddenFork,
  withMerges,
} from '../../decision/contributors.ts'
import type { Person, PullRef } from '../../decision/snapshot.ts'
import type { GitHub } from './client.ts'
import { withCoAuthors } from './co-authors.ts'
import { type CommitRange, isOnlyMergeBase, readCommits, readListedCommits } from './commits.ts'
import { compactContributors, type HeadFacts, knownHead } from './older-heads.ts'
import { personOf } from './people.ts'
import type { Prover } from './proofs.ts'
import { baseTip, type Pull } from './pulls.ts'
import { type DatedPush, readForkPushes, readPushes } from './pushes.ts'
import { isBy } from './timeline.ts'
import { cleanMergesIn } from './update-merges.ts'

/** The contributors to what the pull request adds to its base, and the change itself. */
export type Work = {
  contributions: Contributions
  commits: Commit[]
  /** Update merges that are proved to add nothing. */
  cleanMerges: ReadonlySet<string>
  pushes: DatedPush[]
  /** Where the head is in a fork whose activity cannot be read. */
  hiddenFork: HiddenFork | undefined
  /** False while nothing tells who pushed: then the gate is closed, and who had a hand in it is not known. */
  pusherKnown: boolean
  incomplete: string | undefined
  /** Undefined where GitHub cannot compare the head with the base: then nothing is proved by it. */
  head: HeadFacts | undefined
  /** Whether git knows only one merge base of the two. It may take requests, so it is asked where something depends on it. */
  hasOneMergeBase: () => Promise<boolean>
  /** What another commit adds to the same base; undefined: out of reach. */
  readRange: (sha: string) => Promise<CommitRange | undefined>
  /** The same of an older head of the same pull request. */
  readHead: (sha: string) => Promise<HeadFacts | undefined>
}

/** `merged`: the tip of the base before the merge, which holds the change since, and until when pushes count. */
export async function readContributors(
  prover: Prover,
  ref: PullRef,
  pull: Pull,
  merged?: { at: string; base: string },
): Promise<Work> {
  const { github, repository } = prover
  const base = merged?.base ?? (await baseTip(github, ref, pull))
  const sha = pull.head.sha
  const range =
    (await readCommits(github, repository, base, sha)) ?? (await readListedCommits(github, repository, pull))
  const listed = await pushesOfHead(github, pull, range.commits)
  const hiddenFork = listed === 'hidden' ? { owner: forkOwner(pull) } : undefined
  const pushes = listed === 'hidden' ? [] : listed.filter((push) => isBy(push.at, merged?.at))
  const told = { pushes, ...(hiddenFork ? { hiddenFork } : {}) }
  const contribute = (part: CommitRange, head: string) => readContributions(prover, pull, part, head, told)
  const { contributions, cleanMerges } = await contribute(range, sha)
  return {
    contributions,
    cleanMerges,
    commits: range.commits,
    pushes,
    hiddenFork,
    pusherKnown: isPusherKnown(contributions),
    incomplete: range.incomplete,
    head: headFacts(range, contributions),
    hasOneMergeBase: once(async () => {
      const { change } = range
      return change !== undefined && isOnlyMergeBase(github, repository, { ...range, change })
    }),
    readRange: (other) => readCommits(github, repository, base, other),
    readHead: async (older) => {
      const then = await readCommits(github, repository, base, older)
      const told = then && (await contribute(then, older)).contributions
      return then && told && isPusherKnown(told) ? headFacts(then, told) : undefined
    },
  }
}

function once<Value>(ask: () => Promise<Value>): () => Promise<Value> {
  let answer: Promise<Value> | undefined
  return () => {
    answer ??= ask()
    return answer
  }
}

/** A deleted fork is as unreadable as a private one. */
async function pushesOfHead(
  github: GitHub,
  { head, base }: Pull,
  commits: Commit[],
): Promise<DatedPush[] | 'hidden'> {
  if (!head.repo) return 'hidden'
  const read = head.repo.id === base.repo.id ? readPushes : readForkPushes
  return read(github, { owner: head.repo.owner.login, repo: head.repo.name }, head.ref, commits)
}

/** An organization cannot approve. For a deleted fork, the head still names its owner. */
function forkOwner({ head }: Pull): Person | null {
  const owner = personOf(head.repo?.owner ?? head.user)
  return owner?.type === 'User' ? owner : null
}

function isPusherKnown({ unattributed }: Contributions): boolean {
  return unattributed.every(({ field }) => field !== 'pusher')
}

function headFacts({ change }: CommitRange, contributions: Contributions): HeadFacts | undefined {
  return change && { change, ...compactContributors(contributions) }
}

async function readContributions(
  prover: Prover,
  pull: Pull,
  { commits: listed, change, incomplete }: CommitRange,
  head: string,
  told: { pushes: DatedPush[]; hiddenFork?: HiddenFork },
): Promise<Pick<Work, 'contributions' | 'cleanMerges'>> {
  const commits = withMerges(listed, told.pushes)
  const known = {
    head: change && { change },
    older: (sha: string) => knownHead(prover, pull.base.ref, sha),
  }
  const cleanMerges =
    incomplete === undefined ? await cleanMergesIn(prover, commits, known) : new Set<string>()
  const facts = { opener: personOf(pull.user), head, commits, ...told, cleanMerges }
  const work = commits.filter(({ sha }) => !cleanMerges.has(sha))
  const contributions = await withCoAuthors(prover.github, prover.repository, work, contributionsOf(facts))
  return { contributions, cleanMerges }
}
