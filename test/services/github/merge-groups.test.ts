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
