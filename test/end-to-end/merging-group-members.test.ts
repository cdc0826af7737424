import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { evaluateGroup } from '../../src/merges/groups.ts'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast } from '../../src/sandbox/workshop.ts'
import { openDatabase } from '../../src/store/database/open.ts'
import { clientOf } from '../support/desk.ts'
import { allowBypass, inWindow, type QueuedShop, queueOn } from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

/** What a merge group would merge is what its pull requests are evaluated for, and its check is that of its commit. */

let stage: Stage
let installationId: number
beforeAll(async () => {
  stage = await aStage({ at: inWindow })
  cast(stage)
  installationId = stage.github.installApp('foodyepay').installationId
})
afterAll(() => stage.close())
const at = (time: string) => stage.moveTo(new Date(time))

/** A group that has passed the gate, and waits for another check. */
async function anOpenGroup(shop: QueuedShop, base = 'main'): Promise<{ change: Change; head: string }> {
  const change = await shop.approvedChange({ base })
  await shop.succeed(change.sha)
  await shop.enqueue(change)
  const [head = ''] = await shop.groupHeads()
  expect(await shop.check({ sha: head })).toMatchObject({ conclusion: 'success' })
  return { change, head }
}

/** The group as it is evaluated once more, with these answers of GitHub. */
async function evaluateAgain(shop: QueuedShop, head: string, base = 'main', answers?: typeof fetch) {
  const { owner, repo } = shop.repository
  const { data: refs } = await stage
    .as('eva')
    .rest.git.listMatchingRefs({ owner, repo, ref: `heads/gh-readonly-queue/${base}/pr-` })
  const headRef = refs.find(({ object }) => object.sha === head)?.ref ?? ''
  const { id: repositoryId } = (await stage.as('eva').rest.repos.get({ owner, repo })).data
  const repository = { installationId, repositoryId, owner, repo }
  const database = await openDatabase(stage.database)
  const client = clientOf(stage.github, installationId, answers)
  const nothing = async () => undefined
  const shell = {
    database,
    github: async () => client,
    now: () => stage.now(),
    log: { info: () => undefined, warn: () => undefined },
    queue: {
      enqueueEvaluate: nothing,
      enqueueIncident: nothing,
      enqueueMerging: nothing,
      enqueueNotice: nothing,
    },
  }
  const group = { headSha: head, headRef, baseRef: `refs/heads/${base}` }
  await evaluateGroup(shell, client, repository, group, new AbortController().signal)
  await database.close()
  await stage.settled()
}

/** GitHub as it answers for one pull request after a change that its queue has not followed yet. */
function withPull({ number }: Change, change: (pull: { state: string; base: { ref: string } }) => object) {
  const answer: typeof fetch = async (url, init) => {
    const response = await fetch(url, init)
    if (!new URL(String(url)).pathname.endsWith(`/pulls/${number}`)) return response
    return Response.json(change((await response.json()) as { state: string; base: { ref: string } }))
  }
  return answer
}

describe('a merge group that is evaluated again', () => {
  test('passes while its pull request is what it was', async () => {
    await at('2026-12-02T18:00:00Z')
    const shop = await queueOn(stage, { alsoNeeds: 'build' })
    const { head } = await anOpenGroup(shop)
    await evaluateAgain(shop, head)
    expect(await shop.check({ sha: head })).toMatchObject({ conclusion: 'success' })
  })

  test.each([
    ['was closed', (pull: object) => ({ ...pull, state: 'closed' })],
    [
      'has another base',
      (pull: { base: { ref: string } }) => ({ ...pull, base: { ...pull.base, ref: 'elsewhere' } }),
    ],
  ])('fails where its pull request %s', async (_, change) => {
    await stage.moveTo(new Date(stage.now().getTime() + 120_000))
    const shop = await queueOn(stage, { alsoNeeds: 'build' })
    const group = await anOpenGroup(shop)
    await evaluateAgain(shop, group.head, 'main', withPull(group.change, change))
    expect(await shop.check({ sha: group.head })).toMatchObject({
      conclusion: 'failure',
      title: `#${group.change.number} does not pass: Closed, or no longer for main`,
    })
  })
})

