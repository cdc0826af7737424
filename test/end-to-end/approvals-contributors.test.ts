import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aDesk, type Desk, type Judgement, numbered, type Pull, type Shop } from '../support/desk.ts'

let desk: Desk
beforeAll(async () => {
  desk = await aDesk()
})
afterAll(() => desk.close())

const price = { 'src/price.ts': numbered(40, { 20: 'price = 2' }) }
const ben = { name: 'ben', email: 'ben@example.com' }
const barred = ({ snapshot }: Judgement) =>
  [...new Set(snapshot.contributors.map(({ person }) => person.login))].sort()
const partsOf = ({ snapshot }: Judgement, login: string) =>
  snapshot.contributors.filter(({ person }) => person.login === login).map((part) => part.as)

/** chloe and ben have approved; ben had a hand in it, so one approval is missing. */
async function expectBenBarred(shop: Shop, pull: Pull, as: string, why: RegExp) {
  await shop.approve(pull, 'chloe', 'ben')
  const judgement = await shop.judge(pull)
  expect(judgement).toMatchObject({ state: 'waiting', title: 'Waiting for 1 more approval' })
  expect(judgement.text).toMatch(new RegExp(`\`ben\` approved .* but it does not count: .*${why.source}`))
  expect(partsOf(judgement, 'ben')).toContain(as)
}

describe('who wrote it cannot approve it', () => {
  test('the author of a commit that somebody else committed', async () => {
    const shop = await desk.shop()
    const pull = await shop.open('ana', price, { author: ben })
    await expectBenBarred(shop, pull, 'author', /wrote/)
  })

  test('the committer of a commit that somebody else wrote', async () => {
    const shop = await desk.shop()
    const pull = await shop.open('ana', price, { committer: ben })
    await expectBenBarred(shop, pull, 'committer', /committed/)
  })

  test("a co-author named by GitHub's no-reply address", async () => {
    const shop = await desk.shop()
    const { data } = await desk.as('ben').rest.users.getAuthenticated()
    const email = `${data.id}+ben@users.noreply.github.com`
    const pull = await shop.open('ana', price, { coAuthors: [{ name: 'Ben', email }] })
    await expectBenBarred(shop, pull, 'co-author', /is named as co-author/)
  })

  test('a co-author named by the address of their account, which only GraphQL knows', async () => {
    const shop = await desk.shop()
    const pull = await shop.open('ana', price, { coAuthors: [ben] })
    await expectBenBarred(shop, pull, 'co-author', /is named as co-author/)
    expect((await shop.judge(pull)).snapshot.unmatchedCoAuthors).toEqual([])
  })

  test('a co-author who is not linked to an account is shown and bars nobody', async () => {
    const shop = await desk.shop()
    const pull = await shop.open('ana', price, { coAuthors: [{ name: 'Ben', email: 'ben@elsewhere.test' }] })
    await shop.approve(pull, 'chloe', 'ben')
    const judgement = await shop.judge(pull)
    expect(judgement).toMatchObject({ state: 'passed' })
    expect(judgement.text).toMatch(
      /Named as co-author, but not linked to an account: `Ben <ben@elsewhere.test>`/,
    )
  })

  test('the author of a commit on the side branch of a merge', async () => {
    const shop = await desk.shop()
    await shop.push('ben', 'side', { 'src/cart.ts': 'x\n' }, { from: 'origin/main' })
    const pull = await shop.open('ana', price)
    const copy = await shop.copyOf('ana')
    await copy.branch('feature', 'origin/feature')
    await copy.merge('origin/side')
    await copy.push({ ref: 'feature' })
    await expectBenBarred(shop, pull, 'author', /wrote/)
  })
})

