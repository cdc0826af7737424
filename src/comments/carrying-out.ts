import { formatTime } from '../decision/calendar.ts'
import { noWindow } from '../decision/gates/release-window.ts'
import { code } from '../decision/markdown.ts'
import { effectivePolicy } from '../decision/overrides.ts'
import { covers, type Policy } from '../decision/policy.ts'
import { checkReport } from '../decision/report.ts'
import type { Label, Person, Snapshot } from '../decision/snapshot.ts'
import { evaluateUrgency } from '../decision/urgent.ts'
import { decide } from '../decision/verdict.ts'
import { withOwnFacts } from '../gate/own-facts.ts'
import { wantedFactsOf } from '../gate/snapshot-verdict.ts'
import type { ApplicablePolicy } from '../policy/policy-source.ts'
import type { RepositoryAuthority } from '../services/github/authority.ts'
import type { GitHub } from '../services/github/client.ts'
import type { PullComment } from '../services/github/comments.ts'
import { readSnapshot } from '../services/github/snapshot.ts'
import { orderedLabel } from '../services/github/timeline.ts'
import { appendRecord } from '../store/audit.ts'
import { type CommentCommand, saveCommentCommand } from '../store/comment-commands.ts'
import { factStore } from '../store/facts.ts'
import { markPullChanged } from '../store/verdicts/changes.ts'
import type { Command } from './commands-in.ts'
import { putOn, takeOff } from './labels.ts'
import type { CommentShell, Task } from './shell.ts'

/** A command with who wrote it, what they may do in the repository now, and the policy that applies. */
export type Doing = {
  shell: CommentShell
  github: GitHub
  pull: Task['pull']
  applicable: Extract<ApplicablePolicy, { kind: 'policy' }>
  command: Command
  comment: PullComment & { id: number; by: Person }
  authority: RepositoryAuthority
}

/** `change`: what was done to a label, which is recorded. `event`: by which the App put it on. */
export type Outcome = {
  outcome: CommentCommand['outcome']
  answer?: string
  change?: { label: string; head: string; event?: number | undefined }
}

type Facts = { snapshot: Snapshot; policy: Policy }

/** Does what a command asks for, if whoever wrote it may. What it needs is read now. */
export async function carryOut(doing: Doing): Promise<Outcome> {
  const facts = await readFacts(doing)
  if (!facts) return refused('GitHub does not find this pull request.')
  const problem = notHere(doing, facts)
  if (problem !== undefined) return refused(problem)
  switch (doing.command.name) {
    case 'why':
      return { outcome: 'done', answer: whyNot(facts) }
    case 'recheck':
      await doing.shell.queue.enqueueEvaluate(doing.pull)
      return { outcome: 'done' }
    case 'hold':
    case 'unhold':
      return holdOrRelease(doing, facts)
    case 'urgent':
      return markUrgent(doing, facts)
  }
}

function refused(answer: string): Outcome {
  return { outcome: 'refused', answer }
}

async function readFacts(doing: Doing, proposed?: Label): Promise<Facts | undefined> {
  const { shell, github, pull, applicable } = doing
  const { database, now } = shell
  const wanted = { ...wantedFactsOf(applicable.policy), ...(proposed ? { proposed } : {}) }
  const read = await readSnapshot(github, pull, wanted, factStore(database, now), now)
  if (!read) return undefined
  const snapshot = await withOwnFacts({ ...shell, github }, read.snapshot, applicable)
  return { snapshot, policy: effectivePolicy(applicable.policy, snapshot) }
}

function notHere({ applicable: { policy } }: Doing, { snapshot }: Facts): string | undefined {
  const { state, base } = snapshot
  if (state !== 'open') return 'This pull request is not open, so there is nothing to do.'
  return covers(policy, base.ref, base.defaultBranch)
    ? undefined
    : `The policy does not cover the branch ${code(base.ref)}, so there is nothing to do.`
}

/** What is missing at a time: a comment stays as it is, unlike the check. */
function whyNot({ snapshot, policy }: Facts): string {
  const verdict = decide(snapshot, policy)
  const open = verdict.findings.filter(({ state }) => state !== 'passed')
  const zone = policy.gates.release_window?.time_zone ?? 'UTC'
  const at = formatTime(new Date(snapshot.takenAt), zone)
  const { summary } = checkReport({ ...verdict, findings: open }, { head: snapshot.head })
  return open.length > 0 ? `${at}:\n\n${summary}` : `${at}: Ready to merge. ${summary}`
}

