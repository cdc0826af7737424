import type { Notice } from '../decision/notice.ts'
import { appendRecord } from '../store/audit.ts'
import { type CommentCommand, saveCommentCommand } from '../store/comment-commands.ts'
import type { Transaction } from '../store/database.ts'
import { markPullChanged } from '../store/verdicts/changes.ts'
import type { CommandContext, Outcome } from './command-context.ts'
import type { Command } from './commands-in.ts'

/** Keeps what was decided, with the record of what was done and the evaluation of what that changed, all or nothing. */
export async function saveOutcome(
  context: CommandContext,
  command: string,
  outcome: Outcome,
): Promise<CommentCommand> {
  const { shell, pull, comment, authority, signal } = context
  signal.throwIfAborted()
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
    answeredAt: outcome.silent ? at : null,
    labelEvent: outcome.change?.event ?? null,
    reason: reasonOf(context.command),
  }
  await shell.database.transaction(async (tx) => {
    await saveCommentCommand(tx, pull, kept)
    if (outcome.change) await saveChange(tx, context, kept, outcome.change)
    if (outcome.late) await saveLateHold(tx, context, kept, outcome.late)
  })
  return kept
}

type Change = NonNullable<Outcome['change']>

async function saveChange(tx: Transaction, context: CommandContext, kept: CommentCommand, change: Change) {
  const { shell, pull } = context
  await record(tx, context, kept, recordOf(context, kept, change))
  const changed = await markPullChanged(tx, pull, change.head)
  await shell.queue.enqueueAll(changed, { tx })
}

async function saveLateHold(
  tx: Transaction,
  context: CommandContext,
  kept: CommentCommand,
  late: NonNullable<Outcome['late']>,
) {
  const { label, mergedAt, snapshot } = late
  const body = recordOf(context, kept, { label, head: snapshot.head.sha })
  await record(tx, context, kept, { ...body, tooLate: { mergedAt } })
  await context.shell.queue.enqueueNotice(lateHoldNotice(context, kept, late), { tx })
}

async function record(
  tx: Transaction,
  { pull }: CommandContext,
  { decidedAt: at }: CommentCommand,
  body: object,
) {
  const { installationId } = pull
  await appendRecord(tx, { installationId, kind: 'comment command', at, body })
}

function lateHoldNotice(
  { shell, pull, comment }: CommandContext,
  { by, reason }: CommentCommand,
  { mergedAt, snapshot, zone }: NonNullable<Outcome['late']>,
): Notice {
  const { installationId, repositoryId, owner, repo, number } = pull
  const url = `${shell.web ?? 'https://github.com'}/${owner}/${repo}/pull/${number}`
  const author = snapshot.author ? { author: snapshot.author.login } : {}
  return {
    kind: 'late hold',
    key: `late-hold/${repositoryId}/${comment.id}`,
    repository: { installationId, repositoryId, owner, repo },
    pull: { number, title: snapshot.title, url, ...author },
    by: by.login,
    url: `${url}#issuecomment-${comment.id}`,
    at: comment.at,
    mergedAt,
    zone,
    ...(reason === null ? {} : { reason }),
  }
}

function recordOf({ pull, authority, comment }: CommandContext, kept: CommentCommand, change: Change) {
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
