import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { alertMarker, incidentOf } from '../../src/decision/incidents/alert.ts'
import { isNamed, namedIncidents } from '../../src/decision/incidents/naming.ts'
import { readReport } from '../../src/decision/incidents/report.ts'
import { severityIn } from '../../src/decision/incidents/severity.ts'
import {
  datadogTemplate,
  readDatadog,
  readPagerDuty,
  readZendesk,
  zendeskTemplate,
} from '../../src/services/alerts/readers.ts'
import { isPagerDutySigned, isZendeskSigned } from '../../src/services/alerts/signatures.ts'
import { incidentForm, webhookInstructions } from '../../src/setup/incident-form.ts'
import { aliveIn } from '../support/rendered.ts'

const body = Buffer.from('{"event":"é"}')
const hex = (secret: string, of: Buffer | string = body) =>
  createHmac('sha256', secret).update(of).digest('hex')

describe('the signature of PagerDuty', () => {
  test.each([
    ['alone', `v1=${hex('right')}`, true],
    ['first of several', `v1=${hex('right')},v1=${hex('old')}`, true],
    ['last of several, with a space', `v1=${hex('old')}, v1=${hex('right')}`, true],
    ['of another secret', `v1=${hex('old')}`, false],
    ['of another body', `v1=${hex('right', 'other')}`, false],
    ['of another version', `v2=${hex('right')}`, false],
    ['cut off', `v1=${hex('right').slice(0, 40)}`, false],
    ['empty', '', false],
    ['missing', undefined, false],
  ])('%s', (_, header, genuine) => {
    expect(isPagerDutySigned(body, header, 'right')).toBe(genuine)
  })
})

describe('the signature of Zendesk', () => {
  const now = new Date('2026-10-19T16:05:00Z')
  const sign = (timestamp: string, secret = 'right') =>
    createHmac('sha256', secret).update(timestamp).update(body).digest('base64')
  test.each([
    ['of now', '2026-10-19T16:05:00Z', sign('2026-10-19T16:05:00Z'), true],
    ['five minutes old', '2026-10-19T16:00:00Z', sign('2026-10-19T16:00:00Z'), true],
    ['older than five minutes', '2026-10-19T15:59:59Z', sign('2026-10-19T15:59:59Z'), false],
    ['of the future', '2026-10-19T16:10:01Z', sign('2026-10-19T16:10:01Z'), false],
    ['of another timestamp', '2026-10-19T16:05:00Z', sign('2026-10-19T16:04:00Z'), false],
    ['of another secret', '2026-10-19T16:05:00Z', sign('2026-10-19T16:05:00Z', 'old'), false],
    ['without a readable timestamp', 'now', sign('now'), false],
    ['missing', '2026-10-19T16:05:00Z', undefined, false],
  ])('%s', (_, timestamp, signature, genuine) => {
    expect(isZendeskSigned(body, { signature, timestamp }, 'right', now)).toBe(genuine)
  })
})

const datadog = {
  ...datadogTemplate,
  monitor: '42',
  scope: 'tool:issue-reward',
  transition: 'Triggered',
  event: '9001',
  title: 'Error rate over 2 %',
  date: '1792425600000',
  link: 'https://app.datadoghq.com/monitors/42',
  tags: 'env:production,severity:P0,component:rewards',
}

describe('an alert of Datadog', () => {
  test('has its severity and component from the tags of its monitor', () => {
    expect(readDatadog(datadog)).toEqual({
      delivery: '9001',
      alert: {
        source: 'datadog',
        id: '42/tool:issue-reward',
        title: 'Error rate over 2 %',
        severity: 'P0',
        component: 'rewards',
        at: '2026-10-19T16:00:00.000Z',
        url: 'https://app.datadoghq.com/monitors/42',
        by: null,
      },
    })
  })

  test.each(['Recovered', 'Warn', 'Re-Warn', 'Test Notification'])(
    'that says %s opens nothing',
    (transition) => {
      expect(readDatadog({ ...datadog, transition })).toHaveProperty('ignored')
    },
  )

  test.each(['Re-Triggered', 'No Data', 'Re-No Data', 'Renotify', 'Something new'])(
    'that says %s opens an incident',
    (transition) => {
      expect(readDatadog({ ...datadog, transition })).toHaveProperty('alert')
    },
  )

  test.each([
    ['a date that is not one', { date: 'today' }],
    ['no monitor', { monitor: '' }],
    ['no transition', { transition: undefined }],
  ])('is refused with %s', (_, wrong) => {
    expect(() => readDatadog({ ...datadog, ...wrong })).toThrow()
  })
})

