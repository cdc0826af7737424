import type { NewIncident } from '../../decision/incidents/alert.ts'
import { commandsIn } from '../../decision/incidents/commands.ts'
import type { IncidentComment, IncidentEvent, IncidentFacts } from '../../decision/incidents/facts.ts'
import { readReport } from '../../decision/incidents/report.ts'
import type { Access, Person } from '../../decision/snapshot.ts'
import { plainLines } from '../../html/plain-lines.ts'
import { readAccess } from './access.ts'
import { findByMarker } from './bot-issues.ts'
import type { GitHub } from './client.ts'
import { orGone } from './errors.ts'
import { personOf } from './people.ts'
import { nameOf, type RepositoryName } from './repository.ts'

/** An issue as it stands, with what the bot has said in it already: the keys of its notes. */
export type ReadIncident = { facts: IncidentFacts; said: ReadonlySet<string>; body: string }

type Account = Parameters<typeof personOf>[0]
type RawEvent = {
  id: number
  event: string
  actor: Account
  assigner?: Account
  created_at: string
  label?: { name?: string | null }
}
type RawComment = { id: number; user: Account; body?: string; created_at: string; updated_at: string }

/**
 * Reads an issue with its events and its comments. Undefined: it is gone, moved, or a pull request. `zone`: in which the report writes
 * its times. Nothing but commands is taken from comments.
 */
export async function readIncident(
  github: GitHub,
  repository: RepositoryName,
  number: number,
  options: { zone: string; now: () => Date },
): Promise<ReadIncident | undefined> {
  const takenAt = options.now().toISOString()
  const place = { ...nameOf(repository), issue_number: number }
  const issue = await orGone(github.rest.issues.get(place))
  if (!issue || issue.data.pull_request || (await isElsewhere(github, repository, number, issue.data)))
    return undefined
  const pages = { ...place, per_page: 100 }
  const events = ((await github.paginate(github.rest.issues.listEvents, pages)) as RawEvent[]).filter(
    ({ event }) => event in kinds,
  )
  const comments = (await github.paginate(github.rest.issues.listComments, pages)) as RawComment[]
  const spoken = comments.filter(({ user }) => personOf(user)?.type === 'User')
  const people = [...events.map(actorOf), ...spoken.map(({ user }) => personOf(user))]
  const access = await readAccess(
    github,
    repository,
    people.filter((one) => one !== null),
  )
  const { data } = issue
  const body = data.body ?? ''
  const report = readReport(body, options.zone)
  const isClosed = data.state === 'closed'
  const lastTurn = events.findLast(({ event }) => event === 'closed' || event === 'reopened')?.id
  return {
    body,
    said: new Set(comments.flatMap(noteKeyIn)),
    facts: {
      takenAt,
      number,
      url: data.html_url,
      title: data.title,
      author: personOf(data.user),
      openedAt: data.created_at,
      state: isClosed ? 'closed' : 'open',
      labels: data.labels.map((label) => (typeof label === 'string' ? label : (label.name ?? ''))),
      events: events.map((event) => ({
        ...eventOf(event, access),
        // GitHub tells the reason of the last closing alone, and none on older servers.
        ...(isClosed && event.event === 'closed' && event.id === lastTurn
          ? { reason: data.state_reason ?? 'completed' }
          : {}),
      })),
      comments: spoken.map((comment) => commentOf(comment, access)),
      reported: [{ at: data.created_at, severity: report.severity }],
      component: report.component,
      ...(report.receivedAt && report.receivedAt.toISOString() <= takenAt
        ? { startedAt: report.receivedAt.toISOString() }
        : {}),
      verifiedBy: report.verified ? (data.user?.login ?? null) : null,
    },
  }
}

/** GitHub answers for an issue that was transferred with the one in the other repository, and for a renamed repository under its new name. */
async function isElsewhere(
  github: GitHub,
  repository: RepositoryName,
  asked: number,
  { number, repository_url: url }: { number: number; repository_url: string },
): Promise<boolean> {
  const { owner, repo } = nameOf(repository)
  if (number !== asked) return true
  if (url.toLowerCase().endsWith(`/repos/${owner}/${repo}`.toLowerCase())) return false
  return (await github.rest.repos.get({ owner, repo })).data.url !== url
}

const kinds: Record<string, IncidentEvent['kind']> = {
  labeled: 'labeled',
  unlabeled: 'unlabeled',
  assigned: 'assigned',
  closed: 'closed',
  reopened: 'reopened',
}

/** Who assigned someone is not who is named as the actor everywhere. */
function actorOf({ actor, assigner }: RawEvent): Person | null {
  return personOf(assigner ?? actor)
}

