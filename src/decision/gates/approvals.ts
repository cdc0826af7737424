import { z } from 'zod'
import { approvalDetails } from '../approval-details.ts'
import { withoutSuggesters } from '../contributors.ts'
import { type ApprovalCount, countApprovals, untrustedBots } from '../count-approvals.ts'
import { defineGate, type Finding, failed, passed, type Step, waiting } from '../gate.ts'
import { code, list, plural } from '../markdown.ts'
import type { Snapshot } from '../snapshot.ts'
import { unattributedFinding } from '../unattributed.ts'
import { unusableTeams } from '../unusable-teams.ts'
import { timeZoneOf } from '../window-settings.ts'

const settings = z
  .strictObject({
    count: z.int().min(1).default(2).describe('How many different people must approve this content.'),
    teams: z
      .array(
        z
          .string()
          .regex(
            /^[\w.-]+(\/[\w.-]+)?$/,
            'write a team as its slug, such as "operations" or "acme/operations"',
          ),
      )
      .default([])
      .describe('Teams that must each have a member among the approvers.'),
    unattributed: z
      .enum(['fail', 'ignore'])
      .default('fail')
      .describe('What to do with commits whose author or committer is not linked to a GitHub account.'),
    bots: z
      .enum(['one_more', 'none'])
      .default('one_more')
      .describe(
        'Whether a bot that wrote or pushed part of the change, with no person responsible for it, adds one to the required approvals. `none`: not for `trusted_bots`.',
      ),
    trusted_bots: z
      .array(z.string().regex(/^[\w-]{1,60}\[bot\]$/, 'write the login of a bot, such as "dependabot[bot]"'))
      .max(50)
      .default([])
      .describe('The bots that `bots: none` applies to.'),
    suggestions: z
      .enum(['bar', 'allow'])
      .default('bar')
      .describe(
        'Whether someone whose review suggestion was committed by somebody else counts as a contributor, who cannot approve.',
      ),
    request_reviews: z
      .boolean()
      .default(false)
      .describe('Whether to request reviews from people whose approval is stale and from missing teams.'),
  })
  .refine(({ bots, trusted_bots }) => (bots === 'none') === trusted_bots.length > 0, {
    path: ['bots'],
    error: '`bots: none` is for the bots in `trusted_bots`; write both, or neither',
  })

type Settings = z.output<typeof settings>

/** Two people who did not write the change have approved this content. */
export const approvals = defineGate({
  title: 'Approvals',
  settings,
  tightens: (after, than) =>
    after.count >= than.count &&
    than.teams.every((team) => after.teams.includes(team)) &&
    (after.unattributed === 'fail' || than.unattributed === 'ignore') &&
    (after.bots === 'one_more' || than.bots === 'none') &&
    after.trusted_bots.every((bot) => than.trusted_bots.includes(bot)) &&
    (after.suggestions === 'bar' || than.suggestions === 'allow'),
  evaluate(snapshot, policy, gates = {}) {
    const tally = countApprovals(snapshot, policy)
    const finding =
      unattributedFinding(snapshot, policy.unattributed) ??
      blocked(tally) ??
      unusableTeams(tally.missingTeams, snapshot, 'approvals.teams') ??
      drafted(snapshot) ??
      enough(tally, snapshot, policy)
    const shown = policy.suggestions === 'allow' ? withoutSuggesters(snapshot) : snapshot
    return { ...finding, details: approvalDetails(tally, shown, timeZoneOf(gates)) }
  },
})

function blocked(tally: ApprovalCount): Finding | undefined {
  if (tally.blocks.length === 0) return undefined
  const names = list(tally.blocks.map(({ person }) => code(person.login)))
  return failed(
    `Changes requested by ${list(tally.blocks.map(({ person }) => person.login))}`,
    `${names} requested changes. This clears when the same person approves, or when the review is dismissed.`,
    { who: names },
  )
}

function drafted(snapshot: Snapshot): Finding | undefined {
  if (!snapshot.draft) return undefined
  return waiting('Draft: not ready for review', 'Mark the pull request as ready for review.', {
    who: 'The author',
  })
}

function enough(tally: ApprovalCount, snapshot: Snapshot, policy: Settings): Finding {
  const missing = Math.max(0, tally.needed - tally.counted.length)
  const names = tally.counted.map(({ review }) => code(review.person.login))
  if (missing === 0 && tally.missingTeams.length === 0) {
    return passed(`Approved by ${plural(names.length, 'person', 'people')}`, `Approved by ${list(names)}.`)
  }
  const title =
    missing === 0
      ? `Waiting for an approval from ${list(tally.missingTeams)}`
      : `Waiting for ${missing} ${names.length > 0 ? 'more ' : ''}${missing === 1 ? 'approval' : 'approvals'}`
  return waiting(title, whatIsMissing(tally, snapshot, policy, missing, names), {
    who: whoCanApprove(tally),
    ...(policy.request_reviews ? { next: requests(tally) } : {}),
  })
}

function whatIsMissing(
  tally: ApprovalCount,
  snapshot: Snapshot,
  policy: Settings,
  missing: number,
  names: string[],
): string {
  const stale = tally.stale.map(({ review }) => code(review.person.login))
  const sentences = [
    names.length > 0 ? `Approved by ${list(names)}.` : 'No approvals yet.',
    missing > 0 ? `${plural(tally.needed, 'approval is', 'approvals are')} needed.` : '',
    stale.length > 0
      ? `${list(stale)} approved an older version and ${stale.length === 1 ? 'needs' : 'need'} to approve again.`
      : '',
    tally.missingTeams.length > 0
      ? `Nobody from ${list(
          tally.missingTeams.map((team) => code(team)),
          'or',
        )} has approved yet.`
      : '',
    hiddenPeople(snapshot, policy),
    snapshot.head.pushersHidden ? hiddenPushers : '',
  ]
  return sentences.filter((each) => each !== '').join(' ')
}

const hiddenPushers =
  'The branch is in a fork that does not show who pushed to it, so one more approval is needed than usual.'

function hiddenPeople(snapshot: Snapshot, policy: Settings): string {
  const bots = untrustedBots(snapshot, policy)
  if (bots.length === 0) return ''
  const names = list(bots.map(({ login }) => code(login)))
  const more = bots.length === 1 ? 'one more approval is' : `${bots.length} more approvals are`
  return `${names} wrote or pushed part of this change, and no person is known to be responsible for it, so ${more} needed than usual.`
}

function whoCanApprove({ missingTeams }: ApprovalCount): string {
  const teams =
    missingTeams.length > 0 ? `, including someone from ${list(missingTeams.map((team) => code(team)))}` : ''
  return `Anyone with write access who did not work on this change${teams}`
}

/** People whose approval is stale can approve again; people who cannot approve are never asked. */
function requests(tally: ApprovalCount): Step[] {
  const logins = tally.stale.map(({ review }) => review.person.login)
  const teams = tally.missingTeams
  return logins.length + teams.length > 0 ? [{ kind: 'request-reviews', logins, teams }] : []
}
