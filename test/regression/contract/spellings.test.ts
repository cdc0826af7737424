import { describe, expect, it } from 'vitest'
import type { ContractChange, SchemaSide } from '../../../src/regression/contract/change.ts'
import { diffSchemas } from '../../../src/regression/contract/schema-diff.ts'

type Schema = Record<string, unknown>

/** Both schemas put into the property `p`, so that the pointer is seen as well. */
function diffWithin(before: unknown, after: unknown, side: SchemaSide): Omit<ContractChange, 'tool'>[] {
  const whole = (schema: unknown): Schema => ({ type: 'object', properties: { p: schema }, required: ['p'] })
  return diffSchemas(whole(before), whole(after), side)
}

const object = (properties: Schema, rest: Schema = {}): Schema => ({ type: 'object', properties, ...rest })
const text = { type: 'string' }
const number = { type: 'number' }
const closed = { additionalProperties: false }

describe('spellings that mean the same are no change', () => {
  it.each<[string, unknown, unknown]>([
    [
      'required in another order',
      object({ a: text, b: text }, { required: ['a', 'b'] }),
      object({ b: text, a: text }, { required: ['b', 'a'] }),
    ],
    ['an enum in another order', { enum: ['a', 'b'] }, { enum: ['b', 'a'] }],
    ['const and an enum of one', { const: 'a' }, { enum: ['a'] }],
    ['an enum with and without its type', { enum: ['a', 'b'] }, { type: 'string', enum: ['a', 'b'] }],
    ['type list and anyOf with null', { type: ['string', 'null'] }, { anyOf: [text, { type: 'null' }] }],
    [
      'oneOf with null and OpenAPI nullable',
      { oneOf: [{ type: 'null' }, text] },
      { type: 'string', nullable: true },
    ],
    ['a list of types and anyOf of the same', { type: ['string', 'number'] }, { anyOf: [number, text] }],
    ['anyOf in another order', { anyOf: [text, number] }, { anyOf: [number, text] }],
    ['an allOf of one', { allOf: [text] }, text],
    [
      'draft-07 and 2020-12 tuples',
      { items: [text], additionalItems: false },
      { prefixItems: [text], items: false },
    ],
    [
      'draft-07 and 2020-12 dependencies',
      { dependencies: { a: ['b'] } },
      { dependentRequired: { a: ['b'] } },
    ],
    [
      'draft-04 and later exclusiveMinimum',
      { type: 'number', minimum: 1, exclusiveMinimum: true },
      { type: 'number', exclusiveMinimum: 1 },
    ],
    [
      'open and closed bounds of integers',
      { type: 'integer', exclusiveMinimum: 0 },
      { type: 'integer', minimum: 1 },
    ],
    [
      'values that say nothing',
      { type: 'array', minItems: 0, uniqueItems: false, items: {} },
      { type: 'array' },
    ],
    ['keywords about another type', { type: 'string', minimum: 3, required: ['a'] }, text],
    ['additionalProperties true and none', object({}, { additionalProperties: true }), object({})],
    [
      'unevaluatedProperties and additionalProperties',
      object({ a: text }, { unevaluatedProperties: false }),
      object({ a: text }, closed),
    ],
    [
      'multipleOf in another spelling',
      { type: 'number', multipleOf: 1e-2 },
      { type: 'number', multipleOf: 0.01 },
    ],
  ])('%s', (_row, before, after) => {
    expect([...diffWithin(before, after, 'input'), ...diffWithin(before, after, 'output')]).toEqual([])
    expect([...diffWithin(after, before, 'input'), ...diffWithin(after, before, 'output')]).toEqual([])
  })
})

