import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import { mergeIncidentFacts } from '../decision/incidents/earlier.ts'
import type { IncidentFacts } from '../decision/incidents/facts.ts'
import { decideIncident, type Incident, incidentLabel } from '../decision/incidents/incident.ts'
import { externalNote } from '../decision/incidents/mirror.ts'
import { monitorNotes } from '../decision/incidents/monitor-notes.ts'
import type { Note } from '../decision/incidents/severity.ts'
import type { RepositoryRef } from '../decision/merge-task.ts'
import { allGates } from '../decision/overrides.ts'
import type { GitHub } from '../services/github/client.ts'
import { issueRepositoryId, type ReadIncident, readIncident } from '../services/github/incidents.ts'
import { alertOfIncident, noteAlertsGone, severitiesOfAlerts } from '../store/alerts.ts'
import { lockIncident, type StoredIncident, saveIncident, storedIncident } from '../store/incidents.ts'
import { mirrorRows } from '../store/mirrors.ts'
import { monitorsOfIncident } from '../store/monitors.ts'
import { incidentOfPostMortem } from '../store/post-mortems.ts'
import { retryAfterError } from '../store/retry-after-error.ts'
import { enqueueAffectedPulls } from './affected-pulls.ts'
import { escalate } from './escalating.ts'
import { findIncidentRepository, type Governing, governingPolicy } from './places.ts'
import { requestPostMortem } from './post-mortems.ts'
import { recordChanges } from './record-changes.ts'
import { isReplaced } from './replaced.ts'
import type { IncidentShell } from './shell.ts'
import { syncIncidentIssue } from './sync-issue.ts'

/**
 * Reads an issue of an incident repository, decides, records what changed, and then acts. Where GitHub cannot be read, what is
 * known is decided again, so that a clock that runs out is announced all the same; then the failure is thrown.
 */
export async function evaluateIncident(
  shell: IncidentShell,
  repository: RepositoryRef,
  number: number,
  signal: AbortSignal,
): Promise<void> {
  const place = await findIncidentRepository(shell.database, repository)
  const governing = place && governingPolicy(place)
  if (!governing || (await isReplaced(shell, repository))) return
  const of = await incidentOfPostMortem(shell.database, { repository, number })
  if (of !== undefined) return shell.queue.enqueueIncident({ task: 'post-mortem', repository, number: of })
  const before = await storedIncident(shell.database, { repository, number })
  let isKept: boolean
  try {
    isKept = await readAndDecide(shell, { repository, number, governing, before }, signal)
  } catch (error) {
    if (before) await decideAgain(shell, before)
    throw error
  }
  // What was decided later may not have been read: where another job failed, it decided again on what was known before.
  if (!isKept) throw retryAfterError(new Date(shell.now().getTime() + 5_000), 'another job decided meanwhile')
}

type Evaluation = {
  repository: RepositoryRef
  number: number
  governing: Governing
  before: StoredIncident | undefined
}

/** False: something newer was decided on before. */
async function readAndDecide(
  shell: IncidentShell,
  { repository, number, governing, before }: Evaluation,
  signal: AbortSignal,
): Promise<boolean> {
  const github = await shell.github(repository.installationId)
  const zone = governing.settings.time_zone
  const read = await readIncident(github, repository, number, { zone, now: shell.now })
  signal.throwIfAborted()
  if (!read) {
    if (before) await noteGone(shell, github, before)
    return true
  }
  const isIncident = read.facts.labels.some((label) => label.toLowerCase() === incidentLabel)
  if (!before && !isIncident) return true
  const facts = await withAlerts(shell, repository, read)
  const { governedBy, settings } = governing
  const stored = await keep(shell, { repository, number }, (known) =>
    decidedOn({ repository, number, governedBy, settings, facts: mergeIncidentFacts(facts, known?.facts) }),
  )
  if (!stored) return false
  const more = [...(await counterparts(shell, stored)), ...(await aboutMonitors(shell, stored, governing))]
  await syncIncidentIssue(shell, github, stored, { said: read.said, more })
  return true
}

/** While it is not resolved, the issue says how the monitors whose alerts it is about are. */
async function aboutMonitors(
  { database }: IncidentShell,
  stored: StoredIncident,
  { policy, settings }: Governing,
): Promise<Note[]> {
  if (stored.incident.state === 'resolved') return []
  const named = allGates(policy).flatMap((gates) => gates.production_health?.monitors ?? [])
  const nameOf = (id: number) => named.find((one) => one.id === id)?.name
  return monitorNotes(await monitorsOfIncident(database, stored), nameOf, settings.time_zone)
}

