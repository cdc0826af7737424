import { isObject } from './json.ts'

/**
 * Characters that a reviewer cannot see but a model reads: control characters except tab and line breaks, zero-width and
 * direction marks (Unicode's Cf), blank fillers, invisible variation selectors. A joiner between two emoji is allowed, since it
 * makes one picture.
 */
const hidden = new RegExp(
  [
    String.raw`(?<!\p{Extended_Pictographic}[\u{fe0f}\u{1f3fb}-\u{1f3ff}]?)\u{200d}|\u{200d}(?!\p{Extended_Pictographic})`,
    String.raw`(?![\t\n\r\u{200d}])[\p{Cc}\p{Cf}\u{2028}\u{2029}]`,
    String.raw`\u{034f}|\u{115f}|\u{1160}|\u{17b4}|\u{17b5}|\u{3164}|\u{ffa0}`,
    String.raw`[\u{fe00}-\u{fe0e}]|[\u{e0100}-\u{e01ef}]`,
  ].join('|'),
  'gu',
)

/** Most texts are plain ASCII, and checking that is a hundred times faster. */
const plain = /^[\x20-\x7e\t\n\r]*$/

/** The hidden characters of a text as code points: `U+200B`. */
export function hiddenCharacters(text: string): string[] {
  if (plain.test(text)) return []
  return [...new Set(Array.from(text.matchAll(hidden), ([found]) => codePoint(found)))]
}

/** The text with its hidden characters spelled out, for use in a message. */
export function visible(text: string): string {
  if (plain.test(text)) return text
  return text.replace(hidden, (found) => `<${codePoint(found)}>`)
}

function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
}

type Text = { tokens: readonly string[]; text: string }

/** Every text in a JSON value, including member names, with its path. */
export function textsWithin(value: unknown, tokens: readonly string[] = []): Text[] {
  if (typeof value === 'string') return [{ tokens, text: value }]
  if (Array.isArray(value))
    return value.flatMap((item, index) => textsWithin(item, [...tokens, String(index)]))
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([key, item]) => [
    { tokens, text: key },
    ...textsWithin(item, [...tokens, key]),
  ])
}

/** Whether all texts are plain ASCII. Checked first, since they nearly always are. */
function isPlain(value: unknown): boolean {
  if (typeof value === 'string') return plain.test(value)
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([key, item]) => plain.test(key) && isPlain(item))
}

/** The texts with hidden characters that were not there before, unchanged and at the same place. */
export function newlyHidden(before: unknown, after: unknown): (Text & { characters: string[] })[] {
  const key = ({ tokens, text }: Text): string => JSON.stringify([tokens, text])
  if (isPlain(after)) return []
  const suspects = textsWithin(after)
    .map((found) => ({ ...found, characters: hiddenCharacters(found.text) }))
    .filter(({ characters }) => characters.length > 0)
  if (suspects.length === 0) return []
  const known = new Set(textsWithin(before).map(key))
  return suspects.filter((found) => !known.has(key(found)))
}
