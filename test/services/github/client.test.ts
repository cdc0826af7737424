import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAppProbot } from '../../../src/services/github/app-client.ts'
import { boundedFetch } from '../../../src/services/github/bounded-fetch.ts'
import { isGone } from '../../../src/services/github/gone.ts'
import type { Pause, Pauses } from '../../../src/store/pauses.ts'
import { retryTimeOf } from '../../../src/store/retry-after-error.ts'
import { buildHouse, type House } from '../../sandbox/github/house.ts'

let house: House
let org = 0
beforeAll(async () => {
  house = await buildHouse()
})
afterAll(() => house.github.close())

const kept: Pause[] = []
const pauses: Pick<Pauses, 'until' | 'begin'> = {
  until: (_, resource) =>
    kept.findLast((pause) => pause.resource === 'all' || pause.resource === resource)?.until,
  begin: async (_, pause) => void kept.push(pause),
}

/** The App as the running bot has it, by its key. */
function theApp() {
  const { github, clock } = house
  const settings = {
    appId: github.app.id,
    privateKey: github.app.privateKey,
    webhookSecrets: [github.app.webhookSecret] as [string],
    apiUrl: github.url,
  }
  return createAppProbot(settings, pino({ level: 'silent' }), { now: () => new Date(clock.now), pauses })
}

/** An organization of its own with a repository, and a client of its installation that has a token already. */
async function installed() {
  const owner = `org-${++org}`
  house.github.addOrganization(owner, { owners: ['nora'] })
  await house.github.addRepository({ owner, name: 'one', files: { 'a.txt': 'a\n' } })
  const { installationId } = house.github.installApp(owner)
  const client = await theApp().auth(installationId)
  const repo = { owner, repo: 'one' }
  await client.rest.repos.get(repo)
  return { client, installationId, repo }
}

const failure = (call: Promise<unknown>) =>
  call.then(
    () => undefined,
    (error: unknown) => error,
  )

describe.concurrent('a place that is gone', () => {
  it.each([
    ['suspended', (id: number) => house.github.suspendApp(id)],
    ['removed', (id: number) => house.github.uninstallApp(id)],
  ])('is an installation that was %s, on any call with a token from before', async (_, leave) => {
    const { client, installationId, repo } = await installed()
    leave(installationId)
    expect(isGone(await failure(client.rest.issues.listForRepo(repo)))).toBe(true)
    expect(isGone(await failure(client.graphql('{ viewer { login } }')))).toBe(true)
  })

  it.each([
    ['suspended', (id: number) => house.github.suspendApp(id)],
    ['removed', (id: number) => house.github.uninstallApp(id)],
  ])('is an installation that was %s before a token was asked for', async (_, leave) => {
    const { installationId, repo } = await installed()
    leave(installationId)
    const client = await theApp().auth(installationId)
    expect(isGone(await failure(client.rest.repos.get(repo)))).toBe(true)
  })

  it('is an archived repository for whoever writes, and not for whoever reads', async () => {
    const { client, repo } = await installed()
    const { data } = await client.rest.git.getRef({ ...repo, ref: 'heads/main' })
    house.github.archiveRepository(`${repo.owner}/one`)
    const run = { ...repo, name: 'Release gate', head_sha: data.object.sha }
    expect(isGone(await failure(client.rest.checks.create(run)))).toBe(true)
    expect((await client.rest.repos.get(repo)).data.archived).toBe(true)
  })

  it.each([
    ['a 401 while the installation is there, as with a wrong key or in an outage', 401],
    ['a 403 for a permission that is missing', 403],
    ['a 404', 404],
    ['a 500', 500],
  ])('is not %s', async (_, status) => {
    const { client, repo } = await installed()
    const path = `/repos/${repo.owner}/one/labels`
    const lift = house.github.faults.add({
      kind: 'status',
      status: status as 401,
      path,
      body: { message: 'No' },
    })
    const error = await failure(client.rest.issues.listLabelsForRepo(repo))
    lift()
    expect(error).toMatchObject({ status })
    expect(isGone(error)).toBe(false)
  })
})

