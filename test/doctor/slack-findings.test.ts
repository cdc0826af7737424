import { describe, expect, it } from 'vitest'
import { diagnose, isDrift } from '../../src/doctor/diagnose.ts'
import { aPolicy, aRepository, someFacts } from './facts.ts'

const quiet = 'gates: { approvals: {} }\n'
const posting = `${quiet}slack: { channel: "#releases" }\n`
const people = (place: string) => `${quiet}slack: { channel: "#releases", people: { ben: ${place} } }\n`
const incidents = `${quiet}incidents: { repository: acme/incidents, channel: "#incidents" }\n`
const reading = ['channels:history']

/** What is said of the scopes of a token, where the repositories have these policies. */
function found(scopes: string[] | undefined, ...policies: string[]) {
  const probe = { name: 'Slack', state: 'ok' as const, message: 'Connected.', ...(scopes && { scopes }) }
  const repositories = policies.map((text, n) => aRepository({ name: `acme/r${n}`, policy: aPolicy(text) }))
  return diagnose(someFacts({ repositories, probes: [probe] })).filter(({ rule }) => rule === 'slack-scope')
}

describe('a scope that the Slack token does not have', () => {
  it.each([
    ['to post', [...reading], posting, 'chat:write', /acme\/r0/],
    ['to post about incidents', [...reading], incidents, 'chat:write', /acme\/r0/],
    [
      'to find people by email',
      ['chat:write', ...reading],
      people('ben@acme.example'),
      'users:read.email',
      /acme\/r0.*email/,
    ],
    ['to look a lost message up', ['chat:write'], posting, 'channels:history', /twice/],
  ])('is a warning where a policy needs it %s', (_, scopes, policy, about, what) => {
    const [one, ...others] = found(scopes, policy)
    expect(others).toEqual([])
    expect(one).toMatchObject({ severity: 'warning', repository: 'this machine', about })
    expect(one?.what).toMatch(what)
    expect(one?.fix).toContain(`\`${about}\``)
    expect(one?.fix).toContain('install it again')
    expect(one && isDrift(one)).toBe(true)
  })

  it('is named once for all policies that need it', () => {
    expect(found(reading, posting, posting, quiet)).toMatchObject([
      { what: expect.stringMatching(/acme\/r0 and acme\/r1/) },
    ])
  })

  it.each([
    ['all are there', ['chat:write', 'users:read.email', ...reading], people('ben@acme.example')],
    ['private channels are read', ['chat:write', 'groups:history'], posting],
    ['people are named by member ID', ['chat:write', ...reading], people('U0123456789')],
    ['no policy names a channel', [], quiet],
    ['Slack does not say which there are', undefined, posting],
  ])('is not named where %s', (_, scopes, policy) => {
    expect(found(scopes, policy)).toEqual([])
  })
})
