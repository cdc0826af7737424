import type { GitHub } from '../services/github/client.ts'
import { answerComment, isAnswered, react } from '../services/github/comments.ts'
import type { Purpose } from '../store/write-budget.ts'
import { type CommentShell, reserve, type Task } from './shell.ts'

type Reply = {
  comment: number
  reaction: Parameters<typeof react>[3]
  text: string | null
  /** When the comment was written. */
  since: string
  purpose: Purpose
}

/** Reacts to a comment and answers it, each once. */
export async function reply(
  shell: CommentShell,
  github: GitHub,
  pull: Task['pull'],
  { comment: id, reaction, text, since, purpose }: Reply,
): Promise<void> {
  await reserve(shell, pull, purpose)
  if (!(await react(github, pull, id, reaction)) || text === null) return
  const { number } = pull
  if (await isAnswered(github, pull, { number, id, since })) return
  await reserve(shell, pull, purpose)
  await answerComment(github, pull, { number, id, text })
}
