import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PullRef, Snapshot } from '../../../src/decision/snapshot.ts'
import type { GitHub } from '../../../src/services/github/client.ts'
import { readChange } from '../../../src/services/github/content.ts'
import type { Prover } from '../../../src/services/github/proofs.ts'
import { readPull } from '../../../src/services/github/pulls.ts'
import { readRevert } from '../../../src/services/github/reverts.ts'
import { buildHouse, type House } from '../../sandbox/github/house.ts'

/** Real git: each case has a base branch of its own, a change that was merged into it, and a pull request that says it reverts that. */

type Copy = Awaited<ReturnType<House['github']['workingCopy']>>
type Step = (copy: Copy) => Promise<unknown>
type Case = {
  /** The commits of the change; the revert takes back all of them where it names no own steps. */
  change?: Step[]
  method?: 'squash' | 'merge' | 'rebase'
  /** Somebody pushes the change to the base branch, which merges it too: what they do there with its head first. */
  pushed?: (copy: Copy, head: string) => Promise<unknown>
  /** What comes to the base branch after the change. */
  since?: Step
  revert?: Step
  title?: string
}

const text = 'one\ntwo\nthree\n'
const files = { 'a.txt': text, 'b.txt': text, 'run.sh': '#!/bin/sh\n', 'pay.bin': 'a\0b' }
const edit: Step = (copy) => copy.write({ 'a.txt': 'one\n2\nthree\n', 'new.txt': 'new\n' })
const editMore: Step = (copy) => copy.write({ 'b.txt': 'one\ntwo\n3\n' })
const undo: Step = async (copy) => {
  await copy.write(files)
  await copy.remove('new.txt')
}

let house: House
let copy: Copy
let repositoryId: number
let count = 0
const kept = new Map<string, unknown>()

beforeAll(async () => {
  house = await buildHouse(files)
  copy = await house.github.workingCopy('acme/shop', 'ada')
  repositoryId = (await house.as('ada').repos.get(house.repo)).data.id
})
afterAll(() => house.github.close())

const prover = (): Prover => ({
  github: house.bot as unknown as GitHub,
  repository: house.repo,
  repositoryId,
  facts: {
    get: async <Value>(key: string) => kept.get(key) as Value | undefined,
    put: async (key, value) => void kept.set(key, value),
    labelOrders: async () => [],
  },
})

async function pullOf(base: string, steps: Step[], about: { title: string; body?: string }): Promise<number> {
  count += 1
  const head = `topic-${count}`
  await copy.fetch()
  await copy.branch(head, `origin/${base}`)
  for (const step of steps) {
    await step(copy)
    await copy.commit(about.title)
  }
  await copy.push()
  return (await house.as('ada').pulls.create({ ...house.repo, base, head, ...about })).data.number
}

async function baseBranch(): Promise<string> {
  count += 1
  const name = `base-${count}`
  await copy.branch(name, 'origin/main')
  await copy.push()
  return name
}

const merge = (number: number, method: Case['method'] = 'squash') =>
  house.as('ada').pulls.merge({ ...house.repo, pull_number: number, merge_method: method })

async function released(
  base: string,
  { change = [edit], method, pushed, title = 'Pay' }: Case,
): Promise<number> {
  const number = await pullOf(base, change, { title })
  if (!pushed) await merge(number, method)
  else {
    const head = await copy.head()
    await copy.branch(base, `origin/${base}`)
    await pushed(copy, head)
    await copy.push()
  }
  return number
}

async function revertFact(number: number, isCrossed = false): Promise<Snapshot['revert']> {
  const ref: PullRef = { installationId: 1, repositoryId, ...house.repo, number }
  const pull = await readPull(prover().github, ref)
  if (!pull) throw new Error('no pull request')
  const change = await readChange(prover().github, house.repo, pull.base.sha, pull.head.sha)
  const current = { head: change && { change }, hasOneMergeBase: async () => !isCrossed }
  return (await readRevert(prover(), ref, pull, current)).revert
}

async function proofOf(one: Case) {
  const base = await baseBranch()
  const change = await released(base, one)
  if (one.since) await merge(await pullOf(base, [one.since], { title: 'Since' }))
  const revert = await pullOf(base, [one.revert ?? undo], { title: 'Back', body: `Reverts #${change}` })
  return (await revertFact(revert))?.proof
}

const forward = (into: Copy, head: string) => into.git('merge', '--ff-only', head)
/** A commit that is not part of the change, and comes with it. */
const withMore = async (into: Copy) => {
  await editMore(into)
  await into.commit('More')
}
const other: Step = (into) => into.write({ 'b.txt': 'other\n' })
const both = [edit, editMore]

describe('a revert is proved', () => {
  test.each<[string, Case]>([
    ['of a squashed change', {}],
    ['of a squashed change of two commits', { change: both }],
    ['of a merged change of two commits', { change: both, method: 'merge' }],
    ['of a rebased change of one commit', { method: 'rebase' }],
    ['of one commit that was pushed as it is', { pushed: forward }],
    [
      'of two commits that a pushed merge commit brought',
      { change: both, pushed: (into, head) => into.merge(head) },
    ],
    ['where other files were changed since', { since: (into) => into.write({ 'c.txt': 'c\n' }) }],
  ])('%s', async (_, one) => {
    expect(await proofOf(one)).toMatchObject({ same: true })
  })
})

