import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { createFaults, type LocalFault } from './local-faults.ts'

/** An alert as the service of a routing key has it. */
export type PagerDutyAlert = {
  routingKey: string
  dedupKey: string
  state: 'triggered' | 'acknowledged' | 'resolved'
  summary: string
  severity: string
  /** How many events came for it. */
  events: number
  /** How often it was triggered while no alert of its key was open: so often someone is paged. */
  pages: number
}

export type PagerDuty = {
  /** What PAGERDUTY_EVENTS_URL is set to. */
  url: string
  keys: { on_call: string; lead: string }
  webhookSecret: string
  alerts: PagerDutyAlert[]
  changes: { summary: string; timestamp: string | undefined }[]
  /** How many events were refused since a routing key had too many in a minute. */
  throttled: number
  /** The next calls fail: see `LocalFault`. */
  fail: (fault: LocalFault, times?: number) => void
  /** From now on no call fails. */
  recover: () => void
  /** How many calls are still to fail. */
  failuresLeft: () => number
  /** Someone creates an incident in PagerDuty: its webhook goes out, signed. Gives the status of the answer. */
  trigger: (
    webhookUrl: string,
    incident: { id: string; title: string; urgency?: string; priority?: string },
  ) => Promise<number>
  close: () => Promise<void>
}

const severities = ['critical', 'error', 'warning', 'info']

/** Events that a routing key takes in a minute. */
const mostEvents = 120

/**
 * A local PagerDuty with two services: Events API v2 for alerts and changes, and webhooks v3. An event for an unknown key, or
 * one that is not as documented, gets 400, and one beyond 120 of its key in a minute 429. `/alerts` shows all of them. https://developer.pagerduty.com/docs/events-api-v2-overview
 */
export async function startPagerDuty({
  clock = Date.now,
}: {
  clock?: () => number
} = {}): Promise<PagerDuty> {
  const keys = { on_call: 'c'.repeat(32), lead: 'd'.repeat(32) }
  const webhookSecret = 'sandbox-pagerduty-webhooks'
  const alerts: PagerDutyAlert[] = []
  const changes: { summary: string; timestamp: string | undefined }[] = []
  const faults = createFaults()
  const app = new Hono()
  const taken: { key: string; at: number }[] = []
  const isTooMany = (key: string) => {
    const recent = taken.filter((one) => one.key === key && one.at > clock() - 60_000)
    if (recent.length < mostEvents) taken.push({ key, at: clock() })
    return recent.length >= mostEvents
  }
  const throttle = () => {
    pagerDuty.throttled += 1
    return {
      status: 'throttle exceeded',
      message: 'Requests for this service are arriving too quickly. Please retry later.',
    }
  }
  const invalid = (...errors: string[]) => ({
    status: 'invalid event',
    message: 'Event object is invalid',
    errors,
  })

  app.post('/v2/enqueue', async (c) => {
    const fault = faults.next()
    if (fault && fault !== 'lose the answer') return faults.answer(c, fault)
    const event = await c.req.json().catch(() => ({}))
    const problems = problemsOf(event, Object.values(keys))
    if (problems.length > 0) return c.json(invalid(...problems), 400)
    if (isTooMany(event.routing_key)) return c.json(throttle(), 429)
    take(alerts, event)
    if (fault) return faults.answer(c, fault)
    return c.json({ status: 'success', message: 'Event processed', dedup_key: event.dedup_key }, 202)
  })
  app.post('/v2/change/enqueue', async (c) => {
    const fault = faults.next()
    if (fault) return faults.answer(c, fault)
    const { routing_key: key, payload } = await c.req.json().catch(() => ({}))
    if (!Object.values(keys).includes(key) || !payload?.summary)
      return c.json(invalid('payload is invalid'), 400)
    if (isTooMany(key)) return c.json(throttle(), 429)
    changes.push({ summary: payload.summary, timestamp: payload.timestamp })
    return c.json({ status: 'success', message: 'Change event processed' }, 202)
  })

  app.get('/alerts', (c) => c.json(alerts.map(({ routingKey: _, ...alert }) => alert)))

  const server = createAdaptorServer({ fetch: app.fetch })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const pagerDuty: PagerDuty = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    keys,
    webhookSecret,
    alerts,
    changes,
    throttled: 0,
    fail: faults.add,
    recover: faults.clear,
    failuresLeft: faults.left,
    trigger: (url, incident) => sendWebhook(url, webhookSecret, incident, clock()),
    close: async () => {
      server.close()
      if ('closeAllConnections' in server) server.closeAllConnections()
      await once(server, 'close')
    },
  }
  return pagerDuty
}

