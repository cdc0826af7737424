import { styleText } from 'node:util'
import type { ShownCheck } from './stage.ts'

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
    scene: (time, text) => print(`\n${styleText('bold', time)}  ${text}\n`),
    line: (text) => print(`  ${text}\n`),
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
    `  ${mark} ${styleText(['bold', color], `Release gate — ${title}`)} ${styleText('dim', `(${state})`)}`,
    ...lines.map((line) => `     ${styleText('dim', plain(line))}`),
  ].join('\n')
}

function plain(text: string): string {
  return text
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll('**', '')
    .replaceAll('\\|', '|')
    .replaceAll('`', '')
}
