import { afterAll, describe, expect, it } from 'vitest'
import { factsOf, lines, prove, type Versions } from '../support/content-proof.ts'
import { gitRepository } from '../support/git-repository.ts'

const repository = gitRepository()
afterAll(repository.remove)
const { commit, rebase, merge } = repository

/** The repository that most cases start from: main, and a pull request that edits a.txt at line 10 and adds b.txt. */
const main = commit([], { 'a.txt': lines(30), 'other.txt': lines(10), 'keep.txt': 'keep\n' })
const first = commit([main], { 'a.txt': lines(30, { 10: 'mine' }) })
const head = commit([first], { 'b.txt': 'new\n' })
const mainAside = commit([main], { 'other.txt': lines(10, { 5: 'base' }) })
const mainShifted = commit([main], { 'a.txt': lines(30, { 2: 'base\nbase\nbase', 25: 'base' }) })

type Case = { name: string; versions: Versions } & (
  | { same: true }
  | { same: false; paths: string[]; why: RegExp }
)

const older = { oldBase: main, oldHead: head }
const twins = 'if (a) {\n  run()\n}\n\n'.repeat(6)
const intoTwin = (index: number) =>
  twins
    .split(/(?<=\}\n\n)/)
    .map((block, at) => (at === index ? block.replace('run()', 'run()\n  admit()') : block))
    .join('')