function eventOf(event: RawEvent, access: Record<string, Access>): IncidentEvent {
  const by = actorOf(event)
  return {
    id: event.id,
    kind: kinds[event.event] ?? 'labeled',
    by,
    write: by !== null && access[by.id]?.write === true,
    at: event.created_at,
    ...(event.label?.name ? { label: event.label.name } : {}),
  }
}

function commentOf(comment: RawComment, access: Record<string, Access>): IncidentComment {
  const by = personOf(comment.user)
  const commands = commandsIn(plainLines(comment.body ?? ''))
  const isEdited = comment.updated_at !== comment.created_at
  return {
    id: comment.id,
    by,
    write: by !== null && access[by.id]?.write === true,
    at: comment.created_at,
    since: comment.updated_at,
    ...(isEdited ? { commands: [], edited: commands } : { commands }),
  }
}

/** The end of the bot's comments: each is written once. */
const noteMarker = /<!-- release-gate incident (\S+) -->\s*$/

function noteKeyIn({ user, body }: RawComment): string[] {
  const [, key] = noteMarker.exec(body ?? '') ?? []
  return key !== undefined && personOf(user)?.type === 'Bot' ? [key] : []
}

export async function writeNote(
  github: GitHub,
  repository: RepositoryName,
  number: number,
  { key, text }: { key: string; text: string },
): Promise<void> {
  const body = `${text}\n\n<!-- release-gate incident ${encodeURI(key)} -->`
  await github.rest.issues.createComment({ ...nameOf(repository), issue_number: number, body })
}

/** Writes a note once, also where a job ended before it could say that it had written it. */
export async function ensureNote(
  github: GitHub,
  repository: RepositoryName,
  number: number,
  note: { key: string; text: string },
): Promise<void> {
  const comments = await github.paginate(github.rest.issues.listComments, {
    ...nameOf(repository),
    issue_number: number,
    per_page: 100,
  })
  const said = (comments as RawComment[]).flatMap(noteKeyIn)
  if (!said.includes(saidKey(note.key))) await writeNote(github, repository, number, note)
}

/** The key of a note as it is found in `said`. */
export function saidKey(key: string): string {
  return encodeURI(key)
}

export async function addIncidentLabels(
  github: GitHub,
  repository: RepositoryName,
  number: number,
  labels: string[],
): Promise<void> {
  await github.rest.issues.addLabels({ ...nameOf(repository), issue_number: number, labels })
}

export async function removeIncidentLabel(
  github: GitHub,
  repository: RepositoryName,
  number: number,
  name: string,
): Promise<void> {
  await orGone(github.rest.issues.removeLabel({ ...nameOf(repository), issue_number: number, name }))
}

export async function reopenIncident(
  github: GitHub,
  repository: RepositoryName,
  number: number,
): Promise<void> {
  await github.rest.issues.update({ ...nameOf(repository), issue_number: number, state: 'open' })
}

/** The issue that was opened for an alert, by the marker at its end, or a new one. */
export async function ensureIncident(
  github: GitHub,
  repository: RepositoryName,
  incident: NewIncident,
  { marker, since }: { marker: string; since: Date },
): Promise<{ number: number; isNew: boolean }> {
  const found = await findByMarker(github, repository, marker, since)
  if (found) return { number: found.number, isNew: false }
  const { data } = await github.rest.issues.create({ ...nameOf(repository), ...incident })
  return { number: data.number, isNew: true }
}

/** The numbers of the incidents that changed since a time; without one, of those that are open. */
export async function changedIncidents(
  github: GitHub,
  repository: RepositoryName,
  label: string,
  since: Date | undefined,
): Promise<number[]> {
  const issues = await github.paginate(github.rest.issues.listForRepo, {
    ...nameOf(repository),
    labels: label,
    ...(since ? { state: 'all' as const, since: since.toISOString() } : { state: 'open' as const }),
    per_page: 100,
  })
  return issues.filter((issue) => !issue.pull_request).map(({ number }) => number)
}

/**
 * The id of a repository of issues, which no renaming changes.
 * @throws where its issues are turned off: GitHub answers for each as if it were deleted, and has it again once they are turned on.
 */
export async function issueRepositoryId(github: GitHub, repository: RepositoryName): Promise<number> {
  const { data } = await github.rest.repos.get(nameOf(repository))
  if (data.has_issues !== false) return data.id
  throw new Error(
    `Issues are turned off in ${data.full_name}. Turn them on in the settings of the repository.`,
  )
}
