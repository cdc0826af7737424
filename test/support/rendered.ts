import { Marked, type Token } from 'marked'

const gfm = new Marked({ gfm: true })
const inert = new Set([
  'text',
  'codespan',
  'paragraph',
  'list',
  'list_item',
  'space',
  'heading',
  'strong',
  'table',
  'br',
])

/**
 * What a renderer of GitHub's Markdown makes of a text beyond plain words, code and the table around them: links,
 * images, HTML, mentions, emphasis … An empty list means that nothing which people wrote has come to life.
 */
export function aliveIn(markdown: string): string[] {
  const alive: string[] = []
  void gfm.walkTokens(gfm.lexer(markdown), (token: Token) => {
    if (!inert.has(token.type)) alive.push(`${token.type}: ${token.raw}`)
    if (
      token.type === 'text' &&
      !('tokens' in token && token.tokens) &&
      /@\w|#\d|https?:|www\./.test(token.raw)
    )
      alive.push(`mention: ${token.raw}`)
  })
  return alive
}

/** The contents of the code spans of a text, in order. */
export function codeIn(markdown: string): string[] {
  const found: string[] = []
  void gfm.walkTokens(gfm.lexer(markdown), (token: Token) => {
    if (token.type === 'codespan') found.push(token.text)
  })
  return found
}

/** The cells of each row of the first table, as a reader sees them: Markdown inside is kept. */
export function rowsIn(markdown: string): string[][] {
  const table = gfm.lexer(markdown).find((token) => token.type === 'table')
  return table?.type === 'table'
    ? table.rows.map((row: { text: string }[]) => row.map(({ text }) => text))
    : []
}
