import { formatTime } from './calendar.ts'
import { code } from './markdown.ts'
import type { Policy } from './policy.ts'
import type { Label, Person, Review, Snapshot } from './snapshot.ts'

/**
 * The facts at the time of a merge, read after it. The merge is checked against them, regardless of what had been processed by
 * then.
 */
export type AtMerge =
  | { kind: 'verified'; snapshot: Snapshot; policy: Policy | undefined }
  | { kind: 'unverified'; why: string }

/**
 * The facts at the time of a merge. What was read after it holds, except where GitHub tells only how things are now: a
 * role or a membership counts only if the person also had it when the pull request was last read before the merge, so that
 * granting it afterwards repairs nothing; and the description is the one of then, since its earlier versions are not read.
 */
export function factsAtMerge(read: Snapshot, before: Snapshot | undefined): Snapshot {
  if (!before) return read
  const { title, body } = before
  return { ...read, title, body, access: accessInBoth(read, before), teams: membersInBoth(read, before) }
}

function accessInBoth(read: Snapshot, before: Snapshot): Snapshot['access'] {
  const entries = Object.entries(read.access).map(([id, now]) => {
    const then = before.access[id]
    return [id, then && !then.write ? then : now] as const
  })
  return Object.fromEntries(entries)
}

function membersInBoth(read: Snapshot, before: Snapshot): Snapshot['teams'] {
  const entries = Object.entries(read.teams).map(([team, now]) => {
    const then = Object.hasOwn(before.teams, team) ? before.teams[team] : undefined
    return [team, then ? now.filter((id) => then.includes(id)) : now] as const
  })
  return Object.fromEntries(entries)
}

/**
 * Why facts at a merge are no longer available that were available before for the same head: its branch, its fork or its base
 * is gone. Undefined if nothing is missing.
 */
export function missingFacts(read: Snapshot, before: Snapshot | undefined): string | undefined {
  if (read.commitsIncomplete !== undefined && before?.commitsIncomplete === undefined)
    return read.commitsIncomplete
  const unknown = ({ unattributed, head }: Snapshot) => [
    ...unattributed.filter(({ field }) => field === 'pusher'),
    ...(head.pushersHidden ? ['the fork'] : []),
  ]
  if (!before || unknown(read).length <= unknown(before).length) return undefined
  return 'who pushed the commits can no longer be read; the branch or the fork they came from may be gone.'
}

/** The differences between the facts of a check and those at the merge, one sentence each. */
export function factChanges(before: Snapshot, atMerge: Snapshot, zone: string): string[] {
  return [
    ...atMerge.reviews.flatMap((review) => reviewChange(review, before, zone) ?? []),
    ...labelChanges(before, atMerge),
    ...atMerge.contributors
      .filter(({ person }) => !before.contributors.some((known) => known.person.id === person.id))
      .map(({ person }) => `${nameOf(person)} was found to have contributed to the change.`),
    ...lostAccess(before, atMerge),
    ...lostMembers(before, atMerge),
    ...(atMerge.base.changed?.at === before.base.changed?.at ? [] : ['The base branch was changed.']),
    ...(atMerge.head.pushedAt === before.head.pushedAt ? [] : ['The head was pushed again.']),
  ]
}

const did = { APPROVED: 'approved', CHANGES_REQUESTED: 'requested changes' } as const

function reviewChange(review: Review, { reviews }: Snapshot, zone: string): string | undefined {
  const { id, person, state, submittedAt, dismissal } = review
  const known = reviews.find((each) => each.id === id)
  if (known?.state === state) return undefined
  const when = submittedAt === null ? '' : ` on ${formatTime(new Date(submittedAt), zone)}`
  if (state === 'APPROVED' || state === 'CHANGES_REQUESTED') return `${nameOf(person)} ${did[state]}${when}.`
  if (state !== 'DISMISSED' || known === undefined) return undefined
  return `The review by ${nameOf(person)} had been dismissed${dismissal?.by ? ` by ${nameOf(dismissal.by)}` : ''}.`
}

function labelChanges(before: Snapshot, { labels }: Snapshot): string[] {
  const isIn = (all: Label[], { name }: Label) =>
    all.some((each) => each.name.toLowerCase() === name.toLowerCase())
  const added = labels.filter((label) => !isIn(before.labels, label))
  const removed = before.labels.filter((label) => !isIn(labels, label))
  return [
    ...added.map(({ name, by }) => `The label ${code(name)} had been added${by ? ` by ${nameOf(by)}` : ''}.`),
    ...removed.map(({ name }) => `The label ${code(name)} had been removed.`),
  ]
}

function lostAccess(before: Snapshot, { access, reviews, labels }: Snapshot): string[] {
  const people = [...reviews.map(({ person }) => person), ...labels.map(({ by }) => by)]
  const byId = new Map(people.flatMap((person) => (person ? [[String(person.id), person] as const] : [])))
  return Object.entries(access)
    .filter(([id, now]) => before.access[id]?.write && !now.write)
    .map(
      ([id, { role }]) =>
        `${nameOf(byId.get(id) ?? null)} has the role ${code(role)} now and no write access. GitHub shows only current roles, so this may have changed after the merge.`,
    )
}

function lostMembers(before: Snapshot, { teams }: Snapshot): string[] {
  return Object.entries(teams)
    .filter(([team, now]) => (before.teams[team] ?? []).some((id) => !now.includes(id)))
    .map(
      ([team]) =>
        `The team ${code(team)} has lost members. GitHub shows only current members, so this may have changed after the merge.`,
    )
}

function nameOf(person: Person | null): string {
  return person ? code(person.login) : 'A deleted account'
}
