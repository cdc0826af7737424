import { describe, expect, it } from 'vitest'
import type { ContractChange, SchemaSide } from '../../../src/regression/contract/change.ts'
import { diffSchemas } from '../../../src/regression/contract/schema-diff.ts'

type Schema = Record<string, unknown>

/** Both schemas put into the property `p`, so that the pointer is seen as well. */
function diffWithin(before: unknown, after: unknown, side: SchemaSide): Omit<ContractChange, 'tool'>[] {
  const whole = (schema: unknown): Schema => ({ type: 'object', properties: { p: schema }, required: ['p'] })
  return diffSchemas(whole(before), whole(after), side)
}

const draft04 = 'http://json-schema.org/draft-04/schema#'
const draft07 = 'http://json-schema.org/draft-07/schema#'
const draft2020 = 'https://json-schema.org/draft/2020-12/schema'

/** What differs between two schemas of a property, each in its dialect, but for the note that the dialect is another. */
function diffAcross(
  [before, old]: [string, unknown],
  [after, next]: [string, unknown],
  side: SchemaSide,
): [string, string, string][] {
  const whole = ($schema: string, p: unknown): Schema => ({ $schema, type: 'object', properties: { p } })
  const found = diffSchemas(whole(before, old), whole(after, next), side)
  return found
    .filter(({ rule }) => !rule.endsWith('-dialect-changed'))
    .map(({ rule, path, severity }) => [rule.slice(side.length + 1), path, severity])
}

const object = (properties: Schema, rest: Schema = {}): Schema => ({ type: 'object', properties, ...rest })
const text = { type: 'string' }
const number = { type: 'number' }
const closed = { additionalProperties: false }