function problemsOf(event: Record<string, unknown>, keys: string[]): string[] {
  const payload = (event.payload ?? {}) as Record<string, unknown>
  const isTrigger = event.event_action === 'trigger'
  return [
    ...(keys.includes(String(event.routing_key)) ? [] : ['routing_key is invalid']),
    ...(['trigger', 'acknowledge', 'resolve'].includes(String(event.event_action))
      ? []
      : ['event_action is invalid']),
    ...(String(event.dedup_key ?? '').length > 255
      ? ['dedup_key is too long (maximum is 255 characters)']
      : []),
    ...(isTrigger &&
    !(typeof payload.summary === 'string' && payload.summary !== '' && payload.summary.length <= 1_024)
      ? ['summary is invalid']
      : []),
    ...(isTrigger && !payload.source ? ["'source' is missing or blank"] : []),
    ...(isTrigger && !severities.includes(String(payload.severity)) ? ['severity is invalid'] : []),
  ]
}

/** A key that is open takes the event; a resolved one opens a new alert at a trigger, and ignores the rest. */
function take(alerts: PagerDutyAlert[], event: Record<string, unknown>): void {
  const {
    routing_key: routingKey,
    dedup_key: dedupKey,
    event_action: action,
  } = event as Record<string, string>
  const payload = (event.payload ?? {}) as { summary?: string; severity?: string }
  const known = alerts.find((one) => one.routingKey === routingKey && one.dedupKey === dedupKey)
  if (known) known.events += 1
  if (action === 'trigger') {
    const alert = known ?? newAlert(String(routingKey), String(dedupKey))
    if (!known) alerts.push(alert)
    if (alert.state === 'resolved') Object.assign(alert, { state: 'triggered', pages: alert.pages + 1 })
    Object.assign(alert, { summary: payload.summary, severity: payload.severity })
  } else if (known && known.state !== 'resolved') {
    known.state = action === 'resolve' ? 'resolved' : 'acknowledged'
  }
}

function newAlert(routingKey: string, dedupKey: string): PagerDutyAlert {
  return { routingKey, dedupKey, state: 'resolved', summary: '', severity: '', events: 1, pages: 0 }
}

async function sendWebhook(
  url: string,
  secret: string,
  {
    id,
    title,
    urgency = 'high',
    priority,
  }: { id: string; title: string; urgency?: string; priority?: string },
  now: number,
): Promise<number> {
  const at = new Date(now).toISOString()
  const data = {
    id,
    type: 'incident',
    html_url: `https://sandbox.pagerduty.com/incidents/${id}`,
    status: 'triggered',
    incident_key: id,
    created_at: at,
    title,
    urgency,
    priority: priority === undefined ? null : { summary: priority },
  }
  const event = {
    id: `01${id}`,
    event_type: 'incident.triggered',
    resource_type: 'incident',
    occurred_at: at,
    data,
  }
  const body = JSON.stringify({ event })
  const signature = `v1=${createHmac('sha256', secret).update(body).digest('hex')}`
  const headers = {
    'content-type': 'application/json',
    'x-pagerduty-signature': signature,
    'x-webhook-id': `w-${id}`,
  }
  const response = await fetch(url, { method: 'POST', body, headers })
  await response.text()
  return response.status
}
