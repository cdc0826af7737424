import { Octokit } from '@octokit/rest'
import { describe, expect, it } from 'vitest'
import { etags } from '../../../src/sandbox/github/etags.ts'
import { serve } from '../serve.ts'
import { APP_ID, anApp, silent } from './identities.ts'

function aGitHub() {
  const { app, tokens, bot, ana } = anApp()
  const pull = { number: 1, title: 'One' }
  app.use(etags())
  app.get('/repos/o/r/pulls/1', (c) => c.json(pull, 200, { link: '<x>; rel="next"' }))
  app.get('/repos/o/r/pulls/2', (c) => c.json({ message: 'Not Found' }, 404))
  app.post('/repos/o/r/pulls', (c) => c.json(pull, 200))
  const get = (headers: Record<string, string>, path = '/repos/o/r/pulls/1') => app.request(path, { headers })
  const tagFor = async (headers: Record<string, string>) => (await get(headers)).headers.get('etag') ?? ''
  return { app, tokens, bot, ana, pull, get, tagFor }
}

describe('an ETag', () => {
  it('is the same for the same token, Accept header and body', async () => {
    const { bot, tagFor } = aGitHub()
    expect(await tagFor(bot)).toMatch(/^W\/"[0-9a-f]{64}"$/)
    expect(await tagFor(bot)).toBe(await tagFor(bot))
  })

  it('differs with the token, even with a fresh one of the same installation', async () => {
    const { tokens, bot, tagFor } = aGitHub()
    const fresh = { authorization: `token ${tokens.forInstallation(APP_ID, 1).token}` }
    expect(await tagFor(fresh)).not.toBe(await tagFor(bot))
  })

  it('differs with the Accept header', async () => {
    const { bot, tagFor } = aGitHub()
    expect(await tagFor({ ...bot, accept: 'application/vnd.github.diff' })).not.toBe(await tagFor(bot))
  })

  it('differs with the body', async () => {
    const { bot, pull, tagFor } = aGitHub()
    const before = await tagFor(bot)
    pull.title = 'Two'
    expect(await tagFor(bot)).not.toBe(before)
  })

  it('comes neither with an error nor with a write', async () => {
    const { app, bot, get } = aGitHub()
    const missing = await get(bot, '/repos/o/r/pulls/2')
    expect([missing.status, missing.headers.get('etag')]).toEqual([404, null])
    const write = await app.request('/repos/o/r/pulls', { method: 'POST', headers: bot })
    expect([write.status, write.headers.get('etag')]).toEqual([200, null])
  })
})

describe('If-None-Match', () => {
  it.each([
    ['the ETag itself', (tag: string) => tag],
    ['its strong form', (tag: string) => tag.replace('W/', '')],
    ['a list that holds it', (tag: string) => `"abc", ${tag}`],
    ['a star', () => '*'],
  ])('answers 304 without a body to %s', async (_, header) => {
    const { bot, get, tagFor } = aGitHub()
    const tag = await tagFor(bot)
    const answer = await get({ ...bot, 'if-none-match': header(tag) })
    expect([answer.status, await answer.text()]).toEqual([304, ''])
    expect(answer.headers.get('etag')).toBe(tag)
    expect(answer.headers.get('link')).toBe('<x>; rel="next"')
    expect(answer.headers.get('content-type')).toBeNull()
  })

  it('answers 200 with the body once it changed, and to the ETag of another token', async () => {
    const { bot, ana, pull, get, tagFor } = aGitHub()
    expect((await get({ ...bot, 'if-none-match': await tagFor(ana) })).status).toBe(200)
    const tag = await tagFor(bot)
    pull.title = 'Two'
    const answer = await get({ ...bot, 'if-none-match': tag })
    expect([answer.status, await answer.json()]).toEqual([200, { number: 1, title: 'Two' }])
  })

  it('makes octokit see 304 over real HTTP', async () => {
    const { app, bot } = aGitHub()
    const octokit = new Octokit({ baseUrl: await serve(app), log: silent })
    const { headers } = await octokit.request('GET /repos/o/r/pulls/1', { headers: bot })
    const again = octokit.request('GET /repos/o/r/pulls/1', {
      headers: { ...bot, 'if-none-match': headers.etag },
    })
    await expect(again).rejects.toMatchObject({ status: 304 })
  })
})
