import type { NewIncident } from '../../decision/incidents/alert.ts'
import { code, list } from '../../decision/markdown.ts'
import { findByMarker } from './bot-issues.ts'
import type { GitHub } from './client.ts'
import { orGone, statusOfError } from './errors.ts'
import { nameOf, type RepositoryName } from './repository.ts'

type NewPostMortem = NewIncident & { assignees: string[] }

/**
 * The issue of a post-mortem, by the marker at its end, or a new one. Where GitHub refuses its assignee, who may have left, it is opened
 * without one and says so.
 */
export async function ensurePostMortem(
  github: GitHub,
  repository: RepositoryName,
  wanted: NewPostMortem,
  { marker, since }: { marker: string; since: Date },
): Promise<{ number: number; url: string }> {
  const found = await findByMarker(github, repository, marker, since)
  const { number, html_url: url } = found ?? (await createPostMortem(github, repository, wanted))
  return { number, url }
}

async function createPostMortem(github: GitHub, repository: RepositoryName, wanted: NewPostMortem) {
  const { assignees, body } = wanted
  try {
    return (await github.rest.issues.create({ ...nameOf(repository), ...wanted })).data
  } catch (error) {
    if (statusOfError(error) !== 422 || assignees.length === 0) throw error
    const who = `${list(assignees.map((login) => code(login)))} cannot be assigned here, so someone else has to take this over.`
    const unassigned = { ...wanted, assignees: [], body: `${who}\n\n${body}` }
    return (await github.rest.issues.create({ ...nameOf(repository), ...unassigned })).data
  }
}

/** A post-mortem as it stands. Undefined: it is gone. */
export async function readPostMortem(
  github: GitHub,
  repository: RepositoryName,
  number: number,
): Promise<{ body: string; closedAt: Date | null; closedBy: string | null } | undefined> {
  const issue = await orGone(github.rest.issues.get({ ...nameOf(repository), issue_number: number }))
  if (!issue) return undefined
  const { body, state, closed_at: closedAt, closed_by: by } = issue.data
  const isClosed = state === 'closed' && closedAt
  return { body: body ?? '', closedAt: isClosed ? new Date(closedAt) : null, closedBy: by?.login ?? null }
}
