import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aDesk, type Desk, numbered, type Shop } from '../support/desk.ts'

/** The same head against another base is another change, however the base came to be another one. */

let desk: Desk
beforeAll(async () => {
  desk = await aDesk()
})
afterAll(() => desk.close())

const price = { 'src/price.ts': numbered(40, { 20: 'price = 2' }) }

/** A change of ana on top of one of olga that is on main, approved by two people. */
async function approvedOnTop() {
  const shop = await desk.shop()
  const copy = await shop.copyOf('olga')
  const below = (await copy.git('rev-parse', 'origin/main')).trim()
  const before = await shop.push('olga', 'main', { 'NOTES.md': '# Notes\n' }, { from: 'origin/main' })
  const main = await shop.push(
    'olga',
    'main',
    { 'src/cart.ts': 'everything free\n' },
    { from: 'origin/main' },
  )
  const pull = await shop.open('ana', price)
  await shop.approve(pull, 'chloe', 'dev')
  expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
  return { shop, pull, below, before, main }
}

async function moveBase(shop: Shop, sha: string): Promise<void> {
  const copy = await shop.copyOf('olga')
  desk.later()
  await copy.git('push', '--force', 'origin', `${sha}:refs/heads/main`)
}

const stale = { state: 'waiting', title: 'Waiting for 2 approvals' }

describe('a base branch that was moved back', () => {
  test('brings commits into the change that nobody has approved, so no earlier approval counts', async () => {
    const { shop, pull, before } = await approvedOnTop()
    await moveBase(shop, before)
    const judged = await shop.judge(pull)
    expect(judged).toMatchObject(stale)
    expect(judged.text).toMatch(/stale approval: the base branch was changed since: it was moved back/)
    expect(await shop.judge(pull)).toMatchObject(stale)
  })

  test('lets approvals count that are given after it was seen', async () => {
    const { shop, pull, before } = await approvedOnTop()
    await moveBase(shop, before)
    expect(await shop.judge(pull)).toMatchObject(stale)
    await shop.approve(pull, 'chloe', 'dev')
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
  })

  test('and is where it was again lets the earlier approvals count again', async () => {
    const { shop, pull, before, main } = await approvedOnTop()
    await moveBase(shop, before)
    expect(await shop.judge(pull)).toMatchObject(stale)
    await moveBase(shop, main)
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
  })
})

describe('a base branch that was moved back twice', () => {
  test('and has only the later loss again keeps the earlier approvals stale', async () => {
    const { shop, pull, below, before } = await approvedOnTop()
    for (const sha of [before, below, before]) {
      await moveBase(shop, sha)
      expect(await shop.judge(pull)).toMatchObject(stale)
    }
  })

  test('and is where it was again lets the earlier approvals count again', async () => {
    const { shop, pull, below, before, main } = await approvedOnTop()
    for (const sha of [before, below]) {
      await moveBase(shop, sha)
      expect(await shop.judge(pull)).toMatchObject(stale)
    }
    await moveBase(shop, main)
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
  })
})

describe('a base branch that was moved back below two pull requests with the same head', () => {
  async function twoApproved() {
    const { shop, pull, before } = await approvedOnTop()
    const copy = await shop.copyOf('ben')
    await copy.branch('same', 'origin/feature')
    await copy.push({ ref: 'same' })
    const other = await shop.offer('ben', 'same', 'main', pull.sha)
    await shop.approve(other, 'chloe', 'dev')
    expect(await shop.judge(other)).toMatchObject({ state: 'passed' })
    await moveBase(shop, before)
    expect(await shop.judge(pull)).toMatchObject(stale)
    return { shop, other, copy }
  }

  test('makes the approvals of both stale, also of the one that is read last', async () => {
    const { shop, other } = await twoApproved()
    expect(await shop.judge(other)).toMatchObject(stale)
  })

  test('leaves those of a pull request with that head to another base, which never had what was lost', async () => {
    const { shop, pull, before } = await approvedOnTop()
    const copy = await shop.copyOf('olga')
    await copy.git('push', 'origin', `${before}:refs/heads/side`)
    const other = await shop.offer('ben', 'feature', 'side', pull.sha)
    await shop.approve(other, 'chloe', 'dev')
    expect(await shop.judge(other)).toMatchObject({ state: 'passed' })
    await moveBase(shop, before)
    expect(await shop.judge(pull)).toMatchObject(stale)
    expect(await shop.judge(other)).toMatchObject({ state: 'passed' })
  })

  test('makes them stale also where a pull request with that head to another base was read in between', async () => {
    const { shop, other } = await twoApproved()
    await shop.push('olga', 'side', { 'NOTES.md': 'x\n' }, { from: 'origin/main' })
    await shop.judge(await shop.offer('ben', 'same', 'side', other.sha))
    expect(await shop.judge(other)).toMatchObject(stale)
  })

  test('makes those of the one that is read last stale, though it has another head by then', async () => {
    const { shop, other, copy } = await twoApproved()
    await copy.git('commit', '--allow-empty', '-m', 'Run it again')
    desk.later()
    await copy.push({ ref: 'same' })
    expect(await shop.judge(other)).toMatchObject(stale)
  })
})

