import { namedIncidents } from '../decision/incidents/naming.ts'
import { code } from '../decision/markdown.ts'
import type { PullRef } from '../decision/snapshot.ts'
import { writeNote } from '../services/github/incidents.ts'
import { appendRecord } from '../store/audit.ts'
import { linkPull, listIncidents, type StoredIncident } from '../store/incidents.ts'
import { latestVerdict } from '../store/verdicts.ts'
import { noteWrite } from '../store/write-budget.ts'
import type { IncidentShell } from './shell.ts'

/** Links an urgent pull request and the incidents that its description names: a comment in each, and a record, once. */
export async function linkNamedIncidents(shell: IncidentShell, pull: PullRef): Promise<void> {
  const snapshot = (await latestVerdict(shell.database, pull))?.snapshot
  if (!snapshot) return
  const all = (await listIncidents(shell.database)).filter(
    ({ repository }) => repository.installationId === pull.installationId,
  )
  for (const incident of namedIncidents(snapshot.body, all)) await link(shell, incident, pull)
}

async function link(shell: IncidentShell, stored: StoredIncident, pull: PullRef): Promise<void> {
  const { repository, number, facts, incident } = stored
  const { installationId, repositoryId, owner, repo } = repository
  const name = `${pull.owner}/${pull.repo}#${pull.number}`
  const isNew = await shell.database.transaction(async (tx) => {
    if (!(await linkPull(tx, { repository, number }, pull, shell.now()))) return false
    const body = {
      repository: { id: repositoryId, owner, name: repo },
      incident: number,
      pull: {
        repository: { id: pull.repositoryId, owner: pull.owner, name: pull.repo },
        number: pull.number,
      },
    }
    await appendRecord(tx, { installationId, kind: 'incident linked', at: shell.now(), body })
    return true
  })
  if (!isNew) return
  const github = await shell.github(installationId)
  await writeNote(github, repository, number, {
    key: `pull/${pull.repositoryId}/${pull.number}`,
    text: `Urgent pull request that names this incident: ${name}`,
  })
  await writeNote(github, pull, pull.number, {
    key: `incident/${repositoryId}/${number}`,
    text: `This pull request names the incident ${owner}/${repo}#${number} (${incident.severity}, ${incident.state}): ${code(facts.title)}`,
  })
  for (const _ of [1, 2]) await noteWrite(shell.database, installationId, shell.now())
}
