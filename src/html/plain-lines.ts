import { Lexer, type Token, type Tokens } from 'marked'

/**
 * The lines of a comment that GitHub shows as plain text: nothing in a quote, a list, code, a table, a heading or an HTML comment, since
 * people quote and explain commands.
 */
export function plainLines(text: string): string[] {
  let quoting = 0
  return new Lexer({ gfm: true }).lex(text).flatMap((token) => {
    if (token.type === 'html') quoting = Math.max(0, quoting + opened(token.raw))
    return token.type === 'paragraph' && quoting === 0 ? linesOf(token as Tokens.Paragraph) : []
  })
}

/** Elements that go on over blank lines, in which text is quoted or shown as it is. */
const quotes = 'blockquote|pre|code|details|samp|kbd|tt|template'

function opened(html: string): number {
  const count = (pattern: string) => html.match(new RegExp(pattern, 'gi'))?.length ?? 0
  return count(`<(${quotes})\\b`) - count(`</(${quotes})\\b`)
}

/** A code span, a link or an HTML comment can go over several lines. None of those begins a line. */
function linesOf({ tokens }: Tokens.Paragraph): string[] {
  return tokens.map(inOneLine).join('').split('\n')
}

function inOneLine(token: Token): string {
  if (token.type === 'text' || token.type === 'br') return token.raw
  return token.raw.replaceAll('\n', ' ')
}
