import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { aDesk, type Desk, type Files, numbered, type Pull, type Shop } from '../support/desk.ts'

let desk: Desk
beforeAll(async () => {
  desk = await aDesk()
})
afterEach(() => desk.github.faults.clear())
afterAll(() => desk.close())

const price = { 'src/price.ts': numbered(40, { 20: 'price = 2' }) }

async function approved(files: Files = price): Promise<{ shop: Shop; pull: Pull }> {
  const shop = await desk.shop()
  const pull = await shop.open('ana', files)
  await shop.approve(pull, 'chloe', 'dev')
  return { shop, pull }
}

/** So many empty commits by ana on a branch, the first of them by somebody else. */
async function manyCommits(shop: Shop, count: number, first: { name: string; email: string }): Promise<Pull> {
  const copy = await shop.copyOf('ana')
  await copy.branch('feature', 'origin/main')
  await copy.commit('The first', { author: first })
  const ana = 'ana <ana@example.com>'
  const stream = Array.from({ length: count - 1 }, (_, index) =>
    [
      `commit refs/heads/feature`,
      `author ${ana} ${1_790_000_000 + index} +0000`,
      `committer ${ana} ${1_790_000_000 + index} +0000`,
      `data 6\nChange`,
      ...(index === 0 ? ['from refs/heads/feature^0'] : []),
      `M 100644 inline step.txt\ndata ${String(index).length}\n${index}\n`,
    ].join('\n'),
  ).join('\n')
  await copy.write({ '.git/stream': `${stream}\n` })
  await copy.git('-c', 'alias.feed=!git fast-import --quiet --force < .git/stream', 'feed')
  const sha = await copy.head('feature')
  desk.later()
  await copy.push({ ref: 'feature' })
  return shop.offer('ana', 'feature', 'main', sha)
}

