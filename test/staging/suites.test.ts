import { RE2JS } from 're2js'
import { expect, test, vi } from 'vitest'
import { findSuites, keptSuite, keptText, readSuites } from '../../src/staging/suites.ts'

const suite = (name: string, more = '') => `version: 1\n${more}cases:\n  - { name: ${name}, tool: read }\n`

/** Finds suites among the files of a head, and gives the names of their cases, or what is wrong. */
async function found(places: string | string[], files: Record<string, string>, more: object = {}) {
  const listed: string[] = []
  const texts = await findSuites(places, {
    side: 'head',
    read: async (path) => files[path],
    list: async () => {
      listed.push('all')
      return Object.keys(files)
    },
    ...more,
  })
  const suites = 'wrong' in texts ? texts : { ...texts, ...readSuites(texts.texts) }
  const cases = 'wrong' in suites ? suites.wrong : suites.suite.cases.map(({ name }) => name)
  return { suites, cases, listed }
}

const files = {
  'mcp/b.yml': suite('b'),
  'mcp/a.yaml': suite('a', 'reads: [read]\n'),
  'mcp/notes.md': '# Notes',
  'mcp/deep/c.yml': suite('c'),
  'shop/suite.yml': suite('d'),
}

test.each([
  ['a folder, without those below it', ['mcp'], ['a', 'b']],
  ['a glob', ['mcp/**'], ['a', 'b', 'c']],
  [
    'files and globs in the order of the list, each once',
    ['shop/suite.yml', 'mcp/b.yml', '*/*.yml'],
    ['d', 'b'],
  ],
  ['one file', 'mcp/deep/c.yml', ['c']],
])('the suites of %s are read as one', async (_name, places, cases) => {
  expect((await found(places, files)).cases).toEqual(cases)
})

test('one file alone is found without a list of all files', async () => {
  expect((await found('mcp/b.yml', files)).listed).toEqual([])
})

test.each([
  ['is missing', ['mcp', 'gone'], files, 'the head has no suite at gone/*'],
  ['is missing by its name', 'gone.yml', files, 'the head has no suite at gone.yml'],
  ['is no suite', ['mcp'], { ...files, 'mcp/z.yml': 'version: 2' }, 'mcp/z.yml:1:10: '],
  [
    'is larger than 32 kB',
    ['mcp'],
    { ...files, 'mcp/z.yml': `# ${'x'.repeat(32 * 1024)}` },
    'mcp/z.yml:1:1: the file has 32770 byt',
  ],
  ['repeats a case', ['mcp', 'other.yml'], { ...files, 'other.yml': suite('a') }, 'is also in mcp/a.yaml'],
])('where one of them %s, none is read', async (_name, places, all, wrong) => {
  expect((await found(places, all)).cases).toEqual(expect.stringContaining(wrong))
})

test('where GitHub does not list all files, none is read', async () => {
  expect((await found(['mcp'], files, { list: async () => undefined })).cases).toContain(
    'GitHub does not list all files of the head',
  )
})

test('more than 50 files are refused', async () => {
  const many = Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`many/${n}.yml`, suite(`n${n}`)]))
  expect((await found(['many'], many)).cases).toContain('51 files match many; at most 50')
})

test.each([['mcp/b.yml'], [['mcp', 'shop/suite.yml']]])(
  'what a run of %j keeps is read back as it was',
  async (places) => {
    const { suites } = await found(places, files)
    if ('wrong' in suites) throw new Error(suites.wrong)
    expect(await keptSuite(keptText(suites.texts), 'mcp/b.yml')).toEqual(suites.suite)
  },
)

test.each([['version: 9'], [suite('a, expect: { text: { matches: 1 } }')]])(
  'what this version cannot read of a run is nothing: %j',
  async (text) => {
    expect(await keptSuite(text, 'suite.yml')).toBeUndefined()
  },
)

test('what a run keeps is read without compiling its expressions again, each of which can take half a second', async () => {
  const text = suite(`a, expect: { text: { matches: "(${'a?'.repeat(240)}){1000}" } }`)
  using compile = vi.spyOn(RE2JS, 'compile')
  expect((await keptSuite(text, 'suite.yml'))?.cases).toHaveLength(1)
  expect(compile).not.toHaveBeenCalled()
})

test('an expression is checked again for the next suite, also after one that could not be read', async () => {
  await keptSuite('version: 9', 'suite.yml')
  const bad = suite('a, expect: { text: { matches: "(" } }')
  expect(readSuites([{ file: 'suite.yml', text: bad }])).toEqual({
    wrong: expect.stringContaining('is not a regular expression'),
  })
})

test('between the files that a run keeps, other work has its turn', async () => {
  const texts = Array.from({ length: 50 }, (_, n) => ({ file: `${n}.yml`, text: suite(`n${n}`) }))
  let turns = 0
  let isDone = false
  const other = () => {
    turns += 1
    if (!isDone) setImmediate(other)
  }
  setImmediate(other)
  const kept = await keptSuite(keptText(texts), 'suite.yml')
  isDone = true
  expect(kept?.cases).toHaveLength(50)
  expect(turns).toBeGreaterThanOrEqual(49)
})

test('of a side that is only compared with, what there is counts', async () => {
  expect((await found(['mcp', 'gone'], files, { partly: true })).cases).toEqual(['a', 'b'])
  expect((await found(['gone'], files, { partly: true })).suites).toHaveProperty('wrong')
})
