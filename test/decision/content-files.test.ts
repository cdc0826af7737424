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
const picture = (...bytes: number[]) => Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0, ...bytes])
const many = (count: number, content: string): Files =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`many/${index}.txt`, `${content} ${index}\n`]),
  )

const binaries: FileCase[] = [
  {
    name: 'a binary file that the base did not touch is proved by its blob',
    files: {
      oldBase: { f: picture(1) },
      change: { f: picture(2) },
      base: elsewhere,
      after: { f: picture(2) },
    },
    proof: { same: true },
  },
  {
    name: 'a binary file with other content is another change',
    files: {
      oldBase: { f: picture(1) },
      change: { f: picture(2) },
      base: elsewhere,
      after: { f: picture(3) },
    },
    proof: { same: false, why: 'f is not what it was in the older version' },
  },
  {
    name: 'a binary file that the base changed too is not proved',
    files: {
      oldBase: { f: picture(1) },
      change: { f: picture(2) },
      base: { f: picture(3) },
      after: { f: picture(2) },
    },
    proof: { same: false, why: 'f is binary or too large for a diff, and was changed by the base too' },
  },
  {
    name: 'a binary file that only the base changed is not part of the change',
    files: {
      oldBase: { f: picture(1), g: 'a\n' },
      change: { g: 'b\n' },
      base: { f: picture(3) },
      after: { g: 'b\n' },
    },
    proof: { same: true },
  },
  {
    name: 'a file kept from diffs by attributes is proved by its blob',
    files: {
      oldBase: { '.gitattributes': 'f -diff\n', f: text },
      change: { f: mine },
      base: elsewhere,
      after: { f: mine },
    },
    proof: { same: true },
  },
  {
    name: 'a text of which the change makes a binary, and the base another text, is not proved',
    files: { oldBase: { f: text }, change: { f: picture(1) }, base: { f: theirs }, after: { f: picture(1) } },
    proof: { same: false, why: 'f is binary or too large for a diff, and was changed by the base too' },
  },
]

const renames: FileCase[] = [
  {
    name: 'a plain rename is the same change',
    files: {
      oldBase: { f: text },
      change: { f: null, g: text },
      base: elsewhere,
      after: { f: null, g: text },
    },
    proof: { same: true },
  },
  {
    name: 'a rename with an edit is the same change',
    files: {
      oldBase: { f: text },
      change: { f: null, g: mine },
      base: elsewhere,
      after: { f: null, g: mine },
    },
    proof: { same: true },
  },
  {
    name: 'a rename with another edit is another change',
    files: {
      oldBase: { f: text },
      change: { f: null, g: mine },
      base: elsewhere,
      after: { f: null, g: lines(30, { 20: 'MINE' }) },
    },
    proof: { same: false, why: 'g is not what it was in the older version' },
  },
  {
    name: 'a rename to another name is another change',
    files: {
      oldBase: { f: text },
      change: { f: null, g: text },
      base: elsewhere,
      after: { f: null, h: text },
    },
    proof: { same: false, why: 'g is no longer part of the change; and 1 more file' },
  },
  {
    name: 'a rename that leaves the source in place is another change',
    files: { oldBase: { f: text }, change: { f: null, g: text }, base: elsewhere, after: { g: text } },
    proof: { same: false, why: 'f is no longer part of the change' },
  },
  {
    name: 'a rename whose source the base touched is not proved',
    files: {
      oldBase: { f: text },
      change: { f: null, g: mine },
      base: { f: theirs },
      after: { f: null, g: both },
    },
    proof: {
      same: false,
      why: 'f was added, deleted or renamed by one of the change and the base, and touched by the other; and 1 more file',
    },
  },
  {
    name: 'an edit of a file that the base renamed is not proved',
    files: { oldBase: { f: text }, change: { f: mine }, base: { f: null, g: text }, after: { g: mine } },
    proof: { same: false, why: 'f was changed by the base, and is no longer changed here; and 1 more file' },
  },
  {
    name: 'an edit beside a rename by the base is the same change',
    files: {
      oldBase: { f: text, k: 'a\n' },
      change: { k: 'b\n' },
      base: { f: null, g: text },
      after: { k: 'b\n' },
    },
    proof: { same: true },
  },
]