describe('a pull request from the head of a merge group', () => {
  const policy = 'branches: [release/1]\ngates:\n  approvals: {}\n'
  async function onRelease() {
    await stage.moveTo(new Date(stage.now().getTime() + 120_000))
    const shop = await queueOn(stage, { alsoNeeds: 'build', branch: 'release/1', policy })
    await allowBypass(stage, shop)
    const copy = await stage.github.workingCopy(shop.name, 'olga')
    await copy.git('branch', 'release/1')
    await copy.push({ ref: 'release/1' })
    const { head } = await anOpenGroup(shop, 'release/1')
    return { shop, head }
  }
  async function offerHead({ shop, head }: Awaited<ReturnType<typeof onRelease>>, base: string) {
    const { repository } = shop
    await stage.as('ana').rest.git.createRef({ ...repository, ref: 'refs/heads/same', sha: head })
    const { data } = await stage
      .as('ana')
      .rest.pulls.create({ ...repository, title: 'The same', head: 'same', base })
    await stage.settled()
    return data.number
  }

  test('to another covered branch is not turned green by the check of the group', async () => {
    const group = await onRelease()
    const number = await offerHead(group, 'main')
    expect(await group.shop.check({ sha: group.head })).not.toMatchObject({ conclusion: 'success' })
    await evaluateAgain(group.shop, group.head, 'release/1')
    expect(await group.shop.check({ sha: group.head })).toMatchObject({
      conclusion: 'failure',
      title: `#${number} does not pass: Waiting for 2 approvals`,
    })
  })

  test('to a branch that the policy leaves out lets the group pass', async () => {
    const group = await onRelease()
    const copy = await stage.github.workingCopy(group.shop.name, 'olga')
    await copy.git('branch', 'free', 'origin/main')
    await copy.push({ ref: 'free' })
    await offerHead(group, 'free')
    await evaluateAgain(group.shop, group.head, 'release/1')
    expect(await group.shop.check({ sha: group.head })).toMatchObject({ conclusion: 'success' })
  })
})

test('a queue that merges by the head of a group alone does not take a failed one along', async () => {
  await stage.moveTo(new Date(stage.now().getTime() + 120_000))
  const shop = await queueOn(stage, { alsoNeeds: 'build', strategy: 'HEADGREEN' })
  const changes = [await shop.approvedChange(), await shop.approvedChange()]
  for (const change of changes) {
    await shop.succeed(change.sha)
    await shop.enqueue(change)
  }
  const [one, both] = changes
  if (!one || !both) throw new Error('There are two.')
  await shop.review('dev', one, 'REQUEST_CHANGES')
  for (const sha of await shop.groupHeads()) await shop.succeed(sha)
  expect(await shop.isMerged(one)).toBe(false)
})

test('a rebased group of two pull requests with two commits each passes', async () => {
  await stage.moveTo(new Date(stage.now().getTime() + 120_000))
  const shop = await queueOn(stage, { alsoNeeds: 'build', method: 'REBASE' })
  const changes: Change[] = []
  for (const name of ['one', 'two']) {
    const opened = await shop.openPull('ana', { branch: name, title: name, files: { [`${name}.ts`]: 'x\n' } })
    const change = await shop.push('ana', opened, { [`${name}-more.ts`]: 'x\n' })
    for (const reviewer of ['chloe', 'dev']) await shop.review(reviewer, change)
    await shop.succeed(change.sha)
    await shop.enqueue(change)
    changes.push(change)
  }
  for (const sha of await shop.groupHeads()) {
    expect(await shop.check({ sha })).toMatchObject({ conclusion: 'success' })
  }
  for (const sha of await shop.groupHeads()) await shop.succeed(sha)
  for (const change of changes) expect(await shop.isMerged(change)).toBe(true)
})
