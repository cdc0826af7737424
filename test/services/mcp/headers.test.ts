import { expect, test } from 'vitest'
import { withHeaders } from '../../../src/services/mcp/headers.ts'

test('headers go to the origin of the server alone: not to one that a login is at', async () => {
  const sent: [string, string | null][] = []
  const base = async (input: string | URL | Request, init?: RequestInit) => {
    sent.push([String(input), new Headers(init?.headers).get('x-api-key')])
    return new Response()
  }
  const headed = withHeaders(base as typeof fetch, {
    url: 'https://a.test/mcp',
    headers: { 'X-Api-Key': 'k' },
  })
  await headed('https://a.test/.well-known/oauth-protected-resource')
  await headed(new URL('https://login.test/token'), { headers: { accept: '*/*' } })
  await headed('https://a.test:8443/mcp')
  expect(sent.map(([, key]) => key)).toEqual(['k', null, null])
})
