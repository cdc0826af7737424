import { describe, expect, test } from 'vitest'
import { parsePolicy } from '../../src/policy/policy-file.ts'
import { readSettings } from '../../src/settings/settings.ts'
import { appKey } from '../support/app-key.ts'

describe('the channel in the policy', () => {
  const channelOf = (yaml: string) => {
    const read = parsePolicy(`gates: {}\n${yaml}\n`)
    return read.ok ? read.policy.slack?.channel : read.problems.map(({ message }) => message)
  }

  test.each([
    ['an id', 'slack: { channel: C0123456789 }', 'C0123456789'],
    ['the id of a private channel', 'slack: { channel: G0123456789 }', 'G0123456789'],
    ['a name in quotes', 'slack: { channel: "#releases" }', '#releases'],
    [
      'a name with marks and other letters',
      'slack: { channel: "#veröffentlichung_2-neu" }',
      '#veröffentlichung_2-neu',
    ],
    ['nothing: there are not notices', '', undefined],
  ])('may be %s', (_, yaml, channel) => {
    expect(channelOf(yaml)).toBe(channel)
  })

  test.each([
    [
      'a name without quotes, which YAML takes for a comment',
      'slack:\n  channel: #releases',
      /empty.*in quotes/,
    ],
    ['a name without its mark', 'slack: { channel: releases }', /"releases" is not a channel; write its id/],
    ['a person', 'slack: { channel: "@eva" }', /is not a channel/],
    ['the id of a person', 'slack: { channel: U0123456789 }', /is not a channel/],
    ['a name with capitals', 'slack: { channel: "#Releases" }', /is not a channel/],
    ['forged markup', 'slack: { channel: "#a<!channel>" }', /is not a channel/],
    ['a list', 'slack: { channel: ["#a"] }', /is not a channel/],
    ['an unknown key', 'slack: { chanel: "#a" }', /chanel/],
  ])('may not be %s, and the problem says how to fix it', (_, yaml, says) => {
    expect(String(channelOf(yaml))).toMatch(says)
  })
})

describe('the settings of Slack', () => {
  const read = (env: Record<string, string>) =>
    readSettings({
      APP_ID: '1',
      PRIVATE_KEY: appKey,
      WEBHOOK_SECRET: 'a-secret-of-the-webhook',
      ...env,
    })
  const slackOf = (env: Record<string, string>) => {
    const result = read(env)
    return result.ok ? result.settings.slack : result.problems
  }
  const token = 'xoxb-canary-5521'

  test.each([
    ['no token: no Slack', {}, undefined],
    ['an empty token is none', { SLACK_BOT_TOKEN: '' }, undefined],
    ['a token alone: the real Slack', { SLACK_BOT_TOKEN: token }, { token, apiUrl: undefined }],
    [
      'an address on loopback',
      { SLACK_BOT_TOKEN: token, SLACK_API_URL: 'http://127.0.0.1:4000/api/' },
      { token, apiUrl: 'http://127.0.0.1:4000/api/' },
    ],
    [
      'an address with https',
      { SLACK_BOT_TOKEN: token, SLACK_API_URL: 'https://slack-gov.com/api/' },
      { token, apiUrl: 'https://slack-gov.com/api/' },
    ],
  ])('%s', (_, env, slack) => {
    expect(slackOf(env)).toEqual(slack)
  })

  test.each([
    [
      'the token of a person',
      { SLACK_BOT_TOKEN: 'xoxp-canary-5521' },
      /^SLACK_BOT_TOKEN: is not a bot token/,
    ],
    [
      'an address elsewhere without https',
      { SLACK_API_URL: 'http://slack.example/api/' },
      /^SLACK_API_URL: must be https/,
    ],
    [
      'another protocol, even on loopback',
      { SLACK_API_URL: 'ftp://127.0.0.1/' },
      /^SLACK_API_URL: must be https/,
    ],
    ['no address', { SLACK_API_URL: 'slack' }, /^SLACK_API_URL: is not a URL/],
  ])('%s is refused, and the problem does not repeat it', (_, env, says) => {
    const problems = slackOf({ SLACK_BOT_TOKEN: token, ...env })
    expect(problems).toEqual([expect.stringMatching(says)])
    expect(String(problems)).not.toContain('canary')
  })
})

describe('who is who in Slack', () => {
  const peopleIn = (yaml: string) => {
    const read = parsePolicy(`gates: {}\nslack:\n  channel: "#releases"\n  people: ${yaml}\n`)
    return read.ok ? read.policy.slack?.people : read.problems.map(({ message }) => message)
  }

  test('is written by member ID or email address', () => {
    expect(peopleIn('{ ana: U0123456789, ben: W0123456789, eva: eva@example.com }')).toEqual({
      ana: 'U0123456789',
      ben: 'W0123456789',
      eva: 'eva@example.com',
    })
  })

  test.each([
    ['a name', '{ ana: "@ana" }'],
    ['a channel', '{ ana: C0123456789 }'],
    ['forged markup', '{ ana: "<!channel>" }'],
    ['an address with markup', '{ ana: "a<!here>@example.com" }'],
    ['nothing', '{ ana: }'],
  ])('may not be %s, and the problem says what to write', (_, yaml) => {
    expect(String(peopleIn(yaml))).toMatch(
      /is not a member of Slack; write a member ID, like "U0123456789", or an email address/,
    )
  })
})

describe('an incoming webhook in the settings', () => {
  const read = (env: Record<string, string>) =>
    readSettings({ APP_ID: '1', PRIVATE_KEY: appKey, WEBHOOK_SECRET: 'a-secret-of-the-webhook', ...env })
  const url = 'https://hooks.slack.com/services/T1/B1/canary-5521'

  test('is read where there is no bot', () => {
    const result = read({ SLACK_WEBHOOK_URL: url })
    expect(result.ok && [result.settings.slack, result.settings.slackWebhook]).toEqual([undefined, url])
  })

  test.each([
    [
      'a bot beside it',
      { SLACK_WEBHOOK_URL: url, SLACK_BOT_TOKEN: 'xoxb-1' },
      /SLACK_WEBHOOK_URL: is set together with/,
    ],
    ['no https', { SLACK_WEBHOOK_URL: url.replace('https', 'http') }, /SLACK_WEBHOOK_URL: must be https/],
  ])('is refused with %s, without its value', (_, env, says) => {
    const result = read(env as Record<string, string>)
    const problems = result.ok ? [] : result.problems
    expect(problems.join()).toMatch(says)
    expect(problems.join()).not.toContain('canary')
  })
})

describe('the signing secret of Slack', () => {
  const read = (secret: string) =>
    readSettings({
      APP_ID: '1',
      PRIVATE_KEY: appKey,
      WEBHOOK_SECRET: 'a-secret-of-the-webhook',
      SLACK_SIGNING_SECRET: secret,
    })
  const secret = '0123456789abcdef0123456789abcdef'

  test('turns on the buttons; without it there are none', () => {
    const [on, off] = [read(secret), read('')]
    expect(on.ok && on.settings.slackSigningSecret).toBe(secret)
    expect(off.ok && off.settings.slackSigningSecret).toBeUndefined()
  })

  test.each(['xoxb-canary-5521', 'canary'])('may not be %s', (wrong) => {
    const result = read(wrong)
    const problems = result.ok ? '' : result.problems.join()
    expect(problems).toMatch(/SLACK_SIGNING_SECRET: is not a signing secret/)
    expect(problems).not.toContain('canary')
  })
})
