import { cp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Git, openGit } from '../../../src/sandbox/github/git.ts'
import { commitsBetween, mergeBase } from '../../../src/sandbox/github/git-history.ts'
import { readLoose } from '../../../src/sandbox/github/git-loose-objects.ts'
import { moveLooseRef } from '../../../src/sandbox/github/git-loose-refs.ts'
import { noCommit } from '../../../src/sandbox/github/git-reading.ts'
import { changeTree, type TreeChange, treeEntries } from '../../../src/sandbox/github/git-trees.ts'
import { initBare, moveRef, writeBlob, writeCommit } from '../../../src/sandbox/github/git-writing.ts'
import { aFolder } from '../../support/databases.ts'

/** What a sandbox reads and runs, in a bare repository of its own. */
let git: Git
let commit: string
const person = { GIT_AUTHOR_NAME: "Ana O'Neil", GIT_AUTHOR_EMAIL: 'ana@example.com' }
const committer = { GIT_COMMITTER_NAME: 'Ben', GIT_COMMITTER_EMAIL: 'ben@example.com' }

beforeAll(async () => {
  git = openGit(join(await aFolder(), "it's a shop.git"))
  await openGit('/').run(['init', '--quiet', '--bare', git.folder])
  const tree = (await git.run(['mktree'], { input: '' })).trim()
  const made = await git.run(['commit-tree', tree, '-m', 'Don\'t\n\n$HOME `x` "y"'], {
    env: { ...person, ...committer },
  })
  commit = made.trim()
  await git.run(['update-ref', 'refs/heads/feature/one', commit])
})

test('what is handed to git arrives as it is: quotes, line feeds, bytes and settings', async () => {
  const shown = await git.run(['log', '-1', '--format=%an|%cn|%B', commit])
  expect(shown.trim()).toBe('Ana O\'Neil|Ben|Don\'t\n\n$HOME `x` "y"')
  const input = Buffer.from([0, 255, 10, 39])
  const blob = (await git.run(['hash-object', '-w', '--stdin'], { input })).trim()
  expect((await git.read(blob))?.content).toEqual(input)
})

test('answers the code and both outputs of what failed, and throws where that was not expected', async () => {
  const failed = await git.attempt(['rev-parse', '--verify', 'refs/heads/none'])
  expect(failed).toMatchObject({
    code: 128,
    stdout: '',
    stderr: expect.stringMatching(/Needed a single revision/),
  })
  await expect(git.run(['rev-parse', '--verify', 'refs/heads/none'])).rejects.toThrow(/left with 128/)
})

test('more at once than there are shells do not mix their outputs', async () => {
  const words = Array.from({ length: 12 }, (_, index) => `word-${index}`)
  const said = await Promise.all(words.map((word) => git.run(['rev-parse', '--sq-quote', word])))
  expect(said.map((text) => text.trim())).toEqual(words.map((word) => `'${word}'`))
})

const names = () => [commit, 'refs/heads/feature/one^{commit}', `${commit}^{tree}`]

test('reads the same from files as from packs', async () => {
  const loose = await Promise.all(names().map(git.read))
  expect(loose.map((object) => object?.type)).toEqual(['commit', 'commit', 'tree'])
  await git.run(['pack-refs', '--all'])
  await git.run(['repack', '-a', '-d', '--quiet'])
  await rm(join(git.folder, 'objects', commit.slice(0, 2)), { recursive: true, force: true })
  expect(await Promise.all(names().map(git.read))).toEqual(loose)
  git.close()
})

test.each([
  'refs/heads/none^{commit}',
  'refs/heads/../../HEAD^{commit}',
  '0000000000000000000000000000000000000001',
  'HEAD^{commit}\nHEAD',
])('has nothing under the name %j', async (name) => {
  expect(await git.read(name)).toBeUndefined()
  git.close()
})

