import { bothAllowType } from './bound-rules.ts'
import { visible } from './hidden-characters.ts'
import type { Schema } from './schema.ts'
import type { Walk } from './walk.ts'

/** `pattern` and `format`. Does not decide whether one pattern covers another: an edited pattern is a warning. */
export function compareTexts(walk: Walk, before: Schema, after: Schema, path: string): void {
  if (bothAllowType(before, after, ['string'])) compareWord(walk, 'pattern', before, after, path)
  compareWord(walk, 'format', before, after, path)
}

function compareWord(
  walk: Walk,
  word: 'pattern' | 'format',
  before: Schema,
  after: Schema,
  path: string,
): void {
  const [old, next] = [before.words[word], after.words[word]]
  if (old === next) return
  const quoted = (value: unknown): string => visible(String(value))
  if (old === undefined) walk.report(`${word}-added`, path, `The ${word} ${quoted(next)} is now required.`)
  else if (next === undefined) walk.report(`${word}-removed`, path, `The ${word} ${quoted(old)} was dropped.`)
  else walk.report(`${word}-changed`, path, `The ${word} changed from ${quoted(old)} to ${quoted(next)}.`)
}
