import { describe, expect, test } from 'vitest'
import { incidents } from '../../src/decision/gates/incidents.ts'
import type { IncidentsFact, Snapshot } from '../../src/decision/snapshot.ts'
import { aSnapshot } from '../support/snapshot.ts'

const takenAt = '2026-10-21T18:00:00Z'
const name = 'acme/incidents#7'
const open = {
  names: [name, 'https://github.com/acme/incidents/issues/7', 'FOODYE-MCP-412'],
  url: 'https://github.com/acme/incidents/issues/7',
  title: 'Rewards are paid twice',
  component: 'rewards',
  state: 'open',
  severity: 'P0',
}
const postMortem = {
  names: ['acme/incidents#3'],
  url: 'https://github.com/acme/incidents/issues/4',
  component: 'rewards',
  due: '2026-10-21T17:00:00Z',
  zone: 'America/Los_Angeles',
}
const facts = (more: Partial<IncidentsFact> = {}): IncidentsFact => ({
  readAt: '2026-10-21T17:30:00Z',
  unresolved: [],
  postMortems: [],
  ...more,
})

const eva = { id: 5, login: 'eva', type: 'User' as const }
const urgentBy = (body: string, more: Partial<Snapshot> = {}): Partial<Snapshot> => ({
  body,
  labels: [{ name: 'urgent', by: eva, at: '2026-10-21T17:50:00Z' }],
  access: { 5: { role: 'write', write: true } },
  ...more,
})

function finding(more: Partial<Snapshot>, settings = {}) {
  const snapshot = aSnapshot({ takenAt, ...more } as never) as Snapshot
  const head = { ...snapshot.head, pushedAt: '2026-10-21T17:00:00Z' }
  return incidents.evaluate({ ...snapshot, head }, incidents.settings.parse(settings), {})
}

