import { z } from 'zod'
import { pullRefSchema } from './snapshot.ts'

/**
 * The jobs of the queue `commands`: a comment on a pull request that may hold a command. `digest` is that of its text when it was
 * written, so that a text that was changed within the same second counts as edited too.
 */
export const commentTaskSchema = z.object({
  pull: pullRefSchema.omit({ requestedBy: true }),
  comment: z.int().positive(),
  author: z.int().positive(),
  digest: z.string().min(1),
  /** GitHub called the author an owner, a member or a collaborator. Only for the order of the jobs. */
  insider: z.boolean().optional(),
})

export type CommentTask = z.infer<typeof commentTaskSchema>

/** Equal keys are one job. */
export function keyOfComment({ pull, comment }: CommentTask): string {
  return [pull.installationId, pull.repositoryId, comment].join('/')
}

/** Longer comments are not read for commands: a Markdown parser can be kept busy with them. */
const longest = 10_000

/** Whether a text may hold a command, told without parsing it. */
export function mayHoldCommand(text: string): boolean {
  return text.length <= longest && /^\/(why|recheck|hold|unhold|urgent)\b/im.test(text)
}
