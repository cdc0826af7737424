import { formatTime } from '../decision/calendar.ts'
import { code } from '../decision/markdown.ts'
import { covers } from '../decision/policy.ts'
import type { Label } from '../decision/snapshot.ts'
import { timeZoneOf } from '../decision/window-settings.ts'
import { readPull } from '../services/github/pulls.ts'
import { postedRun } from '../store/check-runs.ts'
import { latestHold } from '../store/comment-commands.ts'
import type { Purpose } from '../store/write-budget.ts'
import {
  type CommandContext,
  type Facts,
  findLabel,
  hasRole,
  type Outcome,
  refused,
} from './command-context.ts'
import { addLabelForPerson, earlierAttempt, labelHistory, removeLabelForPerson } from './labels.ts'

/** A hold that is on is left as it is, whoever put it on, unless an earlier attempt for this comment did. */
export async function runHold(context: CommandContext, facts: Facts): Promise<Outcome> {
  const problem = notAllowed(context, facts)
  if (problem !== undefined) return refused(problem)
  const { snapshot } = facts
  const label = labelOf(facts)
  const head = snapshot.head.sha
  const before = await labelHistory(context, label)
  const earlier = await earlierAttempt(context, before, context.comment.at)
  if (earlier !== undefined) return { outcome: 'done', change: { label, head, event: earlier } }
  if (before.added || findLabel(snapshot, label))
    return { outcome: 'done', ...(before.added ? {} : { change: { label, head } }) }
  const event = await addLabelForPerson(context, label, {
    before,
    isOn: false,
    purpose: await purposeOn(context, head),
  })
  return { outcome: 'done', change: { label, head, event } }
}

/** Only what was on hold when the comment was written: it may come late, and a hold that was placed since stays. */
export async function runUnhold(context: CommandContext, facts: Facts): Promise<Outcome> {
  const problem = notAllowed(context, facts)
  if (problem !== undefined) return refused(problem)
  const label = labelOf(facts)
  const on = findLabel(facts.snapshot, label)
  const since = await heldSince(context, on)
  if (since !== undefined) return refused(since)
  if (on) await removeLabelForPerson(context, label)
  return { outcome: 'done', change: { label, head: facts.snapshot.head.sha } }
}

/**
 * Written before the merge and carried out after it, such as when GitHub could not be read: nothing can be held, so it is recorded and
 * announced.
 */
export async function holdAfterMerge(context: CommandContext, facts: Facts): Promise<Outcome | undefined> {
  const { github, pull, comment, command } = context
  const { snapshot, policy } = facts
  const { base } = snapshot
  if (command.name !== 'hold' || snapshot.state !== 'merged' || notAllowed(context, facts)) return undefined
  if (!covers(policy, base.ref, base.defaultBranch)) return undefined
  const mergedAt = (await readPull(github, pull))?.merged_at
  if (!mergedAt || Date.parse(comment.at) > Date.parse(mergedAt)) return undefined
  const zone = timeZoneOf(policy.gates)
  const at = formatTime(new Date(mergedAt), zone)
  return {
    ...refused(`This pull request was merged (${at}) before it could be put on hold. That is recorded.`),
    late: { label: labelOf(facts), mergedAt, snapshot, zone },
  }
}

function labelOf({ policy }: Facts): string {
  return policy.gates.hold?.label ?? 'hold'
}

/** Labels take triage access on GitHub, and so do these. */
function notAllowed({ authority, command, comment }: CommandContext, { policy }: Facts): string | undefined {
  if (!policy.gates.hold)
    return `The gate ${code('hold')} is not on for this pull request, so the label would not block it.`
  return authority.triages
    ? undefined
    : `${code(`/${command.name}`)} needs triage access. ${hasRole(comment.by, authority)}`
}

async function heldSince(
  { shell, pull, comment }: CommandContext,
  on: Label | undefined,
): Promise<string | undefined> {
  if (on && on.at === null)
    return 'GitHub does not say when the label was added, so it stays. Remove it by hand.'
  if (on && isSince(on, comment)) return heldAgain(on.by?.login)
  const held = await latestHold(shell.database, pull)
  if (!held) return undefined
  const later = held.at.getTime() - Date.parse(comment.at)
  return later > 0 || (later === 0 && held.comment > comment.id) ? heldAgain(held.by) : undefined
}

/** In the same second, only a label of an earlier comment is known to be older. */
function isSince({ at, order }: Label, comment: CommandContext['comment']): boolean {
  const later = Date.parse(at ?? comment.at) - Date.parse(comment.at)
  return later > 0 || (later === 0 && !(order && order.comment < comment.id))
}

function heldAgain(login: string | undefined): string {
  const by = login === undefined ? '' : ` by ${code(login)}`
  return `It was put on hold again${by} since, so it stays on hold. Write ${code('/unhold')} again to release it.`
}

/** The writes that are kept for revoking green checks are only for that. */
async function purposeOn({ shell, pull }: CommandContext, sha: string): Promise<Purpose> {
  const posted = await postedRun(shell.database, { ...pull, sha })
  return posted?.outstanding ? 'revoke green' : 'update'
}
