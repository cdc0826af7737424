import type { Label, Person, Review } from '../../decision/snapshot.ts'
import type { GitHub } from './client.ts'
import { personOf } from './people.ts'

type Repository = { owner: string; repo: string }

/** What the issue's events tell, which neither the pull request nor its reviews do. */
export type Timeline = {
  /** For each label by its name: who put it on last, and when. */
  labelled: Map<string, { by: Person | null; at: string }>
  dismissals: Map<number, NonNullable<Review['dismissal']>>
  /** When the pull request was last pointed at another base. */
  baseChangedAt?: string
  /** How often it was. */
  baseChanges: number
}

/** The part of GitHub's many kinds of issue event that is read here. */
type Event = {
  event: string
  actor: Parameters<typeof personOf>[0]
  created_at: string
  label?: { name?: string | null }
  dismissed_review?: { state: string; review_id: number }
}

/** Reads the whole history of a pull request's events, oldest first as GitHub gives them. */
export async function readTimeline(
  github: GitHub,
  repository: Repository,
  number: number,
): Promise<Timeline> {
  const events = await github.paginate(github.rest.issues.listEvents, {
    ...repository,
    issue_number: number,
    per_page: 100,
  })
  const timeline: Timeline = { labelled: new Map(), dismissals: new Map(), baseChanges: 0 }
  for (const event of events) note(event as Event, timeline)
  return timeline
}

function note(event: Event, timeline: Timeline): void {
  const { event: kind, actor, created_at: at } = event
  if (kind === 'labeled' && event.label?.name)
    timeline.labelled.set(event.label.name, { by: personOf(actor), at })
  if (kind === 'unlabeled' && event.label?.name) timeline.labelled.delete(event.label.name)
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

/** The labels that are on now, each with who put it on last. Labels are matched without regard to case, as GitHub does. */
export function labelsOf(names: string[], timeline: Timeline): Label[] {
  const byName = new Map([...timeline.labelled].map(([name, entry]) => [name.toLowerCase(), entry]))
  return names.map((name) => {
    const entry = byName.get(name.toLowerCase())
    return { name, by: entry?.by ?? null, at: entry?.at ?? null }
  })
}
