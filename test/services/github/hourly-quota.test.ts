import { expect, test } from 'vitest'
import { guarded } from '../../../src/services/github/client.ts'

type Wrapper = (send: () => Promise<object>, options: { method: string; url: string }) => Promise<object>

test.each([
  ['/app', false],
  ['/app/installations/7', false],
  ['/repos/acme/shop', true],
  ['/apps/release-gate', true],
])('a request of %s counts for the installation: %s', async (url, counts) => {
  const noted: number[] = []
  const wrappers: Wrapper[] = []
  const hook = { wrap: (_: string, wrapper: Wrapper) => wrappers.push(wrapper) }
  const request = { endpoint: () => ({ url: `https://api.github.com${url}` }) }
  const budget = { note: (installation: number) => void noted.push(installation) }
  const options = { guard: { now: () => new Date(0), budget }, auth: { installationId: 7 } }
  guarded({ hook, request } as never, options as never)
  await wrappers[0]?.(async () => ({ status: 200, headers: {}, data: {} }), { method: 'GET', url })
  expect(noted).toEqual(counts ? [7] : [])
})
