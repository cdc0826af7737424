import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { type Git, openGit } from '../../../src/sandbox/github/git.ts'
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
