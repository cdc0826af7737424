import { styleText } from 'node:util'
import Table from 'cli-table3'
import type { ShownCheck } from './stage.ts'

/** Tells a story in a terminal. */
export type Narrator = {
  scene: (time: string, text: string) => void
  line: (text: string) => void
  check: (check: ShownCheck) => void
}

const width = 100

/** Prints to a stream, each check as the reader of the pull request sees it. */
export function narrator(print: (text: string) => void): Narrator {
  return {
    scene: (time, text) => print(`\n${styleText('bold', time)}  ${text}\n`),
    line: (text) => print(`  ${text}\n`),
    check: (check) => print(`${drawCheck(check)}\n`),
  }
}

/** The check run as text: its mark, name and title, then a row for each gate, then the lines below the table. */
export function drawCheck({ status, conclusion, title, summary }: ShownCheck): string {
  const mark = conclusion === 'success' ? '✅' : conclusion === 'failure' ? '❌' : '🟡'
  const color = conclusion === 'success' ? 'green' : conclusion === 'failure' ? 'red' : 'yellow'
  const state = conclusion ?? status.replace('_', ' ')
  const [rows, rest] = split(summary)
  const table = new Table({
    head: rows[0] ?? [],
    colWidths: columns(rows[0]?.length ?? 0),
    wordWrap: true,
    style: { head: [], border: [] },
    // Lines only around the table and below its head: a line between any two rows hides the words.
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  })
  table.push(...rows.slice(1))
  const drawn = rows.length > 1 ? indent(table.toString()) : ''
  const below = rest.map((line) => `     ${styleText('dim', line)}`).join('\n')
  return [
    `  ${mark} ${styleText(['bold', color], `Release gate — ${title}`)} ${styleText('dim', `(${state})`)}`,
    drawn,
    below,
  ]
    .filter(Boolean)
    .join('\n')
}

function columns(count: number): number[] {
  return count === 5 ? [12, 16, 40, 22, 22] : Array(count).fill(Math.floor(width / Math.max(1, count)))
}

/** The rows of the Markdown table, and the other lines without their marks. */
function split(summary: string): [string[][], string[]] {
  const lines = summary.split('\n').filter((line) => line.trim() !== '')
  const isRow = (line: string) => line.startsWith('|')
  const rows = lines.filter((line) => isRow(line) && !/^\|[-|]+\|$/.test(line)).map(cells)
  const rest = lines.filter((line) => !isRow(line) && !line.startsWith('#')).map(plain)
  return [rows, rest]
}

function cells(row: string): string[] {
  return row
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => plain(cell.trim()))
}

function plain(text: string): string {
  return text
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll('**', '')
    .replaceAll('\\|', '|')
    .replaceAll('`', '')
}

function indent(text: string): string {
  return text
    .split('\n')
    .map((line) => `     ${line}`)
    .join('\n')
}
