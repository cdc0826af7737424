import { type Commit, type Contributions, contributionsOf } from '../../decision/contributors.ts'
import type { PullRef } from '../../decision/snapshot.ts'
import { withCoAuthors } from './co-authors.ts'
import { type CommitRange, readCommits, readListedCommits } from './commits.ts'
import { type HeadFacts, handsIn, knownHead } from './older-heads.ts'
import { personOf } from './people.ts'
import type { Prover } from './proofs.ts'
import { baseTip, type Pull } from './pulls.ts'
import { type DatedPush, readPushes } from './pushes.ts'
import { isBy } from './timeline.ts'
import { cleanMergesIn } from './update-merges.ts'

/** Who had a hand in what the pull request adds to its base, and what that is. */
export type Work = {
  contributions: Contributions
  commits: Commit[]
  /** Update merges that are proved to add nothing. */
  cleanMerges: ReadonlySet<string>
  pushes: DatedPush[]
  /** False while nothing tells who pushed: then the gate is closed, and who had a hand in it is not known. */
  pusherKnown: boolean
  incomplete: string | undefined
  /** Undefined where GitHub cannot compare the head with the base: then nothing is proved by it. */
  head: HeadFacts | undefined
  /** The same of an older head of the same pull request. */
  readHead: (sha: string) => Promise<HeadFacts | undefined>
}

/** `merged`: the tip of the base before the merge, which holds the change since, and until when pushes count. */
export async function readWork(
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
  const { repo: source, ref: branch } = pull.head
  const listed = source
    ? await readPushes(github, { owner: source.owner.login, repo: source.name }, branch, range.commits)
    : []
  const pushes = listed.filter((push) => isBy(push.at, merged?.at))
  const contribute = (part: CommitRange, head: string) => readContributions(prover, pull, part, head, pushes)
  const { contributions, cleanMerges } = await contribute(range, sha)
  return {
    contributions,
    cleanMerges,
    commits: range.commits,
    pushes,
    pusherKnown: isPusherKnown(contributions),
    incomplete: range.incomplete,
    head: headFacts(range, contributions),
    readHead: async (older) => {
      const then = await readCommits(github, repository, base, older)
      const told = then && (await contribute(then, older)).contributions
      return then && told && isPusherKnown(told) ? headFacts(then, told) : undefined
    },
  }
}

function isPusherKnown({ unattributed }: Contributions): boolean {
  return unattributed.every(({ field }) => field !== 'pusher')
}

function headFacts({ change }: CommitRange, contributions: Contributions): HeadFacts | undefined {
  return change && { change, ...handsIn(contributions) }
}

async function readContributions(
  prover: Prover,
  pull: Pull,
  { commits, change, incomplete }: CommitRange,
  head: string,
  pushes: DatedPush[],
): Promise<Pick<Work, 'contributions' | 'cleanMerges'>> {
  const known = {
    head: change && { change },
    older: (sha: string) => knownHead(prover, pull.base.ref, sha),
  }
  const cleanMerges =
    incomplete === undefined ? await cleanMergesIn(prover, commits, known) : new Set<string>()
  const facts = { opener: personOf(pull.user), head, commits, pushes, cleanMerges }
  const work = commits.filter(({ sha }) => !cleanMerges.has(sha))
  const contributions = await withCoAuthors(prover.github, prover.repository, work, contributionsOf(facts))
  return { contributions, cleanMerges }
}
