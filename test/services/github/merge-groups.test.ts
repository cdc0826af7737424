import { afterAll, beforeAll, expect, test } from 'vitest'
import { contentsOfGroup } from '../../../src/services/github/merge-groups.ts'
import { aDesk, type Desk } from '../../support/desk.ts'

let desk: Desk
beforeAll(async () => {
  desk = await aDesk()
})
afterAll(() => desk.close())

/** A group of one commit, at which the branches of the queue for these pull requests stand. */
async function groupOf(which: (numbers: number[]) => number[]) {
  const shop = await desk.shop()
  const { owner, repo } = shop
  const pulls = [
    await shop.open('ana', { 'src/one.ts': 'x\n' }, { branch: 'one' }),
    await shop.open('ana', { 'src/two.ts': 'x\n' }, { branch: 'two' }),
  ]
  const numbers = pulls.map(({ number }) => number)
  const sha = await shop.push('olga', 'together', { 'src/both.ts': 'x\n' }, { from: 'origin/main' })
  const nameOf = (number: number) => `refs/heads/gh-readonly-queue/main/pr-${number}-${sha}`
  for (const number of which(numbers))
    await desk.as('olga').rest.git.createRef({ owner, repo, ref: nameOf(number), sha })
  const { id: repositoryId } = (await desk.as('olga').rest.repos.get({ owner, repo })).data
  const repository = { installationId: desk.installationId, repositoryId, owner, repo }
  const group = { headSha: sha, headRef: nameOf(which(numbers)[0] ?? 0), baseRef: 'refs/heads/main' }
  return { numbers, contents: await contentsOfGroup(desk.app(), repository, group) }
}

test('a commit at which the queue has branches for two pull requests belongs to both, whichever is named', async () => {
  const { numbers, contents } = await groupOf((both) => both)
  expect(contents).toEqual({ pulls: numbers, unknown: [] })
  const other = await groupOf((both) => both.toReversed())
  expect(other.contents).toEqual({ pulls: other.numbers, unknown: [] })
})

test('one at which it has a branch for one of them belongs to that one alone', async () => {
  const { numbers, contents } = await groupOf(([first = 0]) => [first])
  expect(contents).toEqual({ pulls: numbers.slice(0, 1), unknown: [] })
})

/** A pull request of two commits, with main one commit further, and a group whose tip has the queue's branch for it. */
async function twoCommits() {
  const shop = await desk.shop()
  const { owner, repo } = shop
  const first = await shop.push('ana', 'two', { 'a.ts': 'a\n' }, { message: 'One', from: 'origin/main' })
  const head = await shop.push('ana', 'two', { 'b.ts': 'b\n' }, { message: 'Two', from: 'origin/two' })
  const pull = await shop.offer('ana', 'two', 'main', head)
  await shop.push('olga', 'main', { 'README.md': '# More\n' }, { from: 'origin/main' })
  const { id: repositoryId } = (await desk.as('olga').rest.repos.get({ owner, repo })).data
  const repository = { installationId: desk.installationId, repositoryId, owner, repo }
  const contentsAt = async (sha: string, app = desk.app()) => {
    const headRef = `refs/heads/gh-readonly-queue/main/pr-${pull.number}-${sha}`
    await desk.as('olga').rest.git.createRef({ owner, repo, ref: headRef, sha })
    return contentsOfGroup(app, repository, { headSha: sha, headRef, baseRef: 'refs/heads/main' })
  }
  return { shop, pull, first, head, contentsAt }
}

const other = { message: 'Other', from: 'origin/main' }

test('the commits of a rebase belong to the pull request of the tip above them', async () => {
  const { shop, pull, contentsAt } = await twoCommits()
  const copy = await shop.copyOf('olga')
  await copy.branch('group', 'origin/two')
  await copy.rebase('origin/main')
  const sha = await copy.push({ ref: 'group' })
  expect(await contentsAt(sha)).toEqual({ pulls: [pull.number], unknown: [] })
})

