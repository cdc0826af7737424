import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { WorkingCopy } from '../../src/sandbox/github/working-copy.ts'
import { aDesk, type Desk, type Files, numbered, type Pull, type Shop } from '../support/desk.ts'

let desk: Desk
beforeAll(async () => {
  desk = await aDesk()
})
afterAll(() => desk.close())

const price = { 'src/price.ts': numbered(40, { 20: 'price = 2' }) }
const binary = (seed: number) =>
  Buffer.from(Array.from({ length: 2_000 }, (_, index) => (index * seed) % 256))

/** A pull request of ana that chloe and dev have approved, and that was judged once. */
async function approved(
  files: Files = price,
  options: Parameters<Shop['open']>[2] & { ground?: Record<string, string> } = {},
): Promise<{ shop: Shop; pull: Pull }> {
  const shop = await desk.shop(options.ground ? { files: options.ground } : {})
  const pull = await shop.open('ana', files, options)
  await shop.approve(pull, 'chloe', 'dev')
  expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
  return { shop, pull }
}

/** One person works on the branch of a pull request in a clone and pushes what came of it, by force where need be. */
async function rework(
  shop: Shop,
  pull: Pull,
  work: (copy: WorkingCopy) => Promise<unknown>,
  login = 'ana',
): Promise<string> {
  const copy = await shop.copyOf(login)
  await copy.branch(pull.branch, `origin/${pull.branch}`)
  await work(copy)
  desk.later()
  return copy.push({ ref: pull.branch, force: true })
}

const baseMoves = (shop: Shop, files: Files, options = {}) =>
  shop.push('olga', 'main', files, { from: 'origin/main', ...options })

async function expectKept(shop: Shop, pull: Pull, how: RegExp) {
  const { state, title, text, snapshot } = await shop.judge(pull)
  expect(text).toMatch(how)
  expect({ state, title }).toEqual({ state: 'passed', title: 'Approved by 2 people' })
  expect(snapshot.head.sha).not.toBe(pull.sha)
}

async function expectStale(shop: Shop, pull: Pull, why: RegExp) {
  const { state, title, text } = await shop.judge(pull)
  expect(text).toMatch(why)
  expect({ state, title }).toEqual({ state: 'waiting', title: 'Waiting for 2 approvals' })
  expect(text).toMatch(/`chloe` and `dev` approved an older version and need to approve again/)
}

