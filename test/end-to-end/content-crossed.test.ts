import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aDesk, type Desk, numbered, type Pull, type Shop } from '../support/desk.ts'

/**
 * A branch that takes in a commit which its base has by another way. Git knows two merge bases then, GitHub's diff is from one of them,
 * and what the branch dropped of that commit is undone by a merge without showing in the diff.
 */

let desk: Desk
beforeAll(async () => {
  desk = await aDesk()
})
afterAll(() => desk.close())

const price = { 'src/price.ts': numbered(40, { 20: 'price = 2' }) }
const fix = { 'src/cart.ts': numbered(40, { 20: 'a fix' }) }
const stale = { state: 'waiting', title: 'Waiting for 2 approvals' }

/** A fix of olga that begins below the change of ana. */
async function aFixBelow(shop: Shop): Promise<void> {
  await shop.push('olga', 'fix', fix, { from: 'origin/main' })
  await shop.push('olga', 'main', { 'README.md': '# Main\n' }, { from: 'origin/main' })
}

async function mergeFix(shop: Shop): Promise<void> {
  const copy = await shop.copyOf('olga')
  await copy.branch('main', 'origin/main')
  await copy.merge('origin/fix')
  desk.later()
  await copy.push({ ref: 'main' })
}

/** ana takes the fix into her branch; by `ours` nothing but its name. */
async function takeIn(shop: Shop, pull: Pull, ours: boolean): Promise<string> {
  const copy = await shop.copyOf('ana')
  await copy.branch(pull.branch, `origin/${pull.branch}`)
  const strategy = ours ? ['-s', 'ours'] : []
  await copy.git('merge', '--no-ff', ...strategy, '-m', 'Merge fix', 'origin/fix')
  desk.later()
  return copy.push({ ref: pull.branch, force: true })
}

async function update(shop: Shop, pull: Pull): Promise<void> {
  const copy = await shop.copyOf('ana')
  await copy.branch(pull.branch, `origin/${pull.branch}`)
  await copy.merge('origin/main')
  desk.later()
  await copy.push({ ref: pull.branch })
}

/** What a merge into main would change. */
async function changedByMerge(shop: Shop, pull: Pull): Promise<string[]> {
  const copy = await shop.copyOf('olga')
  await copy.branch('main', 'origin/main')
  await copy.merge(`origin/${pull.branch}`)
  return (await copy.git('diff', '--name-only', 'origin/main', 'HEAD')).split('\n')
}

/** The change of ana alone, approved by two people; the fix is merged after that. */
async function approvedBeforeFix(): Promise<{ shop: Shop; pull: Pull }> {
  const shop = await desk.shop()
  await aFixBelow(shop)
  const pull = await shop.open('ana', price)
  await shop.approve(pull, 'chloe', 'dev')
  expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
  await mergeFix(shop)
  expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
  return { shop, pull }
}

describe('a branch that took in a commit of its base by another way', () => {
  test('and dropped what it changed, keeps no approval of an older commit, though the diff is the same', async () => {
    const { shop, pull } = await approvedBeforeFix()
    await takeIn(shop, pull, true)
    expect(await changedByMerge(shop, pull)).toEqual(['src/cart.ts', 'src/price.ts'])
    const { owner, repo } = shop
    const { data: files } = await desk
      .as('ana')
      .rest.pulls.listFiles({ owner, repo, pull_number: pull.number })
    expect(files.map(({ filename }) => filename)).toEqual(['src/price.ts'])
    const judged = await shop.judge(pull)
    expect(judged).toMatchObject(stale)
    expect(judged.text).toMatch(/stale approval: the branch and its base were merged into each other/)
  })

  test('keeps them once it is updated, if it dropped nothing', async () => {
    const { shop, pull } = await approvedBeforeFix()
    await takeIn(shop, pull, false)
    expect(await shop.judge(pull)).toMatchObject(stale)
    await update(shop, pull)
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed', title: 'Approved by 2 people' })
  })

  test('shows what it drops once it is updated, which nobody has approved', async () => {
    const { shop, pull } = await approvedBeforeFix()
    await takeIn(shop, pull, true)
    await update(shop, pull)
    const judged = await shop.judge(pull)
    expect(judged).toMatchObject(stale)
    expect(judged.text).toMatch(/src\/cart\.ts/)
  })

  test('keeps no approval from before a change of base', async () => {
    const shop = await desk.shop()
    await aFixBelow(shop)
    await shop.push('olga', 'side', { 'NOTES.md': 'x\n' }, { from: 'origin/main' })
    await shop.push('ana', 'feature', price, { from: 'origin/side' })
    const sha = await takeIn(shop, { number: 0, branch: 'feature', base: 'side', sha: '' }, true)
    const pull = await shop.offer('ana', 'feature', 'side', sha)
    await shop.approve(pull, 'chloe', 'dev')
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
    const copy = await shop.copyOf('olga')
    await copy.branch('main', 'origin/side')
    await copy.merge('origin/fix')
    desk.later()
    await copy.push({ ref: 'main', force: true })
    desk.later()
    const { owner, repo } = shop
    await desk.as('ana').rest.pulls.update({ owner, repo, pull_number: pull.number, base: 'main' })
    expect(await shop.judge(pull)).toMatchObject(stale)
  })

  test('is not bound to the content that a label was added for, and its changed paths are not known', async () => {
    const { shop, pull } = await approvedBeforeFix()
    desk.later()
    const issue = { owner: shop.owner, repo: shop.repo, issue_number: pull.number }
    await desk.as('eva').rest.issues.addLabels({ ...issue, labels: ['urgent'] })
    const before = await shop.read(pull, { boundLabels: ['urgent'], paths: true })
    expect(before).toMatchObject({ labels: [{ equality: { same: true } }], changed: { complete: true } })
    await takeIn(shop, pull, true)
    const after = await shop.read(pull, { boundLabels: ['urgent'], paths: true })
    expect(after).toMatchObject({ labels: [{ equality: { same: false } }], changed: { complete: false } })
  })
})

test('a branch that was updated often keeps its approvals, also while its base moves on', async () => {
  const shop = await desk.shop()
  const pull = await shop.open('ana', price)
  await shop.approve(pull, 'chloe', 'dev')
  expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
  const [main, copy] = [await shop.copyOf('olga'), await shop.copyOf('ana')]
  await main.branch('main', 'origin/main')
  await copy.branch(pull.branch, `origin/${pull.branch}`)
  for (let count = 0; count < 22; count++) {
    await main.write({ 'README.md': `# Main ${count}\n` })
    await main.commit('More')
    await main.push({ ref: 'main' })
    await copy.fetch()
    await copy.merge('origin/main')
  }
  desk.later()
  await copy.push({ ref: pull.branch })
  expect(await shop.judge(pull)).toMatchObject({ state: 'passed', title: 'Approved by 2 people' })
  await shop.push('olga', 'main', { 'README.md': '# More\n' }, { from: 'origin/main' })
  expect(await shop.judge(pull)).toMatchObject({ state: 'passed', title: 'Approved by 2 people' })
})