describe('what the API can give', () => {
  const ben = { name: 'ben', email: 'ben@example.com' }

  test('of 260 commits the first is read too: its author cannot approve', async () => {
    const shop = await desk.shop()
    const pull = await manyCommits(shop, 260, ben)
    await shop.approve(pull, 'chloe', 'ben')
    const judgement = await shop.judge(pull)
    expect(judgement).toMatchObject({ state: 'waiting', title: 'Waiting for 1 more approval' })
    expect(judgement.text).toMatch(/`ben` approved .* but it does not count: wrote/)
    await shop.approve(pull, 'dev')
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
  })

  test('past 1,000 commits it fails closed and says why', async () => {
    const shop = await desk.shop()
    const pull = await manyCommits(shop, 1_010, ben)
    await shop.approve(pull, 'chloe', 'dev')
    const judgement = await shop.judge(pull)
    expect(judgement).toMatchObject({ state: 'failed', title: 'Not all commits could be read' })
    expect(judgement.text).toContain('The change has 1010 commits, of which GitHub shows 1000.')
  })

  test('3,000 files: an approval of the exact head counts, and a rebase is proved', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 3_000 }, (_, index) => [`many/${index}.txt`, `new ${index}\n`]),
    )
    const { shop, pull } = await approved(files)
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
    await shop.push('olga', 'main', { 'src/cart.ts': 'x\n' }, { from: 'origin/main' })
    const copy = await shop.copyOf('ana')
    await copy.branch('feature', 'origin/feature')
    await copy.rebase('origin/main')
    await copy.push({ ref: 'feature', force: true })
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
  })

  test('a compare that takes GitHub too long: the exact head still counts, an older one does not', async () => {
    const { shop, pull } = await approved()
    desk.github.faults.add({ kind: 'status', status: 422, path: /\/compare\// })
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed', snapshot: { unattributed: [] } })
    await shop.push('ana', 'feature', {}, { from: 'origin/feature', amend: true, message: 'Again' })
    const judgement = await shop.judge(pull)
    expect(judgement).toMatchObject({ state: 'waiting', title: 'Waiting for 2 approvals' })
    expect(judgement.text).toMatch(/GitHub cannot compare the head with its base/)
  })

  test('a compare that takes too long, and more than 250 commits: it fails closed', async () => {
    const shop = await desk.shop()
    const pull = await manyCommits(shop, 260, ben)
    await shop.approve(pull, 'chloe', 'dev')
    desk.github.faults.add({ kind: 'status', status: 422, path: /\/compare\// })
    expect(await shop.judge(pull)).toMatchObject({ state: 'failed', title: 'Not all commits could be read' })
  })

  test('a tree that GitHub cuts proves nothing', async () => {
    const { shop, pull } = await approved()
    shop.restart(async (input, init) => {
      const answer = await fetch(input, init)
      if (!String(input).includes('/git/trees/')) return answer
      const tree = (await answer.json()) as object
      return Response.json({ ...tree, truncated: true })
    })
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
    await shop.push('olga', 'main', { 'src/cart.ts': 'x\n' }, { from: 'origin/main' })
    const copy = await shop.copyOf('ana')
    await copy.branch('feature', 'origin/feature')
    await copy.rebase('origin/main')
    await copy.push({ ref: 'feature', force: true })
    const judgement = await shop.judge(pull)
    expect(judgement).toMatchObject({ state: 'waiting', title: 'Waiting for 2 approvals' })
    expect(judgement.text).toMatch(/too large for GitHub to list all of its files/)
  })

  test('the fork is gone: nobody tells who pushed, and one more approval is needed', async () => {
    const { shop, pull } = await approved()
    shop.restart(async (input, init) => {
      const answer = await fetch(input, init)
      if (!String(input).endsWith(`/pulls/${pull.number}`)) return answer
      const data = (await answer.json()) as { head: object }
      return Response.json({ ...data, head: { ...data.head, repo: null } })
    })
    expect(await shop.judge(pull)).toMatchObject({ state: 'waiting', title: 'Waiting for 1 more approval' })
    await shop.approve(pull, 'eva')
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed', title: 'Approved by 3 people' })
  })
})

describe('what moves while it is read', () => {
  /** Does something once, in the middle of a reading. */
  const during = (deed: () => Promise<unknown>, times = 1): typeof fetch => {
    let left = times
    return async (input, init) => {
      if (left > 0 && /\/reviews\?/.test(String(input))) {
        left -= 1
        await deed()
      }
      return fetch(input, init)
    }
  }

  test('the head: reading starts again, and the verdict is about the newer one', async () => {
    const { shop, pull } = await approved()
    shop.restart(
      during(() => shop.push('ana', 'feature', { 'src/cart.ts': 'x\n' }, { from: 'origin/feature' })),
    )
    const judgement = await shop.judge(pull)
    expect(judgement).toMatchObject({ state: 'waiting', title: 'Waiting for 2 approvals' })
    expect(judgement.snapshot.head.sha).not.toBe(pull.sha)
  })

  test('the base: reading starts again', async () => {
    const { shop, pull } = await approved()
    await shop.push('olga', 'next', { 'src/cart.ts': 'x\n' }, { from: 'origin/main' })
    const options = { owner: shop.owner, repo: shop.repo, pull_number: pull.number, base: 'next' }
    shop.restart(during(() => desk.as('ana').rest.pulls.update(options)))
    expect(await shop.judge(pull)).toMatchObject({
      state: 'waiting',
      snapshot: { base: { ref: 'next', changed: { equality: { same: false } } } },
    })
  })

  test('a head that moves without end gives no verdict at all', async () => {
    const { shop, pull } = await approved()
    let turn = 0
    const move = () => shop.push('ana', 'feature', { 'x.txt': `${++turn}\n` }, { from: 'origin/feature' })
    shop.restart(during(move, 3))
    await expect(shop.judge(pull)).rejects.toThrow(/changed three times while it was being read/)
    expect(await shop.judge(pull)).toMatchObject({ state: 'waiting' })
  })
})

describe('every request may fail', () => {
  /** Every path that a reading asks for, with numbers and ids left open. */
  async function pathsOf(shop: Shop, pull: Pull): Promise<string[]> {
    const asked = new Set<string>()
    shop.restart(async (input, init) => {
      asked.add(new URL(String(input)).pathname)
      return fetch(input, init)
    })
    shop.forget()
    await shop.judge(pull)
    return [...asked]
  }

  test.each([500, 403, 429] as const)(
    '%i on each route once: no verdict then, and the right one after',
    async (status) => {
      const slug = `every-${status}`
      desk.github.addTeam('acme', slug, { members: ['dev'] })
      const shop = await desk.shop({ approvals: { teams: [slug] } })
      const pull = await shop.open('ana', price, { coAuthors: [{ name: 'ben', email: 'ben@example.com' }] })
      await shop.approve(pull, 'chloe', 'dev')
      expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
      await shop.push(
        'olga',
        'main',
        { 'src/price.ts': numbered(40, { 3: 'three' }) },
        { from: 'origin/main' },
      )
      const copy = await shop.copyOf('ana')
      await copy.branch('feature', 'origin/feature')
      await copy.merge('origin/main')
      desk.later()
      await copy.push({ ref: 'feature' })
      await shop.judge(pull)
      const paths = await pathsOf(shop, pull)
      expect(paths.length).toBeGreaterThan(9)
      for (const path of paths) {
        shop.restart()
        shop.forget()
        const body =
          status === 500
            ? { message: 'Server Error' }
            : { message: 'You have exceeded a secondary rate limit' }
        desk.github.faults.add({ kind: 'status', status, body, path, times: 1, only: 'app' })
        await expect(shop.judge(pull), path).rejects.toThrow()
        expect(await shop.judge(pull), path).toMatchObject({ state: 'passed' })
      }
    },
  )

  test('a tree that cannot be read now: no verdict then, and the right one after', async () => {
    const { shop, pull } = await approved()
    await shop.push('olga', 'main', { 'src/cart.ts': 'x\n' }, { from: 'origin/main' })
    const copy = await shop.copyOf('ana')
    await copy.branch('feature', 'origin/feature')
    await copy.rebase('origin/main')
    await copy.push({ ref: 'feature', force: true })
    desk.github.faults.add({ kind: 'reset', path: /\/git\/trees\//, times: 1 })
    await expect(shop.judge(pull)).rejects.toThrow()
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
  })
})
