import { noWindow } from '../decision/freeze.ts'
import { code } from '../decision/markdown.ts'
import type { Policy } from '../decision/policy.ts'
import { evaluateUrgency } from '../decision/urgent.ts'
import { type Labelled, orderedLabel } from '../services/github/timeline.ts'
import {
  type CommandContext,
  type Facts,
  findLabel,
  type Outcome,
  readFacts,
  refused,
} from './command-context.ts'
import { addLabelForPerson, earlierAttempt, labelHistory, removalSince } from './labels.ts'

/**
 * The label is read as if this person had put it on when they wrote the comment. Only where it would count is it put on, in place of
 * one that is there. Whoever removed it since has the last word.
 */
export async function markUrgent(context: CommandContext, before: Facts): Promise<Outcome> {
  const { comment, command } = context
  const reason = command.name === 'urgent' ? command.reason : undefined
  if (reason === undefined)
    return { outcome: 'unclear', answer: `Give a reason: ${code('/urgent <reason>')}.` }
  const { label } = urgentSettings(before.policy)
  const proposed = orderedLabel(label, { by: comment.by, at: comment.at, comment: comment.id, reason })
  const facts = await readFacts(context, proposed)
  if (!facts) return refused('GitHub does not find this pull request.')
  const urgency = evaluateUrgency(facts.snapshot, urgentSettings(facts.policy))
  if (urgency.state !== 'valid')
    return refused(
      `The label ${code(label)} would not count: ${urgency.state === 'void' ? urgency.why : 'another label is the urgent one here'}.`,
    )
  const history = await labelHistory(context, label)
  const removal = removalSince(history, comment.at)
  if (removal) return refused(removedSince(label, removal))
  const isOn = findLabel(before.snapshot, label) !== undefined
  const event =
    (await earlierAttempt(context, history, comment.at)) ??
    (await addLabelForPerson(context, label, { before: history, isOn, purpose: 'update' }))
  return { outcome: 'done', change: { label, head: facts.snapshot.head.sha, event } }
}

function urgentSettings(policy: Policy) {
  return (policy.gates.release_window ?? noWindow).urgent
}

function removedSince(label: string, { by }: Labelled): string {
  const who = by ? code(by.login) : 'An unknown user'
  return `${who} removed the label ${code(label)} after this comment was written, so it stays off. Write the command again to add it.`
}