/** The issue says where else the incident is kept. */
async function counterparts({ database }: IncidentShell, stored: StoredIncident): Promise<Note[]> {
  const rows = await mirrorRows(database, stored, 'jira')
  return rows.flatMap(({ external }) => (external ? [{ key: 'jira', text: externalNote(external) }] : []))
}

/** What its alerts said: when the first one fired, who ordered it, and how severe each was. */
async function withAlerts(
  { database }: IncidentShell,
  repository: RepositoryRef,
  { facts }: ReadIncident,
): Promise<IncidentFacts> {
  const alert = await alertOfIncident(database, repository, facts.number)
  if (!alert) return facts
  const firedAt = alert.startedAt.toISOString()
  const said = await severitiesOfAlerts(database, repository, facts.number)
  return {
    ...facts,
    startedAt: facts.startedAt && facts.startedAt < firedAt ? facts.startedAt : firedAt,
    ...(said.length > 0
      ? { alerts: said.map(({ severity, at }) => ({ severity, at: at.toISOString() })) }
      : {}),
    ...(alert.by === null ? {} : { orderedBy: ordererIn(alert.by, alert.byId) }),
  }
}

/** An alert says `ana (write)`, with what let her order it. */
function ordererIn(by: string, id: number | null): NonNullable<IncidentFacts['orderedBy']> {
  return { login: by.replace(/ \(.*$/, ''), ...(id === null ? {} : { id }) }
}

/** Decides from facts that were not read now: those of before, or with what became known otherwise. */
export async function decideAgain(
  shell: IncidentShell,
  stored: StoredIncident,
  change: (facts: IncidentFacts) => IncidentFacts = (facts) => facts,
): Promise<void> {
  await keep(shell, stored, (known = stored) =>
    decidedOn({ ...known, facts: { ...change(known.facts), takenAt: shell.now().toISOString() } }),
  )
}

function decidedOn(known: Omit<StoredIncident, 'incident' | 'digest'>): StoredIncident {
  const incident = decideIncident(known.facts, known.settings)
  return { ...known, incident, digest: digestOf(incident) }
}

/**
 * A deleted issue ends nothing: the incident stays as it was until someone ends it, and that is announced. An alert that fires again
 * opens another one.
 * @throws where the repository or all of its issues cannot be read: then nothing is known of this one.
 */
async function noteGone(shell: IncidentShell, github: GitHub, before: StoredIncident): Promise<void> {
  const { repository, number, facts } = before
  await issueRepositoryId(github, repository)
  const now = shell.now()
  await noteAlertsGone(shell.database, repository, number, now)
  if (!facts.goneSince)
    shell.log.warn({ incident: facts.url, alert: true }, 'The issue of an incident is gone')
  await decideAgain(shell, before, (known) => ({ ...known, goneSince: known.goneSince ?? now.toISOString() }))
}

/** A second later, since a clock is met at its very instant. */
const afterDue = 1_000

/**
 * Keeps the decision and, where it is another one, its record and its notice: all or none, and one at a time for each incident. What
 * others decided meanwhile is what it is decided after: two that read the same record it once.
 * @returns undefined where newer facts were decided on before.
 */
async function keep(
  shell: IncidentShell,
  key: Pick<StoredIncident, 'repository' | 'number'>,
  decide: (before: StoredIncident | undefined) => StoredIncident,
): Promise<StoredIncident | undefined> {
  return shell.database.transaction(async (tx) => {
    await lockIncident(tx, key)
    const before = await storedIncident(tx, key)
    const stored = decide(before)
    const { incident, repository, number } = stored
    if (!(await saveIncident(tx, stored, shell.now()))) return undefined
    if (stored.digest !== before?.digest) {
      await recordChanges(shell, tx, stored, before)
      await enqueueAffectedPulls(shell, tx, stored)
    }
    const stepAt = await escalate(shell, tx, stored)
    await requestPostMortem(shell, tx, stored)
    for (const due of new Set([incident.nextAt, stepAt])) {
      if (due === undefined) continue
      const at = new Date(due + afterDue)
      await shell.queue.enqueueIncident({ task: 'look', repository, number }, { at, tx })
    }
    return stored
  })
}

/** What makes a decision another one. While a clock is paused its due time moves with each look, which is not a change. */
function digestOf(incident: Incident): string {
  const { clocks, wanted: _, nextAt: __, ...rest } = incident
  const text = canonicalize({
    ...JSON.parse(JSON.stringify(rest)),
    clocks: clocks.map(({ name, due, paused, metAt, breaches }) => ({
      name,
      due: paused || due === undefined ? null : due,
      paused,
      metAt: metAt ?? null,
      breaches,
    })),
  })
  return createHash('sha256')
    .update(text ?? '')
    .digest('hex')
}
