import { Lexer, type Token, type Tokens } from 'marked'
import { mayHoldCommand } from '../decision/comment-task.ts'

/** `/why` and `/recheck` ask; the others put on a label or remove it. */
export type Command =
  | { name: 'why' | 'recheck' | 'unhold' }
  | { name: 'hold' | 'urgent'; reason: string | undefined }

export type CommandName = Command['name']

/**
 * The commands of a comment, each alone on its line. Only what is plain text on GitHub counts: nothing in a quote, a list, code, a table,
 * a heading or an HTML comment, since people quote and explain commands.
 */
export function commandsIn(text: string): Command[] {
  if (!mayHoldCommand(text)) return []
  let quoting = 0
  return new Lexer({ gfm: true }).lex(text).flatMap((token) => {
    if (token.type === 'html') quoting = Math.max(0, quoting + opened(token.raw))
    return token.type === 'paragraph' && quoting === 0
      ? linesOf(token as Tokens.Paragraph).flatMap(commandOf)
      : []
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

function commandOf(line: string): Command[] {
  const [, word = '', rest = ''] = /^\/([a-z]+)(?:[ \t]+(.*))?$/i.exec(line.replace(/[ \t]+$/, '')) ?? []
  const name = word.toLowerCase()
  const reason = rest.trim().slice(0, 300)
  switch (name) {
    case 'why':
    case 'recheck':
    case 'unhold':
      return reason === '' ? [{ name }] : []
    case 'hold':
    case 'urgent':
      return [{ name, reason: reason === '' ? undefined : reason }]
  }
  return []
}
