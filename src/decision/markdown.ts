/**
 * Characters that make a text show as something else: controls, direction marks, everything that has no width
 * (fillers and joiners that are letters to Unicode among them), and halves of surrogate pairs.
 */
const deceptive = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]+/gu

/** The text on one line, without deceptive characters, truncated by code point to at most `limit`. */
export function oneLine(text: string, limit = 120): string {
  const shown = text.replace(deceptive, ' ').replace(/\s+/g, ' ').trim()
  const points = Array.from(shown)
  return points.length <= limit ? shown : `${points.slice(0, limit - 1).join('')}…`
}

/**
 * Text that people wrote, as a Markdown code span: no mention, link, image or HTML works
 * inside one. Pipes are escaped so that it can stand in a table. A backslash of the text's own in front
 * of a pipe is kept apart from ours: some renderers take two backslashes for one and end the cell, and the code, there.
 */
export function code(text: string, limit = 120): string {
  const shown = oneLine(text, limit)
  const runs = shown.match(/`+/g) ?? []
  const fence = '`'.repeat(1 + Math.max(0, ...runs.map((run) => run.length)))
  const pad = /^`|`$/.test(shown) || shown === '' ? ' ' : ''
  return `${fence}${pad}${shown.replace(/(\\*)\|/g, escapedPipe)}${pad}${fence}`
}

function escapedPipe(_pipe: string, backslashes: string): string {
  return backslashes === '' ? '\\|' : `${backslashes} \\|`
}

/**
 * A sentence that came with the facts, in which only `name` is text that people wrote: the name becomes code, and so
 * does any other part that holds more than plain words, whatever made it so. Two code spans are kept apart: side by
 * side they would be one.
 */
export function sentence(text: string, name = ''): string {
  const parts =
    name === ''
      ? [text]
      : text
          .split(name)
          .flatMap((part) => [name, part])
          .slice(1)
  const shown = parts
    .filter((part) => part !== '')
    .map((part) => (part !== name && isPlain(part) ? part : code(part, 300)))
  return shown.reduce(beside, '').trim()
}

function beside(line: string, part: string): string {
  return `${line}${bothAreCode(line, part) ? ' ' : ''}${part}`
}

function bothAreCode(left: string, right: string): boolean {
  return left.endsWith('`') && right.startsWith('`')
}

/** Words that no renderer changes. */
function isPlain(part: string): boolean {
  return /^[A-Za-z0-9 ,.;:'()/%+-]*$/.test(part) && !/www\.|:\/\//i.test(part)
}

/**
 * A line in which what people wrote may stand in code spans already, or may not: everything else that a renderer would change becomes code
 * as well.
 */
export function lineWithCode(text: string, limit = 1_000): string {
  const line = oneLine(text, limit)
  if (/^([-+>=#]|\d+[.)])/.test(line)) return code(line, limit)
  const parts: string[] = []
  let from = 0
  for (const { 0: span, index } of line.matchAll(/(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)/g)) {
    parts.push(deadened(line.slice(from, index), limit), span)
    from = index + span.length
  }
  return [...parts, deadened(line.slice(from), limit)].reduce(beside)
}

function deadened(part: string, limit: number): string {
  const isAlive = /[`*_~<>[\]&@#|\\!$^]|www\.|:\/\/|\bGH-\d|:[\w+-]+:/i.test(part)
  return isAlive ? code(part, limit) : part
}

/**
 * The beginning of a text, at most `limit` UTF-16 units. It never ends in half a character: neither the records nor JSON in Postgres
 * take that.
 */
export function beginningOf(text: string, limit: number): string {
  return text.slice(0, limit).replace(/\p{Cs}$/u, '')
}

/** Text on several lines for a terminal, without what moves its cursor, sets its colors or turns its letters. */
export function terminalLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.replace(deceptive, ' '))
    .join('\n')
}

/** The first seven characters of a commit id. */
export function short(sha: string): string {
  return code(sha.slice(0, 7))
}

/** `a`, `a and b`, `a, b and c`. */
export function list(items: string[], last = 'and'): string {
  if (items.length < 2) return items[0] ?? ''
  return `${items.slice(0, -1).join(', ')} ${last} ${items.at(-1)}`
}

/** As `list`, but no more than so many, and how many others there are. */
export function listSome(items: string[], last = 'and', most = 10): string {
  const rest = items.length - most
  return list(rest > 0 ? [...items.slice(0, most), `${rest} more`] : items, last)
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

/** The text as its reader sees it: without HTML comments, such as the hints of a template. One that never ends hides the rest. */
export function withoutHtmlComments(text: string, instead = ''): string {
  return text.replace(/<!--[\s\S]*?(-->|$)/g, instead)
}

/** Headings are compared without regard to case, spacing and a final colon. */
export function headingKey(heading: string): string {
  return heading.normalize('NFC').toLowerCase().replace(/\s+/g, ' ').trim().replace(/\s*:$/, '')
}

/** Whether a text has more than the marks of quotes, lists, tasks and elements; an image counts. */
export function hasWords(text: string): boolean {
  const words = withoutHtmlComments(text)
    .replace(/^[\s>]*([-*+]|\d+[.)])?\s*(\[[ xX]\])?/gm, '')
    .replace(/<\/?[a-z][^>]*>/gi, (tag) => (/^<(img|video)\b/i.test(tag) ? tag : ''))
  return /[\p{L}\p{N}]/u.test(words)
}
