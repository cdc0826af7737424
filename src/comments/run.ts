import { commentTaskSchema } from '../decision/comment-task.ts'
import { policyFor } from '../policy/policy-source.ts'
import { authorityIn } from '../services/github/authority.ts'
import type { GitHub } from '../services/github/client.ts'
import { type PullComment, readComment } from '../services/github/comments.ts'
import {
  type CommentCommand,
  commentCommand,
  markAnswered,
  outsiderCommands,
} from '../store/comment-commands.ts'
import { reply } from './answering.ts'
import { runCommand } from './carrying-out.ts'
import type { CommandContext, Outcome } from './command-context.ts'
import { commandsIn } from './commands-in.ts'
import { digestOf } from './digest.ts'
import { saveOutcome } from './saving.ts'
import type { CommentShell, Task } from './shell.ts'

/** So many commands of people without triage access are answered in an hour, of all of them together. */
const outsidersAnHour = { here: 3, everywhere: 30 }
const hour = 3_600_000

/**
 * The job of the queue `commands`. Idempotent: what was decided is kept before it is answered, and each comment is acted on once,
 * however often it is delivered.
 */
export async function runCommentTask(shell: CommentShell, data: object, signal: AbortSignal): Promise<void> {
  const task = commentTaskSchema.parse(data)
  const { database, now } = shell
  const kept = await commentCommand(database, task.pull, task.comment)
  if (kept?.answeredAt || (!kept && (await isFlooded(shell, task)))) return
  const github = await shell.github(task.pull.installationId)
  const decided = kept ?? (await decide(shell, github, task, signal))
  if (!decided) return
  await answer(shell, github, task, decided)
  await markAnswered(database, task.pull, task.comment, now())
}

/** Nothing is read from GitHub for someone who goes on after the limit. */
async function isFlooded(shell: CommentShell, { pull, author }: Task): Promise<boolean> {
  const lately = await latelyByOutsiders(shell, { pull, author })
  return isOver(lately) && lately.isKnown
}

function isOver({ here, everywhere }: { here: number; everywhere: number }): boolean {
  return here >= outsidersAnHour.here || everywhere >= outsidersAnHour.everywhere
}

function latelyByOutsiders({ database, now }: CommentShell, { pull, author }: Pick<Task, 'pull' | 'author'>) {
  return outsiderCommands(database, pull, new Date(now().getTime() - hour), author)
}

/** Undefined: there is no command to act on, and nothing to say. */
async function decide(
  shell: CommentShell,
  github: GitHub,
  task: Task,
  signal: AbortSignal,
): Promise<CommentCommand | undefined> {
  const { pull, comment: id } = task
  const applicable = await policyFor(shell, github, pull)
  if (applicable.kind !== 'policy' || applicable.policy.commands !== true) return undefined
  const comment = await readComment(github, pull, id)
  if (!comment || !isAsWritten(comment, task)) return undefined
  const commands = commandsIn(comment.body)
  const [command, ...more] = commands
  if (!command || !comment.by) return undefined
  const authority = await authorityIn(github, pull, comment.by)
  signal.throwIfAborted()
  const context: CommandContext = {
    shell,
    github,
    pull,
    applicable,
    command,
    comment: { ...comment, id, by: comment.by },
    authority,
    signal,
  }
  const name = commands.map((one) => `/${one.name}`).join(' ')
  if (!authority.triages && isOver(await latelyByOutsiders(shell, task))) return ignore(context, name)
  return saveOutcome(context, name, more.length > 0 ? onlyOne : await runCommand(context))
}

/** Kept, so that this person's next ones are not read. */
async function ignore(context: CommandContext, name: string): Promise<undefined> {
  await saveOutcome(context, name, { outcome: 'refused', silent: true })
}

const onlyOne: Outcome = {
  outcome: 'unclear',
  answer: 'Use one command per comment. This one has several, so none was carried out.',
}

/** By the person who wrote it, never edited since: anyone with write access can edit the comments of others. */
function isAsWritten({ by, body, edited }: PullComment, { author, digest }: Task): boolean {
  return by?.type === 'User' && by.id === author && !edited && digestOf(body) === digest
}

const reactions = { done: '+1', refused: '-1', unclear: 'confused' } as const

async function answer(
  shell: CommentShell,
  github: GitHub,
  { pull, comment }: Task,
  { outcome, answer: text, outsider, commentedAt }: CommentCommand,
): Promise<void> {
  const purpose = outsider ? 'update for outsiders' : 'update'
  const since = commentedAt.toISOString()
  await reply(shell, github, pull, { comment, reaction: reactions[outcome], text, since, purpose })
}
