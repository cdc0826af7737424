import { Lexer, type Token } from 'marked'
import { hasWords, withoutHtmlComments } from '../../decision/markdown.ts'

/** A heading of a Markdown file, and whether nothing but comments stands under it. */
export type Section = { heading: string; empty: boolean }

/**
 * The headings of a Markdown file, in order; undefined where the file is nested so deeply that it cannot be parsed. A heading
 * with filled headings below it is not empty.
 */
export function sectionsOf(markdown: string): Section[] | undefined {
  const tokens = blocksOf(markdown)
  return tokens?.flatMap((token, index) => {
    if (token.type !== 'heading') return []
    const rest = tokens.slice(index + 1)
    const end = rest.findIndex((other) => other.type === 'heading' && other.depth <= token.depth)
    const below = end < 0 ? rest : rest.slice(0, end)
    return [{ heading: plainHeading(String(token.text)), empty: !below.some(hasContent) }]
  })
}

/**
 * The blocks of a file without its front matter, which GitHub shows as a table. What stands within a block is not parsed: a
 * pull request brings the file, and inline Markdown can be made expensive.
 */
export function blocksOf(markdown: string): Token[] | undefined {
  const text = markdown.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n')
  try {
    return new Lexer({ gfm: true }).blockTokens(text.replace(/^---\n[\s\S]*?\n---(\n|$)/, ''), [])
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function plainHeading(text: string): string {
  return withoutHtmlComments(text)
    .replace(/[*_`~]/g, '')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 200)
}

function hasContent(token: Token): boolean {
  if (token.type === 'heading' || token.type === 'def' || token.type === 'space') return false
  if (token.type === 'code') return String(token.text).trim() !== ''
  return hasWords(token.raw)
}