describe('who pushed it cannot approve it', () => {
  test('a second account pushes a commit that the author wrote', async () => {
    const shop = await desk.shop()
    const ana = { name: 'ana', email: 'ana@example.com' }
    const sha = await shop.push('ben', 'feature', price, { from: 'origin/main', author: ana, committer: ana })
    const pull = await shop.offer('ana', 'feature', 'main', sha)
    await expectBenBarred(shop, pull, 'pusher', /pushed/)
  })

  test('a commit that was first pushed to another branch by somebody else', async () => {
    const shop = await desk.shop()
    const ana = { name: 'ana', email: 'ana@example.com' }
    const sha = await shop.push('ben', 'draft', price, { from: 'origin/main', author: ana, committer: ana })
    const copy = await shop.copyOf('ana')
    await copy.branch('feature', 'origin/draft')
    desk.later()
    await copy.push({ ref: 'feature' })
    const pull = await shop.offer('ana', 'feature', 'main', sha)
    await expectBenBarred(shop, pull, 'pusher', /pushed/)
  })

  test('a later push of the same commits to another branch bars nobody', async () => {
    const shop = await desk.shop()
    const pull = await shop.open('ana', price)
    const copy = await shop.copyOf('ben')
    await copy.branch('try-it', 'origin/feature')
    desk.later()
    await copy.push({ ref: 'try-it' })
    await shop.approve(pull, 'chloe', 'ben')
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
  })

  test('a force-push of somebody else over the branch', async () => {
    const shop = await desk.shop()
    const pull = await shop.open('ana', price)
    await shop.push(
      'ben',
      'feature',
      {},
      {
        from: 'origin/feature',
        amend: true,
        message: 'Change it',
        author: { name: 'ana', email: 'ana@example.com' },
        committer: { name: 'ana', email: 'ana@example.com' },
      },
    )
    await expectBenBarred(shop, pull, 'pusher', /pushed/)
  })

  test('a reviewer who pushes after approving, even if nothing changed by it; the other approval still counts', async () => {
    const shop = await desk.shop()
    const pull = await shop.open('ana', price)
    await shop.approve(pull, 'chloe', 'ben')
    const copy = await shop.copyOf('ben')
    await copy.branch('feature', 'origin/feature')
    await copy.commit('Run it again', {
      author: { name: 'ana', email: 'ana@example.com' },
      committer: { name: 'ana', email: 'ana@example.com' },
    })
    desk.later()
    await copy.push({ ref: 'feature' })
    const judgement = await shop.judge(pull)
    expect(judgement).toMatchObject({ state: 'waiting', title: 'Waiting for 1 more approval' })
    expect(partsOf(judgement, 'ben')).toEqual(['pusher'])
    expect(judgement.text).toMatch(/`chloe` approved at .* still counts: the files are the same/)
  })

  test('the button "Update branch", pressed by somebody else, makes nobody a contributor', async () => {
    const shop = await desk.shop()
    const pull = await shop.open('ana', price)
    await shop.approve(pull, 'chloe', 'ben')
    await shop.push('olga', 'main', { 'src/cart.ts': 'x\n' }, { from: 'origin/main' })
    desk.later()
    await desk
      .as('ben')
      .rest.pulls.updateBranch({ owner: shop.owner, repo: shop.repo, pull_number: pull.number })
    const judgement = await shop.judge(pull)
    expect(judgement.snapshot.head.sha).not.toBe(pull.sha)
    expect(judgement).toMatchObject({ state: 'passed' })
    expect(barred(judgement)).toEqual(['ana'])
  })

  test('a merge of the base that smuggles an edit makes its author a contributor', async () => {
    const shop = await desk.shop()
    const pull = await shop.open('ana', price)
    await shop.push('olga', 'main', { 'src/cart.ts': 'x\n' }, { from: 'origin/main' })
    const copy = await shop.copyOf('ben')
    await copy.branch('feature', 'origin/feature')
    await copy.git('merge', '--no-ff', '--no-commit', 'origin/main')
    await copy.write({ 'README.md': 'Smuggled\n' })
    await copy.commit('Merge main')
    await copy.push({ ref: 'feature' })
    await expectBenBarred(shop, pull, 'author', /wrote/)
  })

  test('a tag of the name of the base branch hides no commit, even where GitHub took the tag for it', async () => {
    const shop = await desk.shop()
    const hidden = await shop.push('ben', 'feature', { 'src/cart.ts': 'x\n' }, { from: 'origin/main' })
    const sha = await shop.push('ana', 'feature', price, { from: 'origin/feature' })
    const pull = await shop.offer('ana', 'feature', 'main', sha)
    shop.restart((input, init) =>
      fetch(String(input).replace('/compare/main...', `/compare/${hidden}...`), init),
    )
    await expectBenBarred(shop, pull, 'author', /wrote/)
  })
})

