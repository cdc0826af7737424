import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  beginningOf,
  code,
  lineWithCode,
  list,
  oneLine,
  plural,
  sentence,
  short,
  terminalLines,
} from '../../src/decision/markdown.ts'
import { aliveIn, codeIn, rowsIn } from '../support/rendered.ts'

/** Text that people wrote is shown and never comes to life, as a renderer of GitHub's Markdown sees it. */

const hostile: [string, string][] = [
  ['a mention', '@acme/all'],
  ['a link', '[text](https://evil.example)'],
  ['a bare link', 'www.evil.example and https://evil.example and a@evil.example'],
  ['an angle link', '<https://evil.example>'],
  ['an image', '![pixel](https://evil.example/p.png)'],
  ['HTML', '<img src=x onerror=alert(1)> <!-- comment --> </td></table>'],
  ['an entity', '&lt;b&gt; &#64;acme'],
  ['emphasis', '**bold** __bold__ ~~gone~~'],
  ['a reference', '#12 acme/shop#12 GH-12'],
  ['pipes', 'a | b || c'],
  ['escaped pipes', 'a \\| b \\\\| c \\\\\\|'],
  ['a backslash at the end', 'C:\\'],
  ['one backtick', 'a ` b'],
  ['backticks at both ends', '`a`'],
  ['runs of backticks', '``` `` ` ````'],
  ['backticks and pipes', '` | ` <b> | `` \\` |'],
  ['a fence', '```\n<b>\n```'],
  ['lines', 'one\n\n# two\r\n- three\n| a |\n|---|\u2028<b>\u2029<b>'],
  ['a quote that ends in a tag', '"><script>alert(1)</script>'],
  ['nothing', ''],
  ['spaces', '   '],
]

describe('code', () => {
  for (const [name, text] of hostile) {
    it(`keeps ${name} dead, alone, in a list, in a table and beside other code`, () => {
      const span = code(text)
      for (const around of [span, `- ${span}`, `${span}, ${span} and ${span}`, `(${span}). ${code('x')}`])
        expect(aliveIn(around)).toEqual([])
      expect(codeIn(span)).toHaveLength(1)
      const table = `| a | b |\n|---|---|\n| ${span} | ${span} |\n| x | y |`
      expect(aliveIn(table)).toEqual([])
      expect(rowsIn(table)).toHaveLength(2)
      expect(rowsIn(table)[1]).toEqual(['x', 'y'])
    })
  }

  it('would not pass this test if it only put backticks around', () => {
    const naive = (text: string) => `\`${text}\``
    const alive = hostile.filter(([, text]) => aliveIn(`- ${naive(text)} ${naive(text)}`).length > 0)
    expect(alive.length).toBeGreaterThan(2)
    for (const raw of ['@acme', '[a](b)', '![a](b)', '<b>', 'www.evil.example', '# a\n> b'])
      expect(aliveIn(`x ${raw}`)).not.toEqual([])
  })

  it('keeps any text dead', () => {
    const piece = fc.constantFrom(
      '`',
      '``',
      '|',
      '\\',
      '@acme',
      '<b>',
      '[a](b)',
      '![a](b)',
      ' ',
      '\n',
      '*',
      'x',
      '&lt;',
    )
    const text = fc.array(fc.oneof(piece, fc.string({ unit: 'binary', maxLength: 3 })), { maxLength: 12 })
    fc.assert(
      fc.property(text, text, (one, other) => {
        const [a, b] = [code(one.join('')), code(other.join(''))]
        expect(aliveIn(`- ${a} and ${b}`)).toEqual([])
        const table = `| a | b |\n|---|---|\n| ${a} | ${b} |`
        expect(aliveIn(table)).toEqual([])
        expect(rowsIn(table)).toHaveLength(1)
      }),
      { numRuns: 2_000 },
    )
  })

  it('never lets two backslashes stand before a pipe: some renderers end the cell there', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('\\', '|', 'a', ' ')), (parts) => {
        const span = code(parts.join(''))
        expect(span).not.toMatch(/\\\\\|/)
        expect(span).not.toMatch(/(^|[^\\])\|/)
      }),
    )
  })

  it.each([
    ['a plain word', 'main', '`main`'],
    ['a pipe', 'a|b', '`a\\|b`'],
    ['a backtick within', 'a`b', '``a`b``'],
    ['a backtick at an end', '`a', '`` `a ``'],
  ])('writes %s as %s', (_name, text, span) => expect(code(text)).toBe(span))
})

