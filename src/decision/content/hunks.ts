/**
 * One step of an edit script: at line `at` of the old file (0 is before the first line) `removed` gives way to `added`.
 * `above` and `below` are the untouched lines around it, as far as the hunk shows them and up to the next step.
 * A line carries its own line feed; only the last line of a file may lack it.
 */
export type Edit = { at: number; removed: string[]; added: string[]; above: string[]; below: string[] }

type Hunk = { oldStart: number; oldLines: number; newStart: number; newLines: number; body: string[] }

/**
 * Reads the hunks of a patch as GitHub gives them (from the first `@@`, without file headers) into an edit script.
 * Null when anything is not exactly as the unified format has it: counts that do not fit, hunks out of order, positions of the
 * two sides that contradict each other, a line after the end of a hunk.
 *
 * The parser is our own because the maintained ones forgive by design (`diff` skips what it does not know between hunks, and takes an
 * empty line for context); a proof must not.
 */
export function readEdits(patch: string): Edit[] | null {
  const hunks = splitHunks(patch)
  if (hunks === null) return null
  const edits: Edit[] = []
  let oldEnd = 0
  let grown = 0
  for (const hunk of hunks) {
    const found = editsOf(hunk)
    const start = firstLine(hunk.oldStart, hunk.oldLines)
    if (found === null || start < oldEnd) return null
    if (firstLine(hunk.newStart, hunk.newLines) !== start + grown) return null
    edits.push(...found)
    oldEnd = start + hunk.oldLines
    grown += hunk.newLines - hunk.oldLines
  }
  return edits
}

function splitHunks(patch: string): Hunk[] | null {
  const hunks: Hunk[] = []
  for (const line of patch.replace(/\n$/, '').split('\n')) {
    const header = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(line)
    if (header) {
      const [, oldStart, oldLines = '1', newStart, newLines = '1'] = header
      const numbers = { oldStart: Number(oldStart), oldLines: Number(oldLines) }
      hunks.push({ ...numbers, newStart: Number(newStart), newLines: Number(newLines), body: [] })
    } else {
      const last = hunks.at(-1)
      if (last === undefined) return null
      last.body.push(line)
    }
  }
  return hunks
}

/** A side without lines names the line before it (`-0,0`), any other side its first line counted from 1. */
function firstLine(start: number, lines: number): number {
  return lines === 0 ? start : start - 1
}

function editsOf(hunk: Hunk): Edit[] | null {
  const lines = linesOf(hunk.body)
  if (lines === null) return null
  const edits: Edit[] = []
  let untouched: string[] = []
  let at = firstLine(hunk.oldStart, hunk.oldLines)
  const end = at + hunk.oldLines
  for (const { kind, text } of lines) {
    if (kind === ' ') untouched.push(text)
    else {
      const edit = editAt(edits, at, untouched)
      edit[kind === '-' ? 'removed' : 'added'].push(text)
      untouched = edit.below
    }
    if (kind !== '+') at++
  }
  const newLines = lines.filter(({ kind }) => kind !== '-').length
  return at === end && newLines === hunk.newLines ? edits : null
}

/** The edit that the line belongs to: the last one where no untouched line stands between, else a new one. */
function editAt(edits: Edit[], at: number, above: string[]): Edit {
  const last = edits.at(-1)
  if (last !== undefined && last.at + last.removed.length === at) return last
  const edit: Edit = { at, removed: [], added: [], above, below: [] }
  edits.push(edit)
  return edit
}

type Line = { kind: '-' | '+' | ' '; text: string }

function linesOf(body: readonly string[]): Line[] | null {
  const lines: Line[] = []
  for (const [index, row] of body.entries()) {
    const kind = row.charAt(0)
    if (kind === '-' || kind === '+' || kind === ' ') {
      // "\ No newline at end of file" belongs to the line before it.
      const end = body[index + 1]?.startsWith('\\') ? '' : '\n'
      lines.push({ kind, text: row.slice(1) + end })
    } else if (kind !== '\\' || index === 0 || body[index - 1]?.startsWith('\\')) return null
  }
  return lines
}