describe('a revert is not proved', () => {
  const restoresOnly: Step = (into) => into.write({ 'a.txt': text })
  const leavesLine: Step = async (into) => {
    await undo(into)
    await into.write({ 'a.txt': `${text}four\n` })
  }
  const addsFile: Step = async (into) => {
    await undo(into)
    await into.write({ 'evil.txt': 'x\n' })
  }
  test.each<[string, Case, RegExp]>([
    ['where a file is left out', { revert: restoresOnly }, /^new\.txt is not restored$/],
    ['where a line is added', { revert: leavesLine }, /^a\.txt is not restored to what it was/],
    ['where a file is added', { revert: addsFile }, /^evil\.txt was not part of it$/],
    ['where a file was changed since', { change: both, since: other }, /^b\.txt .*changed since$/],
    [
      'where only the last commit of a rebase is taken back',
      { change: both, method: 'rebase', revert: (into) => into.write({ 'b.txt': text }) },
      /not known as a whole$/,
    ],
    [
      'where all commits of a rebase are taken back',
      { change: both, method: 'rebase' },
      /not known as a whole$/,
    ],
    [
      'of two commits that were pushed as they are',
      { change: both, pushed: forward },
      /not known as a whole$/,
    ],
    [
      'where a commit that was pushed on top of the only one of the change is taken back',
      {
        pushed: async (into, head) => {
          await forward(into, head)
          await withMore(into)
        },
        revert: (into) => into.write({ 'b.txt': text }),
      },
      /not known as a whole$/,
    ],
    [
      'of what a pushed merge commit brought beside the change',
      {
        pushed: async (into, head) => {
          const base = await into.head()
          await into.git('switch', '--quiet', '--detach', head)
          await withMore(into)
          const more = await into.head()
          await into.git('switch', '--quiet', '-')
          expect(await into.head()).toBe(base)
          await into.merge(more)
        },
      },
      /not known as a whole$/,
    ],
    [
      'of a renamed file',
      {
        change: [(into) => into.git('mv', 'b.txt', 'moved.txt')],
        revert: (into) => into.git('mv', 'moved.txt', 'b.txt'),
      },
      /plain text/,
    ],
    [
      'of a mode',
      {
        change: [
          (into) =>
            into.git('update-index', '--chmod=+x', 'run.sh').then(() => into.git('checkout', '--', 'run.sh')),
        ],
        revert: (into) =>
          into.git('update-index', '--chmod=-x', 'run.sh').then(() => into.git('checkout', '--', 'run.sh')),
      },
      /plain text/,
    ],
    [
      'of a binary file',
      { change: [(into) => into.write({ 'pay.bin': 'a\0c' })], revert: undo },
      /plain text/,
    ],
    ['of a revert that says so', { title: 'Revert "Pay"' }, /is a revert itself$/],
  ])('%s', async (_, one, why) => {
    expect(await proofOf(one)).toMatchObject({ same: false, why: expect.stringMatching(why) })
  })

  test('of a revert that was proved, whatever it is called later', async () => {
    const base = await baseBranch()
    const change = await released(base, {})
    const revert = await pullOf(base, [undo], { title: 'Back', body: `Reverts #${change}` })
    expect((await revertFact(revert))?.proof.same).toBe(true)
    await merge(revert)
    await house
      .as('ada')
      .pulls.update({ ...house.repo, pull_number: revert, body: 'Tidy up', title: 'Tidy up' })
    const again = await pullOf(base, [edit], { title: 'Pay again', body: `Reverts #${revert}` })
    expect(await revertFact(again)).toMatchObject({
      pull: revert,
      proof: { same: false, why: expect.stringMatching(/is a revert itself$/) },
    })
  })

  test('on a branch whose diff does not show all that a merge of it changes', async () => {
    const base = await baseBranch()
    const change = await released(base, {})
    const revert = await pullOf(base, [undo], { title: 'Back', body: `Reverts #${change}` })
    expect((await revertFact(revert))?.proof.same).toBe(true)
    expect((await revertFact(revert, true))?.proof.same).toBe(false)
  })

  test('of what was merged into another branch, of what is not merged, and without a mention', async () => {
    const [base, elsewhere] = [await baseBranch(), await baseBranch()]
    const change = await released(elsewhere, {})
    await released(base, {})
    const cases: [string, string | undefined][] = [
      [`Reverts #${change}`, `#${change} was merged into another branch`],
      ['Reverts #9999', '#9999 was not merged'],
      ['Reverts nothing', undefined],
    ]
    for (const [body, why] of cases) {
      const revert = await pullOf(base, [undo], { title: 'Back', body })
      const proof = (await revertFact(revert))?.proof
      expect(proof && 'why' in proof ? proof.why : proof).toBe(why)
    }
  })

  test('against a base that GitHub cannot compare it with', async () => {
    const base = await baseBranch()
    const change = await released(base, {})
    const number = await pullOf(base, [undo], { title: 'Back', body: `Reverts #${change}` })
    const ref: PullRef = { installationId: 1, repositoryId, ...house.repo, number }
    const pull = await readPull(prover().github, ref)
    if (!pull) throw new Error('no pull request')
    const current = { head: undefined, hasOneMergeBase: async () => true }
    expect((await readRevert(prover(), ref, pull, current)).revert?.proof.same).toBe(false)
  })
})
