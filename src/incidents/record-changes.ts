import { changesBetween, type IncidentChange, unrecorded } from '../decision/incidents/changes.ts'
import { appendRecord } from '../store/audit.ts'
import type { Transaction } from '../store/database.ts'
import { incidentChanges, type StoredIncident } from '../store/incidents.ts'
import { incidentNotice } from './incident-notice.ts'
import type { IncidentShell } from './shell.ts'

/** Records what changed in a decision, and announces it. */
export async function recordChanges(
  shell: IncidentShell,
  tx: Transaction,
  stored: StoredIncident,
  before: StoredIncident | undefined,
): Promise<void> {
  const { repository, number, facts, settings, governedBy } = stored
  const { wanted: _, ...incident } = stored.incident
  const { installationId, repositoryId, owner, repo } = repository
  const found = changesBetween(before?.incident, stored.incident, settings.time_zone)
  const changes = await unrecordedOf(tx, before, found)
  const body = {
    repository: { id: repositoryId, owner, name: repo },
    incident: number,
    url: facts.url,
    changes,
    decision: JSON.parse(JSON.stringify(incident)),
    facts,
    policy: { repository: `${governedBy.owner}/${governedBy.repo}`, settings },
  }
  const { seq } = await appendRecord(tx, { installationId, kind: 'incident', at: shell.now(), body })
  const told = changes.filter(({ kind }) => kind !== 'responded')
  if (told.length === 0) return
  const notice = incidentNotice(stored, {
    key: `incident/${repositoryId}/${number}/${seq}`,
    lines: told.map(({ text }) => text),
    late: told.some(({ kind }) => kind === 'breached' || kind === 'gone'),
  })
  await shell.queue.enqueueNotice(notice, { tx })
}

/** Only what happened before the last reading can be in a record: for anything else, none is read. */
async function unrecordedOf(
  tx: Transaction,
  before: StoredIncident | undefined,
  changes: IncidentChange[],
): Promise<IncidentChange[]> {
  const readAt = before ? Date.parse(before.facts.takenAt) : Number.NEGATIVE_INFINITY
  if (!before || changes.every(({ at }) => Date.parse(at) > readAt)) return changes
  return unrecorded(changes, await incidentChanges(tx, before))
}
