import fc from 'fast-check'
import { type Commit, contributionsOf, type Push } from '../../src/decision/contributors.ts'
import type { Equality, Person, Review, Snapshot } from '../../src/decision/snapshot.ts'
import {
  aBot,
  aCommit,
  aPerson,
  aPush,
  aReview,
  aSnapshot,
  author,
  minutesLater,
  reads,
  shaOf,
  writes,
} from './snapshot.ts'

/** A small model of one pull request: what happened to it, and the facts that GitHub would tell about it now. */

export const cast = [author, aPerson('p1'), aPerson('p2'), aPerson('p3'), aPerson('p4'), aBot('robot')]

type Who = number
export type Action =
  | { kind: 'push'; who: Who; writer: Who; content: 'same' | 'new'; way: 'on top' | 'rewritten' }
  | { kind: 'review'; who: Who; state: 'APPROVED' | 'CHANGES_REQUESTED' | 'COMMENTED'; back: number }
  | { kind: 'dismiss'; who: Who; by: Who }
  | { kind: 'access'; who: Who; write: boolean }

/** One commit of the branch: who wrote it, who pushed it, and the content of the whole change at it. */
export type Version = {
  sha: string
  writer: Person
  pusher: Person
  before: string
  content: number
  commits: string[]
}
export type World = {
  versions: Version[]
  head: Version
  reviews: (Review & { person: Person })[]
  writers: Set<Person>
  hasBlockBy: (who: Who) => boolean
  snapshot: () => Snapshot
}

const person = fc.constantFrom(0, 1, 1, 2, 2, 3, 3, 4, 4, 5)
const reviewer = fc.constantFrom(0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5)
const committer = fc.constantFrom(0, 0, 0, 0, 0, 0, 1, 2, 3, 5)

/** Arbitraries of single actions, for tests that end a history with one of them. */
export const anAction = {
  push: fc.record({
    kind: fc.constant('push' as const),
    who: committer,
    writer: committer,
    content: fc.constantFrom('same' as const, 'new' as const),
    way: fc.constantFrom('on top' as const, 'rewritten' as const),
  }),
  approval: fc.record({
    kind: fc.constant('review' as const),
    who: reviewer,
    state: fc.constant('APPROVED' as const),
    back: fc.constantFrom(0, 0, 0, 1, 2),
  }),
  block: fc.record({
    kind: fc.constant('review' as const),
    who: person,
    state: fc.constant('CHANGES_REQUESTED' as const),
    back: fc.constantFrom(0, 1),
  }),
  comment: fc.record({
    kind: fc.constant('review' as const),
    who: person,
    state: fc.constant('COMMENTED' as const),
    back: fc.constantFrom(0, 1),
  }),
  dismissal: fc.record({ kind: fc.constant('dismiss' as const), who: person, by: person }),
  access: fc.record({ kind: fc.constant('access' as const), who: person, write: fc.boolean() }),
  loss: fc.record({ kind: fc.constant('access' as const), who: person, write: fc.constant(false) }),
}

/** Histories in which approvals are frequent, so that a good share of them ends with a gate that passes. */
export const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof(
    { arbitrary: anAction.approval, weight: 12 },
    { arbitrary: anAction.push, weight: 2 },
    { arbitrary: anAction.block, weight: 1 },
    { arbitrary: anAction.comment, weight: 2 },
    { arbitrary: anAction.dismissal, weight: 2 },
    { arbitrary: anAction.access, weight: 1 },
  ),
  { minLength: 1, maxLength: 16 },
)

/** Plays a history from a pull request that `author` opened with one commit; everybody may write at first. */
export function play(history: Action[]): World {
  const first: Version = {
    sha: shaNumber(1),
    writer: author,
    pusher: author,
    before: shaOf('0'),
    content: 1,
    commits: [shaNumber(1)],
  }
  const world: World = {
    versions: [first],
    head: first,
    reviews: [],
    writers: new Set(cast),
    hasBlockBy: (who) => {
      const own = world.reviews.filter(
        ({ person, state }) => person === personAt(who) && state !== 'COMMENTED',
      )
      return own.at(-1)?.state === 'CHANGES_REQUESTED'
    },
    snapshot: () => snapshotOf(world),
  }
  for (const [index, action] of history.entries()) step(world, action, index)
  return world
}

function personAt(who: Who): Person {
  const found = cast[who]
  if (!found) throw new Error(`nobody is number ${who}`)
  return found
}

function step(world: World, action: Action, index: number): void {
  if (action.kind === 'push') push(world, action)
  else if (action.kind === 'dismiss') dismiss(world, action)
  else if (action.kind === 'review') review(world, action, index)
  else if (action.write) world.writers.add(personAt(action.who))
  else world.writers.delete(personAt(action.who))
}

function review(world: World, { who, state, back }: Action & { kind: 'review' }, index: number): void {
  const { sha: commit } = world.versions.at(-1 - back) ?? world.head
  const what = { id: index + 1, state, commit, submittedAt: minutesLater(index) }
  world.reviews.push({ ...aReview(null, what), person: personAt(who) })
}

function push(world: World, { who, writer, content, way }: Action & { kind: 'push' }): void {
  const sha = shaNumber(world.versions.length + 1)
  world.head = {
    sha,
    writer: personAt(writer),
    pusher: personAt(who),
    before: world.head.sha,
    content: content === 'new' ? world.versions.length + 1 : world.head.content,
    commits: way === 'on top' ? [...world.head.commits, sha] : [sha],
  }
  world.versions.push(world.head)
}

/** The last review of somebody is dismissed: it keeps its place and its time. */
function dismiss(world: World, { who, by }: Action & { kind: 'dismiss' }): void {
  const review = world.reviews.findLast(
    ({ person, state }) => person === personAt(who) && state !== 'COMMENTED',
  )
  if (!review || review.state === 'DISMISSED') return
  review.dismissal = { by: personAt(by), was: review.state === 'APPROVED' ? 'approved' : 'changes_requested' }
  review.state = 'DISMISSED'
}

function shaNumber(number: number): string {
  return number.toString(16).padStart(40, '0')
}

/** What a reader of GitHub would have read: commits, pushes and equalities, never what the model knows. */
function snapshotOf(world: World): Snapshot {
  const { head, versions } = world
  const part = versions.filter(({ sha }) => head.commits.includes(sha))
  const commits: Commit[] = part.map(({ sha, writer }, index) =>
    aCommit(sha, {
      parents: [part[index - 1]?.sha ?? shaOf('c')],
      author: { name: writer.login, person: writer },
      committer: { name: writer.login, person: writer },
    }),
  )
  const pushes: Push[] = versions.map(({ sha, pusher, before }) => aPush(pusher, sha, { before })).reverse()
  return aSnapshot({
    head: { sha: head.sha },
    reviews: world.reviews,
    ...contributionsOf({ opener: author, head: head.sha, commits, pushes, cleanMerges: new Set() }),
    access: Object.fromEntries(cast.map((each) => [each.id, world.writers.has(each) ? writes : reads])),
    equalities: Object.fromEntries(versions.map((version) => [version.sha, equality(version, head)])),
  })
}

function equality(version: Version, head: Version): Equality {
  return version.content === head.content
    ? { same: true, how: 'the change is the same' }
    : { same: false, why: 'price.ts changed since', paths: ['price.ts'] }
}
