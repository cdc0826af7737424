import type { Person } from '../../src/decision/snapshot.ts'
import { cast, type World } from './history.ts'
import { author } from './snapshot.ts'

/**
 * The rule of approval, told a second time: slowly, person by person, from what the model knows of the history and not
 * from the facts that the gate is given. It shares no code with the gate.
 */
export function approvedByTheBook(world: World, count: number): boolean {
  let approvals = 0
  for (const person of cast) {
    const standing = standingOf(world, person)
    if (!world.writers.has(person)) continue
    if (standing?.state === 'CHANGES_REQUESTED') return false
    if (standing?.state !== 'APPROVED' || person.type !== 'User' || hadAHand(world, person)) continue
    const approved = world.versions.find(({ sha }) => sha === standing.commit)
    if (approved?.content === world.head.content) approvals += 1
  }
  return approvals >= count + hiddenBots(world)
}

/** The last of somebody's reviews that is no comment. */
function standingOf(world: World, person: Person) {
  let last: World['reviews'][number] | undefined
  for (const review of world.reviews) {
    if (review.person === person && review.state !== 'COMMENTED') last = review
  }
  return last
}

function hadAHand(world: World, person: Person): boolean {
  if (person === author) return true
  for (const version of world.versions) {
    const inChange = world.head.commits.includes(version.sha)
    if (inChange && (version.writer === person || version.pusher === person)) return true
  }
  return false
}

/** A bot that pushed hides somebody; one whose commit a person pushed does not. */
function hiddenBots(world: World): number {
  const pushed = world.versions.filter(({ sha }) => world.head.commits.includes(sha))
  return new Set(pushed.map(({ pusher }) => pusher).filter(({ type }) => type !== 'User')).size
}