describe('a push that GitHub does not list', () => {
  /** A GitHub whose activity lags behind. */
  const lagging =
    (isLate: () => boolean): typeof fetch =>
    async (input, init) => {
      if (isLate() && /\/activity\?/.test(String(input))) {
        return Object.defineProperty(
          new Response('[]', { headers: { 'content-type': 'application/json' } }),
          'url',
          { value: String(input) },
        )
      }
      return fetch(input, init)
    }

  test('keeps the gate closed, and it is evaluated again once it is listed', async () => {
    const shop = await desk.shop()
    let late = true
    shop.restart(lagging(() => late))
    const pull = await shop.open('ana', price)
    await shop.approve(pull, 'chloe', 'dev')
    expect(await shop.judge(pull)).toMatchObject({ state: 'failed', title: 'Pusher unknown' })
    late = false
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
  })

  test('keeps the gate closed also for an older commit, until it is pushed again', async () => {
    const shop = await desk.shop()
    const ana = { name: 'ana', email: 'ana@example.com' }
    const first = await shop.push('ben', 'feature', price, {
      from: 'origin/main',
      author: ana,
      committer: ana,
    })
    shop.restart(async (input, init) => {
      const answer = await fetch(input, init)
      if (!/\/activity\?/.test(String(input))) return answer
      const rows = ((await answer.json()) as { after: string }[]).filter(({ after }) => after !== first)
      const headers = { 'content-type': 'application/json', link: answer.headers.get('link') ?? '' }
      return Object.defineProperty(new Response(JSON.stringify(rows), { headers }), 'url', {
        value: String(input),
      })
    })
    const second = await shop.push('ana', 'feature', { 'b.ts': 'export {}\n' }, { from: 'origin/feature' })
    const pull = await shop.offer('ana', 'feature', 'main', second)
    await shop.approve(pull, 'ben', 'chloe')
    const judgement = await shop.judge(pull)
    expect(judgement).toMatchObject({ state: 'failed', title: 'Pusher unknown' })
    await shop.push('ana', 'feature', price, { from: 'origin/main' })
    await shop.approve(pull, 'ben', 'chloe')
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
  })

  test('what was read of a head before its push was listed is not remembered', async () => {
    const shop = await desk.shop()
    let late = true
    shop.restart(lagging(() => late))
    const ana = { name: 'ana', email: 'ana@example.com' }
    const sha = await shop.push('ben', 'feature', price, { from: 'origin/main', author: ana, committer: ana })
    const pull = await shop.offer('ana', 'feature', 'main', sha)
    await shop.approve(pull, 'chloe', 'dev')
    expect(await shop.judge(pull)).toMatchObject({ state: 'failed' })
    late = false
    await shop.push('ana', 'feature', {}, { from: 'origin/feature', amend: true, message: 'Say it better' })
    const judgement = await shop.judge(pull)
    expect(judgement).toMatchObject({ state: 'passed', title: 'Approved by 2 people' })
    expect(partsOf(judgement, 'ben')).toEqual(['pusher'])
  })
})

describe('the browser', () => {
  test('an edit in the browser: `web-flow` is not a person where GitHub has signed it', async () => {
    const shop = await desk.shop()
    const pull = await shop.open('ana', price)
    await desk.as('ana').rest.repos.createOrUpdateFileContents({
      owner: shop.owner,
      repo: shop.repo,
      path: 'new.md',
      message: 'Write it in the browser',
      branch: 'feature',
      content: Buffer.from('x\n').toString('base64'),
    })
    await shop.approve(pull, 'chloe', 'dev')
    const judgement = await shop.judge(pull)
    expect(judgement).toMatchObject({ state: 'passed', snapshot: { unattributed: [] } })
    expect(barred(judgement)).toEqual(['ana'])
  })

  test('`web-flow` written into a commit by hand is nobody, and the gate cannot pass', async () => {
    const shop = await desk.shop()
    const committer = { name: 'GitHub', email: 'noreply@github.com' }
    const pull = await shop.open('ana', price, { committer })
    await shop.approve(pull, 'chloe', 'dev')
    expect(await shop.judge(pull)).toMatchObject({
      state: 'failed',
      title: '1 commit without a known committer',
    })
  })
})

