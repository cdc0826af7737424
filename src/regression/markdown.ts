import { oneLine, sentence } from '../decision/markdown.ts'

/**
 * Untrusted text in the report. Everything that a server or a suite says goes through here: it must not be able to draw
 * a table, a link, an image, a mention or a heading, nor to hide anything in characters that are not seen.
 */
export type Escape = (text: string, longest?: number) => string

/** For GitHub: plain words stay words, anything else becomes a code span, in which nothing works. */
export const inline: Escape = (text, longest = 300) => sentence(oneLine(text, longest))

/** For a terminal: no character may move the cursor, colour, or draw a column. */
export const forTerminal: Escape = (text, longest = 300) => oneLine(text, longest).replaceAll('|', '¦')

/** A table with aligned columns; numbers to the right. Cells must be safe already. */
export function table(head: string[], rows: string[][], numbers: number[] = []): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`
  const rule = head.map((_cell, index) => (numbers.includes(index) ? '--:' : ':--'))
  return [line(head), line(rule), ...rows.map(line)].join('\n')
}
