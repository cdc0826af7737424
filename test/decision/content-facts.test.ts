import { afterAll, describe, expect, it } from 'vitest'
import { type Change, type ChangedFile, type Tree, treeOf } from '../../src/decision/content.ts'
import { factsOf, lines, type ProofFacts, prove, versionsOf } from '../support/content-proof.ts'
import { gitRepository } from '../support/git-repository.ts'

const repository = gitRepository()
afterAll(repository.remove)

/** A change that is the same, whose proof needs the lines of `f`. Each case spoils one fact. */
const facts = factsOf(
  repository,
  versionsOf(repository, {
    oldBase: { f: lines(30), g: 'a\n' },
    change: { f: lines(30, { 20: 'mine' }) },
    base: { f: lines(30, { 3: 'theirs\ntheirs' }) },
    after: { f: lines(30, { 3: 'theirs\ntheirs', 20: 'mine' }) },
  }),
)

/** The facts with the row of `f` in one of the three differences changed, or left out. */
function withRow(side: keyof ProofFacts, change: (row: ChangedFile) => ChangedFile[]): ProofFacts {
  return { ...facts, [side]: { ...facts[side], files: facts[side].files?.flatMap(change) } }
}

function withTree(
  side: 'before' | 'after',
  name: 'mergeBaseTree' | 'headTree',
  change: (tree: Tree) => Tree,
): ProofFacts {
  const tree = facts[side][name]
  return tree === undefined ? facts : { ...facts, [side]: { ...facts[side], [name]: change(tree) } }
}

function without(change: Change, name: 'mergeBaseTree' | 'headTree' | 'files'): Change {
  const { [name]: _, ...rest } = change
  return rest
}

const noPatch = ({ patch: _, ...row }: ChangedFile) => [row]
const patched = (from: string, to: string) => (row: ChangedFile) => [
  { ...row, patch: row.patch?.replace(from, to) ?? '' },
]
const sizeless = (tree: Tree): Tree => ({
  ...tree,
  entries: new Map([...tree.entries].map(([path, { mode, sha }]) => [path, { mode, sha }])),
})
const sides = ['before', 'after', 'baseMove'] as const
const trees = [
  ['before', 'mergeBaseTree'],
  ['before', 'headTree'],
  ['after', 'mergeBaseTree'],
  ['after', 'headTree'],
] as const

it('proves the change with all facts at hand', () => {
  expect(prove(facts)).toEqual({ same: true })
})

describe('without a fact nothing is proved', () => {
  it.each(trees)('a truncated tree: %s, %s', (side, name) => {
    const proof = prove(withTree(side, name, (tree) => ({ ...tree, complete: false })))
    expect(proof).toMatchObject({
      same: false,
      paths: [],
      why: expect.stringMatching(/too large for GitHub to list/),
    })
  })

  it.each(trees)('a missing tree: %s, %s', (side, name) => {
    const proof = prove({ ...facts, [side]: without(facts[side], name) })
    expect(proof).toMatchObject({ same: false, paths: [], why: expect.stringMatching(/could not be read/) })
  })

  it.each(trees)('sizes missing from a tree: %s, %s', (side, name) => {
    expect(prove(withTree(side, name, sizeless))).toMatchObject({
      same: false,
      why: expect.stringMatching(/size is not known/),
    })
  })

  it.each(sides)('a missing patch: %s', (side) => {
    expect(prove(withRow(side, noPatch))).toMatchObject({
      same: false,
      paths: ['f'],
      why: expect.stringMatching(/^f is binary or too large/),
    })
  })

  it.each(sides)('a missing row: %s', (side) => {
    expect(prove(withRow(side, () => []))).toMatchObject({
      same: false,
      why: expect.stringMatching(/GitHub gives no diff for it$/),
    })
  })

  it.each(sides)('a row beyond the cut: %s', (side) => {
    const cut = withRow(side, () => [])
    const proof = prove({ ...cut, [side]: { ...cut[side], filesComplete: false, complete: false } })
    expect(proof).toMatchObject({ same: false, why: expect.stringMatching(/shows no more than 300$/) })
  })

  it('no list of files at all', () => {
    const proof = prove({ ...facts, after: without(facts.after, 'files') })
    expect(proof).toMatchObject({ same: false, paths: ['f'] })
  })

  it.each([
    ['from another commit', { from: 'f'.repeat(40) }],
    ['to another commit', { to: 'f'.repeat(40) }],
  ])('a diff of the base %s', (_, change) => {
    const proof = prove({ ...facts, baseMove: { ...facts.baseMove, ...change } })
    expect(proof).toMatchObject({ same: false, why: expect.stringMatching(/no diff between them$/) })
  })
})

