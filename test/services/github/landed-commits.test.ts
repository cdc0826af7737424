import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { activityOn } from '../../../src/services/github/branch-activity.ts'
import { readPush } from '../../../src/services/github/landed-commits.ts'
import { aDesk, type Desk, type Shop } from '../../support/desk.ts'

let desk: Desk
let shop: Shop
let range: { branch: string; before: string; after: string }
const pushed: string[] = []

beforeAll(async () => {
  desk = await aDesk()
  shop = await desk.shop()
  const { data } = await desk
    .as('olga')
    .rest.git.getRef({ owner: shop.owner, repo: shop.repo, ref: 'heads/main' })
  for (let n = 0; n < 20; n++)
    pushed.unshift(await shop.push('olga', 'main', { [`src/${n}.ts`]: 'x\n' }, { from: 'origin/main' }))
  range = { branch: 'main', before: data.object.sha, after: pushed[0] ?? '' }
})
afterAll(() => desk.close())

/** Reads the push as if it were one; `onAsked`: what happens when GitHub is asked for the pull requests of a commit. */
async function readWith(onAsked: (asked: number) => void, signal = new AbortController().signal) {
  const seen = { asked: 0, atOnce: 0, now: 0 }
  const github = desk.app(async (...request) => {
    if (!String(request[0] instanceof Request ? request[0].url : request[0]).endsWith('/pulls?per_page=100'))
      return fetch(...request)
    onAsked(++seen.asked)
    seen.atOnce = Math.max(seen.atOnce, ++seen.now)
    await setTimeout(10)
    return fetch(...request).finally(() => seen.now--)
  })
  const repository = {
    installationId: desk.installationId,
    repositoryId: 0,
    owner: shop.owner,
    repo: shop.repo,
  }
  const rows = await activityOn(github, repository, 'main')
  const reading = readPush(github, repository, { range, rows, defaultBranch: 'main' }, signal)
  return { push: await reading.catch((problem: Error) => problem), seen }
}

test('the commits of a push are asked for several at a time, and strangers keep their order', async () => {
  const { push, seen } = await readWith(() => undefined)
  expect(push).toMatchObject({ strangers: pushed })
  expect(seen.asked).toBe(20)
  expect(seen.atOnce).toBeGreaterThan(1)
  expect(seen.atOnce).toBeLessThanOrEqual(8)
})

test('a job that is stopped asks for no more of them', async () => {
  const stop = new AbortController()
  const { push, seen } = await readWith(
    (asked) => asked === 3 && stop.abort(new Error('stopped')),
    stop.signal,
  )
  expect(String(push)).toContain('stopped')
  expect(seen.asked).toBeLessThanOrEqual(8)
})

test('nor does one of which a request failed', async () => {
  const { push, seen } = await readWith((asked) => {
    if (asked === 3) throw new Error('no connection')
  })
  expect(String(push)).toContain('no connection')
  await setTimeout(50)
  // One more may have begun when the failure was seen.
  expect(seen.asked).toBeLessThanOrEqual(10)
})