/** What git itself says of a history with a merge, and of folders, is what the sandbox works out without starting it. */
describe('without starting git, the same as git says', () => {
  const who = { name: 'Ana', email: 'ana@example.com', at: 0 }
  const write = (tree: string, parents: string[], message: string) =>
    writeCommit(git, { tree, parents, message, author: who, committer: who })

  test('objects have its ids, and it accepts them', async () => {
    const input = Buffer.from([0, 255, 10, 39])
    expect(await writeBlob(git, input)).toBe((await git.run(['hash-object', '--stdin'], { input })).trim())
    const tree = await changeTree(git, undefined, [])
    const sha = await write(tree, [], 'One')
    expect(await git.run(['log', '-1', '--format=%an %ae %s', sha])).toBe('Ana ana@example.com One\n')
    await expect(write(tree, [], 'x').then(() => git.run(['fsck', '--strict']))).resolves.not.toContain(
      'error',
    )
  })

  test('a name that would forge a commit is refused', async () => {
    const author = { ...who, name: 'Ana\nparent 0' }
    const tree = await changeTree(git, undefined, [])
    await expect(
      writeCommit(git, { tree, parents: [], message: 'x', author, committer: who }),
    ).rejects.toThrow(/is not a name/)
  })

  test.each<[string, TreeChange[]]>([
    [
      'files in folders, in the order of git',
      [file('a/b/c'), file('a.b'), file('a-b'), file('a/b/d'), file('a0')],
    ],
    ['a file in place of a folder', [file('d/e'), file('d')]],
    ['a removed file, and its empty folder', [file('keep'), gone('old/only')]],
    ['a removed name that is a folder', [gone('old')]],
    ['a name that was never there', [gone('none'), gone('none/below'), gone('single/below')]],
  ])('a tree with %s', async (_, changes) => {
    const blob = await writeBlob(git, 'x')
    const filled = changes.map((change) => ({ ...change, sha: change.sha === null ? null : blob }))
    const base = await changeTree(git, undefined, [
      { ...file('old/only'), sha: blob },
      { ...file('single'), sha: blob },
    ])
    const env = { GIT_INDEX_FILE: join(git.folder, 'test-index') }
    await git.run(['read-tree', base], { env })
    const lines = filled.map(({ path, mode, sha }) =>
      sha ? `${mode} ${sha}\t${path}` : `0 ${noCommit}\t${path}`,
    )
    await git.run(['update-index', '-z', '--index-info'], {
      env,
      input: lines.map((one) => `${one}\0`).join(''),
    })
    const made = await changeTree(git, base, filled)
    expect(made).toBe((await git.run(['write-tree'], { env })).trim())
    const listed = await git.run(['ls-tree', '-r', '-t', '--long', '-z', made])
    const rows = (await treeEntries(git, made, true)).map(
      ({ mode, type, sha, size = '-', path }) =>
        `${mode} ${type} ${sha} ${String(size).padStart(7)}\t${path}\0`,
    )
    expect(rows.join('')).toBe(listed)
  })

  describe('what is at a path of a commit', () => {
    let sha: string
    beforeAll(async () => {
      const blob = await writeBlob(git, 'x')
      const files = ['top', 'a/b/c', 'a/b/ü x:y'].map((path) => ({ ...file(path), sha: blob }))
      const submodule = { path: 'sub', mode: '160000', sha: commit }
      sha = await write(await changeTree(git, undefined, [...files, submodule]), [], 'One')
      await git.run(['update-ref', 'refs/heads/paths', sha])
    })

    test.each([':top', ':a', ':a/b', ':a/b/c', ':a/b/ü x:y', ':', '^{tree}'])(
      'where the name ends with %j',
      async (end) => {
        const tree = (await git.run(['rev-parse', `${sha}^{tree}`])).trim()
        for (const start of [sha, 'refs/heads/paths', tree]) {
          const name = `${start}${end}`
          const [id = '', type] = (
            await git.run(['cat-file', '--batch-check=%(objectname) %(objecttype)'], { input: name })
          )
            .trim()
            .split(' ')
          const object = readLoose(git.folder, name)
          expect(object).toMatchObject({ id, type })
          expect(await git.read(name)).toEqual(object)
        }
      },
    )

    test('and what has no file is nowhere, unless there are packs or a repository that it borrows from', async () => {
      const folder = join(await aFolder(), 'new.git')
      const missing = 'f'.repeat(40)
      await openGit('/').run(['init', '--quiet', '--bare', folder])
      expect(readLoose(folder, missing)).toBeUndefined()
      await writeFile(join(folder, 'objects/info/alternates'), `${git.folder}/objects\n`)
      expect(readLoose(folder, missing)).toBe('elsewhere')
      await rm(join(folder, 'objects/info/alternates'))
      await writeFile(join(folder, 'objects/pack/pack-1.pack'), '')
      expect(readLoose(folder, missing)).toBe('elsewhere')
    })

    test.each([':none', ':a/none/c', ':top/below', ':a/b/c/d'])('where nothing is: %j', async (end) => {
      expect(readLoose(git.folder, `${sha}${end}`)).toBeUndefined()
      expect(await git.attempt(['cat-file', '-e', `${sha}${end}`])).not.toMatchObject({ code: 0 })
    })

    test.each([':a//b', ':./top', ':a/../top', ':a/b/', ':sub', '~1:top'])(
      'and git is asked about %j, which names nothing that can be read from files alone',
      (end) => {
        expect(readLoose(git.folder, `${sha}${end}`)).toBe('elsewhere')
      },
    )
  })

  describe('a ref', () => {
    const nothing = noCommit
    let one: string
    let two: string
    let blob: string
    beforeAll(async () => {
      const tree = await changeTree(git, undefined, [])
      one = await write(tree, [], 'One')
      two = await write(tree, [one], 'Two')
      blob = await writeBlob(git, 'no commit')
    })
    /** A new repository with the objects of `git`, and `refs/heads/there` and `refs/heads/folder/there` at `one`. */
    async function aRepository(): Promise<string> {
      const folder = join(await aFolder(), 'refs.git')
      await initBare(folder, 'main')
      await cp(join(git.folder, 'objects'), join(folder, 'objects'), { recursive: true })
      for (const name of ['there', 'folder/there'])
        await openGit(folder).run(['update-ref', `refs/heads/${name}`, one])
      return folder
    }
    const refsOf = (folder: string) =>
      openGit(folder).run(['for-each-ref', '--format=%(refname) %(objectname)'])

    const moves: [string, (places: Record<'one' | 'two' | 'blob', string>) => [string, string, string?]][] = [
      ['is made', ({ one }) => ['refs/heads/new', one, nothing]],
      ['is made in folders', ({ one }) => ['refs/pull/7/head', one]],
      ['is moved', ({ one, two }) => ['refs/heads/there', two, one]],
      ['is moved from wherever it is', ({ two }) => ['refs/heads/there', two]],
      ['is deleted, and its folder with it', ({ one }) => ['refs/heads/folder/there', nothing, one]],
      ['that is there is not made', ({ two }) => ['refs/heads/there', two, nothing]],
      ['that is elsewhere stays', ({ one, two }) => ['refs/heads/there', one, two]],
      ['that is elsewhere is not deleted', ({ two }) => ['refs/heads/there', nothing, two]],
      ['that is nowhere is not moved', ({ one, two }) => ['refs/heads/none', two, one]],
    ]
    test.each(moves)('%s', async (_, move) => {
      const [ref, after, before] = move({ one, two, blob })
      const [mine, theirs] = [await aRepository(), await aRepository()]
      const moved = moveLooseRef(mine, ref, after, before)
      const words = after === nothing ? ['-d', ref] : [ref, after]
      const { code } = await openGit(theirs).attempt([
        'update-ref',
        ...words,
        ...(before === undefined ? [] : [before]),
      ])
      expect(moved).toBe(code === 0)
      expect(await refsOf(mine)).toBe(await refsOf(theirs))
      // No lock and no empty folder is left in the way of the next one.
      expect(moveLooseRef(mine, 'refs/heads/folder', one, nothing)).toBe(
        ref === 'refs/heads/folder/there' ? true : 'elsewhere',
      )
    })

    const left: [string, (places: Record<'one' | 'two' | 'blob', string>) => [string, string, string?]][] = [
      ['below a ref', ({ one }) => ['refs/heads/there/below', one]],
      ['above a ref', ({ one }) => ['refs/heads/folder', one]],
      ['to what is no commit', ({ blob }) => ['refs/heads/new', blob]],
      ['to what does not exist', () => ['refs/heads/new', 'f'.repeat(40)]],
      ['with a name that git may refuse', ({ one }) => ['refs/heads/a..b', one]],
      ['out of its folder', ({ one }) => ['refs/heads/../../config', one]],
      ['with the name of a lock', ({ one }) => ['refs/heads/a.lock', one]],
      ['that is nowhere, to nowhere', () => ['refs/heads/none', nothing]],
    ]
    test.each(left)('is left to git: %s', async (_, move) => {
      const folder = await aRepository()
      const [ref, after, before] = move({ one, two, blob })
      const refs = await refsOf(folder)
      expect(moveLooseRef(folder, ref, after, before)).toBe('elsewhere')
      expect(await refsOf(folder)).toBe(refs)
    })

    test('is left to git while refs are packed, or while another one holds its lock', async () => {
      const folder = await aRepository()
      await writeFile(join(folder, 'refs/heads/there.lock'), '')
      expect(moveLooseRef(folder, 'refs/heads/there', two, one)).toBe('elsewhere')
      await openGit(folder).run(['pack-refs', '--all'])
      expect(moveLooseRef(folder, 'refs/heads/new', two, nothing)).toBe('elsewhere')
      expect(await moveRef(openGit(folder), 'refs/heads/new', two, nothing)).toBe(true)
    })
  })

  test('a tree of what is not there is refused', async () => {
    const missing = { ...file('x'), sha: 'f'.repeat(40) }
    await expect(changeTree(git, undefined, [missing])).rejects.toThrow(/invalid object/)
  })

  test('the base of a merge, and the commits of one side in their order', async () => {
    const tree = await changeTree(git, undefined, [])
    const root = await write(tree, [], 'root')
    const [left, right] = [await write(tree, [root], 'left'), await write(tree, [root], 'right')]
    const merge = await write(tree, [left, right], 'merge')
    const after = await write(tree, [merge], 'after')
    const later = await write(tree, [after], 'later')
    const alone = await write(tree, [], 'alone')
    const all = { root, left, right, merge, after, later, alone }
    for (const [one, other] of Object.keys(all).flatMap((one) =>
      Object.keys(all).map((other) => [one, other]),
    )) {
      const [a, b] = [all[one as keyof typeof all], all[other as keyof typeof all]]
      const { stdout } = await git.attempt(['merge-base', a, b])
      expect((await mergeBase(git, a, b)) ?? '', `${one} and ${other}`).toBe(stdout.trim())
      const listed = await git.run(['rev-list', '--topo-order', '--reverse', b, `^${a}`])
      const found = (await commitsBetween(git, a, b)).map(({ sha }) => `${sha}\n`)
      expect(found.join(''), `${one} to ${other}`).toBe(listed)
    }
  })
})

function file(path: string): TreeChange {
  return { path, mode: '100644', sha: '' }
}

function gone(path: string): TreeChange {
  return { path, mode: '100644', sha: null }
}
