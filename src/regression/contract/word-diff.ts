import { diffWordsWithSpace } from 'diff'
import { visible } from './hidden-characters.ts'

/** Unchanged words shown around a change, to locate it. */
const context = 24
const longest = 600
/** With more edits than this, a word diff is less clear than the two texts, and it takes quadratic time. */
const mostEdits = 400

/**
 * What changed between two texts, word by word: removed words as `[-so-]`, added ones as `{+so+}`, long unchanged runs
 * shortened, invisible characters spelled out.
 */
export function wordDiff(before: string, after: string): string {
  const parts = diffWordsWithSpace(before, after, { maxEditLength: mostEdits })
  if (parts === undefined)
    return cut(`[-${cut(visible(before), longest / 2)}-]{+${cut(visible(after), longest / 2)}+}`, longest * 2)
  const marked = parts.map(({ value, added, removed }) => {
    const text = visible(value)
    if (added) return `{+${text}+}`
    return removed ? `[-${text}-]` : shortened(text)
  })
  return cut(marked.join(''), longest)
}

function shortened(text: string): string {
  if (text.length <= 2 * context + 3) return text
  return `${text.slice(0, context)} … ${text.slice(-context)}`
}

export function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`
}
