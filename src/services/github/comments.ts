import type { Person } from '../../decision/snapshot.ts'
import type { GitHub } from './client.ts'
import { orGone, statusOfError } from './errors.ts'
import { personOf } from './people.ts'
import { nameOf, type RepositoryName } from './repository.ts'

/** A comment on a pull request as it stands. */
export type PullComment = { by: Person | null; body: string; at: string; edited: boolean }

/** Undefined: the comment was deleted. */
export async function readComment(
  github: GitHub,
  repository: RepositoryName,
  id: number,
): Promise<PullComment | undefined> {
  const answer = await orGone(github.rest.issues.getComment({ ...nameOf(repository), comment_id: id }))
  if (!answer) return undefined
  const { user, body = '', created_at: at, updated_at: updatedAt } = answer.data
  return { by: personOf(user), body, at, edited: updatedAt !== at }
}

/** What an answer can't be written to: the comment is gone, or the conversation is locked. */
const unanswerable = [403, 404, 410, 422]

/** Reacts to a comment. A second equal reaction changes nothing. False: GitHub does not take it. */
export function react(
  github: GitHub,
  repository: RepositoryName,
  id: number,
  content: '+1' | '-1' | 'confused',
): Promise<boolean> {
  return taken(
    github.rest.reactions.createForIssueComment({ ...nameOf(repository), comment_id: id, content }),
  )
}

/** Whether the answer to a comment is there: it ends with the comment's number, and only a bot's counts. */
export async function isAnswered(
  github: GitHub,
  repository: RepositoryName,
  { number, id, since }: { number: number; id: number; since: string },
): Promise<boolean> {
  const comments = await github.paginate(github.rest.issues.listComments, {
    ...nameOf(repository),
    issue_number: number,
    since,
    per_page: 100,
  })
  return comments.some(
    ({ user, body }) => personOf(user)?.type === 'Bot' && body?.endsWith(markerOf(id)) === true,
  )
}

export function answerComment(
  github: GitHub,
  repository: RepositoryName,
  { number, id, text }: { number: number; id: number; text: string },
): Promise<boolean> {
  const body = `${text}\n\n${markerOf(id)}`
  return taken(github.rest.issues.createComment({ ...nameOf(repository), issue_number: number, body }))
}

function markerOf(id: number): string {
  return `<!-- release-gate answers comment ${id} -->`
}

async function taken(request: Promise<unknown>): Promise<boolean> {
  try {
    await request
    return true
  } catch (error) {
    if (unanswerable.includes(statusOfError(error) ?? 0)) return false
    throw error
  }
}

export async function addLabel(
  github: GitHub,
  repository: RepositoryName,
  number: number,
  name: string,
): Promise<void> {
  await github.rest.issues.addLabels({ ...nameOf(repository), issue_number: number, labels: [name] })
}

/** A label that is not on is a success. */
export async function removeLabel(
  github: GitHub,
  repository: RepositoryName,
  number: number,
  name: string,
): Promise<void> {
  await orGone(github.rest.issues.removeLabel({ ...nameOf(repository), issue_number: number, name }))
}
