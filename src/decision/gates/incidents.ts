import { z } from 'zod'
import { formatTime } from '../calendar.ts'
import { defineGate, type Finding, failed, passed, waiting } from '../gate.ts'
import { isNamedIn } from '../incidents/naming.ts'
import { passForUrgentFix } from '../incidents/urgent-fix.ts'
import { code, list } from '../markdown.ts'
import { isRecent } from '../recent.ts'
import type { IncidentsFact } from '../snapshot.ts'
import { timeZoneOf } from '../window-settings.ts'

const settings = z.strictObject({
  components: z
    .array(z.string().min(1).max(100))
    .default([])
    .describe(
      'The components that this repository owns. Empty: all. An incident without a component applies to every repository.',
    ),
})

const title = 'Urgent fix for an incident'

type Known = IncidentsFact['unresolved'][number]

/** What is known of incidents is read about once an hour, and a check is evaluated as often. */
const freshFor = 3 * 3_600_000

/**
 * No P0 of a component that this repository owns is open, and no post-mortem is overdue. It yields to the urgent change that
 * names one of the open incidents, or its fix could not ship; while none is open, to one that names the incident of such a post-mortem.
 */
export const incidents = defineGate({
  title: 'Incidents',
  settings,
  tightens: (after, than) =>
    after.components.length === 0 ||
    (than.components.length > 0 && than.components.every((one) => after.components.includes(one))),
  evaluate(snapshot, { components }, gates = {}) {
    const { incidents: facts, takenAt } = snapshot
    if (!facts) return notSetUp()
    const now = Date.parse(takenAt)
    if (facts.replaced) return replaced()
    if (facts.readAt === null || !isRecent(Date.parse(facts.readAt), now, freshFor))
      return unread(facts.readAt, timeZoneOf(gates))
    const isOwned = ({ component, components: reported = [component] }: Reported) =>
      components.length === 0 || reported.some((one) => one === null || isIn(components, one))
    const open = facts.unresolved.filter((incident) => incident.severity === 'P0' && isOwned(incident))
    const known = facts.postMortems.filter(isOwned)
    const overdue = known.filter(({ due }) => Date.parse(due) < now)
    const next = known
      .filter(({ due }) => Date.parse(due) >= now)
      .map(({ due }) => ({ kind: 'recheck' as const, at: new Date(Date.parse(due) + 1).toISOString() }))
    if (open.length === 0 && overdue.length === 0)
      return passed('No open incident', 'No P0 is open, and no post-mortem is overdue.', { next })
    const named = namedOf(open.length > 0 ? open : overdue)
    return passForUrgentFix(snapshot, gates, { title, named }) ?? blocked(open, overdue)
  },
})

/** Nobody releases a repository by editing the component of an incident: each one that was reported counts. */
type Reported = Pick<Known, 'component' | 'components'>

function isIn(components: string[], one: string): boolean {
  return components.some((owned) => spelled(owned) === spelled(one))
}

/** An accent can be a character of its own or a part of its letter; both look the same. */
function spelled(component: string): string {
  return component.trim().normalize('NFC').toLowerCase()
}

function notSetUp(): Finding {
  return failed(
    'Incidents are not set up',
    'The policy turns on this gate but names no incident repository.',
    {
      who: 'Anyone with write access: add `incidents: { repository: … }` to the policy, or remove the gate',
    },
  )
}

function replaced(): Finding {
  return waiting(
    'Incidents could not be read',
    'The incident repository in the policy is no longer the same repository.',
    {
      who: 'An owner of the organization: rename the original repository back, or name a different one in the policy',
    },
  )
}

function unread(readAt: string | null, zone: string): Finding {
  const since = readAt === null ? 'yet' : `since ${formatTime(new Date(readAt), zone)}`
  return waiting('Incidents could not be read', `The incident repository has not been read ${since}.`, {
    who: 'The release-gate operator: install the App on the incident repository',
  })
}

/** One incident is enough: two fixes that had to name each other's incident could both never ship. */
function namedOf(blocking: Pick<Known, 'names'>[]) {
  return (body: string): string | undefined => {
    const named = blocking.filter(({ names }) => isNamedIn(body, names))
    return named.length === 0 ? undefined : list(named.map(({ names }) => code(names[0] ?? '')))
  }
}

function blocked(open: Known[], overdue: IncidentsFact['postMortems']): Finding {
  const lines = [
    ...open.map(({ names, state, title }) => `${code(names[0] ?? '')}, a P0, is ${state}: ${code(title)}.`),
    ...overdue.map(
      ({ names, zone, due }) =>
        `The post-mortem of ${code(names[0] ?? '')} was due ${formatTime(new Date(due), zone)}.`,
    ),
  ]
  const title =
    open.length > 0
      ? `Blocked by ${open.length === 1 ? 'an open incident' : `${open.length} open incidents`}`
      : 'Blocked by an overdue post-mortem'
  const link = open[0]?.url ?? overdue[0]?.url
  return waiting(title, lines.slice(0, 10).join(' '), {
    who:
      open.length > 0
        ? 'Whoever works on the incident: mark its fix as urgent and name the incident in the description'
        : "The post-mortem's owner",
    ...(link ? { link } : {}),
  })
}
