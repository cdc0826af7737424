import { withoutHtmlComments } from './markdown.ts'

/** The fields of the description that auditors ask for. */
export type ChangeDescription = {
  tickets: string[]
  reason: string | null
  risk: string | null
  rollback: string | null
}

const keptLines = 20
const keptCharacters = 2_000
const keptTickets = 20

/**
 * Reads `Reason:`, `Risk:`, `Rollback:` and `Ticket:` as lines, or as headings with the text below them, and every key
 * like `PAY-12` or `#12` and link to an issue as a ticket. What stands in an HTML comment, such as a template's hint, is
 * not said.
 */
export function readDescription(title: string, body: string): ChangeDescription {
  const lines = withoutHtmlComments(body).split(/\r?\n/)
  const field = (words: string[]) => lineOf(lines, words) ?? sectionOf(lines, words)
  return {
    tickets: ticketsIn([title, ...lines].join('\n')),
    reason: field(['reason', 'why', 'urgent']),
    risk: field(['risk', 'risks']),
    rollback: field(['rollback', 'roll back', 'backout']),
  }
}

/** `Risk: none`, also with asterisks or a dash around the word. */
function lineOf(lines: string[], words: string[]): string | null {
  for (const line of lines) {
    const colon = line.indexOf(':')
    const said = line.slice(colon + 1).replace(/^[\s*_]+/, '')
    if (colon > 0 && said.trim() !== '' && words.includes(plain(line.slice(0, colon)))) return kept(said)
  }
  return null
}

function sectionOf(lines: string[], words: string[]): string | null {
  const start = lines.findIndex((line) => isHeading(line) && words.includes(plain(line)))
  if (start < 0) return null
  const rest = lines.slice(start + 1)
  const end = rest.findIndex(isHeading)
  const said = rest.slice(0, end < 0 ? keptLines : Math.min(end, keptLines)).join('\n')
  return said.trim() === '' ? null : kept(said)
}

const isHeading = (line: string) => /^\s{0,3}#{1,6}\s/.test(line)

function plain(words: string): string {
  return words
    .slice(0, 60)
    .replace(/[#*_:>-]/g, '')
    .trim()
    .toLowerCase()
}

function kept(said: string): string {
  return Array.from(said.trim()).slice(0, keptCharacters).join('')
}

/** `PAY-12`, `#12`, and links that end in an issue's number or key. A key of letters alone before the dash is not a ticket of `UTF-8`'s kind. */
function ticketsIn(text: string): string[] {
  const keys = text.matchAll(
    /(?<![\w/#-])([A-Z][A-Z0-9]{1,19}(?:-[A-Z0-9]{1,19}){0,3}-\d{1,9}|#\d{1,9})(?![\w-])/g,
  )
  const links = text.matchAll(/https:\/\/[^\s<>()"'`]{1,200}\/(?:issues|browse)\/([A-Z0-9-]{1,40})(?![\w-])/g)
  const found = [...keys, ...links].map(([link, key = '']) => (link.startsWith('https') ? link : key))
  return [...new Set(found.filter((key) => !notTickets.has(key)))].slice(0, keptTickets)
}

const notTickets = new Set([
  'UTF-8',
  'UTF-16',
  'UTF-32',
  'SHA-1',
  'SHA-256',
  'SHA-512',
  'ISO-8601',
  'RFC-3339',
])
