import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast, setUpRepositories, type Workshop } from '../../src/sandbox/workshop.ts'
import { aStage } from '../support/stage.ts'

let stage: Stage
let count = 0
beforeAll(async () => {
  stage = await aStage({ at: new Date('2026-11-24T22:00:00Z') })
  cast(stage)
  stage.github.installApp('foodyepay')
})
afterAll(() => stage.close())

const aShop = (approvals = '{}') =>
  setUpRepositories(stage, { repo: `shop-${++count}`, policy: `gates:\n  approvals: ${approvals}\n` })
const files = { 'src/rewards.ts': 'export const cap = 1\n' }

/** A green pull request of ana. */
async function aGreen(shop: Workshop): Promise<Change> {
  const change = await shop.openPull('ana', { branch: 'change', title: 'A change', files })
  await later()
  await shop.review('chloe', change)
  await shop.review('dev', change)
  expect(await shop.check(change)).toMatchObject({
    conclusion: 'success',
    title: 'Ready to merge',
  })
  return change
}

const later = () => stage.moveTo(new Date(stage.now().getTime() + 60_000))
const update = async (
  shop: Workshop,
  { number }: Change,
  what: { state?: 'open' | 'closed'; base?: string },
) => {
  await later()
  await stage.as('ana').rest.pulls.update({ ...shop.repository, pull_number: number, ...what })
  await stage.settled()
}
const pushOver = async (shop: Workshop, change: Change, to: string) => {
  await later()
  const copy = await stage.github.workingCopy(shop.name, 'ana')
  await copy.branch(change.branch, to)
  await copy.push({ ref: change.branch, force: true })
  await stage.settled()
}

describe('a green check is revoked on the old head at once', () => {
  test('by a push; a force-push back to the approved head makes that green again', async () => {
    const shop = await aShop()
    const green = await aGreen(shop)
    const newer = await shop.push('ana', green, { 'src/rewards.ts': 'export const cap = 2\n' })
    expect(await shop.check(green)).toMatchObject({ conclusion: null, status: 'in_progress' })
    expect(await shop.check(newer)).toMatchObject({ conclusion: null, title: 'Waiting for 2 approvals' })
    await pushOver(shop, green, green.sha)
    expect(await shop.check(green)).toMatchObject({ conclusion: 'success' })
    expect(await shop.check(newer)).toMatchObject({ conclusion: null })
  })

  test('by a force-push back to an earlier head that was green, but whose approvals were dismissed since', async () => {
    const shop = await aShop()
    const green = await aGreen(shop)
    const newer = await shop.push('ana', green, { 'src/rewards.ts': 'export const cap = 2\n' })
    const { data } = await stage
      .as('eva')
      .rest.pulls.listReviews({ ...shop.repository, pull_number: green.number })
    const options = { ...shop.repository, pull_number: green.number, message: 'No' }
    await stage.as('eva').rest.pulls.dismissReview({ ...options, review_id: data[0]?.id ?? 0 })
    await pushOver(shop, green, green.sha)
    expect(await shop.check(green)).toMatchObject({ conclusion: null, title: 'Waiting for 1 more approval' })
    expect(await shop.check(newer)).toMatchObject({ conclusion: null })
  })

  test('by closing; reopened on Thursday it is evaluated again', async () => {
    const shop = await aShop()
    const green = await aGreen(shop)
    await update(shop, green, { state: 'closed' })
    expect(await shop.check(green)).toMatchObject({ conclusion: null, status: 'in_progress' })
    stage.github.setCollaborator(shop.name, 'dev', null)
    await stage.settled()
    await stage.moveTo(new Date(stage.now().getTime() + 2 * 86_400_000))
    await update(shop, green, { state: 'open' })
    expect(await shop.check(green)).toMatchObject({ conclusion: null, title: 'Waiting for 1 more approval' })
    expect(await shop.merge('eva', green)).toMatch(/Release gate/)
  })

  test('by closing, though the branch was deleted with it', async () => {
    const shop = await aShop()
    const green = await aGreen(shop)
    await later()
    await stage.as('ana').rest.git.deleteRef({ ...shop.repository, ref: `heads/${green.branch}` })
    await stage.settled()
    expect(await shop.check(green)).toMatchObject({ conclusion: null, status: 'in_progress' })
  })

  test('by turning into a draft', async () => {
    const shop = await aShop()
    const green = await aGreen(shop)
    await stage.github.convertToDraft(`${shop.name}#${green.number}`, 'ana')
    await stage.settled()
    expect(await shop.check(green)).toMatchObject({ conclusion: null, title: 'Draft: not ready for review' })
    await stage.github.markReady(`${shop.name}#${green.number}`, 'ana')
    await stage.settled()
    expect(await shop.check(green)).toMatchObject({ conclusion: 'success' })
  })

  test('by a retarget to a base that the policy does not cover', async () => {
    const shop = await aShop()
    const copy = await stage.github.workingCopy(shop.name, 'olga')
    await copy.branch('side', 'origin/main')
    await copy.push({ ref: 'side' })
    const green = await aGreen(shop)
    await update(shop, green, { base: 'side' })
    expect(await shop.check(green)).toMatchObject({ conclusion: null, status: 'in_progress' })
  })

  test('by a collaborator who is removed', async () => {
    const shop = await aShop()
    const green = await aGreen(shop)
    stage.github.setCollaborator(shop.name, 'dev', null)
    await stage.settled()
    expect(await shop.check(green)).toMatchObject({ conclusion: null, title: 'Waiting for 1 more approval' })
  })
})

