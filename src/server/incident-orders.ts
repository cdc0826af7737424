import { z } from 'zod'
import type { Alert } from '../decision/incidents/alert.ts'
import { oneLine } from '../decision/markdown.ts'
import { nameOfOrderer } from '../gate/calendar/freeze-order.ts'
import type { Database } from '../store/database.ts'
import type { KnownIncident } from '../store/incidents.ts'
import type { TakeIn } from './alerts.ts'
import type { Caller } from './callers.ts'
import { clockProblem, oneLineOfText, refuse } from './command-requests.ts'
import { type OrderShell, reporterOf } from './orders.ts'
import { incidentsNamed, nameOfIncident } from './requests/incidents.ts'

/** What orders about incidents act on. */
export type IncidentOrders = {
  destination: () => Promise<IncidentRepository | string>
  takeIn: TakeIn
  /** Ends one whose issue is gone; a text says why it did not. */
  end: (incident: KnownIncident, order: { by: string; reason: string }) => Promise<string | undefined>
}

type IncidentRepository = { installationId: number; owner: string; repo: string }

type IncidentOrderShell = Pick<OrderShell, 'github'> & {
  database: Database
  now: () => Date
  incidents: IncidentOrders
}

const incidentOrder = z.strictObject({
  at: z.iso.datetime({ offset: true }),
  id: z.uuid(),
  title: z
    .string()
    .max(200)
    .refine((title) => oneLine(title) !== '', 'must have visible characters'),
  severity: z.string().max(20).nullable(),
  component: z.string().max(60).nullable(),
  /** When it began; without it, now by the bot's clock. */
  since: z.iso.datetime({ offset: true }).optional(),
})

/** The same order again opens no second incident. */
export async function openIncident(
  { incidents, github, now }: IncidentOrderShell,
  caller: Caller,
  body: unknown,
): Promise<Response> {
  const parsed = incidentOrder.safeParse(body)
  if (!parsed.success) return refuse(400, z.prettifyError(parsed.error))
  const { id, since, at, ...order } = parsed.data
  const untimely = clockProblem(at)
  if (untimely) return refuse(400, untimely)
  const place = await incidents.destination()
  if (typeof place === 'string') return refuse(404, place)
  const reporter = await reporterOf({ github }, caller, place)
  if ('refused' in reporter) return refuse(reporter.status, reporter.refused)
  const by = nameOfOrderer(reporter)
  const alert: Alert = {
    ...order,
    by,
    ...(reporter.person && { byId: reporter.person.id }),
    source: 'command line',
    id,
    at: since ?? now().toISOString(),
    url: null,
  }
  const taken = await incidents.takeIn(alert, id)
  if (typeof taken === 'string') return refuse(404, taken)
  return Response.json({ message: `Opening an incident in ${taken.owner}/${taken.repo}.`, id })
}

const endOrder = z.strictObject({
  at: z.iso.datetime({ offset: true }),
  incident: z.string().min(1).max(300),
  reason: oneLineOfText,
})

/** Whoever can write to the incident repository could have closed its issue. */
export async function endIncident(
  shell: IncidentOrderShell,
  caller: Caller,
  body: unknown,
): Promise<Response> {
  const parsed = endOrder.safeParse(body)
  if (!parsed.success) return refuse(400, z.prettifyError(parsed.error))
  const { at, incident: name, reason } = parsed.data
  const untimely = clockProblem(at)
  if (untimely) return refuse(400, untimely)
  const found = await incidentsNamed(shell.database, name)
  const allowed: { incident: KnownIncident; by: string }[] = []
  for (const incident of found) {
    const orderer = await reporterOf(shell, caller, incident.repository)
    if (!('refused' in orderer)) allowed.push({ incident, by: nameOfOrderer(orderer) })
  }
  const [one, another] = allowed
  // Who may not see an incident repository does not learn which there are.
  if (!one)
    return refuse(
      404,
      `There is no incident ${JSON.stringify(name)}, or you have no write access to its repository.`,
    )
  const { incident, by } = one
  if (another)
    return refuse(
      404,
      `${JSON.stringify(name)} names ${allowed.length} incidents. Write it like ${nameOfIncident(incident)}.`,
    )
  const problem = await shell.incidents.end(incident, { by, reason })
  if (problem !== undefined) return refuse(409, problem)
  return Response.json({ message: `Ended ${nameOfIncident(incident)}.` })
}