describe('the gate incidents', () => {
  test('passes while no P0 is open', () => {
    expect(finding({ incidents: facts() })).toMatchObject({ state: 'passed', next: [] })
    const unresolved = [{ ...open, severity: 'P1' }]
    expect(finding({ incidents: facts({ unresolved }) }).state).toBe('passed')
  })

  test('waits while one is open, with a link to it', () => {
    expect(finding({ incidents: facts({ unresolved: [open] }) })).toMatchObject({
      state: 'waiting',
      title: 'Blocked by an open incident',
      link: open.url,
    })
  })

  test.each([
    ['the incident', { unresolved: [{ ...open, component: 'wallets', components: ['rewards', 'wallets'] }] }],
    [
      'a post-mortem',
      { postMortems: [{ ...postMortem, component: 'wallets', components: ['rewards', 'wallets'] }] },
    ],
    [
      'one without a component',
      { unresolved: [{ ...open, component: 'wallets', components: [null, 'wallets'] }] },
    ],
  ])('still waits where the component of %s was changed to one of others', (_, more) => {
    expect(finding({ incidents: facts(more) }, { components: ['rewards'] }).state).toBe('waiting')
    expect(finding({ incidents: facts(more) }, { components: ['menus'] }).state).toBe(
      JSON.stringify(more).includes('null') ? 'waiting' : 'passed',
    )
  })

  test.each([
    ['owns it, in other case', ['Rewards'], 'waiting'],
    ['owns all', [], 'waiting'],
    ['owns it, with a space after it', ['rewards '], 'waiting'],
    ['owns another one', ['wallets'], 'passed'],
  ])('where the repository %s: %s is %s', (_, components, state) => {
    expect(finding({ incidents: facts({ unresolved: [open] }) }, { components }).state).toBe(state)
  })

  test.each([
    ['composed', 'decomposed', 'Pr\u00e4mien', 'PRA\u0308MIEN'],
    ['decomposed', 'composed', 'pra\u0308mien', 'Pr\u00c4mien'],
  ])('waits where the policy has its accents %s and the incident %s', (_, __, owned, component) => {
    const unresolved = [{ ...open, component }]
    expect(finding({ incidents: facts({ unresolved }) }, { components: [owned] }).state).toBe('waiting')
    expect(finding({ incidents: facts({ unresolved }) }, { components: ['Pramien'] }).state).toBe('passed')
  })

  test('waits for an incident without a component, whatever the repository owns', () => {
    const unresolved = [{ ...open, component: null }]
    expect(finding({ incidents: facts({ unresolved }) }, { components: ['wallets'] }).state).toBe('waiting')
  })

  test('waits for a post-mortem that is overdue, and is evaluated again when one becomes due', () => {
    expect(finding({ incidents: facts({ postMortems: [postMortem] }) })).toMatchObject({
      state: 'waiting',
      title: 'Blocked by an overdue post-mortem',
    })
    const later = { ...postMortem, due: '2026-10-21T18:30:00.000Z' }
    expect(finding({ incidents: facts({ postMortems: [later] }) })).toMatchObject({
      state: 'passed',
      next: [{ kind: 'recheck', at: '2026-10-21T18:30:00.001Z' }],
    })
  })

  test.each([
    ['by its number', `Urgent: stop paying twice, ${name}`],
    ['by its name in Jira', 'Urgent: stop paying twice, FOODYE-MCP-412'],
  ])('yields to the urgent change that names it %s', (_, body) => {
    expect(finding({ incidents: facts({ unresolved: [open] }), ...urgentBy(body) })).toMatchObject({
      state: 'passed',
      title: 'Urgent fix for an incident',
    })
  })

  test('yields where it names one of two open incidents: two fixes could otherwise both never ship', () => {
    const other = { ...open, names: ['acme/incidents#8'] }
    expect(finding({ incidents: facts({ unresolved: [open, other] }), ...urgentBy(name) }).state).toBe(
      'passed',
    )
  })

  const late = { postMortems: [postMortem] }

  test('yields to the change that names the incident of an overdue post-mortem only while none is open', () => {
    const names = urgentBy('Urgent: acme/incidents#3')
    expect(finding({ incidents: facts(late), ...names }).state).toBe('passed')
    expect(finding({ incidents: facts({ ...late, unresolved: [open] }), ...names })).toMatchObject({
      state: 'waiting',
      title: 'Blocked by an open incident',
    })
  })

  test('yields to the fix of an open incident also while the post-mortem of another one is overdue', () => {
    const unresolved = [open]
    expect(finding({ incidents: facts({ ...late, unresolved }), ...urgentBy(name) }).state).toBe('passed')
  })

  test.each([
    ['does not name it', urgentBy('Urgent: something else')],
    ['names another one', urgentBy('Urgent: acme/incidents#71')],
    ['names it in a hint', urgentBy(`<!-- ${name} -->`)],
    ['is not urgent', { body: name }],
    [
      'was marked by someone without write access',
      urgentBy(name, { access: { 5: { role: 'triage', write: false } } }),
    ],
    [
      'was marked before its last push',
      urgentBy(name, { labels: [{ name: 'urgent', by: eva, at: '2026-10-21T16:00:00Z' }] }),
    ],
  ])('does not yield to a change that %s', (_, more) => {
    expect(finding({ incidents: facts({ unresolved: [open] }), ...more }).state).toBe('waiting')
  })

  test.each([
    ['were never read', null],
    ['were read more than three hours ago', '2026-10-21T14:59:00Z'],
    ['were read more than three hours later than it is now', '2026-10-21T21:01:00Z'],
  ])('never passes where the incidents %s', (_, readAt) => {
    expect(finding({ incidents: facts({ readAt }) })).toMatchObject({
      state: 'waiting',
      title: 'Incidents could not be read',
    })
  })

  test('fails where the policy has no incidents', () => {
    expect(finding({})).toMatchObject({ state: 'failed', title: 'Incidents are not set up' })
  })

  test('shows what people wrote as code', () => {
    const unresolved = [{ ...open, title: '[x](https://evil.example) @all' }]
    expect(finding({ incidents: facts({ unresolved }) }).reason).toContain('`[x](https://evil.example) @all`')
  })
})
