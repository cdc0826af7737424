import { Octokit } from '@octokit/rest'
import { describe, expect, it } from 'vitest'
import { createFaults } from '../../../src/sandbox/github/faults.ts'
import { createLimits } from '../../../src/sandbox/github/limits.ts'
import { serve } from '../serve.ts'
import { anApp, silent } from './identities.ts'

const START = Date.UTC(2026, 10, 24, 18)
const CHECKS = '/repos/o/r/check-runs'

async function aGitHub() {
  const { app, bot, ana } = anApp()
  const clock = () => START
  const faults = createFaults({ clock })
  const limits = createLimits({ clock })
  const created: string[] = []
  app.use(faults.middleware)
  app.use(limits.middleware)
  app.post('/repos/:owner/:repo/check-runs', (c) => {
    created.push(c.req.param('repo'))
    return c.json({ id: created.length }, 201)
  })
  app.get('/repos/:owner/:repo', (c) => c.json({ name: c.req.param('repo') }))
  const octokit = new Octokit({ baseUrl: await serve(app), log: silent })
  type Headers = Record<string, string>
  const create = (headers: Headers, repo = 'r') =>
    octokit.request('POST /repos/{owner}/{repo}/check-runs', {
      owner: 'o',
      repo,
      name: 'n',
      head_sha: 's',
      headers,
    })
  const read = (headers: Headers) =>
    octokit.request('GET /repos/{owner}/{repo}', { owner: 'o', repo: 'r', headers })
  return { bot, ana, faults, limits, created, create, read }
}

describe('a fault of a request', () => {
  it('answers a 5xx with its body instead of doing the work, as often as told', async () => {
    const { bot, faults, created, create } = await aGitHub()
    faults.add({ kind: 'status', path: CHECKS, times: 2, status: 502, body: { message: 'Unicorn' } })
    for (let time = 0; time < 2; time += 1) {
      await expect(create(bot)).rejects.toMatchObject({
        status: 502,
        response: { data: { message: 'Unicorn' } },
      })
    }
    expect(created).toEqual([])
    expect((await create(bot)).status).toBe(201)
  })

  it('loses the reply: the work is done and counted, the connection is cut', async () => {
    const { bot, faults, limits, created, create } = await aGitHub()
    faults.add({ kind: 'lost-reply', path: CHECKS, times: 1 })
    await expect(create(bot)).rejects.toMatchObject({ status: 500, cause: expect.anything() })
    expect(created).toEqual(['r'])
    expect(limits.counts.writes).toBe(1)
    expect((await create(bot)).data).toMatchObject({ id: 2 })
  })

  it('resets the connection before the work', async () => {
    const { bot, faults, limits, created, create } = await aGitHub()
    faults.add({ kind: 'reset', path: CHECKS, times: 1 })
    await expect(create(bot)).rejects.toMatchObject({ status: 500, cause: expect.anything() })
    expect(created).toEqual([])
    expect(limits.counts.all).toBe(0)
    expect((await create(bot)).status).toBe(201)
  })

  it('delays the work by its latency, and no other work', async () => {
    const { bot, faults, create, created } = await aGitHub()
    faults.add({ kind: 'latency', path: '/repos/o/slow/**', times: 1, latencyMs: 1_000 })
    await Promise.all([create(bot, 'slow'), create(bot)])
    expect(created).toEqual(['r', 'slow'])
  })

  it('says that the hourly limit is reached, and until when by the sandbox clock', async () => {
    const { bot, faults, read } = await aGitHub()
    faults.add({ kind: 'rate-limit', path: '/repos/**', retryAfter: 120 })
    await expect(read(bot)).rejects.toMatchObject({
      status: 403,
      message: expect.stringContaining('API rate limit exceeded for installation ID 1'),
      response: {
        headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(START / 1000 + 120) },
      },
    })
  })

  it('says that a secondary limit is reached', async () => {
    const { bot, faults, create, created } = await aGitHub()
    faults.add({ kind: 'secondary-rate-limit', path: '/repos/**', retryAfter: 7 })
    await expect(create(bot)).rejects.toMatchObject({
      status: 403,
      message: expect.stringContaining('secondary rate limit'),
      response: { headers: { 'retry-after': '7' } },
    })
    expect(created).toEqual([])
  })

  it.each([
    ['its method', { method: 'post', path: '/**' }, { read: true, create: false, createX: false }],
    ['its glob', { path: '/repos/*/x/**' }, { read: true, create: true, createX: false }],
    ['its pattern', { path: /check-runs$/ }, { read: true, create: false, createX: false }],
    ['the App', { path: '/**', only: 'app' }, { read: false, create: false, createX: false }],
    ['people', { path: '/**', only: 'people' }, { read: true, create: true, createX: true }],
    ['everybody', { path: '/**', only: 'all' }, { read: false, create: false, createX: false }],
  ] as const)('meets only requests of %s', async (_, scope, passes) => {
    const { bot, faults, create, read } = await aGitHub()
    faults.add({ kind: 'status', status: 503, ...scope })
    const passed = (call: Promise<unknown>) => call.then(() => true).catch(() => false)
    expect({
      read: await passed(read(bot)),
      create: await passed(create(bot)),
      createX: await passed(create(bot, 'x')),
    }).toEqual(passes)
  })

  it('for people leaves the App alone', async () => {
    const { bot, ana, faults, read } = await aGitHub()
    faults.add({ kind: 'status', status: 503, path: '/**', only: 'people' })
    await expect(read(ana)).rejects.toMatchObject({ status: 503 })
    expect((await read(bot)).status).toBe(200)
  })

  it('is over once it is removed, and all are after clear', async () => {
    const { bot, faults, read } = await aGitHub()
    const remove = faults.add({ kind: 'status', status: 503, path: '/**' })
    await expect(read(bot)).rejects.toMatchObject({ status: 503 })
    remove()
    expect((await read(bot)).status).toBe(200)
    faults.add({ kind: 'status', status: 500, path: '/**' })
    faults.add({ kind: 'reset', path: '/**' })
    faults.clear()
    expect((await read(bot)).status).toBe(200)
  })

  it('waits its turn behind an older one that fits', async () => {
    const { bot, faults, read } = await aGitHub()
    faults.add({ kind: 'status', status: 502, path: '/**', times: 1 })
    faults.add({ kind: 'status', status: 503, path: '/**', times: 1 })
    await expect(read(bot)).rejects.toMatchObject({ status: 502 })
    await expect(read(bot)).rejects.toMatchObject({ status: 503 })
    expect((await read(bot)).status).toBe(200)
  })
})
