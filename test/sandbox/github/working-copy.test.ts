import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildHouse, type House } from './house.ts'

/** What git itself says of a clone and of the repository that was pushed to. */
let house: House
let bare: string
beforeAll(async () => {
  house = await buildHouse({ 'README.md': '# Shop\n', 'src/a.ts': 'a\n' })
  bare = await (await clone('ada')).git('remote', 'get-url', 'origin')
})
afterAll(() => house.github.close())

const clone = (login: string) => house.github.workingCopy('acme/shop', login)

test('a clone holds the same branches, tags, settings and files as one that git makes', async () => {
  await house.github.push('acme/shop', 'wim', { branch: 'topic', from: 'main', message: 'Topic' })
  const copy = await clone('wim')
  await copy.git('--git-dir', bare, 'tag', 'v1', 'main')
  await copy.git('--git-dir', bare, 'pack-refs', '--all')
  await house.github.push('acme/shop', 'wim', { branch: 'later', from: 'main', message: 'Later' })
  const [ours, gits] = [(await clone('wim')).folder, `${copy.folder}-by-git`]
  await copy.git('clone', '--quiet', bare, gits)
  const questions = [
    ['for-each-ref', '--format=%(refname) %(objectname) %(symref) %(upstream)'],
    ['config', '--local', '--list'],
    ['ls-files', '--stage'],
    ['status', '--branch', '--porcelain'],
    ['fsck', '--strict'],
  ]
  for (const words of questions)
    expect(await copy.git('-C', ours, ...words)).toBe(await copy.git('-C', gits, ...words))
  expect(await copy.git('-C', ours, 'for-each-ref')).toMatch(
    /origin\/later[\s\S]*origin\/topic[\s\S]*tags\/v1/,
  )
})

test('a push brings all that its commits need, and nothing that was not pushed', async () => {
  const copy = await clone('wim')
  await copy.branch('deep')
  await copy.write({ 'one/two/three.txt': '3\n' })
  await copy.commit('First')
  await copy.write({ 'one/two/four.txt': '4\n' })
  const second = await copy.commit('Second')
  await copy.branch('secret', 'deep')
  await copy.write({ 'secret.txt': 'Nobody pushes this.\n' })
  const secret = await copy.commit('Secret')
  expect(await copy.head('deep')).toBe(second)
  expect(await copy.push({ ref: 'deep' })).toBe(second)
  const inBare = (...args: string[]) => copy.git('--git-dir', bare, ...args)
  expect(await inBare('ls-tree', '-r', '--name-only', 'deep')).toContain('one/two/three.txt')
  expect(await inBare('fsck', '--full', '--strict')).toBe('')
  await expect(inBare('cat-file', '-e', secret)).rejects.toThrow()
  expect(await copy.git('rev-parse', 'origin/deep')).toBe(second)
})

test('a push over a commit that it does not contain is refused and leaves nothing behind, unless it is forced', async () => {
  const copy = await clone('wim')
  await copy.branch('raced')
  await copy.write({ 'r.txt': '1\n' })
  await copy.commit('Mine')
  const first = await copy.push()
  await copy.write({ 'r.txt': '2\n' })
  const amended = await copy.commit('Mine, again', { amend: true })
  await expect(copy.push()).rejects.toThrow(/non-fast-forward/)
  const inBare = (...args: string[]) => copy.git('--git-dir', bare, ...args)
  expect(await inBare('rev-parse', 'raced')).toBe(first)
  await expect(inBare('cat-file', '-e', amended)).rejects.toThrow()
  expect(await copy.push({ force: true })).toBe(amended)
  expect(await inBare('rev-parse', 'raced')).toBe(amended)
  await copy.push({ ref: 'raced', remove: true })
  await expect(inBare('rev-parse', '--verify', '--quiet', 'raced')).rejects.toThrow()
})
