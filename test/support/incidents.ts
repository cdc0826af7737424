import { createHmac } from 'node:crypto'
import type { Stage } from '../../src/sandbox/stage.ts'
import { cast, setUpRepositories, type Workshop } from '../../src/sandbox/workshop.ts'

export const pagerDutySecret = 'a-secret-of-pagerduty'
export const datadogSecret = 'a-secret-of-datadog-0'
export const zendeskSecret = 'a-secret-of-zendesk-0'

export const senders = {
  PAGERDUTY_WEBHOOK_SECRET: pagerDutySecret,
  DATADOG_WEBHOOK_SECRET: datadogSecret,
  ZENDESK_WEBHOOK_SECRET: zendeskSecret,
}

export const incidentPolicy = `gates:
  approvals: {}
  release_window: {}
slack:
  channel: "#releases"
incidents:
  repository: foodyepay/incidents
`

export const incidents = { owner: 'foodyepay', repo: 'incidents' }

/** A repository whose policy names `foodyepay/incidents`, which is private and where ana, ben and eva write and gus triages. */
export async function aWorldWithIncidents(stage: Stage, policy = incidentPolicy): Promise<Workshop> {
  cast(stage)
  stage.github.addUser('rita')
  await stage.github.addRepository({
    owner: 'foodyepay',
    name: 'incidents',
    private: true,
    files: { 'README.md': '# Incidents\n' },
    collaborators: { ana: 'write', ben: 'write', eva: 'maintain', gus: 'triage', rita: 'read' },
  })
  stage.github.installApp('foodyepay')
  const shop = await setUpRepositories(stage, { policy })
  const copy = await stage.github.workingCopy(shop.name, 'olga')
  await copy.branch('main', 'origin/main')
  return shop
}

export function workOn(stage: Stage, number: number) {
  const place = { ...incidents, issue_number: number }
  const settle = async (work: Promise<unknown>) => {
    await work
    await stage.settled()
  }
  return {
    comment: (login: string, body: string) =>
      settle(stage.as(login).rest.issues.createComment({ ...place, body })),
    assign: (login: string, assignee: string) =>
      settle(stage.as(login).rest.issues.addAssignees({ ...place, assignees: [assignee] })),
    label: (login: string, label: string) =>
      settle(stage.as(login).rest.issues.addLabels({ ...place, labels: [label] })),
    close: (login: string, reason: 'completed' | 'not_planned' = 'completed') =>
      settle(stage.as(login).rest.issues.update({ ...place, state: 'closed', state_reason: reason })),
    read: async () => {
      const { data } = await stage.as('olga').rest.issues.get(place)
      const comments = await stage.as('olga').rest.issues.listComments({ ...place, per_page: 100 })
      return {
        title: data.title,
        body: data.body ?? '',
        state: data.state,
        labels: data.labels.map((label) => (typeof label === 'string' ? label : (label.name ?? ''))),
        said: comments.data.filter(({ user }) => user?.type === 'Bot').map(({ body }) => body ?? ''),
      }
    },
  }
}

export async function openIncidents(stage: Stage): Promise<{ number: number; title: string }[]> {
  const { data } = await stage
    .as('olga')
    .rest.issues.listForRepo({ ...incidents, state: 'all', per_page: 100 })
  return data
    .filter(({ labels }) =>
      labels.some((label) => (typeof label === 'string' ? label : label.name) === 'incident'),
    )
    .map(({ number, title }) => ({ number, title }))
    .toSorted((a, b) => a.number - b.number)
}

/** Sends a webhook of Zendesk about a ticket, signed at a time. `invocation`: what its header says, which nothing signs. */
export async function sendZendesk(
  stage: Stage,
  ticket: { ticket: string; created?: string; updated?: string },
  { invocation = 'invocation', at = stage.now() }: { invocation?: string; at?: Date } = {},
): Promise<number> {
  const about = { created: '2026-10-19T15:00:00Z', priority: 'normal', tags: 'chatgpt-app', link: '' }
  const body = JSON.stringify({ ...about, ...ticket })
  const timestamp = at.toISOString()
  const signature = createHmac('sha256', zendeskSecret).update(timestamp).update(body).digest('base64')
  const response = await fetch(`${stage.bot().url}/api/zendesk/webhooks`, {
    method: 'POST',
    body,
    headers: {
      'x-zendesk-webhook-invocation-id': invocation,
      'x-zendesk-webhook-signature': signature,
      'x-zendesk-webhook-signature-timestamp': timestamp,
    },
  })
  await response.text()
  await stage.settled()
  return response.status
}

/** Sends a webhook of PagerDuty with its signature, beside one of another secret. */
export async function sendPagerDuty(
  stage: Stage,
  incident: { id: string; title?: string; urgency?: string; incident_key?: string; created_at?: string },
  {
    event = 'incident.triggered',
    id = `event-${incident.id}`,
    secret = pagerDutySecret,
    at = stage.now(),
  } = {},
): Promise<number> {
  const data = {
    type: 'incident',
    title: 'Payments fail',
    urgency: 'high',
    created_at: at.toISOString(),
    ...incident,
  }
  const body = JSON.stringify({
    event: { id, event_type: event, resource_type: 'incident', occurred_at: at.toISOString(), data },
  })
  const sign = (key: string) => `v1=${createHmac('sha256', key).update(body).digest('hex')}`
  const response = await fetch(`${stage.bot().url}/api/pagerduty/webhooks`, {
    method: 'POST',
    body,
    headers: { 'x-webhook-id': id, 'x-pagerduty-signature': `${sign('another')},${sign(secret)}` },
  })
  await response.text()
  await stage.settled()
  return response.status
}
