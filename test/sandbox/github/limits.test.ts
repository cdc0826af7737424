import { Octokit } from '@octokit/rest'
import { describe, expect, it } from 'vitest'
import { etags } from '../../../src/sandbox/github/etags.ts'
import { createLimits, GITHUB_LIMITS } from '../../../src/sandbox/github/limits.ts'
import { serve } from '../serve.ts'
import { APP_ID, aJwt, anApp, silent } from './identities.ts'

const START = Date.UTC(2026, 10, 24, 18)
const MINUTE = 60_000
const PULL = '/repos/o/r/pulls/1'
const CHECKS = '/repos/o/r/check-runs'

function aGitHub() {
  const { app, tokens, bot, ana } = anApp()
  const time = { now: START }
  const limits = createLimits({ clock: () => time.now })
  const doors: (() => void)[] = []
  app.use(limits.middleware)
  app.use(etags())
  app.get('/repos/:owner/:repo/pulls/:number', (c) => c.json({ number: 1 }))
  app.post('/repos/:owner/:repo/check-runs', (c) => c.json({ id: 1 }, 201))
  app.delete('/repos/:owner/:repo/labels/:name', (c) => c.json([]))
  app.post('/app/installations/:id/access_tokens', (c) => c.json({}, 201))
  app.get('/slow', async (c) => {
    await new Promise<void>((open) => void doors.push(open))
    return c.json({})
  })
  type Headers = Record<string, string>
  const get = (headers: Headers, path = PULL) => app.request(path, { headers })
  const send = (headers: Headers, method = 'POST', path = CHECKS) => app.request(path, { method, headers })
  return { app, tokens, bot, ana, time, limits, doors, get, send }
}

function rate(answer: Response) {
  const header = (name: string) => answer.headers.get(`x-ratelimit-${name}`)
  return [header('limit'), header('remaining'), header('used'), header('reset'), header('resource')]
}

async function times<T>(count: number, call: () => T | Promise<T>): Promise<T[]> {
  const answers: T[] = []
  for (let done = 0; done < count; done += 1) answers.push(await call())
  return answers
}

