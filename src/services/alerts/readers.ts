import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Alert } from '../../decision/incidents/alert.ts'
import { pageKeyPrefix } from '../../decision/incidents/pagerduty-page.ts'
import { severityIn } from '../../decision/incidents/severity.ts'
import { beginningOf, oneLine } from '../../decision/markdown.ts'

/** An alert with the id of its delivery, or why it is none of ours. */
export type ReadAlert = { alert: Alert; delivery: string } | { ignored: string }

const pagerDuty = z.object({
  event: z.object({
    id: z.string().min(1),
    event_type: z.string(),
    occurred_at: z.string(),
    data: z.looseObject({}),
  }),
})

const pagerDutyIncident = z.object({
  id: z.string().min(1),
  title: z.string().default('An incident in PagerDuty'),
  html_url: z.string().nullish(),
  incident_key: z.string().nullish(),
  created_at: z.string().nullish(),
  urgency: z.string().nullish(),
  priority: z.object({ summary: z.string().nullish() }).nullish(),
})

/** A webhook of PagerDuty, version 3: https://developer.pagerduty.com/docs/webhooks-overview */
export function readPagerDuty(body: unknown): ReadAlert {
  const { event } = pagerDuty.parse(body)
  if (!['incident.triggered', 'incident.reopened'].includes(event.event_type))
    return { ignored: 'this event opens no incident' }
  const incident = pagerDutyIncident.parse(event.data)
  if (incident.incident_key?.startsWith(pageKeyPrefix)) return { ignored: 'it is a page of an incident here' }
  const { summary = null } = incident.priority ?? {}
  const ofUrgency = { high: 'P0', low: 'P2' }[incident.urgency ?? '']
  const severity = severityIn(summary) ?? ofUrgency ?? summary
  const created = event.event_type === 'incident.reopened' ? undefined : timeOf(incident.created_at)
  return {
    // The signature covers the body alone: whoever recorded it can send it again with another header.
    delivery: event.id,
    alert: {
      source: 'pagerduty',
      id: incident.id,
      title: titleOf(incident.title),
      severity,
      component: null,
      at: created ?? timeOf(event.occurred_at) ?? new Date(0).toISOString(),
      url: urlOf(incident.html_url),
      by: null,
    },
  }
}

const datadog = z.object({
  monitor: z.string().min(1),
  scope: z.string().default(''),
  transition: z.string(),
  event: z.string().min(1),
  title: z.string().min(1),
  /** Milliseconds since 1970. */
  date: z.string().regex(/^\d{10,16}$/),
  link: z.string().default(''),
  tags: z.string().default(''),
})

/** The secret header of Datadog, which signs nothing. */
export const datadogHeader = 'x-release-gate-secret'

/** The payload that `incident webhooks` prints; Datadog fills in the variables. */
export const datadogTemplate = {
  monitor: '$ALERT_ID',
  scope: '$ALERT_SCOPE',
  transition: '$ALERT_TRANSITION',
  event: '$ID',
  title: '$EVENT_TITLE',
  date: '$DATE',
  link: '$LINK',
  tags: '$TAGS',
}

/** `Re-Warn` too, when a warning is repeated. */
const noAlert = /recovered|\bwarn\b|test/i

/** A webhook of Datadog, with our template as its payload. The monitor's tags `severity:P0` and `component:…` say the rest. */
export function readDatadog(body: unknown): ReadAlert {
  const { monitor, scope, transition, event, title, date, link, tags } = datadog.parse(body)
  if (noAlert.test(transition)) return { ignored: 'this transition opens no incident' }
  const tag = (name: string) =>
    tags
      .split(',')
      .map((one) => one.trim())
      .find((one) => one.startsWith(`${name}:`))
      ?.slice(name.length + 1) ?? null
  return {
    delivery: event,
    alert: {
      source: 'datadog',
      id: scope === '' ? monitor : beginningOf(`${monitor}/${scope}`, 200),
      title: titleOf(title),
      severity: tag('severity'),
      component: tag('component'),
      at: new Date(Number(date)).toISOString(),
      url: urlOf(link),
      by: null,
    },
  }
}

const zendesk = z.object({
  ticket: z.string().min(1),
  created: z.string(),
  updated: z.string().default(''),
  priority: z.string().default(''),
  tags: z.string().default(''),
  link: z.string().default(''),
})

/** The body of the trigger in Zendesk; it has neither the subject nor the text, which may name customers. */
export const zendeskTemplate = {
  ticket: '{{ticket.id}}',
  created: '{{ticket.created_at_with_timestamp}}',
  updated: '{{ticket.updated_at_with_timestamp}}',
  priority: '{{ticket.priority}}',
  tags: '{{ticket.tags}}',
  link: 'https://{{ticket.link}}',
}

export const zendeskTag = 'chatgpt-app'
const severityOfPriority: Record<string, string> = { urgent: 'P0', high: 'P1', normal: 'P2', low: 'P3' }

/**
 * A webhook of a Zendesk trigger with our template as its body. Only tickets with our tag open an incident. The same update of a ticket
 * is known by what the signature covers, never by another header: whoever recorded it can send it again with that. `signedAt`: the
 * timestamp of the signature, for a body of an earlier template, which has no time of the update.
 */
export function readZendesk(body: unknown, signedAt: string | undefined): ReadAlert {
  const read = zendesk.parse(body)
  const { ticket, created, updated, priority, tags, link } = read
  if (!tags.split(/[\s,]+/).includes(zendeskTag)) return { ignored: `the ticket is not tagged ${zendeskTag}` }
  const at = timeOf(created)
  if (!at) throw new Error('the ticket has no readable time of creation')
  const updatedAt = timeOf(updated) ?? timeOf(signedAt)
  const signed = JSON.stringify([read, updated === '' ? signedAt : null])
  const digest = createHash('sha256').update(signed).digest('hex')
  return {
    delivery: `${ticket}/${digest}`,
    alert: {
      source: 'zendesk',
      id: ticket,
      title: `Zendesk ticket ${ticket}`,
      severity: severityOfPriority[priority.toLowerCase()] ?? null,
      component: null,
      at,
      ...(updatedAt ? { updatedAt } : {}),
      url: urlOf(link),
      by: null,
    },
  }
}

function titleOf(text: string): string {
  return oneLine(text, 200) || 'An alert without a title'
}

function timeOf(text: string | null | undefined): string | undefined {
  const at = new Date(text ?? '')
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString()
}

function urlOf(text: string | null | undefined): string | null {
  return text && /^https?:\/\//.test(text) && URL.canParse(text) ? text : null
}