describe('oneLine', () => {
  it.each([
    ['direction marks', 'a\u202egnp.exe\u202c \u2066b\u2069 \u200fc', 'a gnp.exe b c'],
    ['zero-width characters', 'ad\u200bmin \u2060\ufeffx\u00ady', 'ad min x y'],
    ['fillers that are letters to Unicode', 'a\u3164b\u115f\u1160c\uffa0d\u2800e\u034f', 'a b c d e'],
    ['tag characters', 'a\u{e0041}\u{e007f}b', 'a b'],
    ['controls and line ends of every kind', 'a\u0000b\u001b[31mc\r\nd\u2028e\u0085f', 'a b [31mc d e f'],
    ['halves of surrogate pairs', 'a\ud83db\ude00c', 'a b c'],
    ['spaces of other scripts', 'a\u00a0\u3000 b', 'a b'],
  ])('drops %s', (_name, text, shown) => expect(oneLine(text)).toBe(shown))

  it('keeps the letters of every script', () => {
    for (const text of ['Zoë', 'Ελλάδα', '日本語', 'עברית', 'हिन्दी', '👩🏽']) expect(oneLine(text)).toBe(text)
  })

  it('cuts by code point, never through one', () => {
    expect(oneLine('😀'.repeat(200), 10)).toBe(`${'😀'.repeat(9)}…`)
    expect(oneLine('a'.repeat(10), 10)).toBe('a'.repeat(10))
    expect(oneLine('a'.repeat(11), 10)).toBe(`${'a'.repeat(9)}…`)
    expect(Array.from(oneLine('a'.repeat(500)))).toHaveLength(120)
  })

  it('always gives one line of well-formed text within the limit', () => {
    const text = fc.string({ unit: 'binary', maxLength: 200 })
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 50 }), (written, limit) => {
        const shown = oneLine(written, limit)
        expect(shown.isWellFormed()).toBe(true)
        expect(Array.from(shown).length).toBeLessThanOrEqual(limit)
        expect(shown).not.toMatch(/[\r\n\u2028\u2029]/)
      }),
    )
  })
})

