import type { RepositoryRef } from '../decision/merge-task.ts'
import type { Queryable } from './database.ts'
import { factStore } from './facts.ts'

/**
 * The last check of every incident of a repository, by the name that policies give it. `repositoryId`: which one it was; left out by
 * earlier versions. `replaced`: another repository has that name since.
 */
export type IncidentCheck = { at: string; repositoryId?: number; replaced?: true }

type Named = Pick<RepositoryRef, 'installationId' | 'owner' | 'repo'>

export function lastIncidentCheck(
  db: Queryable,
  place: Named,
  now: () => Date,
): Promise<IncidentCheck | undefined> {
  return factStore(db, now).get<IncidentCheck>(keyOf(place))
}

export async function saveIncidentCheck(
  db: Queryable,
  place: Named,
  check: IncidentCheck,
  now: () => Date,
): Promise<void> {
  await factStore(db, now).put(keyOf(place), check)
}

/** The name, in lower case, under which a repository was read: that of the policies, also after it was renamed. */
export async function nameInPolicies(
  db: Queryable,
  { installationId, repositoryId }: Pick<RepositoryRef, 'installationId' | 'repositoryId'>,
): Promise<string | undefined> {
  const prefix = prefixOf(installationId)
  const [row] = await db.query<{ key: string }>(
    `SELECT key FROM release_gate.facts WHERE starts_with(key, $1) AND value->>'repositoryId' = $2
     ORDER BY last_used_at DESC LIMIT 1`,
    [prefix, String(repositoryId)],
  )
  return row?.key.slice(prefix.length)
}

function keyOf({ installationId, owner, repo }: Named): string {
  return `${prefixOf(installationId)}${owner}/${repo}`.toLowerCase()
}

function prefixOf(installationId: number): string {
  return `incidents/looked/${installationId}/`
}
