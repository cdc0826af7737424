import { oneLine, sentence } from '../decision/markdown.ts'

/**
 * Untrusted text in the report. Everything from a server or a suite goes through here, so that it cannot create a table, a
 * link, an image, a mention or a heading, or hide anything in invisible characters.
 */
export type Escape = (text: string, longest?: number) => string

/** For GitHub: plain words stay as they are, anything else becomes a code span without markup. */
export const inline: Escape = (text, longest = 300) => sentence(oneLine(text, longest))

/** For a terminal: removes characters that move the cursor, set colors or draw columns. */
export const forTerminal: Escape = (text, longest = 300) => oneLine(text, longest).replaceAll('|', '¦')

/** A table with aligned columns, numbers to the right. Cells must already be escaped. */
export function table(head: string[], rows: string[][], numbers: number[] = []): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`
  const rule = head.map((_cell, index) => (numbers.includes(index) ? '--:' : ':--'))
  return [line(head), line(rule), ...rows.map(line)].join('\n')
}
