import type { IncidentFacts } from '../decision/incidents/facts.ts'
import { namesOf } from '../decision/incidents/naming.ts'
import type { IncidentSettings } from '../decision/incidents/settings.ts'
import type { RepositoryRef } from '../decision/merge-task.ts'
import type { Snapshot } from '../decision/snapshot.ts'
import type { Queryable } from './database.ts'
import { reportedComponents } from './incidents.ts'

type Key = { repository: Pick<RepositoryRef, 'installationId' | 'repositoryId'>; number: number }

export type PostMortem = {
  number: number
  /** Its issue; null until it is open. */
  issue: number | null
  url: string | null
  dueAt: Date
  closedAt: Date | null
  /** Whether 48 hours, and whether its due time, were announced. */
  warned: boolean
  overdue: boolean
}

const columns = `number, issue, url, due_at AS "dueAt", closed_at AS "closedAt", warned, overdue`
const isKey = 'installation_id = $1 AND repository_id = $2 AND number = $3'

function valuesOf({ repository, number }: Key): unknown[] {
  return [repository.installationId, repository.repositoryId, number]
}

/**
 * The post-mortem of an incident becomes due; where it is known already and not done, it moves with the last resolution and is
 * announced anew.
 */
export async function wantPostMortem(db: Queryable, key: Key, dueAt: Date): Promise<boolean> {
  const rows = await db.query(
    `INSERT INTO release_gate.post_mortems AS kept (installation_id, repository_id, number, due_at) VALUES ($1, $2, $3, $4)
     ON CONFLICT (installation_id, repository_id, number)
       DO UPDATE SET due_at = excluded.due_at, warned = false, overdue = false
     WHERE kept.closed_at IS NULL AND kept.due_at <> excluded.due_at RETURNING 1`,
    [...valuesOf(key), dueAt],
  )
  return rows.length > 0
}

export async function postMortemOf(db: Queryable, key: Key): Promise<PostMortem | undefined> {
  const [row] = await db.query<PostMortem>(
    `SELECT ${columns} FROM release_gate.post_mortems WHERE ${isKey}`,
    valuesOf(key),
  )
  return row
}

/** The incident whose post-mortem is this issue. */
export async function incidentOfPostMortem(
  db: Queryable,
  { repository, number }: Key,
): Promise<number | undefined> {
  const [row] = await db.query<{ number: number }>(
    `SELECT number FROM release_gate.post_mortems WHERE installation_id = $1 AND repository_id = $2 AND issue = $3`,
    [repository.installationId, repository.repositoryId, number],
  )
  return row?.number
}

/** Post-mortems that are not done, of one incident repository. */
export function openPostMortems(db: Queryable, repository: Key['repository']): Promise<PostMortem[]> {
  return db.query<PostMortem>(
    `SELECT ${columns} FROM release_gate.post_mortems
     WHERE installation_id = $1 AND repository_id = $2 AND closed_at IS NULL ORDER BY number`,
    [repository.installationId, repository.repositoryId],
  )
}

export async function savePostMortemIssue(
  db: Queryable,
  key: Key,
  issue: { number: number; url: string } | null,
): Promise<void> {
  await db.query(`UPDATE release_gate.post_mortems SET issue = $4, url = $5 WHERE ${isKey}`, [
    ...valuesOf(key),
    issue?.number ?? null,
    issue?.url ?? null,
  ])
}

/** False: that was known. */
export async function savePostMortemClosed(db: Queryable, key: Key, at: Date | null): Promise<boolean> {
  const rows = await db.query(
    `UPDATE release_gate.post_mortems SET closed_at = $4 WHERE ${isKey} AND closed_at IS DISTINCT FROM $4 RETURNING 1`,
    [...valuesOf(key), at],
  )
  return rows.length > 0
}

/** Claims an announcement. False: it was made before. */
export async function takeAnnouncement(
  db: Queryable,
  key: Key,
  which: 'warned' | 'overdue',
): Promise<boolean> {
  const rows = await db.query(
    `UPDATE release_gate.post_mortems SET ${which} = true WHERE ${isKey} AND NOT ${which} RETURNING 1`,
    valuesOf(key),
  )
  return rows.length > 0
}

type Due = NonNullable<Snapshot['incidents']>['postMortems'][number]

/** The post-mortems that were not done at a time, of an incident repository as `incidentsAt` finds it. */
export async function postMortemsAt(
  db: Queryable,
  {
    installationId,
    name,
    repositoryId,
  }: { installationId: number; name: string; repositoryId?: number | undefined },
  at: Date,
): Promise<Due[]> {
  const rows = await db.query<{
    owner: string
    repo: string
    number: number
    facts: IncidentFacts
    settings: IncidentSettings
    url: string | null
    dueAt: Date
    alias: string | null
  }>(
    `SELECT i.owner, i.repo, i.number, i.facts, i.settings, p.url, p.due_at AS "dueAt",
       (SELECT external->>'name' FROM release_gate.mirrors m WHERE m.installation_id = i.installation_id
          AND m.repository_id = i.repository_id AND m.number = i.number AND mirror = 'jira') AS alias
     FROM release_gate.post_mortems p JOIN release_gate.incidents i USING (installation_id, repository_id, number)
     WHERE i.installation_id = $1 AND (lower(i.owner || '/' || i.repo) = $2 OR i.repository_id = $4)
       AND (p.closed_at IS NULL OR p.closed_at > $3)
     ORDER BY p.due_at, i.number`,
    [installationId, name, at, repositoryId ?? null],
  )
  return rows.map(({ owner, repo, number, facts, settings, url, dueAt, alias }) => ({
    names: namesOf({ repository: { owner, repo }, number, facts, alias }),
    component: facts.component,
    ...reportedComponents(facts, at),
    due: dueAt.toISOString(),
    zone: settings.time_zone,
    url: url ?? facts.url,
  }))
}
