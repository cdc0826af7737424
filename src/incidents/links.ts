import { namedIncidents } from '../decision/incidents/naming.ts'
import { code } from '../decision/markdown.ts'
import type { PullRef } from '../decision/snapshot.ts'
import { orGone } from '../services/github/errors.ts'
import { ensureNote } from '../services/github/incidents.ts'
import { appendRecord } from '../store/audit.ts'
import {
  linkPull,
  linksToNote,
  listIncidents,
  type StoredIncident,
  saveLinkNoted,
  storedIncident,
} from '../store/incidents.ts'
import { latestVerdict } from '../store/verdicts.ts'
import { noteWrite } from '../store/write-budget.ts'
import type { IncidentShell } from './shell.ts'

/** Links an urgent pull request and the incidents that its description names: a comment in each, and a record, once. */
export async function linkNamedIncidents(shell: IncidentShell, pull: PullRef): Promise<void> {
  const snapshot = (await latestVerdict(shell.database, pull))?.snapshot
  const all = (await listIncidents(shell.database)).filter(
    ({ repository }) => repository.installationId === pull.installationId,
  )
  for (const incident of namedIncidents(snapshot?.body ?? '', all)) await link(shell, incident, pull)
  for (const linked of await linksToNote(shell.database, pull)) {
    const incident = await storedIncident(shell.database, linked)
    if (incident) await writeNotes(shell, incident, pull)
    await saveLinkNoted(shell.database, linked, pull, shell.now())
  }
}

/** The link is stored with its record. Its comments follow, also after a crash. */
async function link(shell: IncidentShell, { repository, number }: StoredIncident, pull: PullRef) {
  const { installationId, repositoryId, owner, repo } = repository
  const body = {
    repository: { id: repositoryId, owner, name: repo },
    incident: number,
    pull: {
      repository: { id: pull.repositoryId, owner: pull.owner, name: pull.repo },
      number: pull.number,
    },
  }
  await shell.database.transaction(async (tx) => {
    if (await linkPull(tx, { repository, number }, pull, shell.now()))
      await appendRecord(tx, { installationId, kind: 'incident linked', at: shell.now(), body })
  })
}

/** An issue or a pull request that was deleted gets none. */
async function writeNotes(
  shell: IncidentShell,
  { repository, number, facts, incident }: StoredIncident,
  pull: PullRef,
): Promise<void> {
  const { installationId, repositoryId, owner, repo } = repository
  const github = await shell.github(installationId)
  const ofIncident = {
    key: `pull/${pull.repositoryId}/${pull.number}`,
    text: `Urgent pull request that names this incident: ${pull.owner}/${pull.repo}#${pull.number}`,
  }
  const ofPull = {
    key: `incident/${repositoryId}/${number}`,
    text: `This pull request names the incident ${owner}/${repo}#${number} (${incident.severity}, ${incident.state}): ${code(facts.title)}`,
  }
  await orGone(ensureNote(github, repository, number, ofIncident))
  await orGone(ensureNote(github, pull, pull.number, ofPull))
  for (const _ of [1, 2]) await noteWrite(shell.database, installationId, shell.now())
}