const deletions: FileCase[] = [
  {
    name: 'a deleted file is the same change',
    files: { oldBase: { f: text, g: 'a' }, change: { f: null }, base: elsewhere, after: { f: null } },
    proof: { same: true },
  },
  {
    name: 'a deleted file that comes back emptied is another change',
    files: { oldBase: { f: text, g: 'a' }, change: { f: null }, base: elsewhere, after: { f: '' } },
    proof: { same: false, why: 'f is not what it was in the older version' },
  },
  {
    name: 'a file emptied is the same change',
    files: { oldBase: { f: text }, change: { f: '' }, base: elsewhere, after: { f: '' } },
    proof: { same: true },
  },
  {
    name: 'a file emptied that the base changed is not proved',
    files: { oldBase: { f: text }, change: { f: '' }, base: { f: theirs }, after: { f: '' } },
    proof: { same: false, why: 'f was changed by the base in or beside the lines that are changed here' },
  },
  {
    name: 'an empty file added is the same change',
    files: { oldBase: { g: 'a' }, change: { f: '' }, base: elsewhere, after: { f: '' } },
    proof: { same: true },
  },
  {
    name: 'a file that both deleted is no longer part of the change',
    files: {
      oldBase: { f: text, g: 'a' },
      change: { f: null, g: 'b' },
      base: { f: null },
      after: { g: 'b' },
    },
    proof: { same: false, why: 'the base made the same change to f, which is no longer part of this one' },
  },
  {
    name: 'a deletion of a file that the base changed is not proved',
    files: { oldBase: { f: text, g: 'a' }, change: { f: null }, base: { f: theirs }, after: { f: null } },
    proof: {
      same: false,
      why: 'f was added, deleted or renamed by one of the change and the base, and touched by the other',
    },
  },
  {
    name: 'a file that both added is not proved',
    files: { oldBase: { g: 'a' }, change: { f: 'mine\n' }, base: { f: 'theirs\n' }, after: { f: 'mine\n' } },
    proof: {
      same: false,
      why: 'f was added, deleted or renamed by one of the change and the base, and touched by the other',
    },
  },
  {
    name: 'a file named like a property of every object is a file',
    files: {
      oldBase: { g: 'a' },
      change: { g: 'b' },
      base: elsewhere,
      after: { g: 'b', ['__proto__']: 'x', constructor: 'x' },
    },
    proof: { same: false, why: '__proto__ was not part of the older version of the change; and 1 more file' },
  },
]

const numbers: FileCase[] = [
  {
    name: 'more than 300 files are proved by their blobs where no diff is needed',
    files: { oldBase: { f: text }, change: many(301, 'mine'), base: { f: theirs }, after: many(301, 'mine') },
    proof: { same: true },
  },
  {
    name: 'one file of more than 300 that differs is another change',
    files: {
      oldBase: { f: text },
      change: many(301, 'mine'),
      base: { f: theirs },
      after: { ...many(301, 'mine'), 'many/300.txt': 'smuggled\n' },
    },
    proof: { same: false, why: 'many/300.txt is not what it was in the older version' },
  },
  {
    name: 'more than 300 files with a needed diff beyond the cut are not proved',
    files: {
      oldBase: { z: text },
      change: { ...many(301, 'mine'), z: mine },
      base: { z: theirs },
      after: { ...many(301, 'mine'), z: both },
    },
    proof: {
      same: false,
      why: "z was changed by the base too, and 300 files or more changed: GitHub's compare shows no more than 300",
    },
  },
  {
    name: 'more than 300 files with the needed diff before the cut are proved',
    files: {
      oldBase: { a: text },
      change: { ...many(301, 'mine'), a: mine },
      base: { a: theirs },
      after: { ...many(301, 'mine'), a: both },
    },
    proof: { same: true },
  },
]

describe.each([
  ['binary files', binaries],
  ['renames', renames],
  ['deletions and additions', deletions],
  ['many files', numbers],
])('%s', (_, cases) => {
  it.each(cases)('$name', ({ files, proof }) => {
    expect(prove(factsOf(repository, versionsOf(repository, files)))).toMatchObject(proof)
  })
})
