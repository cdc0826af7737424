import { z } from 'zod'
import { formatTimeWithYear } from '../../decision/calendar.ts'
import type { Incident } from '../../decision/incidents/incident.ts'
import { namesOf } from '../../decision/incidents/naming.ts'
import { oneLine } from '../../decision/markdown.ts'
import { incidentChanges, type KnownIncident, linkedPulls, listIncidents } from '../../store/incidents.ts'
import type { Output, RequestShell } from './request.ts'

export const incidentListArgs = z.strictObject({ all: z.boolean(), json: z.boolean() })
export const incidentShowArgs = z.strictObject({ name: z.string(), json: z.boolean() })

/** `incident list`. 0: there is none that is not resolved; 1: there is. */
export async function listAllIncidents(
  { database }: Pick<RequestShell, 'database'>,
  { all, json }: z.output<typeof incidentListArgs>,
  out: Output,
): Promise<number> {
  const incidents = await listIncidents(database, { open: !all })
  if (json) await out(`${JSON.stringify(incidents.map(summaryOf))}\n`)
  else if (incidents.length === 0) await out(all ? 'There are no incidents.\n' : 'No incident is open.\n')
  else for (const stored of incidents) await out(`${lineOf(stored)}\n`)
  return incidents.some(({ incident }) => incident.state !== 'resolved') ? 1 : 0
}

/** `incident show`. 0: shown; 2: there is no such incident. */
export async function showIncident(
  { database }: Pick<RequestShell, 'database'>,
  { name, json }: z.output<typeof incidentShowArgs>,
  out: Output,
): Promise<number> {
  const stored = await incidentNamed(database, name)
  if (typeof stored === 'string') throw new Error(stored)
  const changes = await incidentChanges(database, stored)
  const pulls = await linkedPulls(database, stored)
  if (json) {
    await out(`${JSON.stringify({ ...summaryOf(stored), changes, pulls: pulls.map(pullName) })}\n`)
    return 0
  }
  const zone = stored.settings.time_zone
  const lines = [
    lineOf(stored),
    stored.facts.url,
    ...goneLines(stored),
    '',
    ...stored.incident.clocks.map((clock) => clockLine(clock, zone)),
    ...(pulls.length > 0 ? ['', `Urgent pull requests: ${pulls.map(pullName).join(', ')}`] : []),
    '',
    ...changes.map(({ at, text }) => `${formatTimeWithYear(new Date(at), zone)}  ${oneLine(text, 500)}`),
  ]
  await out(`${lines.join('\n')}\n`)
  return 0
}

/** The incident that `7`, `acme/incidents#7` or the address of its issue names, or why there is none. */
export async function incidentNamed(
  database: RequestShell['database'],
  name: string,
): Promise<KnownIncident | string> {
  const found = await incidentsNamed(database, name)
  const [first, second] = found
  if (!first)
    return `There is no incident ${JSON.stringify(name)}. \`release-gate incident list --all\` lists them.`
  if (second)
    return `${JSON.stringify(name)} names ${found.length} incidents. Write it like ${nameOfIncident(first)}.`
  return first
}

/** Every incident that has such a name: a number alone may name several. */
export async function incidentsNamed(
  database: RequestShell['database'],
  name: string,
): Promise<KnownIncident[]> {
  const all = await listIncidents(database)
  return all.filter((stored) => namesOfIncident(stored).includes(name.toLowerCase()))
}

function namesOfIncident(stored: KnownIncident): string[] {
  return [String(stored.number), ...namesOf(stored)].map((one) => one.toLowerCase())
}

export function nameOfIncident({ repository, number }: KnownIncident): string {
  return `${repository.owner}/${repository.repo}#${number}`
}

function pullName({ owner, repo, number }: { owner: string; repo: string; number: number }): string {
  return `${owner}/${repo}#${number}`
}

function lineOf(stored: KnownIncident): string {
  const { severity, state } = stored.incident
  const alias = stored.alias === null ? '' : ` (${stored.alias})`
  return `${nameOfIncident(stored)}${alias}  ${severity}  ${state}  ${oneLine(stored.facts.title, 200)}`
}

function clockLine({ name, due, metAt, breaches, paused }: Incident['clocks'][number], zone: string): string {
  const time = (at: number) => formatTimeWithYear(new Date(at), zone)
  const title = name === 'response' ? 'First response' : 'Resolution'
  const state =
    metAt !== undefined ? `at ${time(metAt)}` : due === undefined ? 'no deadline' : `due ${time(due)}`
  const last = breaches.at(-1)
  const late = last ? `, overdue since ${time(last.at)}` : ''
  return `${title}: ${state}${paused ? ', paused' : ''}${late}`
}

function goneLines(stored: KnownIncident): string[] {
  if (!stored.facts.goneSince || stored.incident.state === 'resolved') return []
  return [
    `Its issue is gone, so nobody can close it: release-gate incident end ${nameOfIncident(stored)} --reason "…"`,
  ]
}

function summaryOf(stored: KnownIncident) {
  const { incident, facts } = stored
  const time = (at: number | undefined) => (at === undefined ? null : new Date(at).toISOString())
  return {
    incident: nameOfIncident(stored),
    title: facts.title,
    url: facts.url,
    severity: incident.severity,
    state: incident.state,
    startedAt: time(incident.startedAt),
    clocks: incident.clocks.map(({ name, due, metAt, breaches }) => ({
      name,
      due: time(due),
      metAt: time(metAt),
      overdue: breaches.length > 0,
    })),
  }
}
