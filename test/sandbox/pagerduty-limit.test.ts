import { afterEach, beforeEach, expect, test } from 'vitest'
import { type PagerDuty, startPagerDuty } from '../../src/sandbox/pagerduty.ts'

let pagerDuty: PagerDuty
let now = 0
beforeEach(async () => {
  pagerDuty = await startPagerDuty({ clock: () => now })
})
afterEach(() => pagerDuty.close())

const send = (path: string, key: string) =>
  fetch(`${pagerDuty.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      routing_key: key,
      event_action: 'trigger',
      dedup_key: 'one',
      payload: { summary: 'It fails', source: 'a test', severity: 'info' },
    }),
  })

test('the 121st event of a minute for a routing key is refused, alerts and changes together, and other keys are not', async () => {
  const { on_call: key, lead } = pagerDuty.keys
  for (let count = 0; count < 60; count++) {
    expect((await send('/v2/enqueue', key)).status).toBe(202)
    expect((await send('/v2/change/enqueue', key)).status).toBe(202)
  }
  now = 59_999
  for (const path of ['/v2/enqueue', '/v2/change/enqueue']) {
    const refused = await send(path, key)
    expect(refused.status).toBe(429)
    expect(await refused.json()).toMatchObject({ status: 'throttle exceeded' })
  }
  expect(pagerDuty.throttled).toBe(2)
  expect((await send('/v2/enqueue', lead)).status).toBe(202)
  now = 60_000
  expect((await send('/v2/enqueue', key)).status).toBe(202)
})
