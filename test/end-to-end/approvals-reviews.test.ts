import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aDesk, type Desk, numbered, type Pull, type Shop } from '../support/desk.ts'

let desk: Desk
beforeAll(async () => {
  desk = await aDesk()
})
afterAll(() => desk.close())

const price = { 'src/price.ts': numbered(40, { 20: 'price = 2' }) }

async function opened(): Promise<{ shop: Shop; pull: Pull }> {
  const shop = await desk.shop()
  return { shop, pull: await shop.open('ana', price) }
}

const dismiss = (shop: Shop, pull: Pull, login: string, review_id: number) => {
  desk.later()
  return desk.as(login).rest.pulls.dismissReview({
    owner: shop.owner,
    repo: shop.repo,
    pull_number: pull.number,
    review_id,
    message: 'Away',
  })
}
const retarget = async (shop: Shop, pull: Pull, base: string) => {
  desk.later()
  await desk
    .as('ana')
    .rest.pulls.update({ owner: shop.owner, repo: shop.repo, pull_number: pull.number, base })
}

describe('the last review that is not a comment stands', () => {
  test('a comment after an approval changes nothing', async () => {
    const { shop, pull } = await opened()
    await shop.approve(pull, 'chloe', 'dev')
    await shop.review('dev', pull, 'COMMENT')
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
  })

  test('requested changes after an approval revoke it and block, whatever the count', async () => {
    const { shop, pull } = await opened()
    await shop.approve(pull, 'chloe', 'dev', 'eva')
    await shop.review('dev', pull, 'REQUEST_CHANGES')
    expect(await shop.judge(pull)).toMatchObject({ state: 'failed', title: 'Changes requested by dev' })
  })

  test('requested changes by somebody without write access do not block', async () => {
    const { shop, pull } = await opened()
    await shop.approve(pull, 'chloe', 'dev')
    await shop.review('rob', pull, 'REQUEST_CHANGES')
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
  })

  test('a block that somebody else dismissed is lifted, and named in the check', async () => {
    const { shop, pull } = await opened()
    await shop.approve(pull, 'chloe', 'dev')
    const block = await shop.review('eva', pull, 'REQUEST_CHANGES')
    await dismiss(shop, pull, 'mia', block)
    const judgement = await shop.judge(pull)
    expect(judgement).toMatchObject({ state: 'passed' })
    expect(judgement.text).toContain('`mia` dismissed the changes that `eva` had requested')
  })

  test('a dismissed approval leaves nothing and revives no older one', async () => {
    const { shop, pull } = await opened()
    await shop.approve(pull, 'chloe', 'dev')
    const second = await shop.review('dev', pull)
    await dismiss(shop, pull, 'mia', second)
    expect(await shop.judge(pull)).toMatchObject({ state: 'waiting', title: 'Waiting for 1 more approval' })
  })

  test('a comment that says "approved" is not a review', async () => {
    const { shop, pull } = await opened()
    await shop.approve(pull, 'chloe')
    await desk.as('dev').rest.issues.createComment({
      owner: shop.owner,
      repo: shop.repo,
      issue_number: pull.number,
      body: 'Approved! LGTM',
    })
    await shop.review('eva', pull, 'COMMENT')
    expect(await shop.judge(pull)).toMatchObject({ state: 'waiting', title: 'Waiting for 1 more approval' })
  })

  test('an approval whose text was edited afterwards is still the approval of its commit', async () => {
    const { shop, pull } = await opened()
    const id = await shop.review('dev', pull)
    const newer = {
      ...pull,
      sha: await shop.push('ana', 'feature', { 'src/cart.ts': 'x\n' }, { from: 'origin/feature' }),
    }
    await desk.as('dev').rest.pulls.updateReview({
      owner: shop.owner,
      repo: shop.repo,
      pull_number: pull.number,
      review_id: id,
      body: 'Approved',
    })
    await shop.approve(newer, 'chloe')
    expect(await shop.judge(pull)).toMatchObject({ state: 'waiting', title: 'Waiting for 1 more approval' })
  })

  test('more than 100 reviews are read to the end: the last one blocks', async () => {
    const { shop, pull } = await opened()
    await shop.approve(pull, 'chloe', 'dev')
    for (let index = 0; index < 105; index++) await shop.review('eva', pull, 'COMMENT')
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
    await shop.review('eva', pull, 'REQUEST_CHANGES')
    const judgement = await shop.judge(pull)
    expect(judgement).toMatchObject({ state: 'failed', title: 'Changes requested by eva' })
    expect(judgement.snapshot.reviews).toHaveLength(108)
  })
})

describe('a review is for one commit', () => {
  test('an approval of an old commit by the API is not an approval of the head', async () => {
    const { shop, pull } = await opened()
    await shop.push('ana', 'feature', { 'src/cart.ts': 'x\n' }, { from: 'origin/feature' })
    await shop.review('chloe', pull, 'APPROVE', pull.sha)
    await shop.review('dev', pull, 'APPROVE', pull.sha)
    const judgement = await shop.judge(pull)
    expect(judgement).toMatchObject({ state: 'waiting', title: 'Waiting for 2 approvals' })
    expect(judgement.text).toMatch(/`src\/cart\.ts` changed since/)
  })

  test('an approval of a commit of the base by the API is not an approval of the head', async () => {
    const { shop, pull } = await opened()
    const copy = await shop.copyOf('chloe')
    await shop.review('chloe', pull, 'APPROVE', await copy.head('origin/main'))
    expect(await shop.judge(pull)).toMatchObject({ state: 'waiting', title: 'Waiting for 2 approvals' })
  })

  test('dates in commits mean nothing: a commit dated after the approval, or long before it, is the same', async () => {
    const { shop, pull } = await opened()
    await shop.approve(pull, 'chloe', 'dev')
    const copy = await shop.copyOf('ana')
    await copy.branch('feature', 'origin/feature')
    await copy.write({ 'src/cart.ts': 'x\n' })
    await copy.commit('Backdated', { date: '2001-01-01T00:00:00Z' })
    await copy.push({ ref: 'feature' })
    expect(await shop.judge(pull)).toMatchObject({ state: 'waiting', title: 'Waiting for 2 approvals' })
  })

  test('a draft waits, and its approvals count once it is ready', async () => {
    const { shop, pull } = await opened()
    await desk.github.convertToDraft(`${shop.name}#${pull.number}`, 'ana')
    await shop.approve(pull, 'chloe', 'dev')
    expect(await shop.judge(pull)).toMatchObject({ state: 'waiting', title: 'Draft: not ready for review' })
    await desk.github.markReady(`${shop.name}#${pull.number}`, 'ana')
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
  })
})