describe('a suggestion that was committed from a review', () => {
  /** As GitHub commits a suggestion of ben that ana accepts: in the browser, with ben as co-author. */
  async function withSuggestion(suggestions: 'bar' | 'allow', email: (id: number) => string) {
    const shop = await desk.shop({ approvals: { suggestions } })
    const pull = await shop.open('ana', price)
    const { data } = await desk.as('ben').rest.users.getAuthenticated()
    const { data: made } = await desk.as('ana').rest.repos.createOrUpdateFileContents({
      owner: shop.owner,
      repo: shop.repo,
      path: 'new.md',
      message: `Apply suggestion\n\nCo-authored-by: ben <${email(data.id)}>`,
      branch: 'feature',
      content: Buffer.from('x\n').toString('base64'),
    })
    const newer = { ...pull, sha: made.commit.sha ?? expect.fail() }
    await shop.approve(newer, 'chloe', 'ben')
    return { shop, pull: newer }
  }
  const addresses: [string, (id: number) => string][] = [
    ["GitHub's no-reply address", (id) => `${id}+ben@users.noreply.github.com`],
    ['the address of the account', () => ben.email],
  ]

  test.each(addresses)('bars who made it, by default (%s)', async (_name, email) => {
    const { shop, pull } = await withSuggestion('bar', email)
    expect(await shop.judge(pull)).toMatchObject({ state: 'waiting', title: 'Waiting for 1 more approval' })
  })

  test.each(addresses)('bars nobody where the policy allows it (%s)', async (_name, email) => {
    const { shop, pull } = await withSuggestion('allow', email)
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed', title: 'Approved by 2 people' })
  })

  test('bars who made it and has pushed to the branch too, even where the policy allows suggestions', async () => {
    const { shop, pull } = await withSuggestion('allow', (id) => `${id}+ben@users.noreply.github.com`)
    const copy = await shop.copyOf('ben')
    await copy.branch('feature', 'origin/feature')
    await copy.git('commit', '--allow-empty', '-m', 'Run it again')
    desk.later()
    await copy.push({ ref: 'feature' })
    expect(await shop.judge(pull)).toMatchObject({ state: 'waiting', title: 'Waiting for 1 more approval' })
  })
})

describe('a pull request that was squashed into the branch', () => {
  test('bars whoever worked on it with its author, also where the policy allows suggestions', async () => {
    const shop = await desk.shop({ approvals: { suggestions: 'allow' } })
    const pull = await shop.open('ana', price)
    const part = { branch: 'part', base: 'feature', coAuthors: [{ name: 'ben', email: ben.email }] }
    const inner = await shop.open('eva', { 'part.md': 'x\n' }, part)
    const { data: merged } = await desk.as('ana').rest.pulls.merge({
      owner: shop.owner,
      repo: shop.repo,
      pull_number: inner.number,
      merge_method: 'squash',
      commit_message: `Add a part\n\nCo-authored-by: ben <${ben.email}>`,
    })
    const newer = { ...pull, sha: merged.sha }
    await shop.approve(newer, 'chloe', 'ben')
    const judged = await shop.judge(newer)
    expect(judged.text).toMatch(/`ben` cannot approve: is named as co-author of/)
    expect(judged).toMatchObject({ state: 'waiting', title: 'Waiting for 1 more approval' })
  })
})

describe('a commit that GitHub cannot tie to an account', () => {
  const stranger = { name: 'Stranger', email: 'stranger@nowhere.test' }

  test('fails closed and names the commit; the address added to an account fixes it, without a stale cache', async () => {
    const shop = await desk.shop()
    const email = `late-${shop.repo}@example.com`
    const pull = await shop.open('ana', price, { author: { name: 'Late', email } })
    await shop.approve(pull, 'chloe', 'dev')
    const before = await shop.judge(pull)
    expect(before).toMatchObject({ state: 'failed', title: '1 commit without a known author' })
    expect(before.text).toContain(pull.sha.slice(0, 7))
    expect(before.text).toMatch(/Add the email address to the GitHub account/)
    desk.github.addUser(`late-${shop.repo}`, { email })
    const after = await shop.judge(pull)
    expect(after).toMatchObject({ state: 'passed' })
    expect(barred(after)).toEqual(['ana', `late-${shop.repo}`])
  })

  test('is let through where the policy says `unattributed: ignore`', async () => {
    const shop = await desk.shop({ approvals: { unattributed: 'ignore' } })
    const pull = await shop.open('ana', price, { author: stranger, committer: stranger })
    await shop.approve(pull, 'chloe', 'dev')
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
  })
})

