import { randomBytes, randomInt } from 'node:crypto'
import type { Hono } from 'hono'
import { accountByLogin, type Hub } from './hub.ts'
import {
  type Answer,
  badClient,
  type Fields,
  fieldsOf,
  people,
  refusal,
  reply,
  type SignInSettings,
} from './oauth-answers.ts'
import { devicePage, messagePage } from './oauth-pages.ts'

/** A sign-in at a command line: its code, and what the person answered. */
export type Device = {
  userCode: string
  /** Undefined: nobody has answered yet. */
  answer: { userId: number } | 'denied' | undefined
  expiresAt: number
  interval: number
  /** No poll before this. */
  nextAt: number
}

const minute = 60_000

/** The device flow: its code for the command line, and the page on which a person types it. */
export function deviceRoutes(
  hub: Hub,
  { settings, devices }: { settings: SignInSettings; devices: Map<string, Device> },
  routes: Hono,
): void {
  routes.post('/login/device/code', async (c) => {
    const asked = await fieldsOf(c)
    if (asked.client_id !== settings.clientId) return reply(c, badClient)
    if (!settings.deviceFlow)
      return reply(c, refusal('device_flow_disabled', 'Device Flow must be explicitly enabled for this App'))
    const device_code = randomBytes(20).toString('hex')
    const user_code = `${letters(4)}-${letters(4)}`
    const { interval } = settings
    const now = Date.now()
    const expiresAt = now + 15 * minute
    devices.set(device_code, { userCode: user_code, answer: undefined, expiresAt, interval, nextAt: now })
    const verification_uri = `${hub.url}/login/device`
    return reply(c, { device_code, user_code, verification_uri, expires_in: 900, interval })
  })
  routes.get('/login/device', (c) => c.html(devicePage(people(hub))))
  routes.post('/login/device', async (c) => {
    const { user_code = '', login } = await fieldsOf(c)
    const device = [...devices.values()].find((one) => one.userCode === user_code.trim().toUpperCase())
    if (!device || device.answer !== undefined || device.expiresAt <= Date.now())
      return c.html(messagePage('This code is not valid. Check it, and try again.'), 422)
    const account = login === undefined ? undefined : accountByLogin(hub, login)
    device.answer = account ? { userId: account.id } : 'denied'
    return c.html(messagePage(account ? "Congratulations, you're all set!" : 'You denied the request.'))
  })
}

/** What a poll of the command line is answered. */
export function deviceAnswer(devices: Map<string, Device>, asked: Fields): Answer {
  const device = devices.get(asked.device_code ?? '')
  if (!device) return refusal('incorrect_device_code', 'The device_code provided is not valid.')
  const now = Date.now()
  if (device.expiresAt <= now) return refusal('expired_token', 'This device_code has expired.')
  const isEarly = now < device.nextAt
  if (isEarly) device.interval += 5
  device.nextAt = now + device.interval * 1000
  if (isEarly)
    return {
      ...refusal('slow_down', 'Too many requests have been made in the same timeframe.'),
      interval: device.interval,
    }
  if (device.answer === undefined)
    return refusal('authorization_pending', 'The authorization request is still pending.')
  devices.delete(asked.device_code ?? '')
  if (device.answer === 'denied') return refusal('access_denied', 'The authorization request was denied.')
  return device.answer
}

function letters(count: number): string {
  return Array.from({ length: count }, () => String.fromCharCode(65 + randomInt(26))).join('')
}
