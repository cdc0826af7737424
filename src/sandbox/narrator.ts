import { styleText } from 'node:util'
import Table from 'cli-table3'
import type { ShownCheck } from './stage.ts'

/** Tells a story in a terminal. */
export type Narrator = {
  scene: (time: string, text: string) => void
  line: (text: string) => void
  /** `of`: the pull request. */
  check: (check: ShownCheck, of: string) => void
}

const width = 100

/**
 * Prints to a stream, each check as the reader of the pull request sees it; rows and lines that stood there when it was
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

/**
 * The check run as text: its mark, name and title, then a row for each gate, then the lines below the table, but for those
 * that have been `seen`.
 */
export function drawCheck(
  { status, conclusion, title, summary }: ShownCheck,
  seen: ReadonlySet<string> = new Set(),
): string {
  const mark = conclusion === 'success' ? '✅' : conclusion === 'failure' ? '❌' : '🟡'
  const color = conclusion === 'success' ? 'green' : conclusion === 'failure' ? 'red' : 'yellow'
  const state = conclusion ?? status.replace('_', ' ')
  const [rows, rest] = split(summary, seen)
  const below = rest.map((line) => `     ${styleText('dim', line)}`).join('\n')
  return [
    `  ${mark} ${styleText(['bold', color], `Release gate — ${title}`)} ${styleText('dim', `(${state})`)}`,
    rows.length > 1 ? drawTable(rows) : '',
    below,
  ]
    .filter(Boolean)
    .join('\n')
}

function drawTable([head = [], ...rows]: string[][]): string {
  const table = new Table({
    head,
    colWidths: columns(head.length),
    wordWrap: true,
    style: { head: [], border: [] },
    // Lines only around the table and below its head: a line between any two rows hides the words.
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  })
  table.push(...rows)
  return indent(table.toString())
}

function columns(count: number): number[] {
  return count === 5 ? [12, 16, 40, 22, 22] : Array(count).fill(Math.floor(width / Math.max(1, count)))
}

/** The head and the new rows of the Markdown table, and the other new lines without their marks. */
function split(summary: string, seen: ReadonlySet<string>): [string[][], string[]] {
  const lines = summary.split('\n').filter((line) => line.trim() !== '')
  const isRow = (line: string) => line.startsWith('|')
  const [head, ...rows] = lines.filter((line) => isRow(line) && !/^\|[-|]+\|$/.test(line))
  const isNew = (line: string) => !seen.has(line)
  const rest = lines.filter((line) => !isRow(line) && !line.startsWith('#') && isNew(line))
  return [(head ? [head, ...rows.filter(isNew)] : []).map(cells), rest.map(plain)]
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