describe('a base branch that was moved back, and that the pull request has left for another one', () => {
  test('gives no approval back, though the change is the same on both now', async () => {
    const shop = await desk.shop()
    const copy = await shop.copyOf('olga')
    const main = (await copy.git('rev-parse', 'origin/main')).trim()
    await shop.push('ben', 'side', { 'src/cart.ts': 'everything free\n' }, { from: 'origin/main' })
    const pull = await shop.open('ana', price, { base: 'side' })
    await shop.approve(pull, 'chloe', 'dev')
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
    desk.later()
    await copy.git('push', '--force', 'origin', `${main}:refs/heads/side`)
    expect(await shop.judge(pull)).toMatchObject(stale)
    desk.later()
    const { owner, repo } = shop
    await desk.as('ana').rest.pulls.update({ owner, repo, pull_number: pull.number, base: 'main' })
    expect(await shop.judge(pull)).toMatchObject(stale)
    await shop.approve(pull, 'chloe', 'dev')
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
  })
})

describe('a base branch that was moved back, while GitHub cannot compare', () => {
  test('is not forgotten', async () => {
    const { shop, pull, before } = await approvedOnTop()
    await moveBase(shop, before)
    expect(await shop.judge(pull)).toMatchObject(stale)
    shop.restart(async (url, init) =>
      String(url).includes('/compare/')
        ? Response.json({ message: 'this diff is taking too long to generate' }, { status: 422 })
        : fetch(url, init),
    )
    await shop.read(pull)
    shop.restart()
    expect(await shop.judge(pull)).toMatchObject(stale)
  })
})

describe('a base branch that was moved back, while GitHub does not list every commit', () => {
  test('is noticed once it does', async () => {
    const { shop, pull, before } = await approvedOnTop()
    await moveBase(shop, before)
    shop.restart(async (url, init) => {
      const answer = await fetch(url, init)
      if (!String(url).includes('/compare/')) return answer
      const body = (await answer.json()) as { commits: unknown[] }
      return Response.json({ ...body, commits: body.commits.slice(-1), total_commits: 5_000 })
    })
    expect(await shop.judge(pull)).toMatchObject({ state: 'failed' })
    shop.restart()
    expect(await shop.judge(pull)).toMatchObject(stale)
  })
})

describe('a base branch that moves on', () => {
  test('by a merge, and back again, makes no approval of another pull request with that head stale', async () => {
    const { shop, pull, main } = await approvedOnTop()
    const copy = await shop.copyOf('ben')
    await copy.branch('same', `origin/${pull.branch}`)
    await copy.push({ ref: 'same' })
    const other = await shop.offer('ben', 'same', 'main', pull.sha)
    await shop.approve(other, 'chloe', 'dev')
    expect(await shop.judge(other)).toMatchObject({ state: 'passed' })
    const { owner, repo } = shop
    const { data: open } = await desk.as('ben').rest.pulls.get({ owner, repo, pull_number: other.number })
    desk.later()
    await desk.as('olga').rest.pulls.merge({ owner, repo, pull_number: pull.number })
    // GitHub takes a moment to show that this merged the other one too.
    shop.restart(async (url, init) =>
      new URL(String(url)).pathname.endsWith(`/pulls/${other.number}`)
        ? Response.json(open)
        : fetch(url, init),
    )
    expect(await shop.read(other)).toMatchObject({ state: 'open' })
    await moveBase(shop, main)
    expect(await shop.judge(other)).toMatchObject({ state: 'passed' })
  })

  test('makes no approval stale', async () => {
    const { shop, pull } = await approvedOnTop()
    await shop.push('olga', 'main', { 'README.md': '# More\n' }, { from: 'origin/main' })
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
  })

  test('and takes in a part of the change makes no approval of the rest stale', async () => {
    const { shop, pull } = await approvedOnTop()
    const copy = await shop.copyOf('ana')
    await copy.branch('feature', 'origin/feature')
    await copy.git('commit', '--allow-empty', '-m', 'Run it again')
    desk.later()
    const sha = await copy.push({ ref: 'feature' })
    await shop.approve({ ...pull, sha }, 'chloe', 'dev')
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
    await moveBase(shop, pull.sha)
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
  })
})

describe('another base', () => {
  /** GitHub as it answers while it does not list the newest events yet. */
  const withoutEvents: typeof fetch = async (url, init) => {
    const response = await fetch(url, init)
    if (!/\/issues\/\d+\/events/.test(String(url))) return response
    return Response.json([], { status: 200 })
  }

  test('makes approvals stale before GitHub lists the event of it, and after that', async () => {
    const shop = await desk.shop()
    await shop.push('olga', 'side', { 'src/cart.ts': 'everything free\n' }, { from: 'origin/main' })
    const pull = await shop.open('ana', price, { base: 'side' })
    await shop.approve(pull, 'chloe', 'dev')
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
    desk.later()
    const { owner, repo } = shop
    await desk.as('ana').rest.pulls.update({ owner, repo, pull_number: pull.number, base: 'main' })
    shop.restart(withoutEvents)
    expect(await shop.judge(pull)).toMatchObject(stale)
    shop.restart()
    expect(await shop.judge(pull)).toMatchObject(stale)
    await shop.approve(pull, 'chloe', 'dev')
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
  })
})
