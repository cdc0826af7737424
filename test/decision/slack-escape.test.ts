import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { slackLines, slackLink, slackText } from '../../src/decision/slack-escape.ts'

describe('text that people wrote, for Slack', () => {
  it.each([
    ['plain words stay as they are', 'Cap rewards at 100', 'Cap rewards at 100'],
    ['an ampersand', 'salt & pepper', 'salt &amp; pepper'],
    ['an entity that was typed shows as it was typed', '&lt;!channel&gt;', '&amp;lt;!channel&amp;gt;'],
    ['a forged call of the channel shows as text', '<!channel> look', '&lt;!channel&gt; look'],
    ['a forged call of everybody here', '<!here>', '&lt;!here&gt;'],
    ['a forged mention', '<@U012AB3CD>', '&lt;@U012AB3CD&gt;'],
    ['a forged group', '<!subteam^SAZ94GDB8>', '&lt;!subteam^SAZ94GDB8&gt;'],
    ['a forged date', '<!date^0^{date}|x>', '&lt;!date^0^{date}|x&gt;'],
    [
      'a forged link shows as text',
      '<https://evil.example|approved>',
      '&lt;https://evil.example|approved&gt;',
    ],
    [
      'half a link cannot be completed by what follows',
      'a <https://evil.example|',
      'a &lt;https://evil.example|',
    ],
    ['a direction mark is stripped', 'safe\u202Etxt.exe', 'safe txt.exe'],
    ['isolates and marks without width are stripped', '\u2066a\u2069\u200Bb\uFEFF', 'a b'],
    [
      'line breaks become spaces: no second line is forged',
      'one\r\n• Approved by: all',
      'one • Approved by: all',
    ],
    ['controls are stripped', 'a\u0000\u001b[31mb', 'a [31mb'],
    ['half a surrogate pair is stripped', 'a\ud83d', 'a'],
    ['nothing', '', ''],
  ])('%s', (_, text, shown) => {
    expect(slackText(text)).toBe(shown)
  })

  it('is cut by code point, and before it is escaped, so that neither is halved', () => {
    expect(slackText('🚀🚀🚀🚀', 3)).toBe('🚀🚀…')
    expect(slackText('&&&&', 3)).toBe('&amp;&amp;…')
  })

  it('whatever is typed, no character with a meaning of its own is left', () => {
    const typed = fc.string({
      unit: fc.constantFrom('<', '>', '&', '!', '|', '@', '#', 'a', ' ', '\n', '\u202E', '🚀', 'amp;', 'lt;'),
      maxLength: 60,
    })
    fc.assert(
      fc.property(typed, (text) => {
        const shown = slackText(text)
        expect(shown).not.toMatch(/[<>\n\u202E]|&(?!amp;|lt;|gt;)/u)
      }),
    )
  })
})

describe('a link', () => {
  it.each([
    ['is an address and a text', 'https://a.example/1', 'One', '<https://a.example/1|One>'],
    [
      'escapes what separates its query',
      'https://a.example/?a=1&b=2',
      'x',
      '<https://a.example/?a=1&amp;b=2|x>',
    ],
    [
      'encodes what would end its address',
      'https://a.example/a|b>c<d',
      'x',
      '<https://a.example/a%7Cb%3Ec%3Cd|x>',
    ],
    ['escapes its text', 'https://a.example/', '<!channel>', '<https://a.example/|&lt;!channel&gt;>'],
    ['keeps its text alone where the address is none', 'not an address', 'One', 'One'],
    ['keeps its text alone where the address is not a web page', 'javascript:alert(1)', 'One', 'One'],
    [
      'never shows the bare address for an empty text',
      'https://a.example/',
      '\u200B',
      '<https://a.example/|link>',
    ],
  ])('%s', (_, url, text, shown) => {
    expect(slackLink(url, text)).toBe(shown)
  })
})

describe('several lines', () => {
  it('are one for each item, escaped', () => {
    expect(slackLines(['a', '<!here>'])).toBe('• a\n• &lt;!here&gt;')
  })

  it('count what does not fit', () => {
    const items = Array.from({ length: 100 }, (_, index) => `item ${index} ${'&'.repeat(50)}`)
    const shown = slackLines(items, 1_000)
    const lines = shown.split('\n')
    expect(shown.length).toBeLessThan(1_050)
    expect(lines.at(-1)).toBe(`• and ${100 - (lines.length - 1)} more`)
  })
})