describe('spellings that mean the same are not a change', () => {
  it.each<[string, unknown, unknown]>([
    [
      'required in another order',
      object({ a: text, b: text }, { required: ['a', 'b'] }),
      object({ b: text, a: text }, { required: ['b', 'a'] }),
    ],
    ['an enum in another order', { enum: ['a', 'b'] }, { enum: ['b', 'a'] }],
    ['null as a constant and as a type', { const: null }, { type: 'null' }],
    ['a list of null and the type', { enum: [null] }, { type: 'null' }],
    [
      'null as a constant among alternatives',
      { anyOf: [text, number, { const: null }] },
      { anyOf: [text, number, { type: 'null' }] },
    ],
    [
      'null within an alternative and beside it',
      { anyOf: [{ type: ['string', 'null'] }, number] },
      { anyOf: [text, number, { type: 'null' }] },
    ],
    [
      'null within one alternative, another, and both',
      { anyOf: [{ type: ['string', 'null'] }, number] },
      { anyOf: [{ type: ['string', 'null'] }, { type: ['null', 'number'] }] },
    ],
    [
      'null within alternatives with more to them',
      {
        anyOf: [
          { type: ['string', 'null'], enum: ['a', null] },
          { type: 'array', items: text },
        ],
      },
      { anyOf: [{ enum: ['a'] }, { type: ['array', 'null'], items: text }] },
    ],
    [
      'null among the values of an alternative and beside it',
      { anyOf: [{ enum: ['a', null] }, number] },
      { anyOf: [{ enum: ['a'] }, number, { type: 'null' }] },
    ],
    [
      'OpenAPI nullable within one alternative and another',
      { anyOf: [{ type: 'string', nullable: true }, number] },
      { anyOf: [text, { type: 'number', nullable: true }] },
    ],
    [
      'alternatives within an alternative',
      { anyOf: [{ anyOf: [text, { type: 'boolean' }] }, number] },
      { anyOf: [text, number, { type: 'boolean' }] },
    ],
    [
      'alternatives that may be null, and null as one of them',
      { anyOf: [{ anyOf: [text, number] }, { type: 'null' }] },
      { anyOf: [text, number, { type: 'null' }] },
    ],
    [
      'a type beside alternatives and repeated in each of them',
      object({}, { anyOf: [{ required: ['a'] }, { required: ['b'] }] }),
      object({}, { anyOf: [object({}, { required: ['a'] }), object({}, { required: ['b'] })] }),
    ],
    [
      'an alternative of a type that is excluded beside it',
      { type: 'string', anyOf: [{ minLength: 3 }, { pattern: '^a' }, { type: ['number', 'null'] }] },
      { type: 'string', anyOf: [{ minLength: 3 }, { pattern: '^a' }] },
    ],
    ['const and an enum of one', { const: 'a' }, { enum: ['a'] }],
    ['an enum with and without its type', { enum: ['a', 'b'] }, { type: 'string', enum: ['a', 'b'] }],
    ['type list and anyOf with null', { type: ['string', 'null'] }, { anyOf: [text, { type: 'null' }] }],
    ['type list and oneOf with null', { type: ['string', 'null'] }, { oneOf: [{ type: 'null' }, text] }],
    [
      'OpenAPI nullable in another order of keywords, beside a list of types',
      { type: 'string', nullable: true },
      { nullable: true, type: ['string'] },
    ],
    [
      'nullable beside null',
      { anyOf: [{ type: 'string', nullable: true }, { type: 'null' }] },
      { type: ['string', 'null'] },
    ],
    ['a list of types and anyOf of the same', { type: ['string', 'number'] }, { anyOf: [number, text] }],
    ['anyOf in another order', { anyOf: [text, number] }, { anyOf: [number, text] }],
    [
      'items behind the last one that there may be',
      { type: 'array', prefixItems: [text], items: number, maxItems: 1 },
      { type: 'array', items: text, maxItems: 1 },
    ],
    ['an allOf of one', { allOf: [text] }, text],
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
    [
      'an allOf and the same written out',
      { allOf: [object({ a: text }, { required: ['a'] }), object({ b: number })] },
      object({ b: number, a: text }, { required: ['a'] }),
    ],
    [
      'an allOf that narrows one property and the same written out',
      { allOf: [object({ a: text }), object({ a: { minLength: 2 } })] },
      object({ a: { type: 'string', minLength: 2 } }),
    ],
    [
      'bounds spread over an allOf',
      { type: 'number', minimum: 1, allOf: [{ minimum: 3 }, { maximum: 9 }, { maximum: 12 }] },
      { type: 'number', minimum: 3, maximum: 9 },
    ],
    ['an anyOf and a oneOf of one', { anyOf: [text] }, { oneOf: [text] }],
    ['an enum beside a bound that it meets', { enum: [1, 2, 3], minimum: 1 }, { enum: [1, 2, 3] }],
    ['an enum beside a bound that it does not meet', { enum: [1, 2, 3], minimum: 2 }, { enum: [2, 3] }],
    [
      'an enum of texts beside a length and a pattern that it meets',
      { enum: ['ab', 'ac'], maxLength: 2, pattern: '^a' },
      { enum: ['ab', 'ac'] },
    ],
    ['integer and a number that is a multiple of 1', { type: 'integer' }, { type: 'number', multipleOf: 1 }],
    [
      'integer and number that are multiples of the same whole number',
      { type: 'integer', multipleOf: 5 },
      { type: 'number', multipleOf: 5 },
    ],
    ['a part of an integer', { type: 'integer', multipleOf: 0.25 }, { type: 'integer' }],
    ['oneOf of constants and an enum', { oneOf: [{ const: 'a' }, { const: 'b' }] }, { enum: ['a', 'b'] }],
    [
      'anyOf of enums that overlap and one enum',
      { type: 'string', anyOf: [{ enum: ['a', 'b'] }, { enum: ['b', 'c'] }] },
      { enum: ['a', 'b', 'c'] },
    ],
    [
      'oneOf of constants and null, and an enum with null',
      { oneOf: [{ const: 'a' }, { const: 1 }, { type: 'null' }] },
      { enum: ['a', 1, null] },
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

  it('an alternative that is referenced and one written out mean the same, with null within or beside it', () => {
    const parts = { some: { anyOf: [text, number] }, orNull: { type: ['string', 'null'] } }
    const whole = (anyOf: Schema[]): Schema => ({ properties: { a: { anyOf } }, $defs: parts })
    for (const referenced of [
      [{ $ref: '#/$defs/some' }, { type: 'null' }],
      [{ $ref: '#/$defs/orNull' }, number],
    ])
      for (const side of ['input', 'output'] as const)
        expect(diffSchemas(whole(referenced), whole([text, number, { type: 'null' }]), side)).toEqual([])
  })

  it('alternatives that double at each reference are not written out', () => {
    const doubled = (leaf: Schema): Schema => ({
      properties: { a: { $ref: '#/$defs/l0' } },
      $defs: Object.fromEntries([
        ...Array.from({ length: 40 }, (_, level) => {
          const next = { $ref: `#/$defs/l${level + 1}` }
          return [`l${level}`, { anyOf: [next, next] }]
        }),
        ['l40', leaf],
      ]),
    })
    const changes = diffSchemas(doubled(text), doubled(number), 'input')
    expect(changes.map(({ severity }) => severity)).toContain('breaking')
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
  it('another $schema is reported', () => {
    const schema = object({ a: text })
    const changes = diffSchemas({ $schema: draft07, ...schema }, { $schema: draft2020, ...schema }, 'input')
    expect(changes.map(({ rule, severity }) => [rule, severity])).toEqual([['input-dialect-changed', 'info']])
  })

  it.each<[string, [string, unknown], [string, unknown]]>([
    [
      'tuples',
      [draft07, { items: [text], additionalItems: false }],
      [draft2020, { prefixItems: [text], items: false }],
    ],
    [
      'dependencies',
      [draft07, { dependencies: { a: ['b'], c: object({ b: text }) } }],
      [draft2020, { dependentRequired: { a: ['b'] }, dependentSchemas: { c: object({ b: text }) } }],
    ],
    [
      'open bounds',
      [draft04, { type: 'number', minimum: 1, exclusiveMinimum: true }],
      [draft07, { type: 'number', exclusiveMinimum: 1 }],
    ],
    ['a keyword that is read by neither', [draft07, { prefixItems: [text] }], [draft07, {}]],
  ])('%s are not a change from one dialect to the other', (_row, before, after) => {
    const changes = [...diffAcross(before, after, 'input'), ...diffAcross(after, before, 'output')]
    expect(changes.filter(([, , severity]) => severity !== 'info')).toEqual([])
    const back = [...diffAcross(after, before, 'input'), ...diffAcross(before, after, 'output')]
    expect(back.filter(([, , severity]) => severity !== 'info')).toEqual([])
  })

  it.each<[string, unknown, unknown, string, string]>([
    ['prefixItems', { prefixItems: [text] }, {}, 'type-narrowed', '/p/0'],
    ['dependentRequired', { dependentRequired: { a: ['b'] } }, {}, 'dependency-added', '/p'],
    ['dependentSchemas', { dependentSchemas: { a: object({ b: text }) } }, {}, 'dependency-added', '/p'],
    [
      'unevaluatedProperties',
      object({}, { unevaluatedProperties: false }),
      object({}),
      'additional-properties-closed',
      '/p',
    ],
    ['unevaluatedItems', { unevaluatedItems: text }, {}, 'type-narrowed', '/p/*'],
    ['minContains', { contains: text, minContains: 2 }, { contains: text }, 'contains-edited', '/p'],
  ])(
    '%s is nothing in draft-07, and begins to count with 2020-12',
    (_keyword, using, without, rule, path) => {
      for (const side of ['input', 'output'] as const) {
        const added = diffAcross([draft07, without], [draft07, using], side)
        expect(added.map(([found, , severity]) => [found, severity])).toEqual([
          ['ignored-keyword-changed', 'info'],
        ])
      }
      const begun = diffAcross([draft07, using], [draft2020, using], 'input')
      expect(begun.map(([found, at]) => [found, at])).toEqual([[rule, path]])
      expect(['breaking', 'warning']).toContain(begun[0]?.[2])
      const ended = diffAcross([draft2020, using], [draft07, using], 'output')
      expect(['breaking', 'warning']).toContain(ended[0]?.[2])
    },
  )

  it.each<[string, [string, unknown], [string, unknown]]>([
    ['additionalItems in 2020-12', [draft2020, { additionalItems: false }], [draft2020, {}]],
    ['if in draft-04', [draft04, { if: text, else: number }], [draft04, {}]],
    ['const in draft-04', [draft04, { const: 1 }], [draft04, { const: 2 }]],
  ])('%s promises nothing', (_row, before, after) => {
    for (const side of ['input', 'output'] as const)
      expect(diffAcross(before, after, side)).toEqual([['ignored-keyword-changed', '/p', 'info']])
  })

  it.each<[string, string, unknown, unknown]>([
    ['a keyword beside $ref in draft-07', draft07, { $ref: '#/x', maxItems: 2 }, { $ref: '#/x' }],
    ['dependencies in 2020-12', draft2020, { dependencies: { a: ['b'] } }, {}],
  ])('%s is warned of, both ways: Ajv reads it and the specification does not', (_row, uri, old, next) => {
    const whole = (p: unknown): Schema => ({ $schema: uri, x: { type: 'array' }, properties: { p } })
    for (const side of ['input', 'output'] as const) {
      for (const [before, after] of [[old, next] as const, [next, old] as const]) {
        const found = diffSchemas(whole(before), whole(after), side)
        expect(found.map(({ rule, severity }) => [rule, severity])).toEqual([
          [`${side}-keyword-contested`, 'warning'],
        ])
      }
    }
  })

  it('what is contested and stays as it is does not hide what changes beside it, and is not reported', () => {
    const whole = (type: string): Schema => ({
      $schema: draft07,
      definitions: { x: { type: 'array', items: { type } } },
      properties: { p: { $ref: '#/definitions/x', maxItems: 2 } },
    })
    const found = diffSchemas(whole('number'), whole('integer'), 'input')
    expect(found.map(({ rule, path }) => [rule, path])).toEqual([['input-type-narrowed', '/p/*']])
  })

  it('a dialect that nobody knows proves nothing of the keywords that dialects read in different ways', () => {
    const whole = (p: unknown): Schema => ({ $schema: 'https://own.test/dialect', properties: { p } })
    const rules = (before: unknown, after: unknown) =>
      diffSchemas(whole(before), whole(after), 'output').map(({ rule, severity }) => [rule, severity])
    expect(rules({ prefixItems: [number] }, { prefixItems: [{ type: 'integer' }] })).toEqual([
      ['output-dialect-unknown', 'warning'],
      ['output-type-narrowed', 'safe'],
    ])
    expect(rules(number, { type: 'integer' })).toEqual([['output-type-narrowed', 'safe']])
  })
})

describe('references are found in schema positions only', () => {
  const remote = { $ref: 'https://elsewhere.test/schema', $id: 'https://elsewhere.test' }
  it.each<[string, Schema]>([
    ['const', { const: remote }],
    ['enum', { enum: [remote, 1] }],
    ['default', { default: remote }],
    ['examples', { examples: [remote] }],
  ])('not inside %s', (_keyword, holder) => {
    const whole = (type: string): Schema => ({
      properties: { a: holder, b: { $ref: '#/$defs/b' } },
      $defs: { b: { type } },
    })
    expect(diffSchemas(whole('string'), whole('string'), 'input')).toEqual([])
    const found = diffSchemas(whole('number'), whole('integer'), 'input')
    expect(found.map(({ rule, path }) => [rule, path])).toEqual([['input-type-narrowed', '/b']])
  })

  it('a property that is called like such a keyword is a schema', () => {
    const whole = (target: string): Schema => ({
      properties: { default: { $ref: `#/$defs/${target}` }, const: { $ref: '#/properties/default' } },
      $defs: { text, number },
    })
    const found = diffSchemas(whole('text'), whole('number'), 'input')
    expect(found.map(({ rule, path }) => [rule, path])).toEqual([
      ['input-type-changed', '/default'],
      ['input-type-changed', '/const'],
    ])
  })

  it('a reference to data is not followed', () => {
    const whole = (type: string): Schema => ({
      properties: { a: { $ref: '#/properties/b/default' }, b: { default: { type } } },
    })
    expect(diffSchemas(whole('string'), whole('number'), 'input').map(({ rule }) => rule)).toContain(
      'input-reference-unresolved',
    )
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
      'a branch edited so that it refuses something, which another new branch accepts',
      { anyOf: [{ type: 'string', minLength: 1 }, number] },
      { anyOf: [{ type: 'string', minLength: 2 }, text, number] },
      ['input-anyof-branch-added', 'input-anyof-branch-added', 'input-anyof-branch-removed'],
    ],
    [
      'a branch edited so that it refuses something',
      { anyOf: [{ type: 'string', minLength: 1 }, number] },
      { anyOf: [{ type: 'string', minLength: 2 }, number] },
      ['input-bound-tightened'],
    ],
    [
      'const branches written as an enum with one value more',
      { anyOf: [{ const: 'a' }, { const: 'b' }] },
      { enum: ['a', 'b', 'c'] },
      ['input-enum-value-added'],
    ],
    [
      'a constant that only one branch of oneOf may have, in two of them',
      { oneOf: [{ const: 'a' }, { enum: ['b', 'c'] }] },
      { oneOf: [{ const: 'a' }, { enum: ['a', 'b', 'c'] }] },
      ['input-enum-value-removed'],
    ],
    [
      'a description of one constant',
      { oneOf: [{ const: 'a', description: 'small' }, { const: 'b' }] },
      { oneOf: [{ const: 'a', description: 'large' }, { const: 'b' }] },
      ['input-description-changed'],
    ],
    [
      'a description of several alternatives among others',
      { anyOf: [{ anyOf: [text, { type: 'boolean' }], description: 'in cents' }, number] },
      { anyOf: [{ anyOf: [text, { type: 'boolean' }], description: 'in euros' }, number] },
      ['input-description-changed'],
    ],
    [
      'a closed part of an allOf that would be opened by merging it',
      { allOf: [object({ a: text }, closed), object({ b: text })] },
      object({ a: text, b: text }, closed),
      ['input-allof-removed', 'input-optional-property-added'],
    ],
  ])('%s', (_row, before, after, rules) => {
    expect(
      diffWithin(before, after, 'input')
        .map(({ rule }) => rule)
        .sort(),
    ).toEqual(rules)
  })
})
