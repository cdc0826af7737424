import { describe, expect, it } from 'vitest'
import { fromProtection, fromRules } from '../../src/services/github/enforcement/sources.ts'

const check = (app: { integration_id?: number | null }) => ({
  type: 'required_status_checks',
  parameters: { required_status_checks: [{ context: 'Release gate', ...app }] },
  ruleset_id: 7,
})

describe('whom GitHub takes a check from', () => {
  it.each([
    ['an App', { integration_id: 5 }, 5],
    ['anybody, by null', { integration_id: null }, null],
    ['anybody, by -1', { integration_id: -1 }, null],
    ['anybody, by leaving it out', {}, null],
  ])('in a ruleset: %s', (_, app, appId) => {
    expect(fromRules([check(app)], [])[0]?.checks).toEqual([{ name: 'Release gate', appId }])
  })

  it.each([
    ['an App', 5, 5],
    ['anybody, by null', null, null],
    ['anybody, by -1', -1, null],
  ])('in classic protection: %s', (_, app_id, appId) => {
    const protection = { required_status_checks: { checks: [{ context: 'Release gate', app_id }] } }
    expect(fromProtection('main', protection).checks).toEqual([{ name: 'Release gate', appId }])
  })
})

describe('rules of several rulesets on one branch', () => {
  it('are kept apart; one that is not listed has no name, and who may bypass it is not known', () => {
    const sources = fromRules([check({ integration_id: 5 }), { type: 'deletion', ruleset_id: 8 }], [])
    expect(sources).toMatchObject([
      { id: 'ruleset 7', name: null, bypass: 'hidden', refusesDeletion: false },
      { id: 'ruleset 8', checks: [], refusesDeletion: true },
    ])
  })
})