/** Labels take triage access on GitHub, and so do these. */
async function holdOrRelease(doing: Doing, { snapshot, policy }: Facts): Promise<Outcome> {
  const { authority, comment, command } = doing
  const { hold } = policy.gates
  if (!hold)
    return refused(
      `The gate ${code('hold')} is not on for this pull request, so the label would not block it.`,
    )
  if (!authority.triages)
    return refused(`${code(`/${command.name}`)} needs triage access. ${hasRole(comment.by, authority)}`)
  const { label } = hold
  const head = snapshot.head.sha
  if (command.name === 'unhold') {
    await takeOff(doing, label)
    return { outcome: 'done', change: { label, head } }
  }
  const on = find(snapshot, label)
  if (on && on.by?.type !== 'Bot') return { outcome: 'done' }
  // It may be the App's own, of an attempt that ended before it was recorded.
  const event = await putOn(doing, label, { renew: false, purpose: 'revoke green' })
  return event === undefined ? { outcome: 'done' } : { outcome: 'done', change: { label, head, event } }
}

function hasRole({ login }: Person, { role }: RepositoryAuthority): string {
  return `${code(login)} has the role ${code(role)}.`
}

function find({ labels }: Snapshot, name: string): Label | undefined {
  return labels.find((label) => label.name.toLowerCase() === name.toLowerCase())
}

/**
 * The label is read as if this person had put it on when they wrote the comment. Only where it would count is it put on, in place of
 * one that is there.
 */
async function markUrgent(doing: Doing, { policy }: Facts): Promise<Outcome> {
  const { comment, command } = doing
  const reason = command.name === 'urgent' ? command.reason : undefined
  if (reason === undefined)
    return { outcome: 'unclear', answer: `Give a reason: ${code('/urgent <reason>')}.` }
  const { label } = urgentSettings(policy)
  const proposed = orderedLabel(label, { by: comment.by, at: comment.at, comment: comment.id, reason })
  const facts = await readFacts(doing, proposed)
  if (!facts) return refused('GitHub does not find this pull request.')
  const urgency = evaluateUrgency(facts.snapshot, urgentSettings(facts.policy))
  if (urgency.state !== 'valid')
    return refused(
      `The label ${code(label)} would not count: ${urgency.state === 'void' ? urgency.why : 'another label is the urgent one here'}.`,
    )
  const event = await putOn(doing, label, { renew: true, purpose: 'update' })
  return { outcome: 'done', change: { label, head: facts.snapshot.head.sha, event } }
}

function urgentSettings(policy: Policy) {
  return (policy.gates.release_window ?? noWindow).urgent
}

/** Keeps what was decided, with the record of what was done and the evaluation of what that changed, all or nothing. */
export async function save(doing: Doing, command: string, outcome: Outcome): Promise<CommentCommand> {
  const { shell, pull, comment, authority } = doing
  const at = shell.now()
  const kept: CommentCommand = {
    comment: comment.id,
    command,
    outcome: outcome.outcome,
    answer: outcome.answer ?? null,
    by: { id: comment.by.id, login: comment.by.login },
    outsider: !authority.triages,
    commentedAt: new Date(comment.at),
    decidedAt: at,
    answeredAt: null,
    labelEvent: outcome.change?.event ?? null,
    reason: reasonOf(doing.command),
  }
  await shell.database.transaction(async (tx) => {
    await saveCommentCommand(tx, pull, kept)
    const { change } = outcome
    if (!change) return
    const { installationId } = pull
    await appendRecord(tx, {
      installationId,
      kind: 'comment command',
      at,
      body: recordOf(doing, kept, change),
    })
    const green = await markPullChanged(tx, pull, change.head)
    await shell.queue.enqueueAll([{ pull, green }], { tx })
  })
  return kept
}

function recordOf(
  { pull, authority, comment }: Doing,
  kept: CommentCommand,
  change: NonNullable<Outcome['change']>,
) {
  const { by, command, reason } = kept
  return {
    pull,
    command,
    comment: comment.id,
    commentedAt: comment.at,
    by: by.login,
    byId: by.id,
    role: authority.role,
    label: change.label,
    head: change.head,
    ...(change.event === undefined ? {} : { event: change.event }),
    ...(reason === null ? {} : { reason }),
  }
}

function reasonOf(command: Command): string | null {
  return 'reason' in command ? (command.reason ?? null) : null
}