const cases: Case[] = [
  {
    name: 'a rebase onto a base that changed other files is the same change',
    versions: { ...older, newBase: mainAside, newHead: rebase(head, mainAside) },
    same: true,
  },
  {
    name: 'a rebase over a base that shifted lines in the same file is the same change',
    versions: { ...older, newBase: mainShifted, newHead: rebase(head, mainShifted) },
    same: true,
  },
  {
    name: 'an update merge is the same change against the base',
    versions: { ...older, newBase: mainShifted, newHead: merge(head, mainShifted) },
    same: true,
  },
  {
    name: 'a rebase that drops a commit is another change',
    versions: { ...older, newBase: mainAside, newHead: rebase(head, mainAside, first) },
    same: false,
    paths: ['a.txt'],
    why: /^a\.txt is no longer part of the change$/,
  },
  {
    name: 'a rebase with an edited hunk is another change',
    versions: {
      ...older,
      newBase: mainShifted,
      newHead: merge(head, mainShifted, {
        'a.txt': lines(30, { 2: 'base\nbase\nbase', 10: 'MINE', 25: 'base' }),
      }),
    },
    same: false,
    paths: ['a.txt'],
    why: /^a\.txt was changed by the base too, and the lines changed here are not the same/,
  },
  {
    name: 'a rebase with an edit in a file that the base did not touch is another change',
    versions: {
      ...older,
      newBase: mainAside,
      newHead: commit([mainAside], { 'a.txt': lines(30, { 10: 'mine', 11: 'more' }), 'b.txt': 'new\n' }),
    },
    same: false,
    paths: ['a.txt'],
    why: /^a\.txt is not what it was in the older version$/,
  },
  {
    name: 'a rebase that adds a file is another change',
    versions: {
      ...older,
      newBase: mainAside,
      newHead: commit([rebase(head, mainAside)], { 'c.txt': 'smuggled\n' }),
    },
    same: false,
    paths: ['c.txt'],
    why: /^c\.txt was not part of the older version of the change$/,
  },
  {
    name: 'an edit in a file that only the base touched is another change',
    versions: {
      ...older,
      newBase: mainAside,
      newHead: commit([rebase(head, mainAside)], { 'other.txt': lines(10, { 5: 'base', 9: 'smuggled' }) }),
    },
    same: false,
    paths: ['other.txt'],
    why: /^other\.txt was changed by the base, and is now changed here too$/,
  },
  {
    name: 'reverting what the base did to another file is another change',
    versions: {
      ...older,
      newBase: mainAside,
      newHead: commit([rebase(head, mainAside)], { 'other.txt': lines(10) }),
    },
    same: false,
    paths: ['other.txt'],
    why: /^other\.txt was changed by the base/,
  },
  {
    name: 'reverting what the base did to the same file is another change',
    versions: {
      ...older,
      newBase: mainShifted,
      newHead: commit([mainShifted], { 'a.txt': lines(30, { 10: 'mine' }), 'b.txt': 'new\n' }),
    },
    same: false,
    paths: ['a.txt'],
    why: /^a\.txt was changed by the base too/,
  },
  {
    name: 'a conflict resolved by hand is another change',
    versions: (() => {
      const newBase = commit([main], { 'a.txt': lines(30, { 10: 'theirs' }) })
      return {
        ...older,
        newBase,
        newHead: commit([newBase], { 'a.txt': lines(30, { 10: 'mine' }), 'b.txt': 'new\n' }),
      }
    })(),
    same: false,
    paths: ['a.txt'],
    why: /^a\.txt was changed by the base in or beside the lines that are changed here$/,
  },
  {
    name: 'a base that changed the line beside the change does not prove it',
    versions: (() => {
      const newBase = commit([main], { 'a.txt': lines(30, { 11: 'theirs' }) })
      return {
        ...older,
        newBase,
        newHead: commit([newBase], { 'a.txt': lines(30, { 10: 'mine', 11: 'theirs' }), 'b.txt': 'new\n' }),
      }
    })(),
    same: false,
    paths: ['a.txt'],
    why: /in or beside the lines/,
  },
  {
    name: 'a base that changed a context line, one untouched line away, is not an obstacle',
    versions: (() => {
      const newBase = commit([main], { 'a.txt': lines(30, { 12: 'theirs' }) })
      return {
        ...older,
        newBase,
        newHead: rebase(first, commit([newBase], { 'b.txt': null })),
        oldHead: first,
      }
    })(),
    same: true,
  },
  {
    name: 'the same added line moved out of one block and into its twin is another change',
    versions: (() => {
      const root = commit([], { 'twin.txt': `top\n\n${twins}` })
      const newBase = commit([root], { 'twin.txt': `top\nbase\n\n${twins}` })
      const moved = commit([newBase], { 'twin.txt': `top\nbase\n\n${intoTwin(4)}` })
      return {
        oldBase: root,
        oldHead: commit([root], { 'twin.txt': `top\n\n${intoTwin(2)}` }),
        newBase,
        newHead: moved,
      }
    })(),
    same: false,
    paths: ['twin.txt'],
    why: /or stand elsewhere$/,
  },
  {
    name: 'the same added line in the same block below the lines of the base is the same change',
    versions: (() => {
      const root = commit([], { 'twin.txt': `top\n\n${twins}` })
      const newBase = commit([root], { 'twin.txt': `top\nbase\n\n${twins}` })
      const kept = commit([newBase], { 'twin.txt': `top\nbase\n\n${intoTwin(2)}` })
      return {
        oldBase: root,
        oldHead: commit([root], { 'twin.txt': `top\n\n${intoTwin(2)}` }),
        newBase,
        newHead: kept,
      }
    })(),
    same: true,
  },
  {
    name: 'a base that put a whole twin block above does not let the added line stay at its old position',
    versions: (() => {
      const block = 'if (a) {\n  run()\n}\n\n'
      const root = commit([], { 'twin.txt': `top\n\nmiddle\n\n${twins}` })
      const newBase = commit([root], { 'twin.txt': `top\n${block}\nmiddle\n\n${twins}` })
      const stayed = commit([newBase], { 'twin.txt': `top\n${block}\nmiddle\n\n${intoTwin(1)}` })
      return {
        oldBase: root,
        oldHead: commit([root], { 'twin.txt': `top\n\nmiddle\n\n${intoTwin(2)}` }),
        newBase,
        newHead: stayed,
      }
    })(),
    same: false,
    paths: ['twin.txt'],
    why: /or stand elsewhere$/,
  },
  {
    name: 'an amended message only is the same change',
    versions: {
      ...older,
      newBase: main,
      newHead: commit([first], { 'b.txt': 'new\n' }, { message: 'Another message' }),
    },
    same: true,
  },
  {
    name: 'a squash of two commits into one is the same change',
    versions: {
      ...older,
      newBase: main,
      newHead: commit([main], { 'a.txt': lines(30, { 10: 'mine' }), 'b.txt': 'new\n' }),
    },
    same: true,
  },
  {
    name: 'a squash during a rebase is the same change',
    versions: {
      ...older,
      newBase: mainAside,
      newHead: commit([mainAside], { 'a.txt': lines(30, { 10: 'mine' }), 'b.txt': 'new\n' }),
    },
    same: true,
  },
  {
    name: 'a commit and its revert on top are the same change',
    versions: {
      ...older,
      newBase: main,
      newHead: commit([commit([head], { 'keep.txt': 'bad\n' })], { 'keep.txt': 'keep\n' }),
    },
    same: true,
  },
  {
    name: 'a force push back to the older head that was approved is the same change',
    versions: { ...older, newBase: mainAside, newHead: head },
    same: true,
  },
  {
    name: 'a force push back to a head before the approved one is another change',
    versions: { ...older, newBase: main, newHead: first },
    same: false,
    paths: ['b.txt'],
    why: /^b\.txt is no longer part of the change$/,
  },
  {
    name: 'the same head against another base from which it differs by more is another change',
    versions: { ...older, oldBase: first, newBase: main, newHead: head },
    same: false,
    paths: ['a.txt'],
    why: /^a\.txt was changed by the base, and is now changed here too$/,
  },
  {
    name: 'the same head against another base that meets it in the same commit is the same change',
    versions: { ...older, newBase: commit([main], { 'release.txt': 'branch\n' }), newHead: head },
    same: true,
  },
  {
    name: 'a change picked onto another line of development with the same files is the same change',
    versions: (() => {
      const release = commit([commit([main], { 'other.txt': 'release\n' })], { 'keep.txt': null })
      return { ...older, newBase: release, newHead: rebase(head, release, main) }
    })(),
    same: true,
  },
  {
    name: 'two lines of development that both changed the file prove nothing about its lines',
    versions: (() => {
      const release = commit([main], { 'a.txt': lines(30, { 28: 'release' }) })
      return {
        oldBase: mainShifted,
        oldHead: rebase(head, mainShifted),
        newBase: release,
        newHead: rebase(head, release),
      }
    })(),
    same: false,
    paths: ['a.txt'],
    why: /^a\.txt was changed by the base too, and the old base is not part of the new one/,
  },
  {
    name: 'a base that made a part of the same change itself leaves another change',
    versions: (() => {
      const newBase = commit([main], { 'b.txt': 'new\n' })
      return { ...older, newBase, newHead: rebase(head, newBase) }
    })(),
    same: false,
    paths: ['b.txt'],
    why: /^the base made the same change to b\.txt/,
  },
]

describe('a change is the same change', () => {
  it.each(cases)('$name', ({ versions, ...expected }) => {
    const proof = prove(factsOf(repository, versions))
    if (expected.same) return expect(proof).toEqual({ same: true })
    expect(proof).toMatchObject({
      same: false,
      paths: expected.paths,
      why: expect.stringMatching(expected.why),
    })
  })

  it('names every file in its way, and tells how many more there are', () => {
    const newHead = commit([head], { 'x.txt': 'x', 'y.txt': 'y', 'keep.txt': null })
    const proof = prove(factsOf(repository, { ...older, newBase: main, newHead }))
    expect(proof).toEqual({
      same: false,
      why: 'keep.txt was not part of the older version of the change; and 2 more files',
      paths: ['keep.txt', 'x.txt', 'y.txt'],
    })
  })
})
