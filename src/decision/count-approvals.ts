import { withoutSuggesters } from './contributors.ts'
import { type Approval, evaluateApproval, type SignedReview, standingReviews } from './reviews.ts'
import type { Person, Snapshot } from './snapshot.ts'

/** The reviews of a snapshot, grouped by their meaning for the gate. */
export type ApprovalCount = {
  counted: Extract<Approval, { counts: true }>[]
  stale: Extract<Approval, { counts: false }>[]
  void: Extract<Approval, { counts: false }>[]
  /** Standing requests for changes by people with write permission. */
  blocks: SignedReview[]
  needed: number
  missingTeams: string[]
}

/** Policies stored by earlier versions have settings for neither bots nor suggestions. */
type Trust = { bots?: 'one_more' | 'none'; trusted_bots?: string[] }
type Wanted = Trust & { count: number; teams: string[]; suggestions?: 'bar' | 'allow' }

/**
 * Counts approvals. Each bot without a known person may be controlled by an approver, and so may a fork with unreadable pushes,
 * so each requires one more.
 */
export function countApprovals(facts: Snapshot, wanted: Wanted): ApprovalCount {
  const snapshot = wanted.suggestions === 'allow' ? withoutSuggesters(facts) : facts
  const standing = standingReviews(snapshot.reviews)
  const evaluated = standing
    .filter(({ state }) => state === 'APPROVED')
    .map((review) => evaluateApproval(review, snapshot))
  const counted = evaluated.filter((approval) => approval.counts)
  const others = evaluated.filter((approval) => !approval.counts)
  const approvers = new Set(counted.map(({ review }) => review.person.id))
  return {
    counted,
    stale: others.filter(({ kind }) => kind === 'stale'),
    void: others.filter(({ kind }) => kind !== 'stale'),
    blocks: standing.filter(
      ({ state, person }) => state === 'CHANGES_REQUESTED' && snapshot.access[person.id]?.write,
    ),
    needed: wanted.count + untrustedBots(snapshot, wanted).length + (snapshot.head.pushersHidden ? 1 : 0),
    missingTeams: wanted.teams.filter((team) => !membersOf(team, snapshot).some((id) => approvers.has(id))),
  }
}

/** Bots without a responsible person, except those that the policy trusts by login. A person's login cannot end in `[bot]`. */
export function untrustedBots({ unownedBots }: Snapshot, { bots, trusted_bots = [] }: Trust): Person[] {
  const trusted = bots === 'none' ? trusted_bots.map((login) => login.toLowerCase()) : []
  return unownedBots.filter(({ login, type }) => type !== 'Bot' || !trusted.includes(login.toLowerCase()))
}

/** A team that could not be read has no members, even if its name is that of an inherited property. */
export function membersOf(team: string, { teams }: Snapshot): number[] {
  return Object.hasOwn(teams, team) ? (teams[team] ?? []) : []
}
