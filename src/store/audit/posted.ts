import type { PostedCheck } from '../../decision/merge-exception.ts'
import type { PullRef } from '../../decision/snapshot.ts'
import type { Queryable } from '../database.ts'

/**
 * The check that stood on the head of an open pull request at a time that is known no better than to lie between two; which of
 * several is chosen as `standingAt` does. By the records, since the run that stands there now may have been posted after it.
 */
export async function postedAt(
  db: Queryable,
  pull: PullRef,
  { sha, from, until }: { sha: string; from: Date; until: Date },
): Promise<PostedCheck | undefined> {
  const rows = await db.query<{ at: Date; text: string }>(
    `SELECT at, body AS text FROM release_gate.audit_records
     WHERE installation_id = $1 AND kind = 'published' AND substring(body FROM '"head":"([0-9a-f]+)"') = $2 AND at <= $3
     ORDER BY seq DESC`,
    [pull.installationId, sha, until],
  )
  const posted = rows
    .map(({ at, text }) => ({ at, ...(JSON.parse(text) as Published) }))
    .filter(({ repository, pulls }) => repository.id === pull.repositoryId && pulls?.includes(pull.number))
  const stood =
    posted.find(({ at, state }) => at > from && state === 'passed') ?? posted.find(({ at }) => at <= from)
  return stood && { run: stood.checkRun, state: stood.state, title: stood.title, at: stood.at.toISOString() }
}

/** Records of earlier versions do not name the pull requests that the check was for. */
type Published = {
  repository: { id: number }
  checkRun: number
  state: PostedCheck['state']
  title: string
  pulls?: number[]
}
