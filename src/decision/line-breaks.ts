/** Breaks text between words, so that no line is longer than the terminal unless a word is. Later lines can be indented further. */
export function breakLines(text: string, columns: number, indent = '', hanging = indent): string[] {
  const width = Math.max(columns, 40)
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width) lines.push(`${lines.pop()} ${word}`)
    else lines.push(`${lines.length === 0 ? indent : hanging}${word}`)
  }
  return lines
}
