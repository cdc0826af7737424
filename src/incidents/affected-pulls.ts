import { allGates } from '../decision/overrides.ts'
import type { Transaction } from '../store/database.ts'
import type { StoredIncident } from '../store/incidents.ts'
import { markChanged } from '../store/verdicts/changes.ts'
import { findIncidentRepository } from './places.ts'
import type { IncidentShell } from './shell.ts'

/**
 * Every open pull request that an incident may block or release is read again, green checks first. In the transaction of the
 * decision: no check can turn green on facts of before.
 */
export async function enqueueAffectedPulls(
  { queue }: Pick<IncidentShell, 'queue'>,
  tx: Transaction,
  { repository }: Pick<StoredIncident, 'repository'>,
): Promise<void> {
  const place = await findIncidentRepository(tx, repository)
  for (const { governedBy, policy } of place?.governing ?? []) {
    if (!allGates(policy).some((gates) => gates.incidents || gates.production_health)) continue
    const { installationId, repositoryId } = governedBy
    await queue.enqueueAll(await markChanged(tx, { installationId, repositoryId }), { tx })
  }
}
