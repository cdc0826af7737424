import type { Label, Person, Review } from '../../decision/snapshot.ts'
import type { LabelOrder } from '../../store/comment-commands.ts'
import type { GitHub } from './client.ts'
import { personOf } from './people.ts'
import { nameOf, type RepositoryName } from './repository.ts'

/** Facts from the issue events that are neither in the pull request nor in its reviews. */
export type Timeline = {
  /** For each label by its name in lower case, as GitHub matches names: who added it last, and when. */
  labelled: Map<string, Labelled & { name: string }>
  /** The same for who removed it last, also where it was added again since. */
  unlabelled: Map<string, Labelled>
  /** All of both, oldest first. */
  labelEvents: LabelEvent[]
  dismissals: Map<number, NonNullable<Review['dismissal']>>
  /** When the pull request was last pointed at another base. */
  baseChangedAt?: string
  /** How often it was. */
  baseChanges: number
  /** After the requested time: which labels were added and removed first. */
  later: { labels: Map<string, 'labeled' | 'unlabeled'>; dismissals: Map<number, Review['state']> }
}

export type Labelled = { by: Person | null; at: string; event: number }

/** That a label was added or removed. */
export type LabelEvent = { name: string; action: 'labeled' | 'unlabeled'; by: Person | null; at: string }

/** The part of GitHub's many kinds of issue event that is read here. */
type Event = {
  id: number
  event: string
  actor: Parameters<typeof personOf>[0]
  created_at: string
  label?: { name?: string | null }
  dismissed_review?: { state: string; review_id: number }
}

/**
 * Reads the whole history of a pull request's events, oldest first as GitHub gives them. `until`: what happened in a later
 * second is kept apart in `later`.
 */
export async function readTimeline(
  github: GitHub,
  repository: RepositoryName,
  number: number,
  until?: string,
): Promise<Timeline> {
  const events = await github.paginate(github.rest.issues.listEvents, {
    ...nameOf(repository),
    issue_number: number,
    per_page: 100,
  })
  const later = { labels: new Map(), dismissals: new Map() }
  const timeline: Timeline = {
    labelled: new Map(),
    unlabelled: new Map(),
    labelEvents: [],
    dismissals: new Map(),
    baseChanges: 0,
    later,
  }
  for (const event of events as Event[]) {
    if (isBy(event.created_at, until)) note(event, timeline)
    else noteLater(event, timeline)
  }
  return timeline
}

/** GitHub's times have no parts of a second: what happened in the same second counts as before. */
export function isBy(at: string, until: string | undefined): boolean {
  return until === undefined || Date.parse(at) <= Date.parse(until)
}

function noteLater({ event, label, dismissed_review: dismissed }: Event, { later }: Timeline): void {
  const name = label?.name?.toLowerCase()
  if ((event === 'labeled' || event === 'unlabeled') && name && !later.labels.has(name))
    later.labels.set(name, event)
  if (event === 'review_dismissed' && dismissed?.review_id)
    later.dismissals.set(dismissed.review_id, stateOf(dismissed.state))
}

function stateOf(was: string): Review['state'] {
  return was === 'approved' ? 'APPROVED' : was === 'changes_requested' ? 'CHANGES_REQUESTED' : 'COMMENTED'
}

/** Labels as they were read before. */
export type EarlierLabels = { takenAt: string; labels: { name: string }[] }

/**
 * The labels before the later events. No event says that a label was deleted from the repository or renamed: one that was on when
 * the pull request was read before, or was added since, counts as on.
 */
export function labelsBefore(
  names: string[],
  timeline: Timeline,
  before: EarlierLabels | undefined,
): string[] {
  const on = labelsBeforeEvents(names, timeline)
  if (!before) return on
  const isIn = (all: string[], key: string) => all.some((name) => name.toLowerCase() === key)
  const read = before.labels.map(({ name }) => name)
  const lost = [...timeline.labelled]
    .filter(([key, { at }]) => !isIn(on, key) && (isIn(read, key) || endOf(at) > Date.parse(before.takenAt)))
    .map(([, { name }]) => name)
  return [...on, ...lost]
}

/** The end of the second that GitHub gives. */
const endOf = (at: string) => Date.parse(at) + 1_000

function labelsBeforeEvents(names: string[], { later, labelled }: Timeline): string[] {
  const on = names.filter((name) => later.labels.get(name.toLowerCase()) !== 'labeled')
  const known = new Set(on.map((name) => name.toLowerCase()))
  const removed = [...later.labels].filter(([name, first]) => first === 'unlabeled' && !known.has(name))
  return [...on, ...removed.map(([name]) => labelled.get(name)?.name ?? name)]
}

function noteLabel({ id, event, actor, created_at: at, label }: Event, timeline: Timeline): void {
  const name = label?.name
  if (!name) return
  const key = name.toLowerCase()
  const what = { by: personOf(actor), at, event: id }
  if (event === 'labeled' || event === 'unlabeled')
    timeline.labelEvents.push({ name, action: event, by: what.by, at })
  if (event === 'labeled') timeline.labelled.set(key, { ...what, name })
  if (event === 'unlabeled') {
    timeline.labelled.delete(key)
    timeline.unlabelled.set(key, what)
  }
}

function note(event: Event, timeline: Timeline): void {
  const { event: kind, actor, created_at: at } = event
  noteLabel(event, timeline)
  if (kind === 'base_ref_changed' || kind === 'automatic_base_change_succeeded') {
    timeline.baseChangedAt = at
    timeline.baseChanges += 1
  }
  const dismissed = event.dismissed_review
  if (kind === 'review_dismissed' && dismissed?.review_id) {
    const was = dismissed.state
    if (was === 'approved' || was === 'changes_requested' || was === 'commented') {
      timeline.dismissals.set(dismissed.review_id, { by: personOf(actor), was })
    }
  }
}

/**
 * The current labels, each with who added it last. Labels are matched without regard to case, as GitHub does. One that a bot
 * added is a person's only where this very event is one that they ordered. Of an `unlisted` one nobody is known to have added it.
 */
export function labelsOf(
  names: string[],
  timeline: Timeline,
  { orders = [], unlisted = [] }: { orders?: LabelOrder[]; unlisted?: string[] } = {},
): Label[] {
  return names.map((name) => {
    if (unlisted.includes(name)) return { name, by: null, at: null }
    const { by = null, at = null, event } = labelledAs(timeline, name) ?? {}
    const order = by?.type === 'Bot' ? orders.find((one) => one.event === event) : undefined
    return order ? orderedLabel(name, order) : { name, by, at }
  })
}

/** Who added a label last, if it is on. */
export function labelledAs({ labelled }: Timeline, name: string): Labelled | undefined {
  return labelled.get(name.toLowerCase())
}

/** Who removed a label last. */
export function unlabelledAs({ unlabelled }: Timeline, name: string): Labelled | undefined {
  return unlabelled.get(name.toLowerCase())
}

/** As of the comment: the content that was there when it was written, whenever the App came to put the label on. */
export function orderedLabel(name: string, { by, at, comment, reason }: Omit<LabelOrder, 'event'>): Label {
  return { name, by, at, order: { comment, ...(reason === undefined ? {} : { reason }) } }
}
