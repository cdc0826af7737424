import { styleText } from 'node:util'
import type { ShownCheck } from './stage.ts'

const width = 80

/** Tells a story in a terminal. */
export type Narrator = {
  scene: (time: string, text: string) => void
  line: (text: string) => void
  /** `of`: the pull request. */
  check: (check: ShownCheck, of: string) => void
}

/**
 * Prints to a stream, each check as the reader of the pull request sees it; lines that were there when it was
 * shown before are left out.
 */
export function narrator(print: (text: string) => void): Narrator {
  const seen = new Map<string, ReadonlySet<string>>()
  return {
    scene: (time, text) => print(`\n${styled('bold', time)}\n${wrapped(text, '  ').join('\n')}\n`),
    line: (text) => print(`${wrapped(text, '  ').join('\n')}\n`),
    check: (check, of) => {
      print(`${drawCheck(check, seen.get(of))}\n`)
      seen.set(of, new Set(check.summary.split('\n')))
    },
  }
}

/** The check run as text: its mark, name and title, then the lines of its summary, but for those that have been `seen`. */
export function drawCheck(
  { status, conclusion, title, summary }: ShownCheck,
  seen: ReadonlySet<string> = new Set(),
): string {
  const mark = conclusion === 'success' ? '✅' : conclusion === 'failure' ? '❌' : '🟡'
  const color = conclusion === 'success' ? 'green' : conclusion === 'failure' ? 'red' : 'yellow'
  const state = conclusion ?? status.replace('_', ' ')
  const lines = summary
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#') && !seen.has(line))
  return [
    ...wrapped(`${mark} Release gate — ${title} (${state})`, '  ').map((line) =>
      styled(['bold', color], line),
    ),
    ...lines.flatMap((line) => wrapped(plain(line), '     ')).map((line) => styled('dim', line)),
  ].join('\n')
}

/** Breaks text between words at 80 columns. An emoji takes two. */
function wrapped(text: string, indent: string): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && columnsOf(`${indent}${last} ${word}`) <= width)
      lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines.map((line) => `${indent}${line}`)
}

function columnsOf(text: string): number {
  return [...text].reduce((sum, point) => sum + (/\p{Emoji_Presentation}/u.test(point) ? 2 : 1), 0)
}

/** Styles only for a terminal, and not where `NO_COLOR` is set. */
function styled(format: Parameters<typeof styleText>[0], text: string): string {
  return styleText(format, text, { stream: process.stdout })
}

function plain(text: string): string {
  return text
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll('**', '')
    .replaceAll('\\|', '|')
    .replaceAll('`', '')
}