describe('the base changed under it', () => {
  /** A branch `next` beside main, with a commit of its own. */
  async function withNext(files: Record<string, string>) {
    const { shop, pull } = await opened()
    await shop.push('olga', 'next', files, { from: 'origin/main' })
    return { shop, pull }
  }

  test('a retarget after which the diff is another makes the approvals stale, though the head is the same', async () => {
    const { shop, pull } = await withNext({ 'src/cart.ts': 'x\n' })
    await shop.push('ana', 'feature', { 'README.md': '# Mine\n' }, { from: 'origin/next' })
    const [number] = [pull.number]
    const moved = { ...pull, number }
    await shop.approve(moved, 'chloe', 'dev')
    expect(await shop.judge(moved)).toMatchObject({ state: 'passed' })
    await retarget(shop, moved, 'next')
    const judgement = await shop.judge(moved)
    expect(judgement).toMatchObject({ state: 'waiting', title: 'Waiting for 2 approvals' })
    expect(judgement.text).toMatch(/the base branch was changed since: /)
  })

  test('a retarget after which the diff is the same keeps them', async () => {
    const { shop, pull } = await withNext({ 'src/cart.ts': 'x\n' })
    await shop.approve(pull, 'chloe', 'dev')
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
    await retarget(shop, pull, 'next')
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
  })

  test('a retarget that the bot did not see in time is not proved', async () => {
    const { shop, pull } = await withNext({ 'src/cart.ts': 'x\n' })
    await shop.approve(pull, 'chloe', 'dev')
    await retarget(shop, pull, 'next')
    const judgement = await shop.judge(pull)
    expect(judgement).toMatchObject({ state: 'waiting', title: 'Waiting for 2 approvals' })
    expect(judgement.text).toMatch(/one of its earlier bases is not known/)
  })

  test('a harmless base in between, on which it was approved, and which the bot did not see, is not proved', async () => {
    const { shop, pull } = await opened()
    await shop.push('olga', 'other', { 'x.txt': 'x\n' }, { from: 'origin/main' })
    const copy = await shop.copyOf('olga')
    await copy.branch('lure', 'origin/feature')
    await copy.git('commit', '--allow-empty', '-m', 'Lure')
    await copy.push({ ref: 'lure' })
    const sha = await shop.push('ana', 'feature', { 'README.md': '# Small\n' }, { from: 'origin/feature' })
    const later = { ...pull, sha }
    expect(await shop.judge(later)).toMatchObject({ state: 'waiting' })
    await retarget(shop, later, 'lure')
    await shop.approve(later, 'chloe', 'dev')
    await retarget(shop, later, 'other')
    const judgement = await shop.judge(later)
    expect(judgement).toMatchObject({ state: 'waiting', title: 'Waiting for 2 approvals' })
    expect(judgement.text).toMatch(/one of its earlier bases is not known/)
  })

  test('approvals given after the retarget count', async () => {
    const { shop, pull } = await withNext({ 'src/cart.ts': 'x\n' })
    await shop.approve(pull, 'chloe', 'dev')
    await retarget(shop, pull, 'next')
    await shop.approve(pull, 'chloe', 'dev')
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
  })

  test('the head of two pull requests with different bases: an approval counts in its own only', async () => {
    const { shop, pull } = await withNext({ 'src/cart.ts': 'x\n' })
    const other = await shop.offer('ana', 'feature', 'next', pull.sha)
    await shop.approve(pull, 'chloe', 'dev')
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
    expect(await shop.judge(other)).toMatchObject({ state: 'waiting', title: 'Waiting for 2 approvals' })
  })

  test.each([
    ['merge', 'passed', /Approved by `chloe` and `dev`/],
    ['squash', 'waiting', /the base branch was changed since: /],
  ] as const)(
    'a stack whose lower branch was merged by %s and deleted: %s',
    async (merge_method, state, says) => {
      const shop = await desk.shop()
      const sha = await shop.push('ana', 'lower', { 'src/cart.ts': 'x\n' }, { from: 'origin/main' })
      const lower = await shop.offer('ana', 'lower', 'main', sha)
      const upper = await shop.open('ana', price, { base: 'lower' })
      await shop.approve(upper, 'chloe', 'dev')
      expect(await shop.judge(upper)).toMatchObject({ state: 'passed' })
      desk.later()
      const { owner, repo } = shop
      await desk.as('olga').rest.pulls.merge({ owner, repo, pull_number: lower.number, merge_method })
      await desk.as('olga').rest.git.deleteRef({ owner, repo, ref: 'heads/lower' })
      await desk.github.settled()
      const judgement = await shop.judge(upper)
      expect(judgement).toMatchObject({ state, snapshot: { base: { ref: 'main' } } })
      expect(judgement.text).toMatch(says)
    },
  )
})
