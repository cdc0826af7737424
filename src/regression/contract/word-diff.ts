import { diffWordsWithSpace } from 'diff'
import { visible } from './hidden-characters.ts'

/** Words that stay unchanged around a change, enough to find the place. */
const context = 24
const longest = 600
/** Beyond so many edits a word diff says less than the two texts, and takes quadratic time. */
const mostEdits = 400

/**
 * What changed between two texts, word by word: removed words as `[-so-]`, added ones as `{+so+}`, long unchanged runs shortened,
 * characters that nobody can see spelled out.
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
