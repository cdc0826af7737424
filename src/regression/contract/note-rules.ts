import { equal, equalAndClosed, type JsonObject } from './json.ts'
import { shapes } from './keywords.ts'
import type { Schema } from './schema.ts'
import type { Walk } from './walk.ts'
import { wordDiff } from './word-diff.ts'

/** Keywords that do not affect which values are accepted, so the promise itself `holds`. */
export function compareNotes(walk: Walk, before: Schema, after: Schema, path: string): void {
  const [old, next] = [before.notes, after.notes]
  if (!equal(old.default, next.default)) {
    const message = `The default changed from ${text(old.default)} to ${text(next.default)}.`
    walk.report('default-changed', path, message, { holds: true })
  }
  if (!equal(old.description, next.description)) {
    const message = `The description changed: ${wordDiff(prose(old.description), prose(next.description))}`
    walk.report('description-changed', path, message, { holds: true })
  }
  compareHeaders(walk, [old, next], path)
  const others = changedKeys(old, next).filter(
    (key) => !comparedElsewhere.has(key) && !(key === header && isOtherHeader(old, next)),
  )
  if (others.length > 0)
    walk.report('annotation-changed', path, `Changed beside the rules: ${others.join(', ')}.`)
  const { dialect } = after.document
  const ignored = before.document.dialect === dialect ? changedKeys(before.ignored, after.ignored) : []
  if (ignored.length > 0)
    walk.report('ignored-keyword-changed', path, `Changed, but ignored by ${dialect}: ${ignored.join(', ')}.`)
}

/** A server of the 2026-07-28 protocol refuses a call without the header, and clients send it only by the list that they have. */
const header = 'x-mcp-header'

/** Header names have no case. */
function isOtherHeader(old: Readonly<JsonObject>, next: Readonly<JsonObject>): boolean {
  return String(old[header]).toLowerCase() !== String(next[header]).toLowerCase()
}

function compareHeaders(
  walk: Walk,
  [old, next]: [Readonly<JsonObject>, Readonly<JsonObject>],
  path: string,
): void {
  if (!isOtherHeader(old, next)) return
  if (next[header] === undefined) walk.report('header-dropped', path, 'It need not be in a header anymore.')
  else walk.report('header-required', path, `It must be in the header Mcp-Param-${text(next[header])}, too.`)
}

/** Definitions have no effect on their own; they are compared where they are used. */
const comparedElsewhere = new Set([
  ...[
    'default',
    'description',
    '$schema',
    '$id',
    'id',
    '$anchor',
    '$dynamicAnchor',
    '$defs',
    'definitions',
    '$comment',
  ],
])

/** Keywords that this diff does not know, or that have an invalid value. */
export function compareUnknown(walk: Walk, before: Schema, after: Schema, path: string): void {
  const strange = changedKeys(before.words, after.words).filter((key) => !Object.hasOwn(shapes, key))
  for (const key of strange)
    walk.report('keyword-changed', path, `The keyword ${key} changed, and its meaning is unknown.`)
  compareContested(walk, before, after, path)
  const malformed = [...new Set([...before.malformed, ...after.malformed])]
  for (const key of malformed)
    walk.report('keyword-malformed', path, `The keyword ${key} has an invalid value.`)
}

/**
 * Keywords that validators interpret differently prove nothing. An unchanged one means the same as before for each validator.
 */
function compareContested(walk: Walk, before: Schema, after: Schema, path: string): void {
  const keys = [...new Set([before, after].flatMap(({ contested }) => Object.keys(contested)))]
  if (keys.length === 0) return
  const sameDialect = before.document.dialect === after.document.dialect
  if (sameDialect && equalAndClosed(before.contested, after.contested)) return
  const message = `Changed, but read only by some validators (${after.document.dialect} ignores it here): ${keys.join(', ')}.`
  walk.report('keyword-contested', path, message)
}

/**
 * What `unevaluated…` rejects depends on all schemas around it, so nothing is proved unless all of them are unchanged. Without
 * schemas around it, it was already read as `additional…`.
 */
export function compareUnevaluated(walk: Walk, before: Schema, after: Schema, path: string): void {
  const used = ['unevaluatedProperties', 'unevaluatedItems'].filter((key) =>
    [before, after].some(({ words }) => Object.hasOwn(words, key)),
  )
  if (used.length === 0) return
  if (equal(before.words, after.words) && equal(before.document.root, after.document.root)) return
  walk.report('unevaluated-edited', path, `The schema was edited around ${used.join(' and ')}.`)
}

function changedKeys(old: Readonly<JsonObject>, next: Readonly<JsonObject>): string[] {
  const keys = new Set([...Object.keys(old), ...Object.keys(next)])
  return [...keys].filter((key) => !equal(old[key], next[key])).sort()
}

function prose(value: unknown): string {
  return value === undefined ? '' : String(value)
}

function text(value: unknown): string {
  return value === undefined ? 'none' : wordDiff(JSON.stringify(value), JSON.stringify(value))
}