describe('a ticket of Zendesk', () => {
  const ticket = {
    ...zendeskTemplate,
    ticket: '77',
    created: '2026-10-19T09:00:00Z',
    updated: '2026-10-19T16:00:00Z',
    priority: 'High',
    tags: 'vip chatgpt-app',
    link: 'https://acme.zendesk.com/tickets/77',
  }
  test('with our tag opens an incident of its priority, without its subject', () => {
    expect(readZendesk({ ...ticket, subject: 'Jo Doe was not paid' }, undefined)).toEqual({
      delivery: expect.stringMatching(/^77\/[0-9a-f]{64}$/),
      alert: {
        source: 'zendesk',
        id: '77',
        title: 'Zendesk ticket 77',
        severity: 'P1',
        component: null,
        at: '2026-10-19T09:00:00.000Z',
        updatedAt: '2026-10-19T16:00:00.000Z',
        url: 'https://acme.zendesk.com/tickets/77',
        by: null,
      },
    })
  })

  const delivery = (what: object, signedAt = '2026-10-19T16:00:00Z') => {
    const read = readZendesk({ ...ticket, ...what }, signedAt)
    return 'delivery' in read ? read.delivery : undefined
  }

  test('is known again by what is signed: its body, or where that has no time of the update, the timestamp as well', () => {
    expect(delivery({}, '2026-10-19T16:04:00Z')).toBe(delivery({}))
    expect(delivery({ updated: '2026-10-19T16:04:00Z' })).not.toBe(delivery({}))
    expect(delivery({ priority: 'urgent' })).not.toBe(delivery({}))
    expect(delivery({ updated: '' }, '2026-10-19T16:00:00Z')).toBe(delivery({ updated: '' }))
    expect(delivery({ updated: '' }, '2026-10-19T16:04:00Z')).not.toBe(delivery({ updated: '' }))
  })

  test.each(['', 'yesterday'])('whose update is at %j was updated when that was signed', (updated) => {
    expect(readZendesk({ ...ticket, updated }, '2026-10-19T16:04:00Z')).toMatchObject({
      alert: { updatedAt: '2026-10-19T16:04:00.000Z' },
    })
  })

  test.each(['vip', 'not-chatgpt-app', ''])('tagged %j opens none', (tags) => {
    expect(readZendesk({ ...ticket, tags }, undefined)).toHaveProperty('ignored')
  })
})

describe('an incident of PagerDuty', () => {
  const webhook = (data: object) => ({
    event: { id: 'e', event_type: 'incident.triggered', occurred_at: '2026-10-19T16:00:00Z', data },
  })
  test.each([
    [{ urgency: 'high' }, 'P0'],
    [{ urgency: 'low' }, 'P2'],
    [{ urgency: 'high', priority: { summary: 'P1' } }, 'P1'],
    [{ urgency: 'low', priority: { summary: 'SEV-1' } }, 'P2'],
    [{ priority: { summary: 'SEV-1' } }, 'SEV-1'],
    [{ urgency: 'high', priority: { summary: null } }, 'P0'],
    [{}, null],
  ])('%j is %s', (more, severity) => {
    expect(readPagerDuty(webhook({ id: 'Q1', title: 'T', ...more }))).toMatchObject({
      delivery: 'e',
      alert: { severity },
    })
  })
})

describe('the time of an incident of PagerDuty', () => {
  const created = '2026-10-12T16:00:00.000Z'
  const readAt = (type: string, data: object = { created_at: created }) =>
    readPagerDuty({
      event: { id: 'e', event_type: type, occurred_at: '2026-10-19T16:00:00Z', data: { id: 'Q1', ...data } },
    })
  test.each([
    ['triggered', 'its creation', { created_at: created }, created],
    ['triggered', 'the event, where it has no other', {}, '2026-10-19T16:00:00.000Z'],
    ['reopened', 'the event', { created_at: created }, '2026-10-19T16:00:00.000Z'],
  ])('that is %s is that of %s', (type, _, data, at) => {
    expect(readAt(`incident.${type}`, data)).toMatchObject({ alert: { at } })
  })
})