test('a commit of somebody else below a rebase belongs to nobody known', async () => {
  const { shop, pull, contentsAt } = await twoCommits()
  const foreign = await shop.push('ben', 'group', { 'c.ts': 'c\n' }, other)
  const copy = await shop.copyOf('olga')
  await copy.branch('group', 'origin/two')
  await copy.rebase('origin/group')
  const sha = await copy.push({ ref: 'group', force: true })
  expect(await contentsAt(sha)).toEqual({ pulls: [pull.number], unknown: [foreign] })
})

test('a commit like one of a rebase, but one too many, belongs to nobody known', async () => {
  const { shop, pull, contentsAt } = await twoCommits()
  const copied = { message: 'One', from: 'origin/main' }
  const foreign = await shop.push('ana', 'group', { 'c.ts': 'c\n' }, copied)
  const copy = await shop.copyOf('olga')
  await copy.branch('group', 'origin/two')
  await copy.rebase('origin/group')
  const sha = await copy.push({ ref: 'group', force: true })
  expect(await contentsAt(sha)).toEqual({ pulls: [pull.number], unknown: [foreign] })
})

test('a merge below the tip belongs to the open pull request to the same base that has its head, and to no other', async () => {
  const { shop, pull, contentsAt } = await twoCommits()
  const copy = await shop.copyOf('olga')
  await copy.git('branch', 'side', 'origin/main')
  await copy.push({ ref: 'side' })
  const heads: Record<string, string> = {}
  for (const name of ['same', 'side', 'none'])
    heads[name] = await shop.push('ben', `by-${name}`, { [`${name}.ts`]: 'x\n' }, other)
  const same = await shop.offer('ben', 'by-same', 'main', heads.same ?? '')
  await shop.offer('ben', 'by-side', 'side', heads.side ?? '')
  await copy.fetch()
  await copy.branch('group', 'origin/main')
  const merges: string[] = []
  for (const name of ['same', 'side', 'none']) merges.push(await copy.merge(heads[name] ?? ''))
  await copy.push({ ref: 'group' })
  // GitHub ties the merges to this one.
  await shop.offer('olga', 'group', 'main', merges[2] ?? '')
  const squash = { message: 'Squashed', from: 'origin/group' }
  const sha = await shop.push('ana', 'together', { 'a.ts': 'a\n' }, squash)
  expect(await contentsAt(sha)).toEqual({
    pulls: [same.number, pull.number],
    unknown: [merges[2], merges[1]],
  })
})

test('a commit below a squash belongs to nobody known, however many commits were squashed', async () => {
  const { shop, pull, contentsAt } = await twoCommits()
  const foreign = await shop.push('ben', 'group', { 'c.ts': 'c\n' }, other)
  const files = { 'a.ts': 'a\n', 'b.ts': 'b\n' }
  const message = `Two (#${pull.number})\n\n* One\n\n* Two`
  const sha = await shop.push('ana', 'group', files, { message, from: 'origin/group' })
  expect(await contentsAt(sha)).toEqual({ pulls: [pull.number], unknown: [foreign] })
})

test.each([
  ['the head', true],
  ['an older commit', false],
])('a merge of %s of a pull request: is it what is evaluated? %s', async (_, isHead) => {
  const { shop, pull, first, head, contentsAt } = await twoCommits()
  const copy = await shop.copyOf('olga')
  await copy.branch('group', 'origin/main')
  await copy.merge(isHead ? head : first)
  const sha = await copy.push({ ref: 'group' })
  expect(await contentsAt(sha)).toEqual({ pulls: [pull.number], unknown: isHead ? [] : [sha] })
})

test('a group of which GitHub does not list every commit is not known as a whole', async () => {
  const { shop, pull, contentsAt } = await twoCommits()
  await shop.push('ben', 'group', { 'c.ts': 'c\n' }, other)
  const sha = await shop.push('ana', 'group', { 'a.ts': 'a\n' }, { message: 'Two', from: 'origin/group' })
  const app = desk.app(async (url, init) => {
    const answer = await fetch(url, init)
    if (!String(url).includes('/compare/') || !String(url).includes(`...${sha}`)) return answer
    const body = (await answer.json()) as { commits: unknown[] }
    return Response.json({ ...body, commits: body.commits.slice(1) })
  })
  expect(await contentsAt(sha, app)).toEqual({ pulls: [pull.number], unknown: [sha] })
})