describe('bots', () => {
  const robot = () => {
    const login = `robot-${crypto.randomUUID().slice(0, 8)}[bot]`
    const { id } = desk.github.addUser(login, { type: 'Bot' })
    return { login, identity: { name: login, email: `${id}+${login}@users.noreply.github.com` } }
  }

  test('a pull request of a bot behind which nobody is known needs one more approval', async () => {
    const shop = await desk.shop()
    const { login } = robot()
    desk.github.setCollaborator(shop.name, login, 'write')
    const pull = await shop.open(login, price)
    await shop.approve(pull, 'chloe', 'dev')
    expect(await shop.judge(pull)).toMatchObject({ state: 'waiting', title: 'Waiting for 1 more approval' })
    await shop.approve(pull, 'eva')
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
  })

  test("an approval by a bot does not count, though it may write (Cider's way)", async () => {
    const shop = await desk.shop()
    const { login } = robot()
    desk.github.setCollaborator(shop.name, login, 'write')
    const pull = await shop.open('ana', price)
    await shop.approve(pull, 'chloe', login)
    const judgement = await shop.judge(pull)
    expect(judgement).toMatchObject({ state: 'waiting', title: 'Waiting for 1 more approval' })
    expect(judgement.text).toMatch(/only people can approve, not bots or apps/)
  })

  test("a person who pushes a bot's commit stands behind it: no further approval, and barred", async () => {
    const shop = await desk.shop()
    const { identity } = robot()
    const pull = await shop.open('ana', price, { author: identity, committer: identity })
    await shop.approve(pull, 'chloe', 'dev')
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed', snapshot: { unownedBots: [] } })
  })
})

describe('forks', () => {
  async function fromFork(shop: Shop): Promise<Pull> {
    const fork = await desk.github.fork(shop.name, 'zoe')
    const copy = await desk.github.workingCopy(fork.fullName, 'zoe')
    await copy.branch('feature', 'origin/main')
    await copy.write(price)
    const sha = await copy.commit('Change it')
    desk.later()
    await copy.push({ ref: 'feature' })
    const { data } = await desk.as('zoe').rest.pulls.create({
      owner: shop.owner,
      repo: shop.repo,
      head: 'zoe:feature',
      base: 'main',
      title: 'A',
    })
    return { number: data.number, branch: 'feature', base: 'main', sha }
  }

  test('a public fork: its activity names the pusher', async () => {
    const shop = await desk.shop({ private: false })
    const pull = await fromFork(shop)
    await shop.approve(pull, 'chloe', 'dev')
    const judgement = await shop.judge(pull)
    expect(judgement).toMatchObject({ state: 'passed', snapshot: { head: { fork: true } } })
    expect(barred(judgement)).toEqual(['zoe'])
  })

  test('a private fork: nobody tells who pushed, so its owner is barred and one more approval is needed', async () => {
    const shop = await desk.shop({ private: true })
    desk.github.setCollaborator(shop.name, 'zoe', 'read')
    const pull = await fromFork(shop)
    await shop.approve(pull, 'chloe', 'dev')
    const two = await shop.judge(pull)
    expect(two).toMatchObject({ state: 'waiting', title: 'Waiting for 1 more approval' })
    expect(partsOf(two, 'zoe')).toContain('fork owner')
    await shop.approve(pull, 'eva')
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed', title: 'Approved by 3 people' })
  })

  const refusing: (status: number) => typeof fetch = (status) => async (input, init) =>
    /\/activity\?/.test(String(input))
      ? Response.json({ message: 'Refused' }, { status })
      : fetch(input, init)

  test.each([403, 404])(
    'a public fork whose activity answers %i is taken for one that hides its pushes',
    async (status) => {
      const shop = await desk.shop({ private: false })
      const pull = await fromFork(shop)
      shop.restart(async (input, init) =>
        (/\/repos\/zoe\//.test(String(input)) ? refusing(status) : fetch)(input, init),
      )
      await shop.approve(pull, 'chloe', 'dev')
      expect(await shop.judge(pull)).toMatchObject({
        state: 'waiting',
        title: 'Waiting for 1 more approval',
      })
    },
  )

  test.each([403, 404])(
    'where the activity of the repository itself answers %i, nothing is evaluated: that is a failure of the installation',
    async (status) => {
      const shop = await desk.shop()
      const pull = await shop.open('ana', price)
      await shop.approve(pull, 'chloe', 'dev', 'eva')
      shop.restart(refusing(status))
      await expect(shop.judge(pull)).rejects.toMatchObject({ status })
    },
  )
})