describe('the hourly limit', () => {
  it('is 5,000 from the first request on and shows in the headers', async () => {
    const { bot, get } = aGitHub()
    const reset = String((START + 60 * MINUTE) / 1000)
    expect(rate(await get(bot))).toEqual(['5000', '4999', '1', reset, 'core'])
    expect(rate(await get(bot))).toEqual(['5000', '4998', '2', reset, 'core'])
  })

  it('is 60 for anonymous requests', async () => {
    expect(rate(await aGitHub().get({})).slice(0, 2)).toEqual(['60', '59'])
  })

  it('is not touched by an answer 304', async () => {
    const { bot, get, limits } = aGitHub()
    const etag = (await get(bot)).headers.get('etag') ?? ''
    const again = await get({ ...bot, 'if-none-match': etag })
    expect(again.status).toBe(304)
    expect(rate(again).slice(1, 3)).toEqual(['4999', '1'])
    expect(limits.counts).toMatchObject({ all: 2, counted: 1, reads: 1, writes: 0 })
  })

  it('gives nothing back for a 304 that began before the reset', async () => {
    const { bot, time, doors, get } = aGitHub()
    const first = get(bot, '/slow')
    await expect.poll(() => doors.length).toBe(1)
    doors[0]?.()
    const etag = (await first).headers.get('etag') ?? ''
    const late = get({ ...bot, 'if-none-match': etag }, '/slow')
    await expect.poll(() => doors.length).toBe(2)
    time.now += 60 * MINUTE
    expect(rate(await get(bot))[2]).toBe('1')
    doors[1]?.()
    expect((await late).status).toBe(304)
    expect(rate(await get(bot))[2]).toBe('2')
  })

  it('is shared by all tokens of an installation and by nobody else', async () => {
    const { tokens, bot, ana, get } = aGitHub()
    await get(bot)
    const fresh = { authorization: `token ${tokens.forInstallation(APP_ID, 1).token}` }
    const other = { authorization: `token ${tokens.forInstallation(APP_ID, 2).token}` }
    expect(rate(await get(fresh))[2]).toBe('2')
    expect(rate(await get(other))[2]).toBe('1')
    expect(rate(await get(ana))[2]).toBe('1')
  })

  it('refuses with 403 and remaining 0 when used up, does no work, and starts again at the reset', async () => {
    const { bot, ana, time, get, send, limits } = aGitHub()
    limits.set({ hourly: 2 })
    await times(2, () => get(bot))
    const refused = await send(bot)
    expect(refused.status).toBe(403)
    expect(await refused.json()).toMatchObject({ message: 'API rate limit exceeded for installation ID 1.' })
    expect(rate(refused)).toEqual(['2', '0', '2', String((START + 60 * MINUTE) / 1000), 'core'])
    expect(refused.headers.get('retry-after')).toBeNull()
    expect(limits.counts).toMatchObject({ all: 3, counted: 2, writes: 0 })
    expect((await get(ana)).status).toBe(200)
    time.now += 60 * MINUTE - 1
    expect((await get(bot)).status).toBe(403)
    time.now += 1
    expect(rate(await get(bot)).slice(1, 3)).toEqual(['1', '1'])
  })

  it('lets only as many requests at the same time pass as are left', async () => {
    const { bot, get, limits } = aGitHub()
    limits.set({ hourly: 3 })
    const answers = await Promise.all(Array.from({ length: 10 }, () => get(bot)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(3)
  })

  it('reaches octokit as an error with the time of the reset, over real HTTP', async () => {
    const { app, bot, limits } = aGitHub()
    limits.set({ hourly: 0 })
    const octokit = new Octokit({ baseUrl: await serve(app), log: silent })
    await expect(octokit.request(`GET ${PULL}`, { headers: bot })).rejects.toMatchObject({
      status: 403,
      response: { headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': expect.any(String) } },
    })
  })
})

describe('the secondary limits', () => {
  it('are off at the start', async () => {
    const { bot, send } = aGitHub()
    const answers = await times(200, () => send(bot))
    expect(answers.every(({ status }) => status === 201)).toBe(true)
  })

  it('allow 80 content writes a minute and say when to come back', async () => {
    const { bot, time, send, get, limits } = aGitHub()
    limits.set(GITHUB_LIMITS)
    const answers = await times(80, () => send(bot))
    expect(answers.every(({ status }) => status === 201)).toBe(true)
    time.now += 15_000
    const refused = await send(bot)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([403, '45'])
    expect(await refused.json()).toMatchObject({
      message: expect.stringContaining('You have exceeded a secondary rate limit'),
    })
    expect((await get(bot)).status).toBe(200)
    expect((await send(bot, 'DELETE', '/repos/o/r/labels/x')).status).toBe(200)
    time.now += 45_000
    expect((await send(bot)).status).toBe(201)
    expect(limits.counts.writes).toBe(82)
  })

  it('allow 500 content writes an hour', async () => {
    const { bot, time, send, limits } = aGitHub()
    limits.set(GITHUB_LIMITS)
    for (let minute = 0; minute < 10; minute += 1) {
      const answers = await times(50, () => send(bot))
      expect(answers.every(({ status }) => status === 201)).toBe(true)
      time.now += MINUTE
    }
    const refused = await send(bot)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([403, '3000'])
    time.now = START + 60 * MINUTE
    expect((await send(bot)).status).toBe(201)
  })

  it('allow 900 points a minute, a read being 1 and a write 5', async () => {
    const { bot, time, get, send, limits } = aGitHub()
    limits.set({ pointsPerMinute: 900 })
    await times(179, () => send(bot))
    await times(4, () => get(bot))
    expect((await send(bot)).status).toBe(429)
    expect((await get(bot)).status).toBe(200)
    const refused = await get(bot)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '60'])
    time.now += MINUTE
    expect((await send(bot)).status).toBe(201)
  })

  it('allow a number of requests at the same time, and more once some are done', async () => {
    const { bot, ana, doors, get, limits } = aGitHub()
    limits.set({ concurrent: 2 })
    const waiting = [get(bot, '/slow'), get(bot, '/slow')]
    await expect.poll(() => doors.length).toBe(2)
    expect((await get(bot)).status).toBe(429)
    expect((await get(ana)).status).toBe(200)
    for (const open of doors) open()
    await Promise.all(waiting)
    expect((await get(bot)).status).toBe(200)
  })

  it('do not take the minting of a token for content', async () => {
    const { send, limits } = aGitHub()
    limits.set({ contentPerMinute: 0 })
    const app = { authorization: `Bearer ${await aJwt()}` }
    expect((await send(app, 'POST', '/app/installations/1/access_tokens')).status).toBe(201)
  })

  it('bind only those whom they name', async () => {
    const { bot, ana, send, limits } = aGitHub()
    limits.set({ contentPerMinute: 1, only: 'app' })
    expect((await times(3, () => send(ana))).every(({ status }) => status === 201)).toBe(true)
    expect((await times(3, () => send(bot))).map(({ status }) => status)).toEqual([201, 403, 403])
  })
})

describe('the counts', () => {
  it('keep the App and people apart, reads and writes, by route', async () => {
    const { bot, ana, get, send, limits } = aGitHub()
    await times(2, () => get(bot))
    await send({ authorization: `Bearer ${await aJwt()}` }, 'POST', '/app/installations/1/access_tokens')
    await send(ana)
    await get({})
    expect(limits.counts).toEqual({
      all: 3,
      counted: 3,
      reads: 2,
      writes: 1,
      byRoute: new Map([
        ['GET /repos/:owner/:repo/pulls/:number', 2],
        ['POST /app/installations/:id/access_tokens', 1],
      ]),
    })
    expect(limits.peopleCounts).toMatchObject({ all: 2, counted: 2, reads: 1, writes: 1 })
  })

  it('start at zero after a reset, with fresh limits', async () => {
    const { bot, get, limits } = aGitHub()
    limits.set({ hourly: 1 })
    await times(2, () => get(bot))
    limits.reset()
    expect(limits.counts).toEqual({ all: 0, counted: 0, reads: 0, writes: 0, byRoute: new Map() })
    expect((await get(bot)).status).toBe(200)
    expect(limits.counts.all).toBe(1)
  })
})
