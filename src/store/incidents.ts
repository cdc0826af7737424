import type { IncidentChange } from '../decision/incidents/changes.ts'
import type { IncidentFacts } from '../decision/incidents/facts.ts'
import type { Incident } from '../decision/incidents/incident.ts'
import { namesOf } from '../decision/incidents/naming.ts'
import { isUnresolvedAt } from '../decision/incidents/resolution.ts'
import type { IncidentSettings } from '../decision/incidents/settings.ts'
import type { RepositoryRef } from '../decision/merge-task.ts'
import type { PullRef, Snapshot } from '../decision/snapshot.ts'
import { readRecords } from './audit.ts'
import type { Queryable, Transaction } from './database.ts'
import { nameInPolicies } from './incident-repositories.ts'

/** An incident as it was decided last. */
export type StoredIncident = {
  repository: RepositoryRef
  number: number
  /** The repository whose policy governs it. */
  governedBy: RepositoryRef
  settings: IncidentSettings
  facts: IncidentFacts
  incident: Incident
  digest: string
}

/** `alias`: its name in Jira, once it is there. */
export type KnownIncident = StoredIncident & { alias: string | null }

type Key = { repository: Pick<RepositoryRef, 'installationId' | 'repositoryId'>; number: number }

const columns = `installation_id AS "installationId", repository_id AS "repositoryId", number, owner, repo,
  governed_by AS "governedBy", settings, facts, incident, digest,
  (SELECT external->>'name' FROM release_gate.mirrors m
   WHERE m.installation_id = i.installation_id AND m.repository_id = i.repository_id AND m.number = i.number
     AND mirror = 'jira') AS alias`

type Row = Omit<KnownIncident, 'repository'> & RepositoryRef

export async function storedIncident(
  db: Queryable,
  { repository, number }: Key,
): Promise<KnownIncident | undefined> {
  const rows = await db.query<Row>(
    `SELECT ${columns} FROM release_gate.incidents i WHERE installation_id = $1 AND repository_id = $2 AND number = $3`,
    [repository.installationId, repository.repositoryId, number],
  )
  return rows.map(fromRow)[0]
}

/** The incidents of all repositories, or of one, newest first; `open`: only those that are not resolved. */
export async function listIncidents(
  db: Queryable,
  { repository, open = false }: { repository?: Key['repository']; open?: boolean } = {},
): Promise<KnownIncident[]> {
  const rows = await db.query<Row>(
    `SELECT ${columns} FROM release_gate.incidents i
     WHERE ($1::bigint IS NULL OR (installation_id = $1 AND repository_id = $2)) AND (NOT $3 OR state <> 'resolved')
     ORDER BY installation_id, repository_id, number DESC`,
    [repository?.installationId ?? null, repository?.repositoryId ?? null, open],
  )
  return rows.map(fromRow)
}

/** Until the transaction ends, no other one decides about this incident. */
export async function lockIncident(tx: Transaction, { repository, number }: Key): Promise<void> {
  const { installationId, repositoryId } = repository
  await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [
    `release-gate incident ${installationId}/${repositoryId}/${number}`,
  ])
}

/** How far apart the clocks of two processes may be. */
const clocksApart = 60_000

/** Keeps a decision. False: one from newer facts is there; facts of a time that has not come yet are not newer. */
export async function saveIncident(db: Queryable, stored: StoredIncident, now?: Date): Promise<boolean> {
  const { repository, number, governedBy, settings, facts, incident, digest } = stored
  const rows = await db.query(
    `INSERT INTO release_gate.incidents AS kept
       (installation_id, repository_id, number, owner, repo, governed_by, settings, facts, incident, digest, state, severity,
        component, read_at, next_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
     ON CONFLICT (installation_id, repository_id, number) DO UPDATE SET owner = excluded.owner, repo = excluded.repo,
       governed_by = excluded.governed_by, settings = excluded.settings, facts = excluded.facts, incident = excluded.incident,
       digest = excluded.digest, state = excluded.state, severity = excluded.severity, component = excluded.component,
       read_at = excluded.read_at, next_at = excluded.next_at
     WHERE kept.read_at <= excluded.read_at OR kept.read_at > $16 RETURNING 1`,
    [
      repository.installationId,
      repository.repositoryId,
      number,
      repository.owner,
      repository.repo,
      JSON.stringify(governedBy),
      JSON.stringify(settings),
      JSON.stringify(facts),
      JSON.stringify(incident),
      digest,
      incident.state,
      incident.severity,
      incident.component,
      new Date(facts.takenAt),
      incident.nextAt === undefined ? null : new Date(incident.nextAt),
      now ? new Date(now.getTime() + clocksApart) : null,
    ],
  )
  return rows.length > 0
}

/** Links a pull request to an incident. False: it was linked before. */
export async function linkPull(
  db: Queryable,
  { repository, number }: Key,
  pull: PullRef,
  at: Date,
): Promise<boolean> {
  const rows = await db.query(
    `INSERT INTO release_gate.incident_pulls (installation_id, repository_id, number, pull, pull_key, linked_at)
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING 1`,
    [
      repository.installationId,
      repository.repositoryId,
      number,
      JSON.stringify(pull),
      `${pull.repositoryId}/${pull.number}`,
      at,
    ],
  )
  return rows.length > 0
}

