import { code, short } from '../../decision/markdown.ts'
import type { Label, Review, Snapshot } from '../../decision/snapshot.ts'

/** Something that happened to a pull request, as the facts tell it. Without `at`, it is known only that it was read. */
export type FactChange = { kind: string; at: string | undefined; what: string }

/** What was there when a pull request was evaluated first. */
export function firstFacts(snapshot: Snapshot): FactChange[] {
  const { author, head, base, draft } = snapshot
  const who = author ? code(author.login) : 'A deleted account'
  const opened = `${who} opened it${draft ? ' as a draft' : ''}: ${short(head.sha)} from ${code(head.ref)} into ${code(base.ref)}.`
  return [
    { kind: 'opened', at: head.pushedAt, what: opened },
    ...snapshot.reviews.map((review) => reviewed(review, snapshot)),
    ...snapshot.labels.map(labelled),
  ]
}

/** What happened between two times at which the facts were read. */
export function changesBetween(before: Snapshot, after: Snapshot): FactChange[] {
  return [
    ...pushes(before, after),
    ...reviews(before, after),
    ...labels(before, after),
    ...freezes(before, after),
    ...others(before, after),
  ]
}

function pushes(before: Snapshot, { head, contributors }: Snapshot): FactChange[] {
  if (before.head.sha === head.sha) return []
  const pusher = contributors.find(({ as, commit }) => as === 'pusher' && commit === head.sha)
  const who = pusher ? `${code(pusher.person.login)} pushed` : 'New head:'
  return [{ kind: 'push', at: head.pushedAt, what: `${who} ${short(head.sha)}.` }]
}

function reviews(before: Snapshot, after: Snapshot): FactChange[] {
  const known = new Map(before.reviews.map((review) => [review.id, review]))
  return after.reviews.flatMap((review) => {
    const was = known.get(review.id)
    if (!was) return [reviewed(review, after)]
    return was.state === review.state ? [] : [dismissed(review)]
  })
}

const did: Record<Review['state'], string> = {
  APPROVED: 'approved',
  CHANGES_REQUESTED: 'requested changes at',
  COMMENTED: 'commented on',
  DISMISSED: 'reviewed',
  PENDING: 'began a review of',
}

/** A review and the commit that its author saw. */
function reviewed({ person, state, commit, submittedAt, dismissal }: Review, { head }: Snapshot): FactChange {
  const who = person ? code(person.login) : 'A deleted account'
  const saw = commit ? short(commit) : 'a commit that no longer exists'
  const older = commit && commit !== head.sha ? ' (an older version)' : ''
  const ended = dismissal
    ? `; dismissed by ${dismissal.by ? code(dismissal.by.login) : 'an unknown user'}`
    : ''
  return {
    kind: 'review',
    at: submittedAt ?? undefined,
    what: `${who} ${did[state]} ${saw}${older}${ended}.`,
  }
}

function dismissed({ person, dismissal, commit }: Review): FactChange {
  const by = dismissal?.by ? code(dismissal.by.login) : 'An unknown user'
  const whose = person ? code(person.login) : 'a deleted account'
  const saw = commit ? ` of ${short(commit)}` : ''
  return { kind: 'review', at: undefined, what: `${by} dismissed the review${saw} by ${whose}.` }
}

function labels(before: Snapshot, after: Snapshot): FactChange[] {
  const had = new Set(before.labels.map(keyOf))
  const has = new Set(after.labels.map(({ name }) => name))
  return [
    ...after.labels.filter((label) => !had.has(keyOf(label))).map(labelled),
    ...before.labels
      .filter(({ name }) => !has.has(name))
      .map(({ name }) => ({ kind: 'label', at: undefined, what: `The label ${code(name)} was removed.` })),
  ]
}

function keyOf({ name, at }: Label): string {
  return JSON.stringify([name, at])
}

function labelled({ name, by, at }: Label): FactChange {
  const who = by ? code(by.login) : 'An unknown user'
  return { kind: 'label', at: at ?? undefined, what: `${who} added the label ${code(name)}.` }
}

function freezes({ frozen: before }: Snapshot, { frozen: after }: Snapshot): FactChange[] {
  if (before?.since === after?.since && before?.reason === after?.reason) return []
  if (!after) return [{ kind: 'freeze', at: undefined, what: 'The freeze ended.' }]
  const what = `${code(after.by)} froze releases: ${code(after.reason, 140)}.`
  return [{ kind: 'freeze', at: after.since, what }]
}

function others(before: Snapshot, after: Snapshot): FactChange[] {
  const changes: [boolean, string, string][] = [
    [before.title !== after.title, 'title', `The title is now ${code(after.title, 200)}.`],
    [before.base.ref !== after.base.ref, 'base', `It is now for ${code(after.base.ref)}.`],
    [before.draft !== after.draft, 'draft', after.draft ? 'It is a draft again.' : 'It is ready for review.'],
    [before.state !== after.state, 'state', stateText(after)],
  ]
  return changes.flatMap(([isChanged, kind, what]) => (isChanged ? [{ kind, at: undefined, what }] : []))
}

function stateText({ state }: Snapshot): string {
  if (state === 'open') return 'It was reopened.'
  return state === 'merged' ? 'It was merged.' : 'It was closed without a merge.'
}
