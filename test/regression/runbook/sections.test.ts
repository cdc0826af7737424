import { describe, expect, test } from 'vitest'
import { sectionsOf } from '../../../src/regression/runbook/sections.ts'

const emptyUnder = (below: string) => sectionsOf(`# Symptoms\n\n${below}\n\n# Next\n\ntext\n`)?.[0]?.empty
const headings = (markdown: string) => sectionsOf(markdown)?.map(({ heading }) => heading)

describe('the headings of a runbook', () => {
  test('are those of both forms, without their markup', () => {
    const markdown = '# One\n\nTwo\n===\n\nThree\n---\n\n## **Four** `code` ##\n\n### Five <!-- why -->\n'
    expect(headings(markdown)).toEqual(['One', 'Two', 'Three', 'Four code', 'Five'])
  })

  test.each([
    ['a code fence', '```sh\n# Symptoms\n```\n'],
    ['a fence of tildes with another one inside', '~~~\n```\n# Symptoms\n~~~\n'],
    ['a fence that is never closed', '```\n# Symptoms\n'],
    ['indented code', 'text\n\n    # Symptoms\n'],
    ['a comment', '<!--\n# Symptoms\n-->\n'],
    ['a quote', '> # Symptoms\n'],
    ['a list', '- # Symptoms\n'],
    ['HTML', '<h1>Symptoms</h1>\n'],
    ['front matter', '---\nSymptoms: yes\n---\n'],
    ['a hash without a space', '#Symptoms\n'],
  ])('are not in %s', (_, markdown) => {
    expect(headings(`${markdown}`)).toEqual([])
  })

  test('keep their order, and a heading that is there twice', () => {
    expect(headings('# B\n# A\r\n# B\n')).toEqual(['B', 'A', 'B'])
  })
})

describe('a section', () => {
  test.each([
    ['words', 'Retry.'],
    ['a list', '1. Retry'],
    ['a fence', '```sh\nretry\n```'],
    ['a table', '| a | b |\n|---|---|\n| 1 | 2 |'],
    ['a picture', '![graph](graph.png)'],
    ['words after a comment', '<!-- fill in -->\n\nRetry.'],
    ['words under a smaller heading', '## First\n\nRetry.'],
    ['another script', 'もう一度'],
  ])('with %s is filled', (_, below) => {
    expect(emptyUnder(below)).toBe(false)
  })

  test.each([
    ['nothing', ''],
    ['a comment', '<!-- say what to do -->'],
    ['a comment of several lines', '<!-- say\n\nwhat to do -->'],
    ['a comment in a list', '- <!-- say what to do -->'],
    ['a list without words', '1.\n2.\n- [ ]'],
    ['a line', '---'],
    ['an empty fence', '```\n\n```'],
    ['a link definition', '[a]: https://example.com'],
    ['tags alone', '<br><p></p>'],
    ['smaller headings alone', '## First\n\n## Second'],
  ])('with %s is empty', (_, below) => {
    expect(emptyUnder(below)).toBe(true)
  })

  test('ends at a heading of its own size or a larger one', () => {
    const sections = sectionsOf('## A\n\n## B\n\ntext\n\n# C\n\n### D\n\ntext\n')
    expect(sections?.map(({ heading, empty }) => `${heading} ${empty}`)).toEqual([
      'A true',
      'B false',
      'C false',
      'D false',
    ])
  })

  test('of a file that is nested too deeply is not known', () => {
    expect(sectionsOf(`# Symptoms\n\n${'- '.repeat(4_000)}x\n`)).toBeUndefined()
  })

  test('with inline Markdown that is expensive to parse is read at once', () => {
    // Parsing it does not end before the test's timeout.
    expect(emptyUnder('*a'.repeat(1_000_000))).toBe(false)
  })
})
