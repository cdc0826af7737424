import { describe, expect, test } from 'vitest'
import { isSlackSigned, signSlack } from '../../src/services/slack-signature.ts'

const secret = '8f742231b10e8888abcd99yyyzzz85a5'
/** The example of Slack's documentation: https://docs.slack.dev/authentication/verifying-requests-from-slack/ */
const body = Buffer.from(
  'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c',
)
const timestamp = '1531420618'
const signature = 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503'
const at = (seconds: number) => new Date((Number(timestamp) + seconds) * 1000)
const isSigned = (
  changes: { signature?: string | undefined; timestamp?: string | undefined } = {},
  now = at(0),
  text = body,
) => isSlackSigned(text, { signature, timestamp, ...changes }, secret, now)

describe('the signature of Slack', () => {
  test('is the one in its documentation', () => {
    expect(signSlack(body, timestamp, secret)).toBe(signature)
    expect(isSigned()).toBe(true)
  })

  test.each([
    ['five minutes old', 300, true],
    ['a second older', 301, false],
    ['from the future', -301, false],
  ])('%s: accepted is %s seconds', (_, seconds, accepted) => {
    expect(isSigned({}, at(seconds))).toBe(accepted)
  })

  test.each([
    ['no signature', { signature: undefined }],
    ['no timestamp', { timestamp: undefined }],
    ['an empty signature', { signature: '' }],
    ['another version', { signature: signature.replace('v0', 'v1') }],
    ['another time', { timestamp: '1531420619' }],
    ['a time that is no number', { timestamp: '1531420618.5' }],
    ['a time that is not finite', { timestamp: 'Infinity' }],
  ])('is refused with %s', (_, changes) => {
    expect(isSigned(changes)).toBe(false)
  })

  test('is refused for another body and another secret', () => {
    expect(isSigned({}, at(0), Buffer.from('x'))).toBe(false)
    expect(isSlackSigned(body, { signature, timestamp }, 'another', at(0))).toBe(false)
  })
})