/** Links whose comments have not been written: all of them, or those of one pull request. */
export async function linksToNote(
  db: Queryable,
  pull?: Pick<PullRef, 'installationId' | 'repositoryId' | 'number'>,
): Promise<(Key & { pull: PullRef })[]> {
  const rows = await db.query<Key['repository'] & { number: number; pull: PullRef }>(
    `SELECT installation_id AS "installationId", repository_id AS "repositoryId", number, pull
     FROM release_gate.incident_pulls
     WHERE noted_at IS NULL AND ($1::text IS NULL OR (pull_key = $1 AND installation_id = $2))
     ORDER BY linked_at, number`,
    [pull ? `${pull.repositoryId}/${pull.number}` : null, pull?.installationId ?? null],
  )
  return rows.map(({ installationId, repositoryId, number, pull: linked }) => ({
    repository: { installationId, repositoryId },
    number,
    pull: linked,
  }))
}

export async function saveLinkNoted(
  db: Queryable,
  { repository, number }: Key,
  pull: PullRef,
  at: Date,
): Promise<void> {
  await db.query(
    `UPDATE release_gate.incident_pulls SET noted_at = $5
     WHERE installation_id = $1 AND repository_id = $2 AND number = $3 AND pull_key = $4`,
    [repository.installationId, repository.repositoryId, number, `${pull.repositoryId}/${pull.number}`, at],
  )
}

export async function linkedPulls(db: Queryable, { repository, number }: Key): Promise<PullRef[]> {
  const rows = await db.query<{ pull: PullRef }>(
    `SELECT pull FROM release_gate.incident_pulls WHERE installation_id = $1 AND repository_id = $2 AND number = $3
     ORDER BY linked_at, pull_key`,
    [repository.installationId, repository.repositoryId, number],
  )
  return rows.map(({ pull }) => pull)
}

function fromRow({ installationId, repositoryId, owner, repo, ...rest }: Row): KnownIncident {
  return { repository: { installationId, repositoryId, owner, repo }, ...rest }
}

/** Whether a policy may name a repository as that of its incidents: only then is a job worth it, which reads the policies. */
export async function mayHoldIncidents(db: Queryable, repository: RepositoryRef): Promise<boolean> {
  const { installationId, owner, repo } = repository
  const renamed = await nameInPolicies(db, repository)
  const rows = await db.query(
    `SELECT 1 FROM release_gate.policies
     WHERE installation_id = $1 AND position('incidents' in text) > 0
       AND (position($2 in lower(text)) > 0 OR position($3 in lower(text)) > 0) LIMIT 1`,
    [installationId, `${owner}/${repo}`.toLowerCase(), renamed ?? null],
  )
  return rows.length > 0
}

type Known = NonNullable<Snapshot['incidents']>['unresolved'][number]

/**
 * The incidents that were not resolved at a time, with their severity of then: of an incident repository by the name that policies give
 * it, and by its id where that is known, since it may have been renamed.
 */
export async function incidentsAt(
  db: Queryable,
  {
    installationId,
    name,
    repositoryId,
  }: { installationId: number; name: string; repositoryId?: number | undefined },
  at: Date,
): Promise<Known[]> {
  const rows = await db.query<Row>(
    `SELECT ${columns} FROM release_gate.incidents i
     WHERE installation_id = $1 AND (lower(owner || '/' || repo) = $2 OR repository_id = $3) ORDER BY number`,
    [installationId, name, repositoryId ?? null],
  )
  return rows
    .map(fromRow)
    .filter(({ facts }) => isUnresolvedAt(facts, at.getTime()))
    .map((stored) => ({
      names: namesOf(stored),
      url: stored.facts.url,
      title: stored.facts.title,
      component: stored.facts.component,
      ...reportedComponents(stored.facts, at),
      state: stored.incident.resolved ? 'open' : stored.incident.state,
      severity:
        stored.incident.severities.findLast((change) => change.at <= at.getTime())?.severity ??
        stored.incident.severity,
    }))
}

/** The components that were reported until a time, where they were more than one. */
export function reportedComponents(
  { components = [] }: Pick<IncidentFacts, 'components'>,
  at: Date,
): Pick<Known, 'components'> {
  const known = components.filter((one, index) => index === 0 || Date.parse(one.at) <= at.getTime())
  return known.length > 1 ? { components: known.map(({ component }) => component) } : {}
}

/** Everything that the records say happened to an incident, in the order of the records. */
export async function incidentChanges(
  db: Queryable,
  { repository, number }: { repository: RepositoryRef; number: number },
): Promise<IncidentChange[]> {
  const changes: IncidentChange[] = []
  for await (const { body } of readRecords(db, repository.installationId, { kinds: ['incident'] })) {
    const record = body as { repository?: { id?: number }; incident?: number; changes?: IncidentChange[] }
    const isOurs = record.incident === number && record.repository?.id === repository.repositoryId
    if (isOurs) changes.push(...(record.changes ?? []))
  }
  return changes
}