describe('a patch that contradicts the other facts proves nothing', () => {
  it.each<[string, keyof ProofFacts, (row: ChangedFile) => ChangedFile[]]>([
    ['a blob that is not the one of the tree', 'after', (row) => [{ ...row, sha: 'f'.repeat(40) }]],
    ['no blob at all', 'after', (row) => [{ ...row, sha: null }]],
    ['two rows for one path', 'before', (row) => [row, row]],
    ['a row of a rename', 'after', (row) => [{ ...row, status: 'renamed', previousPath: 'g' }]],
    ['fewer lines than the row counts', 'before', (row) => [{ ...row, additions: row.additions + 1 }]],
    ['more deletions than the row counts', 'before', (row) => [{ ...row, deletions: 0 }]],
    [
      'a patch cut at the end',
      'baseMove',
      (row) => [{ ...row, patch: row.patch?.split('\n').slice(0, -1).join('\n') ?? '' }],
    ],
    ['added lines of another length than the blob', 'after', patched('+mine', '+mine and more')],
    ['a carriage return that the patch hides', 'after', patched('+mine', '+mine\r')],
    ['positions that contradict each other', 'after', patched('@@ -18', '@@ -17')],
    ['a patch that is not a patch', 'before', (row) => [{ ...row, patch: 'mine' }]],
  ])('%s', (_, side, change) => {
    expect(prove(withRow(side, change))).toMatchObject({
      same: false,
      why: expect.stringMatching(/its diff does not fit its content$/),
    })
  })
})

describe('equal root trees', () => {
  const cut = (change: Change): Change => ({
    ...change,
    ...(change.mergeBaseTree && {
      mergeBaseTree: { ...change.mergeBaseTree, complete: false, entries: new Map() },
    }),
    ...(change.headTree && { headTree: { ...change.headTree, complete: false, entries: new Map() } }),
  })

  it('prove the change where GitHub cut the trees', () => {
    const amended = { ...cut(facts.before), head: 'f'.repeat(40) }
    expect(prove({ ...facts, before: cut(facts.before), after: amended })).toEqual({ same: true })
  })

  it('at the head alone prove nothing: the base differs', () => {
    const retargeted = {
      ...cut(facts.before),
      mergeBase: 'f'.repeat(40),
      mergeBaseTree: { ...cut(facts.after).mergeBaseTree, entries: new Map(), complete: false },
    }
    expect(prove({ ...facts, before: cut(facts.before), after: retargeted })).toMatchObject({ same: false })
  })

  it('that are not known are not equal', () => {
    const unnamed = (change: Change): Change => ({
      ...change,
      headTree: { entries: new Map(), complete: false },
    })
    const proof = prove({
      ...facts,
      before: unnamed(facts.before),
      after: { ...unnamed(facts.before), head: 'f'.repeat(40) },
    })
    expect(proof).toMatchObject({ same: false })
  })
})

describe('a tree out of rows', () => {
  const row = { path: 'a', mode: '100644', sha: '1', size: 1 }

  it('drops directories, whose files are listed too', () => {
    const tree = treeOf(
      [
        { path: 'd', mode: '040000', sha: '2' },
        { ...row, path: 'd/a' },
      ],
      false,
    )
    expect([...tree.entries.keys()]).toEqual(['d/a'])
    expect(tree.complete).toBe(true)
  })

  it('is not complete when GitHub truncated it', () => {
    expect(treeOf([row], true).complete).toBe(false)
  })

  it('is not complete when two names look alike', () => {
    expect(treeOf([row, { ...row, sha: '2' }], false).complete).toBe(false)
  })
})
