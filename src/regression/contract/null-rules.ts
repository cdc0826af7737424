import { partsOf } from './alternatives.ts'
import { shapes } from './keywords.ts'
import type { Located, Schema } from './schema.ts'
import { locateWithin, type Walk } from './walk.ts'

/** The most schemas that are read for one answer; a real one needs a few, a malicious one has billions. */
const mostParts = 100

/**
 * Null that the types leave open and `oneOf` or `not` decides. Whatever else changed in them is only a warning, but that a caller
 * can no longer send null is certain. Alternatives of `anyOf` on both sides are compared one by one.
 */
export function compareHiddenNull(walk: Walk, before: Schema, after: Schema, path: string): void {
  if (![before, after].every(({ types }) => types.has('null'))) return
  if ([before, after].every(({ words }) => words.anyOf !== undefined)) return
  const [had, has] = [before, after].map((schema) => acceptsNull(walk, schema, { left: mostParts }))
  if (had === false && has === true) walk.report('null-gained', path, 'The value may now be null.')
  if (had === true && has === false) walk.report('null-lost', path, 'The value may no longer be null.')
}

type Answer = boolean | undefined

/** Whether a schema accepts null; undefined where that is not certain. */
function acceptsNull(walk: Walk, schema: Schema, parts: { left: number }): Answer {
  if (!schema.types.has('null')) return false
  parts.left -= 1
  if (parts.left < 0 || !isRead(schema)) return undefined
  const answers = (located: readonly Located[]) =>
    located.map((part) => acceptsNull(walk, walk.look(part), parts))
  const { not } = schema.words
  return every([
    ...answers(partsOf(schema, 'allOf')),
    ...(schema.words.anyOf === undefined ? [] : [some(answers(partsOf(schema, 'anyOf')))]),
    ...(schema.words.oneOf === undefined ? [] : [one(answers(partsOf(schema, 'oneOf')))]),
    ...(not === undefined ? [] : answers([locateWithin(schema, not)]).map(opposite)),
  ])
}

const combined = ['allOf', 'anyOf', 'oneOf', 'not', 'format']

/** Whether each keyword is about other types than null, or one that can be combined. */
function isRead({ words, contested, malformed, unresolved }: Schema): boolean {
  const odd = Object.keys(words).filter(
    (key) => !combined.includes(key) && !(Object.hasOwn(shapes, key) && shapes[key]?.types),
  )
  const unknown = [...odd, ...Object.keys(contested), ...malformed]
  return unresolved === undefined && unknown.length === 0
}

function every(answers: readonly Answer[]): Answer {
  if (answers.includes(false)) return false
  return answers.includes(undefined) ? undefined : true
}

function some(answers: readonly Answer[]): Answer {
  return opposite(every(answers.map(opposite)))
}

function one(answers: readonly Answer[]): Answer {
  const certain = answers.filter((answer) => answer === true).length
  if (certain > 1) return false
  return answers.includes(undefined) ? undefined : certain === 1
}

function opposite(answer: Answer): Answer {
  return answer === undefined ? undefined : !answer
}