describe('`request_reviews`', () => {
  const requested = async (shop: Workshop, { number }: Change) => {
    const { data } = await stage
      .as('eva')
      .rest.pulls.listRequestedReviewers({ ...shop.repository, pull_number: number })
    return [...data.users.map(({ login }) => login), ...data.teams.map(({ slug }) => slug)].sort()
  }

  test('is off by default: nobody is asked', async () => {
    const shop = await aShop()
    const green = await aGreen(shop)
    await shop.push('ana', green, { 'src/rewards.ts': 'export const cap = 2\n' })
    expect(await requested(shop, green)).toEqual([])
  })

  test('asks those whose approval went stale, once: a withdrawn request is not repeated', async () => {
    const shop = await aShop('{ request_reviews: true }')
    const green = await aGreen(shop)
    await shop.push('ana', green, { 'src/rewards.ts': 'export const cap = 2\n' })
    expect(await requested(shop, green)).toEqual(['chloe', 'dev'])
    const pull = { ...shop.repository, pull_number: green.number }
    await stage.as('eva').rest.pulls.removeRequestedReviewers({ ...pull, reviewers: ['dev'] })
    await stage.as('ana').rest.pulls.update({ ...pull, title: 'Another title' })
    await stage.settled()
    expect(await requested(shop, green)).toEqual(['chloe'])
  })

  test('asks nobody twice, and the team that is missing', async () => {
    const slug = `ops-${++count}`
    stage.github.addTeam('foodyepay', slug, { members: ['eva'] })
    const shop = await aShop(`{ request_reviews: true, teams: [${slug}] }`)
    stage.github.setTeamRepository('foodyepay', slug, shop.name, 'write')
    const change = await shop.openPull('ana', { branch: 'change', title: 'A change', files })
    expect(await requested(shop, change)).toEqual([slug])
    stage.github.requests.reset()
    await shop.review('chloe', change)
    const asked = [...stage.github.requests.counts.byRoute].filter(([route]) =>
      /^POST .*requested_reviewers/.test(route),
    )
    expect(asked).toEqual([])
    expect(await requested(shop, change)).toEqual([slug])
  })

  test('a person who may not be asked anymore stops nothing', async () => {
    const shop = await aShop('{ request_reviews: true }')
    const green = await aGreen(shop)
    stage.github.faults.add({
      kind: 'status',
      status: 422,
      method: 'POST',
      path: /requested_reviewers$/,
      only: 'app',
    })
    const newer = await shop.push('ana', green, { 'src/rewards.ts': 'export const cap = 2\n' })
    stage.github.faults.clear()
    expect(await shop.check(newer)).toMatchObject({ conclusion: null, title: 'Waiting for 2 approvals' })
    expect(await requested(shop, green)).toEqual([])
  })
})

