import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import ICAL from 'ical.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { windowSettings } from '../../src/decision/window-settings.ts'
import { calendarHandler } from '../../src/server/calendar.ts'
import { calendarLink } from '../../src/server/calendar-link.ts'

const CURRENT = 'a-secret-of-the-webhook'
const PREVIOUS = 'the-secret-before-that-one'
const NOW = new Date('2026-11-24T22:00:00Z')
const entries = ['Octo-Org/shop', 'octo-org/desk'].map((name, index) => ({
  name,
  window: windowSettings.parse(index === 0 ? {} : { time_zone: 'Europe/Berlin' }),
}))

let server: Server
let base: string
let asked = 0
let key = CURRENT

beforeAll(async () => {
  const handler = calendarHandler({
    entries: async () => {
      asked++
      return entries
    },
    key: async () => key,
    now: () => NOW,
  })
  server = createServer((request, response) => void handler(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const starts = (text: string) =>
  new ICAL.Component(ICAL.parse(text)).getAllSubcomponents('vevent').map((component) => {
    const event = new ICAL.Event(component)
    return { at: event.startDate.toJSDate(), summary: event.summary }
  })

test('the address of all repositories answers with six months of them', async () => {
  const answer = await fetch(calendarLink(base, CURRENT))
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toBe('text/calendar; charset=utf-8')
  const events = starts(await answer.text())
  expect(new Set(events.map(({ summary }) => summary)).size).toBe(2)
  const last = Math.max(...events.map(({ at }) => at.getTime()))
  expect(new Date(last).toISOString()).toBe('2027-05-19T17:00:00.000Z')
})

test('the address of one repository answers with that one alone, in whatever case its name is written', async () => {
  const answer = await fetch(calendarLink(base, CURRENT, 'octo-org/SHOP'))
  const events = starts(await answer.text())
  expect(new Set(events.map(({ summary }) => summary))).toEqual(new Set(['Release window: Octo-Org/shop']))
})

test('a new key ends the addresses of the one before', async () => {
  key = PREVIOUS
  expect((await fetch(calendarLink(base, CURRENT))).status).toBe(404)
  expect((await fetch(calendarLink(base, PREVIOUS))).status).toBe(200)
  key = CURRENT
})

const tokenOf = (repository?: string) =>
  new URL(calendarLink('http://x', CURRENT, repository)).searchParams.get('token') ?? ''

test.each([
  ['no token, all', ''],
  ['no token, a repository that there is', '?repository=octo-org/shop'],
  ['no token, a repository that there is not', '?repository=octo-org/none'],
  ['an empty token', '?token='],
  ['a wrong token of the right length', `?token=${'A'.repeat(43)}`],
  ['a token of another length', '?token=AAAA'],
  ['the token of another repository', `?repository=octo-org/desk&token=${tokenOf('octo-org/shop')}`],
  ['the token of a repository, for all', `?token=${tokenOf('octo-org/shop')}`],
  ['the token of all, for a repository', `?repository=octo-org/shop&token=${tokenOf()}`],
  ['the token of a secret that is not ours', new URL(calendarLink('http://x', 'another-secret-16')).search],
])('%s: the same 404, and the policies are not even read', async (_, query) => {
  const before = asked
  const answer = await fetch(`${base}/calendar.ics${query}`)
  expect(answer.status).toBe(404)
  expect(await answer.json()).toEqual({ error: 'Not found.' })
  expect(asked).toBe(before)
})

test('a right token for a repository without a window is a 404 too', async () => {
  expect((await fetch(calendarLink(base, CURRENT, 'octo-org/none'))).status).toBe(404)
})

test('the token does not hold the secret, and is not a signature of a webhook', async () => {
  expect(calendarLink(base, CURRENT)).not.toContain(CURRENT)
  expect(tokenOf()).toMatch(/^[\w-]{43}$/)
})