describe('sentence', () => {
  it.each([
    ['plain words', 'the trees were cut', '', 'the trees were cut'],
    ['the name of a file', 'src/a_b.ts changed since', 'src/a_b.ts', '`src/a_b.ts` changed since'],
    ['a name within', 'the mode of a.ts is changed here', 'a.ts', 'the mode of `a.ts` is changed here'],
    ['a name that occurs in the words', 'in changed in it', 'in', '`in` changed `in` it'],
    ['another part that is alive', 'cut by @acme now', 'x', '`cut by @acme now`'],
  ])('writes %s', (_name, text, name, shown) => expect(sentence(text, name)).toBe(shown))

  for (const [name, text] of hostile) {
    it(`keeps a file that is called ${name} dead`, () => {
      for (const why of [
        `${text} changed since`,
        `the mode of ${text} is changed`,
        `${text}${text}`,
        `<b>${text}<b>`,
      ])
        for (const known of [text, undefined, 'x']) expect(aliveIn(`- ${sentence(why, known)}`)).toEqual([])
    })
  }

  it('keeps any file dead', () => {
    const piece = fc.constantFrom(
      '`',
      '|',
      '\\',
      '@acme',
      '<b>',
      '[a](b)',
      ' ',
      'x',
      '_',
      '*',
      'www.',
      'evil.example',
    )
    const text = fc.array(piece, { maxLength: 8 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(text, text, (path, rest) => {
        expect(aliveIn(`- so: ${sentence(`${path} changed ${rest}`, path)}`)).toEqual([])
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('words', () => {
  it.each([
    [[], ''],
    [['a'], 'a'],
    [['a', 'b'], 'a and b'],
    [['a', 'b', 'c'], 'a, b and c'],
  ])('list %j as "%s"', (items, shown) => expect(list(items)).toBe(shown))
  it('lists with another last word', () => expect(list(['a', 'b'], 'or')).toBe('a or b'))
  it('counts', () => {
    expect(plural(1, 'commit')).toBe('1 commit')
    expect(plural(0, 'commit')).toBe('0 commits')
    expect(plural(2, 'person', 'people')).toBe('2 people')
  })
  it('shortens a commit', () => expect(short('0123456789abcdef')).toBe('`0123456`'))
})

describe('a line in which some parts are code already', () => {
  it.each([
    [
      'plain words',
      'Release window: Opens Wed, Dec 2, 10:00 AM PST',
      'Release window: Opens Wed, Dec 2, 10:00 AM PST',
    ],
    ['words in quotation marks', 'The check said "Ready to merge".', 'The check said "Ready to merge".'],
    ['code, as it is', '`ann` requested changes on Nov 25.', '`ann` requested changes on Nov 25.'],
    ['code of several backticks', 'The label ``a`b`` had been added.', 'The label ``a`b`` had been added.'],
    ['what would come to life', 'Frozen: ask @acme/all', '`Frozen: ask @acme/all`'],
    ['the beginning of a comment, which would hide the rest', 'Frozen: <!-- x', '`Frozen: <!-- x`'],
    ['what would come to life beside code', '`ann` saw <b>', '`ann` `saw <b>`'],
    ['a reference', 'see GH-12', '`see GH-12`'],
    ['an emoji by its name', 'Frozen :x: now', '`Frozen :x: now`'],
    ['a list within', '- x', '`- x`'],
    ['a number of a list', '1. x', '`1. x`'],
    ['several lines', 'one\n\n# two', '`one # two`'],
  ])('shows %s', (_name, text, shown) => expect(lineWithCode(text)).toBe(shown))

  for (const [name, text] of hostile) {
    it(`keeps ${name} dead, alone and beside code`, () => {
      for (const line of [text, `Frozen: ${text}`, `${code('a')} ${text}`, `${text}${code(text)}${text}`])
        expect(aliveIn(`- ${lineWithCode(line)}\n- x`)).toEqual([])
    })
  }

  it('keeps any text dead, and on its line', () => {
    const piece = fc.constantFrom(
      '`',
      '``',
      '|',
      '\\',
      '@acme',
      '<b>',
      '<!--',
      '[a](b)',
      '![a](b)',
      ' ',
      '\n',
      '*',
      '_',
      'x',
      '#1',
    )
    const text = fc.array(piece, { maxLength: 12 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(text, text, (one, other) => {
        const list = `- ${lineWithCode(`The ${one} ${code(other)} is ${one}`)}\n- ${lineWithCode(other)}\n- end`
        expect(aliveIn(list)).toEqual([])
        expect(list.split('\n')).toHaveLength(3)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('the beginning of a text', () => {
  it.each([
    ['a text that fits', 'abc', 3, 'abc'],
    ['a longer one', 'abcd', 3, 'abc'],
    ['a character that does not fit', 'ab😀', 3, 'ab'],
    ['a character that fits', 'a😀b', 3, 'a😀'],
    ['half a character at its end', 'ab\ud83d', 9, 'ab'],
  ])('of %s', (_name, text, limit, shown) => expect(beginningOf(text, limit)).toBe(shown))
})

describe('lines for a terminal', () => {
  it.each([
    ['line breaks stay', 'one\ntwo\n\n  three', 'one\ntwo\n\n  three'],
    ['colors and movements go', 'a\u001b[31mb\rc\u009b2Jd', 'a [31mb c 2Jd'],
    ['what turns letters goes', 'a\u202egnp.exe', 'a gnp.exe'],
    ['what has no width goes', 'ad\u200bmin', 'ad min'],
  ])('%s', (_name, text, shown) => expect(terminalLines(text)).toBe(shown))
})
