import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast, setUpRepositories, type Workshop } from '../../src/sandbox/workshop.ts'
import { allowBypass } from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

/** A push of another policy, while GitHub does not answer everything that is asked because of it. */

const path = '.github/release-gate.yml'
const approvals = (count: number) => `gates: { approvals: { count: ${count} } }\n`

let stage: Stage
let shops: { bad: Workshop; own: Workshop; free: Workshop }
let round = 0
let green: { bad: Change; own: Change; free: Change }

/** A minute later: GitHub limits how much may be written within one. */
const later = (seconds = 60) => stage.moveTo(new Date(stage.now().getTime() + seconds * 1_000))

async function openPull(shop: Workshop, branch: string): Promise<Change> {
  return shop.openPull('ana', { branch, title: branch, files: { [`src/${branch}.ts`]: 'x\n' } })
}

async function aGreenOne(shop: Workshop): Promise<Change> {
  const change = await openPull(shop, `change-${round}`)
  await shop.review('chloe', change)
  expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
  return change
}

async function push(repo: string, files: Record<string, string>): Promise<void> {
  await stage.github.push(`foodyepay/${repo}`, 'olga', { branch: 'main', files, message: 'Change it' })
  await stage.settled()
}

/** GitHub does not give a repository in a list of several, until the function that is returned is called. */
function breakRow(repo: string): () => void {
  const repository = [...stage.github.world.repositories.values()].find(({ name }) => name === repo)
  const { git } = repository ?? expect.fail()
  const { read } = git
  git.read = (name) =>
    name.endsWith(`:${path}`) ? Promise.reject(new Error('out of reach')) : read.call(git, name)
  return () => {
    git.read = read
  }
}

/** How often the bot has read any pull request since the counts were reset. */
const pullReads = () =>
  [...stage.github.requests.counts.byRoute].reduce(
    (sum, [route, count]) => (/^GET .*\/pulls\/[^/]+$/.test(route) ? sum + count : sum),
    0,
  )

beforeAll(async () => {
  stage = await aStage({ at: new Date('2026-11-24T18:10:00Z') })
  cast(stage)
  const files = { [path]: approvals(1), 'README.md': '#\n' }
  await stage.github.addRepository({ owner: 'foodyepay', name: '.github', private: true, files })
  shops = {
    bad: await setUpRepositories(stage, { repo: 'bad', policy: null }),
    own: await setUpRepositories(stage, { repo: 'own', policy: `extends: none\n${approvals(1)}` }),
    free: await setUpRepositories(stage, { repo: 'free', policy: null }),
  }
  for (const shop of [shops.own, shops.free]) await allowBypass(stage, shop as never)
  stage.github.installApp('foodyepay')
  await stage.settled()
})
afterAll(() => stage.close())

beforeEach(async () => {
  round += 1
  await later()
  green = {
    bad: await aGreenOne(shops.bad),
    own: await aGreenOne(shops.own),
    free: await aGreenOne(shops.free),
  }
  await later()
})

describe('a policy of the organization', () => {
  test('that is stricter revokes what is green in the other repositories at once, where GitHub does not give one', async () => {
    const repair = breakRow('bad')
    await push('.github', { [path]: approvals(2) })
    expect(await shops.free.check(green.free)).toMatchObject({
      conclusion: null,
      title: 'Waiting for 1 more approval',
    })
    expect(await shops.free.merge('eva', green.free)).toMatch(/Release gate/)
    await later(90)
    expect((await shops.bad.check(green.bad))?.conclusion).not.toBe('success')
    repair()
    await push('.github', { [path]: approvals(1) })
    await later(120)
  })

  test('that loses its name concerns a pull request that no event told of, where its own cannot be listed', async () => {
    const lost = stage.github.faults.add({ kind: 'lose', event: 'pull_request' })
    const unknown = await openPull(shops.own, 'unknown')
    lost()
    expect(await shops.own.check(unknown)).toBeUndefined()
    const unlisted = { kind: 'status', path: /\/dot-github\/pulls$/, status: 500, only: 'app' } as const
    const restore = stage.github.faults.add(unlisted)
    stage.github.renameRepository('foodyepay/.github', 'dot-github')
    await stage.settled()
    expect(await shops.own.check(unknown)).toBeDefined()
    restore()
    stage.github.renameRepository('foodyepay/dot-github', '.github')
    await stage.settled()
  })
})

describe('a stricter policy of a repository', () => {
  test('leaves nothing green 90 seconds later, where GitHub does not list its pull requests', async () => {
    const unlisted = { kind: 'status', path: /\/own\/pulls$/, status: 500, only: 'app' } as const
    const restore = stage.github.faults.add(unlisted)
    await push('own', { [path]: `extends: none\n${approvals(2)}` })
    await later(90)
    expect((await shops.own.check(green.own))?.conclusion).not.toBe('success')
    restore()
    await push('own', { [path]: `extends: none\n${approvals(1)}` })
    await later(120)
  })
})

test('a push of other files, also of the organization, reads no pull request', async () => {
  stage.github.requests.reset()
  for (const repo of ['own', 'free', '.github']) await push(repo, { 'README.md': `# ${round}\n` })
  expect(pullReads()).toBe(0)
})
