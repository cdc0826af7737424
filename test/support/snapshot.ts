import type { Commit, Push } from '../../src/decision/contributors.ts'
import { defaultPolicy, type Policy, policySchema } from '../../src/decision/policy.ts'
import type {
  Access,
  Contributor,
  Deployment,
  Evidence,
  Label,
  Person,
  Review,
  Snapshot,
} from '../../src/decision/snapshot.ts'

/** Builders of facts: each gives something ordinary, and a test names only what matters to it. */

/** A commit id that is told apart at a glance: `shaOf('a')` is forty times "a", `shaOf('12')` is "1212…". */
export function shaOf(hex: string): string {
  return hex.repeat(40).slice(0, 40)
}

export const head = shaOf('a')
export const older = shaOf('b')

/** Wednesday, ten past ten in the morning in Los Angeles: the default window is open. */
export const inWindow = '2026-11-25T18:10:00Z'
export const yesterday = '2026-11-24T18:10:00Z'

let lastId = 1_000

export function aPerson(login: string, what: Partial<Person> = {}): Person {
  lastId += 1
  return { id: lastId, login, type: 'User', ...what }
}

export function aBot(login: string): Person {
  return aPerson(`${login}[bot]`, { type: 'Bot' })
}

/** The author of every snapshot that names no other, and people with write permission who can approve it. */
export const author = aPerson('author')
export const ann = aPerson('ann')
export const bob = aPerson('bob')
export const cleo = aPerson('cleo')
export const people = [author, ann, bob, cleo]

export function aReview(person: Person | null, what: Partial<Review> = {}): Review {
  lastId += 1
  return { id: lastId, person, state: 'COMMENTED', commit: head, submittedAt: yesterday, ...what }
}

export function anApproval(person: Person | null, what: Partial<Review> = {}): Review {
  return aReview(person, { state: 'APPROVED', ...what })
}

export function aBlock(person: Person | null, what: Partial<Review> = {}): Review {
  return aReview(person, { state: 'CHANGES_REQUESTED', ...what })
}

/** The instant that is so many minutes after the usual time of a review. */
export function minutesLater(minutes: number, from = yesterday): string {
  return new Date(Date.parse(from) + minutes * 60_000).toISOString()
}

export function aContributor(person: Person, what: Partial<Contributor> = {}): Contributor {
  return { person, as: 'author', commit: head, ...what }
}

export const writes: Access = { role: 'write', write: true }
export const reads: Access = { role: 'read', write: false }

/** Access by account id, as a snapshot has it. */
export function accessOf(access: Access, ...who: Person[]): Record<string, Access> {
  return Object.fromEntries(who.map(({ id }) => [String(id), access]))
}

export function aLabel(what: Partial<Label> = {}): Label {
  return { name: 'urgent', by: ann, at: yesterday, ...what }
}

type SnapshotParts = Partial<Omit<Snapshot, 'head' | 'base'>> & {
  head?: Partial<Snapshot['head']>
  base?: Partial<Snapshot['base']>
}

/** An open pull request of `author` with one commit, taken while the default window is open, without reviews. */
export function aSnapshot(what: SnapshotParts = {}): Snapshot {
  const opener = what.author === undefined ? author : what.author
  return {
    pull: { installationId: 1, repositoryId: 2, owner: 'acme', repo: 'shop', number: 7 },
    takenAt: inWindow,
    title: 'Sell more',
    body: '',
    state: 'open',
    draft: false,
    author: opener,
    labels: [],
    reviews: [],
    contributors: opener ? [{ person: opener, as: 'opener' }, aContributor(opener)] : [],
    unattributed: [],
    unmatchedCoAuthors: [],
    unownedBots: [],
    equalities: {},
    teams: {},
    ...what,
    access: { ...accessOf(writes, ...people), ...what.access },
    head: {
      sha: head,
      ref: 'feature',
      fork: false,
      pushedAt: minutesLater(-60),
      ...what.head,
    },
    base: { sha: shaOf('c'), ref: 'main', defaultBranch: 'main', ...what.base },
  }
}

/** A commit of `author` on top of `parents`. */
export function aCommit(sha: string, what: Partial<Commit> = {}): Commit {
  return {
    sha,
    parents: [shaOf('c')],
    message: 'Change the price',
    verified: false,
    author: { name: 'An Author', person: author },
    committer: { name: 'An Author', person: author },
    ...what,
  }
}

export function aPush(actor: Person | null, after: string, what: Partial<Push> = {}): Push {
  return { actor, before: shaOf('0'), after, ...what }
}

/** A policy as a repository would write it under `gates:`; without an argument, the defaults. */
export function aPolicy(gates: unknown = defaultPolicy.gates): Policy {
  return policySchema.parse({ gates })
}

/** The git tree of the head. */
export const stagingTree = shaOf('d')

/** The deployment of the head to staging. */
export const aDeployment = (what: Partial<Deployment> = {}): Deployment => ({
  id: 12,
  sha: head,
  createdAt: minutesLater(-90, inWindow),
  state: 'success',
  succeededBy: 'github-actions[bot]',
  ...what,
})
/** A run on the head after that deployment. */
export const anEvidence = (what: Partial<Evidence> = {}): Evidence => ({
  runId: '0a1b2c3d-0000-4000-8000-000000000000',
  headSha: head,
  tree: stagingTree,
  server: 'staging',
  environment: 'staging',
  suite: '.github/mcp-regression.yml',
  deploymentId: 12,
  serverName: 'rewards',
  serverVersion: head,
  verdict: 'passed',
  summary: 'all gates passed',
  startedAt: minutesLater(-60, inWindow),
  hash: 'ab'.repeat(32),
  checkUrl: null,
  ...what,
})