describe('a reached limit', () => {
  it('is thrown with its time, kept as the pause, and nothing more is sent while that lasts', async () => {
    const { client, repo } = await installed()
    const lift = house.github.faults.add({ kind: 'secondary-rate-limit', path: '/repos/**', retryAfter: 90 })
    const until = new Date(house.clock.now + 90_000)
    expect(retryTimeOf(await failure(client.rest.repos.get(repo)))).toEqual(until)
    lift()
    expect(kept).toEqual([{ resource: 'all', until }])
    const before = house.github.requests.counts.all
    expect(retryTimeOf(await failure(client.rest.repos.get(repo)))).toEqual(until)
    expect(retryTimeOf(await failure(client.graphql('{ viewer { login } }')))).toEqual(until)
    expect(house.github.requests.counts.all).toBe(before)
    kept.length = 0
    expect((await client.rest.repos.get(repo)).status).toBe(200)
  })

  it('of the hour says that nothing remains, also where a fault plays it', async () => {
    const { client, repo } = await installed()
    const lift = house.github.faults.add({ kind: 'rate-limit', path: '/repos/**', retryAfter: 600, times: 1 })
    const error = await failure(client.rest.repos.get(repo))
    lift()
    expect(retryTimeOf(error)).toEqual(new Date(house.clock.now + 600_000))
    expect(kept.splice(0)).toEqual([{ resource: 'core', until: new Date(house.clock.now + 600_000) }])
  })
})

describe('the hourly limit of GraphQL', () => {
  it('is reported in an answer of 200, and rests GraphQL alone', async () => {
    const { client, repo } = await installed()
    const query = '{ viewer { login } }'
    await client.graphql(query)
    house.github.requests.set({ hourly: 1 })
    const error = await failure(client.graphql(query))
    house.github.requests.set({ hourly: 5000 })
    expect(retryTimeOf(error)).toEqual(kept[0]?.until)
    expect(kept).toMatchObject([{ resource: 'graphql' }])
    expect((await client.rest.repos.get(repo)).status).toBe(200)
    kept.length = 0
  })
})

describe('a request that GitHub does not answer', () => {
  let server: Server
  let url: string
  beforeAll(async () => {
    server = createServer((request, response) => {
      if (request.url === '/half') response.write('{')
      if (request.url === '/whole') response.end('{}')
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  it('ends after its own time, with the method and the path', async () => {
    const call = boundedFetch(fetch, 50)(`${url}/never?token=secret`, { method: 'POST' })
    await expect(call).rejects.toThrow('GitHub did not answer POST /never within 0.05 s')
  })

  it('or begins to answer and does not go on ends too', async () => {
    const answer = await boundedFetch(fetch, 1_000)(`${url}/half`)
    await expect(answer.text()).rejects.toThrow(/timeout/)
  })

  it('ends with the signal of its caller, and an answer in time is untouched', async () => {
    const bounded = boundedFetch(fetch, 60_000)
    const call = bounded(`${url}/never`, { signal: AbortSignal.abort(new Error('no longer wanted')) })
    await expect(call).rejects.toThrow('no longer wanted')
    expect(await (await bounded(`${url}/whole`)).text()).toBe('{}')
  })
})

describe('an answer that is not as documented', () => {
  it('is an error, and never "there is none"', async () => {
    const { client, repo } = await installed()
    const path = `/repos/${repo.owner}/one/contents/**`
    const lift = house.github.faults.add({ kind: 'status', status: 200, path, body: { type: 'file' } })
    const error = await failure(client.rest.repos.getContent({ ...repo, path: 'a.txt' }))
    lift()
    expect(String(error)).toContain("GitHub's answer to GET /repos/org-")
  })
})