describe('an update merge', () => {
  test('that is clean keeps the approvals', async () => {
    const { shop, pull } = await approved()
    await baseMoves(shop, { 'src/cart.ts': numbered(40, { 1: 'cart' }) })
    await rework(shop, pull, (copy) => copy.merge('origin/main'))
    await expectKept(shop, pull, /still counts: it was moved to a newer base, but the change is the same/)
  })

  test('that is clean keeps them where the base touched other lines of the same file', async () => {
    const { shop, pull } = await approved()
    await baseMoves(shop, { 'src/price.ts': numbered(40, { 3: 'more\nlines\nabove' }) })
    await rework(shop, pull, (copy) => copy.merge('origin/main'))
    await expectKept(shop, pull, /moved to a newer base/)
  })

  test('with a smuggled edit in a conflict-free file drops them', async () => {
    const { shop, pull } = await approved()
    await baseMoves(shop, { 'src/cart.ts': numbered(40, { 1: 'cart' }) })
    await rework(shop, pull, async (copy) => {
      await copy.git('merge', '--no-ff', '--no-commit', 'origin/main')
      await copy.write({ 'README.md': '# Smuggled\n' })
      await copy.commit('Merge main into feature')
    })
    await expectStale(shop, pull, /stale approval: `?README\.md/)
  })

  test('with an edit smuggled into a file that the base changed too drops them', async () => {
    const { shop, pull } = await approved()
    await baseMoves(shop, { 'src/price.ts': numbered(40, { 3: 'three' }) })
    await rework(shop, pull, async (copy) => {
      await copy.git('merge', '--no-ff', '--no-commit', 'origin/main')
      await copy.write({ 'src/price.ts': numbered(40, { 3: 'three', 20: 'price = 2', 38: 'smuggled' }) })
      await copy.commit('Merge main into feature')
    })
    await expectStale(shop, pull, /src\/price\.ts/)
  })

  test('that takes nothing of the base, but looks like a merge, drops them', async () => {
    const { shop, pull } = await approved()
    await baseMoves(shop, { 'src/cart.ts': numbered(40, { 1: 'a fix of the base' }) })
    await rework(shop, pull, (copy) =>
      copy.git('merge', '--no-ff', '-s', 'ours', '-m', 'Merge', 'origin/main'),
    )
    await expectStale(shop, pull, /src\/cart\.ts/)
  })

  test('in which a conflict was resolved drops them', async () => {
    const { shop, pull } = await approved()
    await baseMoves(shop, { 'src/price.ts': numbered(40, { 20: 'price = 3' }) })
    await rework(shop, pull, async (copy) => {
      await expect(copy.merge('origin/main')).rejects.toThrow(/CONFLICT/)
      await copy.write({ 'src/price.ts': numbered(40, { 20: 'price = 2' }) })
      await copy.commit('Merge main into feature')
    })
    await expectStale(shop, pull, /src\/price\.ts/)
  })

  test('of an older commit of the base, not of its tip, keeps them', async () => {
    const { shop, pull } = await approved()
    const older = await baseMoves(shop, { 'src/cart.ts': numbered(40, { 1: 'cart' }) })
    await baseMoves(shop, { 'README.md': '# Base\n' })
    await rework(shop, pull, (copy) => copy.merge(older))
    await expectKept(shop, pull, /moved to a newer base/)
  })

  test('keeps them though the base has moved on since the merge', async () => {
    const { shop, pull } = await approved()
    await baseMoves(shop, { 'src/cart.ts': numbered(40, { 1: 'cart' }) })
    await rework(shop, pull, (copy) => copy.merge('origin/main'))
    await baseMoves(shop, { 'README.md': '# Base\n' })
    await expectKept(shop, pull, /moved to a newer base/)
  })

  test('after another one keeps them, and by somebody else too', async () => {
    const { shop, pull } = await approved()
    await baseMoves(shop, { 'src/cart.ts': numbered(40, { 1: 'cart' }) })
    await rework(shop, pull, (copy) => copy.merge('origin/main'))
    await baseMoves(shop, { 'src/cart.ts': numbered(40, { 1: 'cart', 2: 'more' }) })
    await rework(shop, pull, (copy) => copy.merge('origin/main'), 'ben')
    await expectKept(shop, pull, /moved to a newer base/)
    const { contributors } = (await shop.judge(pull)).snapshot
    expect([...new Set(contributors.map(({ person }) => person.login))]).toEqual(['ana'])
  })

  test('that is clean, with an edit pushed on top of it, drops them', async () => {
    const { shop, pull } = await approved()
    await baseMoves(shop, { 'src/cart.ts': numbered(40, { 1: 'cart' }) })
    await rework(shop, pull, async (copy) => {
      await copy.merge('origin/main')
      await copy.write({ 'README.md': '# More\n' })
      await copy.commit('More')
    })
    await expectStale(shop, pull, /README\.md.* was not part of the older version of the change/)
  })

  test('whose parents are the wrong way round is proved as well', async () => {
    const { shop, pull } = await approved()
    await baseMoves(shop, { 'src/cart.ts': numbered(40, { 1: 'cart' }) })
    await rework(shop, pull, async (copy) => {
      await copy.git('reset', '--hard', 'origin/main')
      await copy.merge(pull.sha)
    })
    await expectKept(shop, pull, /moved to a newer base/)
  })

  test('of three branches at once (an octopus) is not taken for one: its author is a contributor', async () => {
    const { shop, pull } = await approved()
    await baseMoves(shop, { 'src/cart.ts': numbered(40, { 1: 'cart' }) })
    await shop.push('olga', 'main-2', { 'README.md': '# Base\n' }, { from: 'origin/main~1' })
    await rework(
      shop,
      pull,
      (copy) => copy.git('merge', '--no-ff', '-m', 'Merge all', 'origin/main', 'origin/main-2'),
      'ben',
    )
    const { contributors } = (await shop.judge(pull)).snapshot
    expect(contributors.map(({ person }) => person.login)).toContain('ben')
  })

  test('of a branch of somebody else, not of the base, drops them and makes its author a contributor', async () => {
    const { shop, pull } = await approved()
    await shop.push('dev', 'side', { 'src/cart.ts': numbered(40, { 1: 'cart' }) }, { from: 'origin/main' })
    await rework(shop, pull, (copy) => copy.merge('origin/side'))
    const { state, text } = await shop.judge(pull)
    expect(state).toBe('waiting')
    expect(text).toMatch(/`dev` approved .* but it does not count: wrote/)
  })
})

describe('a rebase', () => {
  test('that is clean keeps the approvals', async () => {
    const { shop, pull } = await approved()
    await baseMoves(shop, { 'src/cart.ts': numbered(40, { 1: 'cart' }) })
    await rework(shop, pull, (copy) => copy.rebase('origin/main'))
    await expectKept(shop, pull, /moved to a newer base, but the change is the same/)
  })

  test('that is clean keeps them where the base touched other lines of the same file', async () => {
    const { shop, pull } = await approved()
    await baseMoves(shop, { 'src/price.ts': numbered(40, { 3: 'more\nlines\nabove' }) })
    await rework(shop, pull, (copy) => copy.rebase('origin/main'))
    await expectKept(shop, pull, /moved to a newer base/)
  })

  test('that drops a commit drops the approvals', async () => {
    const shop = await desk.shop()
    await shop.push('ana', 'feature', { 'src/cart.ts': numbered(40, { 5: 'cart' }) }, { from: 'origin/main' })
    const sha = await shop.push('ana', 'feature', price, { from: 'origin/feature' })
    const pull = await shop.offer('ana', 'feature', 'main', sha)
    await shop.approve(pull, 'chloe', 'dev')
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
    await baseMoves(shop, { 'README.md': '# Base\n' })
    await rework(shop, pull, async (copy) => {
      await copy.git('reset', '--hard', 'HEAD~1')
      await copy.rebase('origin/main')
    })
    await expectStale(shop, pull, /src\/price\.ts.* is no longer part of the change/)
  })

  test('in which a hunk was edited drops them', async () => {
    const { shop, pull } = await approved()
    await baseMoves(shop, { 'src/price.ts': numbered(40, { 3: 'three' }) })
    await rework(shop, pull, async (copy) => {
      await copy.rebase('origin/main')
      await copy.write({ 'src/price.ts': numbered(40, { 3: 'three', 20: 'price = 9' }) })
      await copy.commit('Change it', { amend: true })
    })
    await expectStale(shop, pull, /the lines changed here are not the same as before/)
  })

  test('in which the hunk moved to another place of the file drops them', async () => {
    const { shop, pull } = await approved()
    await baseMoves(shop, { 'src/price.ts': numbered(40, { 3: 'three' }) })
    await rework(shop, pull, async (copy) => {
      await copy.git('reset', '--hard', 'origin/main')
      await copy.write({ 'src/price.ts': numbered(40, { 3: 'three', 30: 'price = 2' }) })
      await copy.commit('Change it')
    })
    await expectStale(shop, pull, /src\/price\.ts/)
  })

  test('pushed by somebody else keeps them, and bars whoever pushed it', async () => {
    const { shop, pull } = await approved()
    await baseMoves(shop, { 'src/cart.ts': numbered(40, { 1: 'cart' }) })
    await rework(shop, pull, (copy) => copy.rebase('origin/main'), 'ben')
    await expectKept(shop, pull, /`ben` cannot approve: committed and pushed/)
  })
})

describe('a new contributor bars themselves and makes no other approval stale', () => {
  /** The last commit under the name of whoever holds the clone: without asking for that, git keeps its author. */
  const asMine = (copy: WorkingCopy) =>
    copy.git('commit', '--quiet', '--amend', '--reset-author', '--no-edit')
  const emptyCommit = (copy: WorkingCopy) => copy.git('commit', '--allow-empty', '-m', 'Run it again')
  const cases: {
    name: string
    by: string
    work: (copy: WorkingCopy) => Promise<unknown>
    verdict: { state: string; title: string }
    says: RegExp
  }[] = [
    {
      name: 'an empty commit of somebody who has not approved: both approvals stand',
      by: 'ben',
      work: emptyCommit,
      verdict: { state: 'passed', title: 'Approved by 2 people' },
      says: /`ben` cannot approve: wrote, committed and pushed/,
    },
    {
      name: 'an empty commit of an approver: only the other approval stands',
      by: 'chloe',
      work: emptyCommit,
      verdict: { state: 'waiting', title: 'Waiting for 1 more approval' },
      says: /`chloe` approved .* but it does not count: wrote, committed and pushed/,
    },
    {
      name: 'a force-push of an approver that rewrites the message only',
      by: 'chloe',
      work: (copy) => copy.commit('Say it better', { amend: true }),
      verdict: { state: 'waiting', title: 'Waiting for 1 more approval' },
      says: /`chloe` approved .* but it does not count: .*pushed/,
    },
    {
      name: 'a force-push of somebody else to other files drops all approvals',
      by: 'ben',
      work: async (copy) => {
        await copy.write({ 'src/price.ts': numbered(40, { 20: 'price = 9' }) })
        await copy.commit('Change it', { amend: true })
      },
      verdict: { state: 'waiting', title: 'Waiting for 2 approvals' },
      says: /`chloe` and `dev` approved an older version and need to approve again/,
    },
  ]
  test.each(cases)('$name', async ({ by, work, verdict, says }) => {
    const { shop, pull } = await approved()
    await rework(shop, pull, work, by)
    const { state, title, text } = await shop.judge(pull)
    expect({ state, title }).toEqual(verdict)
    expect(text).toMatch(says)
  })

  test('whoever worked on the approved version stays barred after their commit was rewritten under another name', async () => {
    const shop = await desk.shop()
    const ben = { name: 'ben', email: 'ben@example.com' }
    const pull = await shop.open('ana', price, { author: ben })
    await shop.approve(pull, 'chloe', 'ben')
    expect(await shop.judge(pull)).toMatchObject({ state: 'waiting' })
    await rework(shop, pull, asMine)
    const rewritten = await shop.judge(pull)
    expect(rewritten.snapshot.contributors.filter(({ as }) => as === 'author')).toHaveLength(2)
    expect(rewritten).toMatchObject({ state: 'waiting', title: 'Waiting for 1 more approval' })
    expect(rewritten.text).toMatch(/`ben` approved .* but it does not count: wrote/)
    await shop.approve({ ...pull, sha: rewritten.snapshot.head.sha }, 'ben')
    expect(await shop.judge(pull)).toMatchObject({ state: 'waiting', title: 'Waiting for 1 more approval' })
  })

  test('whoever wrote the approved version stays barred once nobody approves that version anymore', async () => {
    const shop = await desk.shop()
    const ben = { name: 'ben', email: 'ben@example.com' }
    const pull = await shop.open('ana', price, { author: ben })
    await shop.approve(pull, 'chloe')
    expect(await shop.judge(pull)).toMatchObject({ state: 'waiting' })
    const sha = await rework(shop, pull, asMine)
    await shop.approve({ ...pull, sha }, 'chloe', 'ben')
    const judged = await shop.judge(pull)
    expect(judged).toMatchObject({ state: 'waiting', title: 'Waiting for 1 more approval' })
    expect(judged.text).toMatch(/`ben` approved .* but it does not count: wrote/)
  })

  test.each([
    ['on the same base', false],
    ['on a newer base', true],
  ])(
    'whoever wrote a version that nobody approved stays barred after it was rewritten %s',
    async (_, onto) => {
      const shop = await desk.shop()
      const ben = { name: 'ben', email: 'ben@example.com' }
      const pull = await shop.open('ana', price, { author: ben })
      await shop.judge(pull)
      if (onto) await baseMoves(shop, { 'src/cart.ts': 'x\n' })
      const sha = await rework(shop, pull, async (copy) => {
        await asMine(copy)
        if (onto) await copy.rebase('origin/main')
      })
      await shop.approve({ ...pull, sha }, 'chloe', 'ben')
      expect(await shop.judge(pull)).toMatchObject({ state: 'waiting', title: 'Waiting for 1 more approval' })
    },
  )

  test('whoever wrote a version that was thrown away may approve another change', async () => {
    const shop = await desk.shop()
    const ben = { name: 'ben', email: 'ben@example.com' }
    const pull = await shop.open('ana', price, { author: ben })
    await shop.judge(pull)
    const sha = await rework(shop, pull, async (copy) => {
      await copy.write({ 'src/price.ts': numbered(40, { 20: 'price = 9' }) })
      await copy.git('add', '--all')
      await asMine(copy)
    })
    await shop.approve({ ...pull, sha }, 'chloe', 'ben')
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed', title: 'Approved by 2 people' })
  })

  test('whoever pushed a version stays barred while an approval of it counts, though it was rewritten', async () => {
    const shop = await desk.shop()
    const pull = await shop.open('ana', price)
    const again = (copy: WorkingCopy) => copy.git('commit', '--quiet', '--amend', '--no-edit')
    await shop.approve({ ...pull, sha: await rework(shop, pull, again, 'ben') }, 'chloe')
    expect(await shop.judge(pull)).toMatchObject({ title: 'Waiting for 1 more approval' })
    const sha = await rework(shop, pull, asMine)
    await shop.approve({ ...pull, sha }, 'ben')
    expect(await shop.judge(pull)).toMatchObject({ title: 'Waiting for 1 more approval' })
  })

  test('whoever only committed and pushed a version again may approve after its author has rewritten it', async () => {
    const shop = await desk.shop()
    const pull = await shop.open('ana', price)
    const again = (copy: WorkingCopy) => copy.git('commit', '--quiet', '--amend', '--no-edit')
    await rework(shop, pull, again, 'ben')
    expect((await shop.judge(pull)).text).toMatch(/`ben` cannot approve: committed and pushed/)
    const sha = await rework(shop, pull, asMine)
    await shop.approve({ ...pull, sha }, 'chloe', 'ben')
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed', title: 'Approved by 2 people' })
  })

  test('a bot that pushed the approved version still asks for one more approval after a person rewrote it', async () => {
    const shop = await desk.shop()
    const robot = `robot-${crypto.randomUUID().slice(0, 8)}[bot]`
    desk.github.addUser(robot, { type: 'Bot' })
    desk.github.setCollaborator(shop.name, robot, 'write')
    const pull = await shop.open(robot, price)
    await shop.approve(pull, 'chloe', 'dev')
    expect(await shop.judge(pull)).toMatchObject({ title: 'Waiting for 1 more approval' })
    const ana = { name: 'ana', email: 'ana@example.com' }
    await rework(shop, pull, (copy) => copy.commit('Say it better', { amend: true, author: ana }))
    expect(await shop.judge(pull)).toMatchObject({ state: 'waiting', title: 'Waiting for 1 more approval' })
  })
})

describe('history rewritten on the same base', () => {
  test('an amended message only keeps the approvals', async () => {
    const { shop, pull } = await approved()
    await rework(shop, pull, (copy) => copy.commit('Say it better', { amend: true }))
    await expectKept(shop, pull, /still counts: the files are the same/)
  })

  test('a squash of two commits into one keeps them', async () => {
    const shop = await desk.shop()
    await shop.push('ana', 'feature', price, { from: 'origin/main' })
    const sha = await shop.push(
      'ana',
      'feature',
      { 'src/cart.ts': numbered(40, { 5: 'cart' }) },
      { from: 'origin/feature' },
    )
    const pull = await shop.offer('ana', 'feature', 'main', sha)
    await shop.approve(pull, 'chloe', 'dev')
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
    await rework(shop, pull, async (copy) => {
      await copy.git('reset', '--soft', 'origin/main')
      await copy.commit('Both at once')
    })
    await expectKept(shop, pull, /the files are the same/)
  })

  test('a push that changes content drops them and names the file', async () => {
    const { shop, pull } = await approved()
    await shop.push('ana', 'feature', { 'src/cart.ts': 'x\n' }, { from: 'origin/feature' })
    await expectStale(shop, pull, /`src\/cart\.ts` changed since/)
  })

  test('a force-push back to the older head that was approved makes them count again', async () => {
    const { shop, pull } = await approved()
    await shop.push('ana', 'feature', { 'src/cart.ts': 'x\n' }, { from: 'origin/feature' })
    await expectStale(shop, pull, /changed since/)
    await rework(shop, pull, (copy) => copy.git('reset', '--hard', pull.sha))
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed', snapshot: { head: { sha: pull.sha } } })
  })

  test('a push and its revert keep them: the change is what it was', async () => {
    const { shop, pull } = await approved()
    await shop.push('ana', 'feature', { 'src/cart.ts': 'x\n' }, { from: 'origin/feature' })
    await expectStale(shop, pull, /changed since/)
    await rework(shop, pull, (copy) => copy.git('revert', '--no-edit', 'HEAD'))
    await expectKept(shop, pull, /the files are the same/)
  })

  test('the reviewed commit was collected by git: a review without a commit is stale', async () => {
    const { shop, pull } = await approved()
    await rework(shop, pull, (copy) => copy.commit('Say it better', { amend: true }))
    await desk.github.collectGarbage(shop.name)
    const { state, text } = await shop.judge(pull)
    expect(state).toBe('waiting')
    expect(text).toMatch(/`chloe` approved an older version .*the commit that was approved no longer exists/)
  })

  test('an older head that the bot never saw is read from GitHub while it is there', async () => {
    const shop = await desk.shop()
    const pull = await shop.open('ana', price)
    await shop.approve(pull, 'chloe', 'dev')
    await rework(shop, pull, (copy) => copy.commit('Say it better', { amend: true }))
    await expectKept(shop, pull, /the files are the same/)
  })
})

describe('a label that is bound to the content', () => {
  const labelled = async () => {
    const { shop, pull } = await approved()
    desk.later()
    const issue = { owner: shop.owner, repo: shop.repo, issue_number: pull.number }
    await desk.as('eva').rest.issues.addLabels({ ...issue, labels: ['urgent'] })
    return { shop, pull }
  }
  const urgentOf = async (shop: Shop, pull: Pull) =>
    (await shop.read(pull, { boundLabels: ['urgent'] })).labels[0]

  test('holds for the head that it was put on, and names who added it', async () => {
    const { shop, pull } = await labelled()
    expect(await urgentOf(shop, pull)).toMatchObject({
      name: 'urgent',
      by: { login: 'eva' },
      equality: { same: true, how: 'it is the head' },
    })
  })

  test('is kept by a clean rebase', async () => {
    const { shop, pull } = await labelled()
    await baseMoves(shop, { 'src/cart.ts': 'x\n' })
    await rework(shop, pull, (copy) => copy.rebase('origin/main'))
    expect(await urgentOf(shop, pull)).toMatchObject({ equality: { same: true } })
  })

  test('is not kept by a push that changes content', async () => {
    const { shop, pull } = await labelled()
    await shop.push('ana', 'feature', { 'src/cart.ts': 'x\n' }, { from: 'origin/feature' })
    expect(await urgentOf(shop, pull)).toMatchObject({
      equality: { same: false, why: 'src/cart.ts changed since' },
    })
  })

  test('costs nothing where the policy binds none', async () => {
    const { shop, pull } = await labelled()
    expect((await shop.read(pull)).labels[0]).not.toHaveProperty('equality')
  })
})

describe('files of other kinds', () => {
  const ground = { 'README.md': '# Shop\n', 'src/price.ts': numbered(40), 'src/cart.ts': numbered(40) }
  const cartMoves = { 'src/cart.ts': numbered(40, { 1: 'cart' }) }
  const onto = (copy: WorkingCopy) => copy.rebase('origin/main')

  test('a binary file that the base did not touch: proved by its blob id', async () => {
    const { shop, pull } = await approved({ 'logo.png': binary(7) })
    await baseMoves(shop, cartMoves)
    await rework(shop, pull, onto)
    await expectKept(shop, pull, /moved to a newer base/)
  })

  test('another binary file than the approved one drops them', async () => {
    const { shop, pull } = await approved({ 'logo.png': binary(7) })
    await baseMoves(shop, cartMoves)
    await rework(shop, pull, async (copy) => {
      await onto(copy)
      await copy.write({ 'logo.png': binary(11) })
      await copy.commit('Change it', { amend: true })
    })
    await expectStale(shop, pull, /logo\.png/)
  })

  test('a file without a diff (-diff) that the base touched too is not proved', async () => {
    const hidden = { ...ground, '.gitattributes': '*.lock -diff\n', 'x.lock': numbered(40) }
    const { shop, pull } = await approved({ 'x.lock': numbered(40, { 30: 'mine' }) }, { ground: hidden })
    await baseMoves(shop, { 'x.lock': numbered(40, { 3: 'theirs' }) })
    await rework(shop, pull, onto)
    await expectStale(shop, pull, /x\.lock.* is binary or too large for a diff/)
  })

  test('a rename that is carried over is kept', async () => {
    const shop = await desk.shop()
    const pull = await shop.open('ana', { 'src/cost.ts': numbered(40) }, { remove: ['src/price.ts'] })
    await shop.approve(pull, 'chloe', 'dev')
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
    await baseMoves(shop, cartMoves)
    await rework(shop, pull, onto)
    await expectKept(shop, pull, /moved to a newer base/)
  })

  test('a rename whose source the base touched is not proved', async () => {
    const shop = await desk.shop()
    const pull = await shop.open('ana', { 'src/cost.ts': numbered(40) }, { remove: ['src/price.ts'] })
    await shop.approve(pull, 'chloe', 'dev')
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
    await baseMoves(shop, { 'src/price.ts': numbered(40, { 3: 'theirs' }) })
    await rework(shop, pull, onto)
    await expectStale(shop, pull, /src\/(price|cost)\.ts/)
  })

  test('a mode change alone drops them, on the same base', async () => {
    const { shop, pull } = await approved()
    await rework(shop, pull, async (copy) => {
      await copy.git('update-index', '--chmod=+x', 'src/price.ts')
      await copy.git('commit', '--quiet', '--amend', '--no-edit')
    })
    await expectStale(shop, pull, /src\/price\.ts/)
  })

  test('a mode change hidden in a rebase drops them', async () => {
    const { shop, pull } = await approved()
    await baseMoves(shop, cartMoves)
    await rework(shop, pull, async (copy) => {
      await onto(copy)
      await copy.git('update-index', '--chmod=+x', 'src/price.ts')
      await copy.git('commit', '--quiet', '--amend', '--no-edit')
    })
    await expectStale(shop, pull, /src\/price\.ts/)
  })

  test('a file that became a symbolic link drops them', async () => {
    const { shop, pull } = await approved({ 'link.txt': 'src/price.ts' })
    await baseMoves(shop, cartMoves)
    await rework(shop, pull, async (copy) => {
      await onto(copy)
      const blob = await copy.git('rev-parse', 'HEAD:link.txt')
      await copy.git('update-index', '--cacheinfo', `120000,${blob},link.txt`)
      await copy.git('commit', '--quiet', '--amend', '--no-edit')
    })
    await expectStale(shop, pull, /link\.txt/)
  })

  test.each([
    ['the same one is kept', '1', 'kept'],
    ['another one drops them', '2', 'stale'],
  ])('a bump of a submodule, and after the rebase %s', async (_, digit, verdict) => {
    const bump = (copy: WorkingCopy, to: string) =>
      copy.git('update-index', '--add', '--cacheinfo', `160000,${to.repeat(40)},vendor/lib`)
    const shop = await desk.shop()
    await shop.push('ana', 'feature', price, { from: 'origin/main' })
    const sha = await rework(shop, { number: 0, branch: 'feature', base: 'main', sha: '' }, async (copy) => {
      await bump(copy, '1')
      await copy.git('commit', '--quiet', '-m', 'Bump')
    })
    const pull = await shop.offer('ana', 'feature', 'main', sha)
    await shop.approve(pull, 'chloe', 'dev')
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
    await baseMoves(shop, cartMoves)
    await rework(shop, pull, async (copy) => {
      await onto(copy)
      await bump(copy, digit)
      await copy.git('commit', '--quiet', '--amend', '--no-edit')
    })
    if (verdict === 'kept') await expectKept(shop, pull, /moved to a newer base/)
    else await expectStale(shop, pull, /vendor\/lib/)
  })
})

describe('more files than the API shows', () => {
  const many = (count: number, text: string) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, index) => [`many/${index}.txt`, `${text} ${index}\n`]),
    )

  test('a rebase of 320 files that the base did not touch is proved by trees', async () => {
    const { shop, pull } = await approved(many(320, 'new'))
    await baseMoves(shop, { 'src/cart.ts': 'x\n' })
    await rework(shop, pull, (copy) => copy.rebase('origin/main'))
    await expectKept(shop, pull, /moved to a newer base/)
  })

  test('a change of the 310th of 320 files drops the approvals, though compare shows 300', async () => {
    const { shop, pull } = await approved(many(320, 'new'))
    await shop.push('ana', 'feature', { 'many/99.txt': 'other\n' }, { from: 'origin/feature' })
    await expectStale(shop, pull, /many\/99\.txt/)
  })

  test('past 300 files, one that the base touched too is not proved', async () => {
    const ground = { 'README.md': '# Shop\n', ...many(320, 'old') }
    const { shop, pull } = await approved({ ...many(320, 'old'), ...many(310, 'new') }, { ground })
    await baseMoves(
      shop,
      Object.fromEntries(
        Array.from({ length: 310 }, (_, index) => [`many/${index}.txt`, `old ${index}\ntail\n`]),
      ),
    )
    await rework(shop, pull, async (copy) => {
      await copy.git('reset', '--hard', 'origin/main')
      await copy.write(
        Object.fromEntries(
          Array.from({ length: 310 }, (_, index) => [`many/${index}.txt`, `new ${index}\ntail\n`]),
        ),
      )
      await copy.commit('Again')
    })
    await expectStale(shop, pull, /many\//)
  })

  test('an approval of the exact head needs no proof, however many files', async () => {
    const { shop, pull } = await approved(many(320, 'new'))
    expect((await shop.judge(pull)).snapshot.equalities).toEqual({})
  })
})
