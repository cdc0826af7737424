import { describe, expect, test } from 'vitest'
import { code } from '../../src/decision/markdown.ts'
import { inlineMarkdown } from '../../src/html/inline-markdown.ts'

const shown = (text: string) => String(inlineMarkdown(text))

describe('a sentence of a finding as HTML', () => {
  test.each([
    ['a code span', 'Add the label `urgent`.', 'Add the label <code>urgent</code>.'],
    ['bold text', '**Approvals**: none', '<strong>Approvals</strong>: none'],
    ['a lone backtick', 'a ` b', 'a ` b'],
    ['markup outside of code', '<b>x</b> & y', '&lt;b&gt;x&lt;/b&gt; &amp; y'],
    ['a link, which is not one here', '[x](javascript:alert(1))', '[x](javascript:alert(1))'],
    ['two spans', '`a` and ``b`c``', '<code>a</code> and <code>b`c</code>'],
    ['a fence that never closes, as text before the next span', '``` a `b`', '``` a <code>b</code>'],
    ['a run inside of a span, which opens none', '``a ` b`` c `', '<code>a ` b</code> c `'],
    ['spaces alone as they are', '`  `', '<code>  </code>'],
  ])('shows %s', (_, text, expected) => {
    expect(shown(text)).toBe(expected)
  })

  test.each([
    '<script>alert(1)</script>',
    '`<img src=x onerror=alert(1)>`',
    '``` `a` ```',
    'a | b',
    '**not bold**',
    '`',
    ' ',
  ])('shows %j, which somebody wrote, as its own text in one code span', (written) => {
    const text = shown(`Held: ${code(written)}.`)
    const inside = text.match(/^Held: <code>(.*)<\/code>\.$/s)?.[1] ?? ''
    expect(inside).not.toMatch(/[<>]/)
    const plain = inside.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&').trim()
    expect(plain).toBe(written.trim())
  })

  // Long enough that searching the rest of the text again from every place does not end before the test's timeout.
  test.each([
    ['runs of backticks that never close', manyRuns(18_000), 0],
    ['spans', '`a` '.repeat(200_000), 200_000],
    ['stars', '**a'.repeat(1_000_000), 0],
    ['a padded span that is not closed by a space', `\` ${'a'.repeat(2_000_000)}\``, 1],
    ['spaces', `\`${' '.repeat(2_000_000)}\``, 1],
  ])('takes no longer than its length on many %s', (_, text, spans) => {
    expect(shown(text).split('<code>')).toHaveLength(spans + 1)
  })
})

/** Runs of backticks, each of another length than all others. */
function manyRuns(count: number): string {
  return Array.from({ length: count }, (_, index) => `${'`'.repeat(index + 2)} `).join('')
}
