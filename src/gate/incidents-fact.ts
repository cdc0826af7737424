import type { Policy } from '../decision/policy.ts'
import type { Snapshot } from '../decision/snapshot.ts'
import type { Queryable } from '../store/database.ts'
import { lastIncidentCheck } from '../store/incident-repositories.ts'
import { incidentsAt } from '../store/incidents.ts'
import { postMortemsAt } from '../store/post-mortems.ts'

/**
 * What the gate `incidents` needs, as of a time: the incidents that were not resolved and the post-mortems that were not done.
 * The bot keeps them, so GitHub is not asked.
 */
export async function incidentsFact(
  db: Queryable,
  { installationId }: { installationId: number },
  /** The one that applies to the pull request. */
  policy: Policy | undefined,
  at: Date,
): Promise<Pick<Snapshot, 'incidents'>> {
  if (!policy?.gates.incidents || !policy.incidents) return {}
  const [owner = '', repo = ''] = policy.incidents.repository.split('/')
  const checked = await lastIncidentCheck(db, { installationId, owner, repo }, () => at)
  const name = policy.incidents.repository.toLowerCase()
  const place = { installationId, name, repositoryId: checked?.repositoryId }
  return {
    incidents: {
      readAt: checked?.at ?? null,
      ...(checked?.replaced && { replaced: true }),
      unresolved: await incidentsAt(db, place, at),
      postMortems: await postMortemsAt(db, place, at),
    },
  }
}
