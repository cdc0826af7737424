import type { Json } from './random-schemas.ts'

/** A computed name: the literal would look like a promise. */
const then = (schema: Json): Json & object => Object.fromEntries([['then', schema]])
const text = { type: 'string' }
const number = { type: 'number' }
const tuple = [text, number]
const a = { properties: { a: text } }
const b = { properties: { b: number } }
const definitions = {
  list: { type: 'array', maxItems: 2 },
  text,
  node: { properties: { next: { $ref: '#/definitions/node' } } },
}

/** Keywords that one of the two dialects ignores, or reads in its own way. The suite on npm is older than most of them. */
export const dialectSchemas: Record<string, Json[]> = {
  tuples: [
    { items: tuple },
    { items: tuple, additionalItems: false },
    { prefixItems: tuple },
    { prefixItems: tuple, items: false },
    { items: text },
    { items: text, additionalItems: false },
    { prefixItems: [text], items: number, maxItems: 2 },
    { additionalItems: false },
    {},
  ],
  dependencies: [
    { dependencies: { a: ['b'] } },
    { dependencies: { a: b } },
    { dependentRequired: { a: ['b'] } },
    { dependentSchemas: { a: b } },
    { dependentRequired: { a: ['b'] }, required: ['b'] },
    { properties: { a: false } },
    b,
    {},
  ],
  contains: [
    { contains: text },
    { contains: text, minContains: 0 },
    { contains: text, minContains: 2 },
    { contains: text, maxContains: 1 },
    { minContains: 2 },
    { contains: number },
    { items: text, minItems: 1 },
    {},
  ],
  unevaluated: [
    { ...a, unevaluatedProperties: false },
    { ...a, additionalProperties: false },
    { allOf: [a], ...b, unevaluatedProperties: false },
    { properties: { ...a.properties, ...b.properties }, additionalProperties: false },
    { anyOf: [a, b], unevaluatedProperties: false },
    { unevaluatedItems: false },
    { items: text, unevaluatedItems: false },
    { contains: text, unevaluatedItems: false },
    a,
    {},
  ],
  besideReferences: [
    { definitions, properties: { a: { $ref: '#/definitions/list' } } },
    { definitions, properties: { a: { $ref: '#/definitions/list', maxItems: 1 } } },
    { definitions, properties: { a: { $ref: '#/definitions/list', description: 'A list.' } } },
    { definitions, properties: { a: { type: 'array', maxItems: 2 } } },
    { definitions, properties: { a: { type: 'array', maxItems: 1 } } },
    { definitions, $ref: '#/definitions/node' },
    { definitions, $ref: '#/definitions/node', required: ['next'] },
    {
      $id: 'https://own.test/root',
      definitions,
      properties: { a: { $ref: 'https://own.test/root#/definitions/text' } },
    },
    { definitions: { named: { $anchor: 'named', ...text } }, properties: { a: { $ref: '#named' } } },
    a,
  ],
  data: [
    { const: { $ref: '#/definitions/list' } },
    { enum: [{ $ref: 'https://elsewhere.test' }, { $id: 'https://other.test' }] },
    {
      definitions,
      default: { $id: 'https://other.test', $ref: '#' },
      properties: { a: { $ref: '#/definitions/text' } },
    },
    { definitions, examples: [{ $id: '#text' }], properties: { a: { $ref: '#/definitions/text' } } },
    { properties: { default: text, const: { $ref: '#/properties/default' } } },
    a,
  ],
  conditions: [
    { if: a, ...then({ required: ['b'] }) },
    { if: a, else: { required: ['b'] } },
    then({ required: ['b'] }),
    { if: { properties: { a: { const: 'x' } } }, ...then(b) },
    { required: ['b'] },
    {},
  ],
  merged: [
    { allOf: [a, b] },
    { allOf: [{ ...a, required: ['a'] }, b] },
    { properties: { ...a.properties, ...b.properties } },
    { properties: { ...a.properties, ...b.properties }, required: ['a'] },
    { allOf: [{ ...a, additionalProperties: false }, b] },
    { allOf: [{ ...a, additionalProperties: text }], ...b },
    { allOf: [a], additionalProperties: false },
    { allOf: [{ type: 'object' }, { type: ['object', 'string'] }], minLength: 2 },
    { allOf: [{ properties: { a: { minLength: 2 } } }, a] },
    { type: 'object' },
  ],
  listed: [
    { enum: [1, 2, 3] },
    { enum: [1, 2, 3], minimum: 1 },
    { enum: [1, 2, 3], minimum: 2 },
    { oneOf: [{ const: 1 }, { const: 2 }, { const: 3 }] },
    { oneOf: [{ enum: [1, 2] }, { enum: [2, 3] }] },
    { anyOf: [{ enum: [1, 2] }, { enum: [2, 3] }] },
    { anyOf: [{ const: 1 }, { type: 'null' }] },
    { enum: ['a', 'bb'], minLength: 1 },
    { enum: ['a', 'bb'], pattern: '^a' },
    { type: 'integer' },
    { type: 'number', multipleOf: 1 },
    { type: 'number', multipleOf: 2 },
    { type: 'integer', multipleOf: 0.5 },
    { multipleOf: 1 },
    number,
  ],
}

/** Values around which these schemas differ. */
export const probes: Json[] = [
  ...[null, true, 0, 1, 2, 2.5, 3, 4, '', 'a', 'bb', 'abc'],
  ...[[], ['a'], ['a', 'b'], ['a', 1], ['a', 1, 1], [1], [1, 'a'], [1, 2, 3], [null]],
  ...[
    {},
    { a: 'x' },
    { a: 'xx' },
    { a: 1 },
    { b: 1 },
    { b: 'x' },
    { a: 'x', b: 1 },
    { a: 1, b: 'x' },
    { c: true },
  ],
  ...[{ a: 'x', c: true }, { a: [1] }, { a: [1, 2] }, { a: [1, 2, 3] }, { next: 1 }, { next: { next: 1 } }],
  ...[{ $ref: '#/definitions/list' }, { $ref: 'https://elsewhere.test' }, { default: 1, const: 1 }],
]