describe('the issue of an alert', () => {
  const alert = {
    source: 'datadog' as const,
    id: '42/ --> x',
    title: 'Error\nrate',
    severity: 'P0',
    component: 'rewards',
    at: '2026-10-19T16:00:00.000Z',
    url: 'https://example.com/a)(b',
    by: null,
  }
  test('reads like the form', () => {
    expect(readReport(incidentOf(alert, 0).body, 'UTC')).toEqual({
      severity: 'P0',
      component: 'rewards',
      receivedAt: new Date(alert.at),
      verified: false,
    })
  })

  test.each([
    ['P1 @acme/all <!-- x', 'P1 `@acme/all <!-- x`'],
    ['![](https://evil.example/p)', '`![](https://evil.example/p)`'],
    ['P0: card_payments & more', 'P0: card_payments & more'],
  ])('shows what the source wrote as text, and reads it back: %s', (written, shown) => {
    const { body: text } = incidentOf({ ...alert, id: '42', severity: written, component: written }, 0)
    expect(readReport(text, 'UTC')).toMatchObject({ severity: shown, component: shown })
    expect(severityIn(readReport(text, 'UTC').severity)).toBe(severityIn(written))
    const [fields = ''] = text.split(/^### Source/m)
    expect(aliveIn(fields.replaceAll('&', 'and'))).toEqual([])
  })

  test('says when it was updated only where an incident of it was resolved before', () => {
    const updated = { ...alert, updatedAt: '2026-10-20T16:00:00.000Z' }
    const received = (reopened: number) => readReport(incidentOf(updated, reopened).body, 'UTC').receivedAt
    expect([received(0), received(1)]).toEqual([new Date(alert.at), new Date(updated.updatedAt)])
  })

  test('ends with its mark, which the id of an alert cannot end', () => {
    const { title, body: text } = incidentOf(alert, 2)
    expect(title).toBe('Error rate')
    expect(text.endsWith(alertMarker(alert, 2))).toBe(true)
    expect(text.match(/-->/g)).toHaveLength(2)
    expect(alertMarker(alert, 2)).not.toBe(alertMarker(alert, 1))
  })
})

test('the form has the headings by which a report is read, and the label', () => {
  const form = parse(incidentForm(['rewards', 'wallets']))
  const answers = {
    Severity: 'P1: rewards incorrect',
    Component: 'rewards',
    'Received at': '2026-10-19T16:00Z',
  }
  const text = form.body
    .map(
      ({ attributes: { label } }: { attributes: { label: keyof typeof answers } }) =>
        `### ${label}\n\n${answers[label] ?? '- [x] yes'}`,
    )
    .join('\n\n')
  expect(form.labels).toEqual(['incident'])
  expect(readReport(text, 'UTC')).toEqual({
    severity: 'P1: rewards incorrect',
    component: 'rewards',
    receivedAt: new Date('2026-10-19T16:00Z'),
    verified: true,
  })
})

test('what is printed for the senders has their templates and addresses', () => {
  const text = webhookInstructions('https://gate.example.com')
  expect(text).toContain('https://gate.example.com/api/datadog/webhooks')
  expect(text).toContain(JSON.stringify(datadogTemplate))
  expect(text).toContain(JSON.stringify(zendeskTemplate))
})

describe('an incident is named', () => {
  const incident = {
    repository: { owner: 'acme', repo: 'incidents' },
    number: 7,
    facts: { url: 'https://github.com/acme/incidents/issues/7' },
  }
  test.each([
    'Fixes acme/incidents#7.',
    '(ACME/Incidents#7)',
    'See https://github.com/acme/incidents/issues/7',
    'acme/incidents#71 and acme/incidents#7',
  ])('by %j', (text) => {
    expect(namedIncidents(text, [incident])).toEqual([incident])
  })

  test.each([
    'acme/incidents#71',
    'big-acme/incidents#7',
    'https://github.com/acme/incidents/issues/70',
    '#7',
    '<!-- acme/incidents#7 -->',
    '<!-- acme/incidents#7',
  ])('not by %j', (text) => {
    expect(namedIncidents(text, [incident])).toEqual([])
  })

  test('not by a name inside of another word', () => {
    expect(isNamed('XFOODYE-MCP-412', 'FOODYE-MCP-412')).toBe(false)
    expect(isNamed('FOODYE-MCP-4123', 'FOODYE-MCP-412')).toBe(false)
    expect(isNamed('since 14:50, FOODYE-MCP-412', 'FOODYE-MCP-412')).toBe(true)
  })
})
