import { commentTaskSchema } from '../decision/comment-task.ts'
import { policyFor } from '../policy/policy-source.ts'
import { authorityIn } from '../services/github/authority.ts'
import { readComment } from '../services/github/comments.ts'
import { commentCommand } from '../store/comment-commands.ts'
import { reply } from './answering.ts'
import { commandsIn } from './commands-in.ts'
import type { CommentShell, Task } from './shell.ts'

const notDone =
  'This could not be carried out: it was tried for about half an hour. Write it again, or set the label by hand. The log of release-gate says what failed.'

/** Says below a comment that nothing came of its command, as far as GitHub can be reached by now: a hold may be missing. */
export async function giveUpCommand(shell: CommentShell, data: object): Promise<void> {
  const { data: task } = commentTaskSchema.safeParse(data)
  if (!task) return
  try {
    await sayNotDone(shell, task)
  } catch (error) {
    shell.log.warn({ comment: task.comment, problem: String(error) }, 'A lost command could not be answered')
  }
}

async function sayNotDone(shell: CommentShell, task: Task): Promise<void> {
  const { pull, comment: id } = task
  if (await commentCommand(shell.database, pull, id)) return
  const github = await shell.github(pull.installationId)
  const applicable = await policyFor(shell, github, pull)
  if (applicable.kind !== 'policy' || applicable.policy.commands !== true) return
  const comment = await readComment(github, pull, id)
  if (!comment?.by || commandsIn(comment.body).length === 0) return
  if (!(await authorityIn(github, pull, comment.by)).triages) return
  await reply(shell, github, pull, {
    comment: id,
    reaction: 'confused',
    text: notDone,
    since: comment.at,
    purpose: 'update',
  })
}
