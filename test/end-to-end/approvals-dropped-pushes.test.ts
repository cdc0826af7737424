import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aDesk, type Desk, numbered, type Shop } from '../support/desk.ts'

/** A push whose last commit has been dropped from the branch since: what is left of it was still pushed by somebody. */

let desk: Desk
beforeAll(async () => {
  desk = await aDesk()
})
afterAll(() => desk.close())

const price = { 'src/price.ts': numbered(40, { 20: 'price = 2' }) }
const ana = { name: 'ana', email: 'ana@example.com' }

/** One person pushes commits of ana with these messages on top of the branch, all with one push. */
async function pushTogether(shop: Shop, login: string, from: string, messages: string[]): Promise<string[]> {
  const copy = await shop.copyOf(login)
  await copy.branch('feature', from)
  const made: string[] = []
  for (const message of messages) {
    await copy.write({ [`${message}.md`]: `${message}\n` })
    made.push(await copy.commit(message, { author: ana, committer: ana }))
  }
  desk.later()
  await copy.push({ ref: 'feature', force: true })
  return made
}

async function resetTo(shop: Shop, login: string, sha: string): Promise<void> {
  const copy = await shop.copyOf(login)
  await copy.branch('feature', sha)
  desk.later()
  await copy.push({ ref: 'feature', force: true })
}

describe('a push of which a part is left', () => {
  test('bars whoever made it', async () => {
    const shop = await desk.shop()
    const [kept = ''] = await pushTogether(shop, 'ben', 'origin/main', ['kept', 'dropped'])
    await resetTo(shop, 'ana', kept)
    const pull = await shop.offer('ana', 'feature', 'main', kept)
    await shop.approve(pull, 'chloe', 'ben')
    const judged = await shop.judge(pull)
    expect(judged).toMatchObject({ state: 'waiting', title: 'Waiting for 1 more approval' })
    expect(judged.text).toContain(`\`ben\` cannot approve: pushed \`${kept.slice(0, 7)}\``)
  })

  test('bars whoever made it, where nobody can read anymore what it was', async () => {
    const shop = await desk.shop()
    const [kept = '', dropped = ''] = await pushTogether(shop, 'ben', 'origin/main', ['kept', 'dropped'])
    await resetTo(shop, 'ana', kept)
    const pull = await shop.offer('ana', 'feature', 'main', kept)
    await shop.approve(pull, 'chloe', 'ben')
    shop.restart(async (input, init) =>
      String(input).includes(`...${dropped}`)
        ? Response.json({ message: 'Not Found' }, { status: 404 })
        : fetch(input, init),
    )
    expect(await shop.judge(pull)).toMatchObject({
      state: 'waiting',
      title: 'Waiting for 1 more approval',
    })
  })

  test('bars whoever made it on a branch that another change was on before', async () => {
    const shop = await desk.shop()
    await pushTogether(shop, 'ana', 'origin/main', ['old'])
    const [kept = ''] = await pushTogether(shop, 'ben', 'origin/main', ['kept', 'dropped'])
    await resetTo(shop, 'ana', kept)
    const pull = await shop.offer('ana', 'feature', 'main', kept)
    await shop.approve(pull, 'chloe', 'ben')
    expect(await shop.judge(pull)).toMatchObject({ state: 'waiting' })
  })
})

describe('nobody is barred by a push', () => {
  test('of which nothing is left', async () => {
    const shop = await desk.shop()
    const pull = await shop.open('ana', price)
    await pushTogether(shop, 'ben', 'origin/feature', ['dropped'])
    await resetTo(shop, 'ana', pull.sha)
    await shop.approve(pull, 'chloe', 'ben')
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed', title: 'Approved by 2 people' })
  })

  test('of which nothing is left, on top of another of which only a part is', async () => {
    const shop = await desk.shop()
    const [kept = ''] = await pushTogether(shop, 'ana', 'origin/main', ['kept', 'more'])
    await pushTogether(shop, 'ben', 'origin/feature', ['dropped'])
    await resetTo(shop, 'ana', kept)
    const pull = await shop.offer('ana', 'feature', 'main', kept)
    await shop.approve(pull, 'chloe', 'ben')
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed', title: 'Approved by 2 people' })
  })

  test('of an update merge that is gone after a rebase', async () => {
    const shop = await desk.shop()
    const pull = await shop.open('ana', price)
    await shop.push('olga', 'main', { 'src/cart.ts': 'x\n' }, { from: 'origin/main' })
    desk.later()
    await desk
      .as('ben')
      .rest.pulls.updateBranch({ owner: shop.owner, repo: shop.repo, pull_number: pull.number })
    await resetTo(shop, 'ana', pull.sha)
    await shop.approve(pull, 'chloe', 'ben')
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed', title: 'Approved by 2 people' })
  })
})