describe('references', () => {
  const tree = (value: Schema, keyword = '$defs'): Schema => ({
    type: 'object',
    properties: { root: { $ref: `#/${keyword}/tree` } },
    [keyword]: { tree: object({ value, children: { type: 'array', items: { $ref: `#/${keyword}/tree` } } }) },
  })

  it('a recursive schema is compared once round and ends', () => {
    const changes = diffSchemas(tree(number), tree({ type: 'integer' }), 'input')
    expect(changes.map(({ rule, path }) => [rule, path])).toEqual([['input-type-narrowed', '/root/value']])
    expect(diffSchemas(tree(number), tree(number), 'input')).toEqual([])
  })

  it('definitions and $defs, a reference and its target written out mean the same', () => {
    expect(diffSchemas(tree(number, 'definitions'), tree(number), 'output')).toEqual([])
    const [named, plain] = [object({ a: { $ref: '#/$defs/a' } }, { $defs: { a: text } }), object({ a: text })]
    expect(diffSchemas(named, plain, 'input')).toEqual([])
  })

  it('an anchor, the own $id and a pointer with escapes are local', () => {
    const parts = { 'a/b': { $anchor: 'here', type: 'string' } }
    for (const reference of ['#here', '#/$defs/a~1b', '#/$defs/a%7E1b', 'https://own.test/s#here']) {
      const schema = object({ a: { $ref: reference } }, { $id: 'https://own.test/s', $defs: parts })
      expect(diffSchemas(object({ a: text }), schema, 'input')).toEqual([])
    }
  })

  it('keywords beside a $ref hold as well', () => {
    const schema = (extra: Schema): Schema =>
      object({ a: { $ref: '#/$defs/a', ...extra } }, { $defs: { a: text } })
    expect(
      diffSchemas(schema({}), schema({ minLength: 2 }), 'input').some(({ severity }) => severity !== 'safe'),
    ).toBe(true)
    expect(diffSchemas(schema({}), schema({ title: 'A' }), 'input').map(({ severity }) => severity)).toEqual([
      'info',
    ])
  })

  it('a schema built to explode ends, and is breaking since nothing is proved', () => {
    const levels = Array.from({ length: 40 }, (_, level) => {
      const next = { $ref: `#/$defs/l${level + 1}` }
      return [`l${level}`, object({ a: next, b: next })]
    })
    const bomb = (leaf: Schema): Schema => ({
      $ref: '#/$defs/l0',
      $defs: { ...Object.fromEntries(levels), l40: leaf },
    })
    const changes = diffSchemas(bomb(text), bomb(number), 'output')
    expect(
      changes.filter(({ rule }) => rule === 'output-schema-too-complex').map(({ severity }) => severity),
    ).toEqual(['breaking'])
  })
})

describe('dialects', () => {
  it('another $schema is told, and warned of only where the dialects differ', () => {
    const old = 'http://json-schema.org/draft-07/schema#'
    const next = 'https://json-schema.org/draft/2020-12/schema'
    const severities = (schema: Schema): string[] =>
      diffSchemas({ $schema: old, ...schema }, { $schema: next, ...schema }, 'input').map(
        ({ severity }) => severity,
      )
    expect(severities(object({ a: text }))).toEqual(['info'])
    expect(severities(object({ a: { type: 'array', prefixItems: [text] } }))).toEqual(['warning'])
  })
})

describe('several edits at once', () => {
  it.each<[string, unknown, unknown, string[]]>([
    [
      'type and keyword',
      { type: 'string', maxLength: 5 },
      { type: 'integer', maximum: 5 },
      ['input-type-changed'],
    ],
    [
      'wider type and a bound on the old one',
      { type: 'string', maxLength: 5 },
      { type: ['string', 'null'], maxLength: 4 },
      ['input-bound-tightened', 'input-null-gained'],
    ],
    [
      'a discriminated branch edited',
      { anyOf: [object({ k: { const: 'a' }, v: text }), object({ k: { const: 'b' } })] },
      { anyOf: [object({ k: { const: 'b' } }), object({ k: { const: 'a' }, v: number })] },
      ['input-type-changed'],
    ],
    [
      'a discriminated branch replaced',
      { anyOf: [object({ k: { const: 'a' } }), object({ k: { const: 'b' } })] },
      { anyOf: [object({ k: { const: 'a' } }), object({ k: { const: 'c' } })] },
      ['input-anyof-branch-added', 'input-anyof-branch-removed'],
    ],
    [
      'const branches written as an enum with one value more',
      { anyOf: [{ const: 'a' }, { const: 'b' }] },
      { enum: ['a', 'b', 'c'] },
      ['input-anyof-branch-added'],
    ],
  ])('%s', (_row, before, after, rules) => {
    expect(
      diffWithin(before, after, 'input')
        .map(({ rule }) => rule)
        .sort(),
    ).toEqual(rules)
  })
})