describe('every request may fail', () => {
  const routes = [
    /\/contents\//,
    /\/pulls\/\d+$/,
    /\/git\/ref\//,
    /\/compare\//,
    /\/activity$/,
    /\/reviews$/,
    /\/events$/,
    /\/permission$/,
    /\/commits\/\w+\/pulls$/,
    /\/check-runs$/,
  ]
  test.each(['status', 'reset'] as const)(
    'each route once (%s): not green on part of the facts, and right at the end',
    async (kind) => {
      const shop = await aShop()
      const change = await shop.openPull('ana', { branch: 'change', title: 'A change', files })
      await shop.review('chloe', change)
      for (const path of routes) {
        const scope = { path, times: 1, only: 'app' as const }
        stage.github.faults.add(kind === 'status' ? { ...scope, kind, status: 502 } : { ...scope, kind })
      }
      await shop.review('dev', change)
      expect(await shop.check(change)).toMatchObject({
        conclusion: null,
        title: 'Waiting for 1 more approval',
      })
      for (let turn = 0; turn < routes.length; turn++) await later()
      expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
      stage.github.faults.clear()
    },
  )
})

describe('a push that GitHub lists late', () => {
  test('keeps the gate closed and is evaluated again a minute later', async () => {
    const shop = await aShop()
    const hide = stage.github.faults.add({
      kind: 'status',
      status: 200,
      body: [],
      path: /\/activity$/,
      only: 'app',
    })
    const change = await shop.openPull('ana', { branch: 'change', title: 'A change', files })
    await shop.review('chloe', change)
    await shop.review('dev', change)
    expect(await shop.check(change)).toMatchObject({
      conclusion: 'failure',
      title: 'Pusher unknown',
    })
    hide()
    await later()
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
  })
})

describe('what GitHub tells of before it lists it', () => {
  const green = async () => {
    const shop = await aShop()
    const change = await aGreen(shop)
    return { shop, change, pull: { ...shop.repository, pull_number: change.number } }
  }
  /** Lets the bot be answered what GitHub says now, until the returned function is called. */
  const freeze = (path: RegExp, body: object) =>
    stage.github.faults.add({ kind: 'status', status: 200, body, path, only: 'app' })

  test('revokes a green check a minute later: a review that requests changes', async () => {
    const { shop, change, pull } = await green()
    const { data } = await stage.as('ana').rest.pulls.listReviews(pull)
    const list = freeze(/\/pulls\/\d+\/reviews$/, data)
    await shop.review('eva', change, 'REQUEST_CHANGES')
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
    list()
    await later()
    expect(await shop.check(change)).toMatchObject({
      conclusion: 'failure',
      title: 'Changes requested by eva',
    })
  })

  test('revokes a green check a minute later: that it is a draft', async () => {
    const { shop, change, pull } = await green()
    const { data } = await stage.as('ana').rest.pulls.get(pull)
    const show = freeze(/\/pulls\/\d+$/, data)
    await stage
      .as('ana')
      .graphql(
        'mutation ($id: ID!) { convertPullRequestToDraft(input: { pullRequestId: $id }) { clientMutationId } }',
        {
          id: data.node_id,
        },
      )
    await stage.settled()
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
    show()
    await later()
    expect(await shop.check(change)).not.toMatchObject({ conclusion: 'success' })
  })

  test('is not asked for again and again', async () => {
    const { shop, change, pull } = await green()
    const { data } = await stage.as('ana').rest.pulls.listReviews(pull)
    const list = freeze(/\/pulls\/\d+\/reviews$/, data)
    await shop.review('eva', change, 'REQUEST_CHANGES')
    const requests = async () => {
      const before = stage.github.requests.counts.all
      await later()
      return stage.github.requests.counts.all - before
    }
    await requests()
    expect(await requests()).toBe(0)
    list()
  })
})
