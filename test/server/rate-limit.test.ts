import { Hono } from 'hono'
import { describe, expect, test } from 'vitest'
import { createRateLimit } from '../../src/server/board/rate-limit.ts'

/** How many of these requests are allowed where each address may send one. */
async function allowed(
  proxies: number | undefined,
  requests: { from?: string; forwarded?: string }[],
): Promise<boolean[]> {
  const isAllowed = createRateLimit({ most: 1, within: 60_000, proxies })
  const app = new Hono().get('/', (context) => context.json(isAllowed(context)))
  const answers: boolean[] = []
  for (const { from = '10.0.0.1', forwarded } of requests) {
    const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }
    const env = { incoming: { socket: { remoteAddress: from } } }
    answers.push((await (await app.request('/', { headers }, env)).json()) as boolean)
  }
  return answers
}

describe('requests are counted by the address', () => {
  test('of the connection, whatever the headers say, while no proxy is trusted', async () => {
    for (const proxies of [undefined, 0])
      expect(
        await allowed(proxies, [
          { forwarded: '192.0.2.1' },
          { forwarded: '192.0.2.2' },
          { from: '10.0.0.2', forwarded: '192.0.2.1' },
        ]),
      ).toEqual([true, false, true])
  })

  test('that the one trusted proxy adds at the right, and not one that the client made up', async () => {
    expect(
      await allowed(1, [
        { forwarded: '192.0.2.1' },
        { forwarded: '192.0.2.2' },
        { forwarded: '198.51.100.7, 192.0.2.1' },
        { forwarded: '198.51.100.8,192.0.2.2' },
      ]),
    ).toEqual([true, true, false, false])
  })

  test('that the first of two trusted proxies adds', async () => {
    expect(
      await allowed(2, [
        { forwarded: '192.0.2.1, 10.0.0.9' },
        { forwarded: '192.0.2.2, 10.0.0.9' },
        { forwarded: '198.51.100.7, 192.0.2.1, 10.0.0.8' },
      ]),
    ).toEqual([true, true, false])
  })

  test('of the connection where the header is missing, too short, or no address', async () => {
    expect(
      await allowed(2, [
        {},
        { forwarded: '192.0.2.1' },
        { forwarded: 'unknown, 10.0.0.9' },
        { forwarded: '_x, ' },
      ]),
    ).toEqual([true, false, false, false])
  })

  test('without the port that some proxies add', async () => {
    expect(
      await allowed(1, [
        { forwarded: '192.0.2.1:4711' },
        { forwarded: '192.0.2.1:4712' },
        { forwarded: '[2001:db8::1]:4711' },
        { forwarded: '2001:db8::1' },
      ]),
    ).toEqual([true, false, true, false])
  })
})
