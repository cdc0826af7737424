import { Validator } from '@cfworker/json-schema'
import { Ajv } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { Json } from './random-schemas.ts'

/** Two validators that share no code; each has defects of its own, so that only what both say counts as proof. */

export const draft07 = 'http://json-schema.org/draft-07/schema#'
export const draft2020 = 'https://json-schema.org/draft/2020-12/schema'

export type Answer = boolean | undefined
export type Judge = (value: Json) => Answer

const lenient = {
  strict: false,
  validateFormats: false,
  inlineRefs: false,
  validateSchema: false,
  logger: false,
} as const

/** What Ajv says of values; undefined where it cannot compile the schema or gives up on it. */
function ajvJudge(schema: Json, uri: string): Judge | undefined {
  try {
    const check = (uri === draft07 ? new Ajv(lenient) : new Ajv2020({ ...lenient, meta: false })).compile(
      schema as object,
    )
    return (value) => unlessItThrows(() => check(value) === true)
  } catch {
    return undefined
  }
}

/**
 * @cfworker/json-schema reads every keyword that it knows, whatever the dialect. What the two specifications leave to newer or older
 * dialects is taken out for it, or both validators would never agree about the very schemas that this is about.
 */
const ignoredBy: Record<string, ReadonlySet<string>> = {
  [draft07]: new Set([
    ...['prefixItems', 'dependentRequired', 'dependentSchemas', 'minContains', 'maxContains'],
    ...['unevaluatedItems', 'unevaluatedProperties'],
  ]),
  [draft2020]: new Set(['additionalItems']),
}

function asRead(schema: Json, uri: string): Json {
  if (Array.isArray(schema)) return schema.map((part) => asRead(part, uri))
  if (typeof schema !== 'object' || schema === null) return schema
  const read = Object.entries(schema).filter(([key]) => !ignoredBy[uri]?.has(key))
  return Object.fromEntries(
    read.map(([key, part]) => [key, key === 'const' || key === 'enum' ? part : asRead(part, uri)]),
  )
}

function cfworkerJudge(schema: Json, uri: string): Judge | undefined {
  try {
    const validator = new Validator(asRead(schema, uri) as object, uri === draft07 ? '7' : '2020-12')
    return (value) => unlessItThrows(() => validator.validate(value).valid)
  } catch {
    return undefined
  }
}

function unlessItThrows(ask: () => boolean): Answer {
  try {
    return ask()
  } catch {
    return undefined
  }
}

/**
 * The answer that both validators give; undefined where they differ or one of them gives none. Remembered by the value itself,
 * since one schema meets the same values in many pairs.
 */
export function judgeOf(schema: Json, uri: string): Judge | undefined {
  const [one, other] = [ajvJudge(schema, uri), cfworkerJudge(schema, uri)]
  if (one === undefined || other === undefined) return undefined
  const known = new Map<Json, Answer>()
  return (value) => {
    if (known.has(value)) return known.get(value)
    const answer = one(value)
    const both = answer === other(value) ? answer : undefined
    known.set(value, both)
    return both
  }
}
