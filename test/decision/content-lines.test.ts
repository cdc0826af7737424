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
const crlf = (content: string) => content.replaceAll('\n', '\r\n')

const ends: FileCase[] = [
  {
    name: 'lines that end in CRLF are the same change above a shift by the base',
    files: {
      oldBase: { f: crlf(text) },
      change: { f: crlf(mine) },
      base: { f: crlf(theirs) },
      after: { f: crlf(both) },
    },
    proof: { same: true },
  },
  {
    name: 'an added line that lost its carriage return is another change',
    files: {
      oldBase: { f: crlf(text) },
      change: { f: crlf(mine) },
      base: { f: crlf(theirs) },
      after: { f: crlf(both).replace('mine\r\n', 'mine\n') },
    },
    proof: {
      same: false,
      why: 'f was changed by the base too, and the lines changed here are not the same as before, or stand elsewhere',
    },
  },
  {
    name: 'a last line without line feed is the same change',
    files: {
      oldBase: { f: `${text}end` },
      change: { f: `${text}END` },
      base: { f: `${theirs}end` },
      after: { f: `${theirs}END` },
    },
    proof: { same: true },
  },
  {
    name: 'a last line that gained a line feed is another change',
    files: {
      oldBase: { f: `${text}end` },
      change: { f: `${text}END` },
      base: { f: `${theirs}end` },
      after: { f: `${theirs}END\n` },
    },
    proof: {
      same: false,
      why: 'f was changed by the base too, and the lines changed here are not the same as before, or stand elsewhere',
    },
  },
  {
    name: 'a line feed taken from the end is the same change',
    files: {
      oldBase: { f: text },
      change: { f: text.trimEnd() },
      base: { f: theirs },
      after: { f: theirs.trimEnd() },
    },
    proof: { same: true },
  },
  {
    name: 'a line feed taken from the end and given back is another change',
    files: { oldBase: { f: text }, change: { f: mine.trimEnd() }, base: { f: theirs }, after: { f: both } },
    proof: {
      same: false,
      why: 'f was changed by the base too, and the lines changed here are not the same as before, or stand elsewhere',
    },
  },
  {
    name: 'lines added at the end, below a shift by the base, are the same change',
    files: {
      oldBase: { f: text },
      change: { f: `${text}mine\n` },
      base: { f: theirs },
      after: { f: `${theirs}mine\n` },
    },
    proof: { same: true },
  },
  {
    name: 'lines that both added at the end are not proved',
    files: {
      oldBase: { f: text },
      change: { f: `${text}mine\n` },
      base: { f: `${text}theirs\n` },
      after: { f: `${text}theirs\nmine\n` },
    },
    proof: { same: false, why: 'f was changed by the base in or beside the lines that are changed here' },
  },
  {
    name: 'lines added at the start, above a change by the base, are the same change',
    files: {
      oldBase: { f: text },
      change: { f: `mine\n${text}` },
      base: { f: theirs },
      after: { f: `mine\n${theirs}` },
    },
    proof: { same: true },
  },
  {
    name: 'lines that look like headers of a patch are lines',
    files: {
      oldBase: { f: text },
      change: { f: lines(30, { 20: '-- a\n++ b\n@@ -1 +1 @@\n\\ No newline at end of file' }) },
      base: { f: theirs },
      after: {
        f: lines(30, { 3: 'theirs\ntheirs', 20: '-- a\n++ b\n@@ -1 +1 @@\n\\ No newline at end of file' }),
      },
    },
    proof: { same: true },
  },
  {
    name: 'added text outside of ASCII in a file that the base touched is not proved',
    files: {
      oldBase: { f: text },
      change: { f: lines(30, { 20: 'naïve' }) },
      base: { f: theirs },
      after: { f: lines(30, { 3: 'theirs\ntheirs', 20: 'naïve' }) },
    },
    proof: {
      same: false,
      why: 'f was changed by the base too, and the added lines hold characters outside of ASCII, which a diff does not show exactly',
    },
  },
  {
    name: 'added text outside of ASCII in a file that the base left alone is proved by its blob',
    files: { oldBase: { f: text }, change: { f: 'naïve\n' }, base: elsewhere, after: { f: 'naïve\n' } },
    proof: { same: true },
  },
  {
    name: 'text outside of ASCII around the added lines is not an obstacle',
    files: {
      oldBase: { f: `naïve\n${text}` },
      change: { f: `naïve\n${mine}` },
      base: { f: `naïve\n${theirs}` },
      after: { f: `naïve\n${both}` },
    },
    proof: { same: true },
  },
]

/** A row of equal lines: git may draw a line added to it at any place, and which block a line ends up in depends on the drawing. */
const row = (count: number) => '}\n'.repeat(count)
const code = (inside: string) => `${text}${inside}${text}`
const elsewhereInFile = text.replace('line 3\n', 'base\nbase\n')

const drawings: FileCase[] = [
  {
    name: 'a line put into a row of equal lines that the base made longer is not proved',
    files: {
      oldBase: { f: code(row(4)) },
      change: { f: code(`${row(2)}run\n${row(2)}`) },
      base: { f: code(row(5)) },
      after: { f: code(`${row(2)}run\n${row(3)}`) },
    },
    proof: {
      same: false,
      why: 'f was changed by the base in or beside the lines that are changed here',
    },
  },
  {
    name: 'a line put into a row of equal lines, above which the base changed the file, is the same change',
    files: {
      oldBase: { f: code(row(4)) },
      change: { f: code(`${row(2)}run\n${row(2)}`) },
      base: { f: `${elsewhereInFile}${row(4)}${text}` },
      after: { f: `${elsewhereInFile}${row(2)}run\n${row(2)}${text}` },
    },
    proof: { same: true },
  },
  {
    name: 'a line put one place further in a row of equal lines is another change',
    files: {
      oldBase: { f: code(row(4)) },
      change: { f: code(`${row(2)}run\n${row(2)}`) },
      base: { f: `${elsewhereInFile}${row(4)}${text}` },
      after: { f: `${elsewhereInFile}${row(3)}run\n${row(1)}${text}` },
    },
    proof: {
      same: false,
      why: 'f was changed by the base too, and the lines changed here are not the same as before, or stand elsewhere',
    },
  },
]

describe.each([
  ['changes that can be drawn in several ways', drawings],
  ['ends of lines and files', ends],
])('%s', (_, cases) => {
  it.each(cases)('$name', ({ files, proof }) => {
    expect(prove(factsOf(repository, versionsOf(repository, files)))).toMatchObject(proof)
  })
})
