import { stringify } from 'yaml'
import { headings, verifiedText } from '../decision/incidents/report.ts'
import { datadogHeader, datadogTemplate, zendeskTag, zendeskTemplate } from '../services/alerts/readers.ts'

const choices = [
  'P0: payments blocked, data breach, security incident',
  'P1: rewards incorrect, degraded experience, major bug',
  'P2: minor bug, UX issue',
  'P3: feature request, general question',
]

type Field = { type: string; label: string; [more: string]: unknown }

/** The incident issue form, for GitHub. Its headings are those by which a report is read. */
export function incidentForm(components: string[]): string {
  const fields: Field[] = [
    { type: 'dropdown', label: headings.severity, options: choices, required: true },
    components.length > 0
      ? { type: 'dropdown', label: headings.component, options: components, required: true }
      : { type: 'input', label: headings.component },
    { type: 'input', label: headings.tools, description: 'The tools that are affected.' },
    { type: 'textarea', label: headings.what, description: 'No customer data.', required: true },
    { type: 'textarea', label: headings.affected, description: 'Counts, not names.' },
    { type: 'input', label: headings.source, description: 'The ticket, the alert or the person.' },
    {
      type: 'input',
      label: headings.received,
      description:
        'When the ticket or the alert came in, like 2026-11-27T14:50-08:00. The clocks start then.',
    },
    { type: 'checkboxes', label: headings.identity, options: [{ label: verifiedText }] },
  ]
  const body = fields.map(({ type, required, ...attributes }) => ({
    type,
    attributes,
    ...(required === true ? { validations: { required } } : {}),
  }))
  return stringify({
    name: 'Incident',
    description: 'Open an incident. Its clocks start at once.',
    labels: ['incident'],
    body,
  })
}

const onMissing = { on_missing_data: 'show_and_notify_no_data' }

/** The two monitors of the tools: more than 2 % of errors in 5 minutes, and a latency of more than 3 s at p95. */
export const monitorDefinitions = [
  {
    name: 'Error rate of {{tool.name}} over 2 %',
    type: 'query alert',
    query:
      'sum(last_5m):sum:mcp.errors{env:production} by {tool}.as_count() / sum:mcp.requests{env:production} by {tool}.as_count() > 0.02',
    options: { ...onMissing, thresholds: { critical: 0.02 } },
  },
  {
    name: 'Latency of {{tool.name}} over 3 s at p95',
    type: 'query alert',
    query: 'percentile(last_5m):p95:mcp.duration{env:production} by {tool} > 3',
    options: { ...onMissing, thresholds: { critical: 3 } },
  },
]

/** What an operator enters in each system, and where. */
export function webhookInstructions(bot: string): string {
  const at = (name: string) => new URL(`/api/${name}/webhooks`, bot).href
  return `PagerDuty: Integrations > Generic Webhooks (v3)
  URL      ${at('pagerduty')}
  Events   incident.triggered, incident.reopened
  Secret   PagerDuty shows it once; set it as PAGERDUTY_WEBHOOK_SECRET

Datadog: Integrations > Webhooks
  URL      ${at('datadog')}
  Header   {"${datadogHeader}": "<the value of DATADOG_WEBHOOK_SECRET>"}
  Payload  ${JSON.stringify(datadogTemplate)}
  Tags of each monitor: severity:P0, component:<name>
  Monitors ${monitorDefinitions.map((one) => JSON.stringify(one)).join('\n           ')}

Zendesk: a webhook, and a trigger for tickets with the tag ${zendeskTag}
  URL      ${at('zendesk')}
  Secret   "Show signing secret"; set it as ZENDESK_WEBHOOK_SECRET
  Body     ${JSON.stringify(zendeskTemplate)}
`
}
