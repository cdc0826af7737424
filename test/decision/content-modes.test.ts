import { afterAll, describe, expect, it } from 'vitest'
import { type FileCase, factsOf, lines, prove, versionsOf } from '../support/content-proof.ts'
import { type Files, gitRepository } from '../support/git-repository.ts'

const repository = gitRepository()
afterAll(repository.remove)

const text = lines(30)
const elsewhere: Files = { 'elsewhere.txt': 'base\n' }
const mine = lines(30, { 20: 'mine' })
const theirs = lines(30, { 3: 'theirs\ntheirs' })
const both = lines(30, { 3: 'theirs\ntheirs', 20: 'mine' })
const executable = (content: string) => ({ mode: '100755', content }) as const
const link = (content: string) => ({ mode: '120000', content }) as const
const submodule = (digit: string) => ({ commit: digit.repeat(40) })

const modes: FileCase[] = [
  {
    name: 'a change of mode only is the same change',
    files: {
      oldBase: { f: text },
      change: { f: executable(text) },
      base: elsewhere,
      after: { f: executable(text) },
    },
    proof: { same: true },
  },
  {
    name: 'a smuggled executable bit on a changed file is another change',
    files: { oldBase: { f: text }, change: { f: mine }, base: elsewhere, after: { f: executable(mine) } },
    proof: { same: false, why: 'f is not what it was in the older version' },
  },
  {
    name: 'a smuggled executable bit on a file beside is another change',
    files: {
      oldBase: { f: text, g: text },
      change: { f: mine },
      base: elsewhere,
      after: { f: mine, g: executable(text) },
    },
    proof: { same: false, why: 'g was not part of the older version of the change' },
  },
  {
    name: 'a smuggled executable bit on a file that the base touched too is another change',
    files: { oldBase: { f: text }, change: { f: mine }, base: { f: theirs }, after: { f: executable(both) } },
    proof: { same: false, why: 'the file mode of f is changed here, and the base changed the file too' },
  },
  {
    name: 'a smuggled executable bit on a file that only the base touched is another change',
    files: {
      oldBase: { f: text, g: text },
      change: { g: mine },
      base: { f: theirs },
      after: { f: executable(theirs), g: mine },
    },
    proof: { same: false, why: 'f was changed by the base, and is now changed here too' },
  },
  {
    name: 'a change of mode and lines where the base touched the lines is not proved',
    files: {
      oldBase: { f: text },
      change: { f: executable(mine) },
      base: { f: theirs },
      after: { f: executable(both) },
    },
    proof: { same: false, why: 'the file mode of f is changed here, and the base changed the file too' },
  },
  {
    name: 'an approved executable bit that is gone where the base touched the lines is another change',
    files: {
      oldBase: { f: text },
      change: { f: executable(mine) },
      base: { f: theirs },
      after: { f: both },
    },
    proof: {
      same: false,
      why: 'the file mode of f is changed here, and the base changed the file too',
    },
  },
  {
    name: 'a base that changed the mode of the file, and nothing else, leaves the change the same',
    files: {
      oldBase: { f: text },
      change: { f: mine },
      base: { f: executable(text) },
      after: { f: executable(mine) },
    },
    proof: { same: true },
  },
  {
    name: 'a base that changed mode and lines of the file leaves the change the same',
    files: {
      oldBase: { f: text },
      change: { f: mine },
      base: { f: executable(theirs) },
      after: { f: executable(both) },
    },
    proof: { same: true },
  },
  {
    name: 'reverting the mode that the base set is another change',
    files: { oldBase: { f: text }, change: { f: mine }, base: { f: executable(text) }, after: { f: mine } },
    proof: { same: false, why: 'the file mode of f is changed here, and the base changed the file too' },
  },
  {
    name: 'a mode that both set is no longer part of the change',
    files: {
      oldBase: { f: text, g: 'a' },
      change: { f: executable(text), g: 'b' },
      base: { f: executable(text) },
      after: { g: 'b' },
    },
    proof: { same: false, why: 'the base made the same change to f, which is no longer part of this one' },
  },
]

const links: FileCase[] = [
  {
    name: 'a symbolic link is proved by its blob',
    files: { oldBase: { f: link('a') }, change: { f: link('b') }, base: elsewhere, after: { f: link('b') } },
    proof: { same: true },
  },
  {
    name: 'a symbolic link to another place is another change',
    files: {
      oldBase: { f: link('a') },
      change: { f: link('b') },
      base: elsewhere,
      after: { f: link('/etc/passwd') },
    },
    proof: { same: false, why: 'f is not what it was in the older version' },
  },
  {
    name: 'a file that becomes a link with the same bytes is another change',
    files: { oldBase: { f: 'a' }, change: { f: 'b' }, base: elsewhere, after: { f: link('b') } },
    proof: { same: false, why: 'f is not what it was in the older version' },
  },
  {
    name: 'a symbolic link that the base changed too is not proved',
    files: {
      oldBase: { f: link('a') },
      change: { f: link('b') },
      base: { f: link('c') },
      after: { f: link('b') },
    },
    proof: { same: false, why: 'f is a symbolic link or a submodule and was changed by the base too' },
  },
  {
    name: 'a submodule bump to the same commit is the same change',
    files: {
      oldBase: { f: submodule('1') },
      change: { f: submodule('2') },
      base: elsewhere,
      after: { f: submodule('2') },
    },
    proof: { same: true },
  },
  {
    name: 'a submodule bump to another commit is another change',
    files: {
      oldBase: { f: submodule('1') },
      change: { f: submodule('2') },
      base: elsewhere,
      after: { f: submodule('3') },
    },
    proof: { same: false, why: 'f is not what it was in the older version' },
  },
  {
    name: 'a submodule that the base bumped too is not proved',
    files: {
      oldBase: { f: submodule('1') },
      change: { f: submodule('2') },
      base: { f: submodule('3') },
      after: { f: submodule('2') },
    },
    proof: { same: false, why: 'f is a symbolic link or a submodule and was changed by the base too' },
  },
  {
    name: 'a submodule bump slipped into a change is another change',
    files: {
      oldBase: { f: submodule('1'), g: 'a\n' },
      change: { g: 'b\n' },
      base: elsewhere,
      after: { f: submodule('2'), g: 'b\n' },
    },
    proof: { same: false, why: 'f was not part of the older version of the change' },
  },
]

describe.each([
  ['modes', modes],
  ['symbolic links and submodules', links],
])('%s', (_, cases) => {
  it.each(cases)('$name', ({ files, proof }) => {
    expect(prove(factsOf(repository, versionsOf(repository, files)))).toMatchObject(proof)
  })
})
