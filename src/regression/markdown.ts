/**
 * Untrusted text in Markdown. Everything that a server or a suite says goes through here: it must not be able to draw a
 * table, a link, an image, a mention or a heading into our report, nor to hide anything in characters that are not seen.
 */

// Control characters, zero-width characters and the marks that turn text around (Unicode TR36, "bidirectional").
const unseen = /[\p{Cc}\p{Cf}\u2028\u2029]/gu

/** Makes untrusted text safe for where the report is read. */
export type Escape = (text: string, longest?: number) => string

/**
 * One line of text, safe in a paragraph, a list and a table cell of GitHub. Mentions, references and addresses are
 * parted by a zero-width space, since GitHub looks for them after entities and backslashes are gone.
 */
export const inline: Escape = (text, longest = 300) =>
  oneLine(text, longest)
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[\\`*_{}[\]()!|~]/g, '\\$&')
    .replace(/^[-+#=]|^\d+(?=\.)/, '&#8203;$&')
    .replace(/[@#](?=\w)/g, '$&&#8203;')
    .replace(/\b(https?|ftp|www)(?=[:.])/gi, '$1&#8203;')

/** One line of text for a terminal: no character may move the cursor, colour, or draw a column. */
export const forTerminal: Escape = (text, longest = 300) => oneLine(text, longest).replaceAll('|', '¦')

function oneLine(text: string, longest: number): string {
  const line = text.replace(/\s+/g, ' ').replace(unseen, '').trim()
  return line.length > longest ? `${line.slice(0, longest)}…` : line
}

/** A table with aligned columns; numbers to the right. Cells must be safe already. */
export function table(head: string[], rows: string[][], numbers: number[] = []): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`
  const rule = head.map((_cell, index) => (numbers.includes(index) ? '--:' : ':--'))
  return [line(head), line(rule), ...rows.map(line)].join('\n')
}
