import { compareNumbers, exactValue, isJsonNumber, type JsonNumber } from '../exact.ts'
import { isObject } from './json.ts'

/** What the diff knows about the keywords of JSON Schema, draft-07 and 2020-12. */

export type TypeName = 'null' | 'boolean' | 'integer' | 'number' | 'string' | 'array' | 'object'

/** `number` here means non-integer numbers, so that sets of types compare by inclusion: a number is {integer, number}. */
export const allTypes: readonly TypeName[] = [
  'null',
  'boolean',
  'integer',
  'number',
  'string',
  'array',
  'object',
]

export function isTypeName(value: unknown): value is TypeName {
  return allTypes.some((type) => type === value)
}

const annotations = new Set([
  ...[
    'title',
    'description',
    'default',
    'examples',
    'example',
    'deprecated',
    'readOnly',
    'writeOnly',
    '$comment',
  ],
  ...['$schema', '$id', 'id', '$anchor', '$dynamicAnchor', '$defs', 'definitions', 'markdownDescription'],
])

/** Keywords that do not affect which values are accepted. */
export function isAnnotation(keyword: string): boolean {
  return annotations.has(keyword) || keyword.startsWith('x-')
}

const isNumber = (value: unknown): value is JsonNumber =>
  typeof value === 'number' ? Number.isFinite(value) : isJsonNumber(value) && exactValue(value) !== undefined
const signOf = (value: unknown): number =>
  (isNumber(value) ? compareNumbers(value, 0) : undefined) ?? Number.NaN
const isCount = (value: unknown): boolean => signOf(value) >= 0
const isText = (value: unknown): boolean => typeof value === 'string'
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText)
const isSchema = (value: unknown): boolean => typeof value === 'boolean' || isObject(value)
const isSchemas = (value: unknown): boolean => Array.isArray(value) && value.every(isSchema)
const isChoice = (value: unknown): boolean => isSchemas(value) && Array.isArray(value) && value.length > 0
const isSchemaMap = (value: unknown): boolean => isObject(value) && Object.values(value).every(isSchema)
const isBoolean = (value: unknown): boolean => typeof value === 'boolean'
const isAnything = (): boolean => true

type Shape = { fits: (value: unknown) => boolean; types?: readonly TypeName[] }

const numeric: readonly TypeName[] = ['integer', 'number']

/** The type of each keyword's value, and the instance types that it applies to (default: all). */
export const shapes: Readonly<Record<string, Shape>> = {
  type: { fits: (value) => isTypeName(value) || (Array.isArray(value) && value.every(isTypeName)) },
  nullable: { fits: isBoolean },
  enum: { fits: Array.isArray },
  const: { fits: isAnything },
  format: { fits: isText },
  minimum: { fits: isNumber, types: numeric },
  maximum: { fits: isNumber, types: numeric },
  exclusiveMinimum: { fits: (value) => isNumber(value) || isBoolean(value), types: numeric },
  exclusiveMaximum: { fits: (value) => isNumber(value) || isBoolean(value), types: numeric },
  multipleOf: { fits: (value) => signOf(value) > 0, types: numeric },
  minLength: { fits: isCount, types: ['string'] },
  maxLength: { fits: isCount, types: ['string'] },
  pattern: { fits: isText, types: ['string'] },
  items: { fits: (value) => isSchema(value) || isSchemas(value), types: ['array'] },
  additionalItems: { fits: isSchema, types: ['array'] },
  prefixItems: { fits: isSchemas, types: ['array'] },
  minItems: { fits: isCount, types: ['array'] },
  maxItems: { fits: isCount, types: ['array'] },
  uniqueItems: { fits: isBoolean, types: ['array'] },
  contains: { fits: isSchema, types: ['array'] },
  minContains: { fits: isCount, types: ['array'] },
  maxContains: { fits: isCount, types: ['array'] },
  unevaluatedItems: { fits: isSchema, types: ['array'] },
  properties: { fits: isSchemaMap, types: ['object'] },
  patternProperties: { fits: isSchemaMap, types: ['object'] },
  additionalProperties: { fits: isSchema, types: ['object'] },
  propertyNames: { fits: isSchema, types: ['object'] },
  required: { fits: isTexts, types: ['object'] },
  minProperties: { fits: isCount, types: ['object'] },
  maxProperties: { fits: isCount, types: ['object'] },
  dependencies: {
    fits: (value) =>
      isObject(value) && Object.values(value).every((entry) => isSchema(entry) || isTexts(entry)),
    types: ['object'],
  },
  dependentRequired: {
    fits: (value) => isObject(value) && Object.values(value).every(isTexts),
    types: ['object'],
  },
  dependentSchemas: { fits: isSchemaMap, types: ['object'] },
  unevaluatedProperties: { fits: isSchema, types: ['object'] },
  allOf: { fits: isSchemas },
  anyOf: { fits: isChoice },
  oneOf: { fits: isChoice },
  not: { fits: isSchema },
  if: { fits: isSchema },
  // biome-ignore lint/suspicious/noThenProperty: `then` is a keyword of JSON Schema, and this table is never awaited.
  then: { fits: isSchema },
  else: { fits: isSchema },
}

/** Keywords that hold further schemas about the same value: a schema with one of them cannot be read keyword by keyword alone. */
export const applicators = ['allOf', 'anyOf', 'oneOf', 'not', 'if', 'dependentSchemas', '$ref'] as const
