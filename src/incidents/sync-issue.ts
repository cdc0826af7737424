import type { Note } from '../decision/incidents/severity.ts'
import type { GitHub } from '../services/github/client.ts'
import {
  addIncidentLabels,
  ensureNote,
  removeIncidentLabel,
  reopenIncident,
  saidKey,
} from '../services/github/incidents.ts'
import type { StoredIncident } from '../store/incidents.ts'
import { tryWithLease } from '../store/leases.ts'
import { retryAfterError } from '../store/retry-after-error.ts'
import { noteWrite } from '../store/write-budget.ts'
import type { IncidentShell } from './shell.ts'

/**
 * Brings the issue to what the decision wants. `said`: the keys of the notes that are in it already; `more`: others to write. One at a
 * time for each issue: the check of everything may read it beside the job of an event, and neither sees what the other is about to say.
 */
export async function syncIncidentIssue(
  shell: IncidentShell,
  github: GitHub,
  stored: StoredIncident,
  { said, more }: { said: ReadonlySet<string>; more: Note[] },
): Promise<void> {
  const { repository, number } = stored
  const writes = writesOf(github, stored, { said, more })
  if (writes.length === 0) return
  const key = `incident ${repository.repositoryId}/${number}`
  const lease = await tryWithLease(shell.database, key, shell.now, async () => {
    for (const write of writes) {
      await write()
      await noteWrite(shell.database, repository.installationId, shell.now())
    }
  })
  if (!lease)
    throw retryAfterError(new Date(shell.now().getTime() + 5_000), 'another job writes in this incident')
}

function writesOf(
  github: GitHub,
  { repository, number, incident }: StoredIncident,
  { said, more }: { said: ReadonlySet<string>; more: Note[] },
): (() => Promise<void>)[] {
  const { add, remove, reopen, notes } = incident.wanted
  return [
    ...(add.length > 0 ? [() => addIncidentLabels(github, repository, number, add)] : []),
    ...remove.map((name) => () => removeIncidentLabel(github, repository, number, name)),
    ...(reopen ? [() => reopenIncident(github, repository, number)] : []),
    ...[...new Map([...notes, ...more].map((note) => [note.key, note])).values()]
      .filter(({ key }) => !said.has(saidKey(key)))
      .map((note) => () => ensureNote(github, repository, number, note)),
  ]
}
