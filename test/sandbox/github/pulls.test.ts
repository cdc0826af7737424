import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildHouse, type House, refusal } from './house.ts'

let house: House
beforeAll(async () => {
  house = await buildHouse()
})
afterAll(() => house.github.close())

describe('a pull request', () => {
  test('opens from a pushed branch and merges with a signed merge commit of web-flow', async () => {
    const { as, repo, github } = house
    const number = await house.openPull('wim', 'greeting', { 'hello.txt': 'hello\n' })
    const { data: pull } = await as('wanda').pulls.get({ ...repo, pull_number: number })
    expect(pull).toMatchObject({
      state: 'open',
      mergeable: true,
      mergeable_state: 'clean',
      merged: false,
      commits: 1,
      changed_files: 1,
      additions: 1,
    })
    const { data: merged } = await as('wanda').pulls.merge({
      ...repo,
      pull_number: number,
      sha: pull.head.sha,
    })
    const { data: commit } = await as('wanda').repos.getCommit({ ...repo, ref: merged.sha })
    expect(commit.committer?.login).toBe('web-flow')
    expect(commit.author?.login).toBe('wanda')
    expect(commit.commit.verification?.verified).toBe(true)
    expect(commit.parents).toHaveLength(2)
    const { data: after } = await as('rob').pulls.get({ ...repo, pull_number: number })
    expect(after).toMatchObject({
      state: 'closed',
      merged: true,
      merge_commit_sha: merged.sha,
      merged_by: { login: 'wanda' },
    })
    await github.settled()
  })

  test('with a wrong sha is answered 409 and stays open', async () => {
    const { as, repo } = house
    const number = await house.openPull('wim', 'guarded', { 'guarded.txt': 'x\n' })
    const wrong = as('wanda').pulls.merge({ ...repo, pull_number: number, sha: 'f'.repeat(40) })
    expect(await refusal(wrong)).toMatchObject({
      status: 409,
      message: 'Head branch was modified. Review and try the merge again.',
    })
    expect((await as('rob').pulls.get({ ...repo, pull_number: number })).data.state).toBe('open')
  })

  test.each([
    ['merged', 'shut-by-a-merge', {}],
    ['closed', 'shut', {}],
    ['closed, also while it is opened again', 'shut-and-opened', { state: 'open' as const }],
  ])('keeps its base once it is %s', async (how, branch, more) => {
    const { as, repo } = house
    const number = await house.openPull('wim', branch, { [`${branch}.txt`]: 'x\n' })
    const place = { ...repo, pull_number: number }
    const wanda = as('wanda').pulls
    await (how === 'merged' ? wanda.merge(place) : wanda.update({ ...place, state: 'closed' }))
    const { data: main } = await as('wanda').git.getRef({ ...repo, ref: 'heads/main' })
    await as('wanda').git.createRef({ ...repo, ref: `refs/heads/other-${branch}`, sha: main.object.sha })
    expect(await refusal(wanda.update({ ...place, ...more, base: `other-${branch}` }))).toMatchObject({
      status: 422,
      errors: [{ field: 'base', message: 'Cannot change the base branch of a closed pull request.' }],
    })
    const { data } = await wanda.get(place)
    expect({ state: data.state, base: data.base.ref }).toEqual({ state: 'closed', base: 'main' })
  })
})
