import type { Note } from '../decision/incidents/severity.ts'
import type { GitHub } from '../services/github/client.ts'
import {
  addIncidentLabels,
  removeIncidentLabel,
  reopenIncident,
  saidKey,
  writeNote,
} from '../services/github/incidents.ts'
import type { StoredIncident } from '../store/incidents.ts'
import { noteWrite } from '../store/write-budget.ts'
import type { IncidentShell } from './shell.ts'

/** Brings the issue to what the decision wants. `said`: the keys of the notes that are in it already; `more`: others to write. */
export async function carryOutWanted(
  shell: IncidentShell,
  github: GitHub,
  { repository, number, incident }: StoredIncident,
  { said, more }: { said: ReadonlySet<string>; more: Note[] },
): Promise<void> {
  const { add, remove, reopen, notes } = incident.wanted
  const writes: (() => Promise<void>)[] = [
    ...(add.length > 0 ? [() => addIncidentLabels(github, repository, number, add)] : []),
    ...remove.map((name) => () => removeIncidentLabel(github, repository, number, name)),
    ...(reopen ? [() => reopenIncident(github, repository, number)] : []),
    ...[...new Map([...notes, ...more].map((note) => [note.key, note])).values()]
      .filter(({ key }) => !said.has(saidKey(key)))
      .map((note) => () => writeNote(github, repository, number, note)),
  ]
  for (const write of writes) {
    await write()
    await noteWrite(shell.database, repository.installationId, shell.now())
  }
}
