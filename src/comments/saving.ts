import { appendRecord } from '../store/audit.ts'
import { type CommentCommand, saveCommentCommand } from '../store/comment-commands.ts'
import { markPullChanged } from '../store/verdicts/changes.ts'
import type { Command } from './commands-in.ts'
import type { Doing, Outcome } from './doing.ts'

/** Keeps what was decided, with the record of what was done and the evaluation of what that changed, all or nothing. */
export async function save(doing: Doing, command: string, outcome: Outcome): Promise<CommentCommand> {
  const { shell, pull, comment, authority, signal } = doing
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
