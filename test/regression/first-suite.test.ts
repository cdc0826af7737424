import { describe, expect, test } from 'vitest'
import { exampleArgs } from '../../src/regression/example-args.ts'
import { firstSuite } from '../../src/regression/first-suite.ts'
import { readSuite } from '../../src/regression/suite-file.ts'
import type { ListedTool } from '../../src/services/mcp.ts'

const argument = (schema: unknown) => ({ type: 'object', properties: { a: schema }, required: ['a'] })

describe('an example argument comes from the schema', () => {
  test.each<[string, unknown, unknown]>([
    ['its const', { const: 'x', default: 'y' }, 'x'],
    ['its default', { type: 'string', default: 'y', examples: ['z'] }, 'y'],
    ['its first example', { type: 'string', examples: ['z'], enum: ['z', 'q'] }, 'z'],
    ['the first of its enum', { enum: ['q', 'r'] }, 'q'],
    ['false, where it is a default', { type: 'boolean', default: false }, false],
    ['its minimum', { type: 'integer', minimum: 5 }, 5],
    ['a number above an exclusive minimum', { type: 'number', exclusiveMinimum: 0.5 }, 1],
    ['a number below its maximum', { type: 'number', maximum: 0 }, 0],
    ['a day', { type: 'string', format: 'date' }, '2026-01-01'],
    ['an empty list', { type: 'array', items: { type: 'string' } }, []],
    ['as many items as it needs', { type: 'array', minItems: 2, items: { type: 'boolean' } }, [false, false]],
    ['the type that is not null', { type: ['null', 'boolean'] }, false],
    ['the first branch that is not null', { anyOf: [{ type: 'null' }, { const: 7 }] }, 7],
    ['what a reference names', { $ref: '#/$defs/kind~1x' }, 'k'],
    [
      'only what an object requires',
      { type: 'object', properties: { b: { const: 1 }, c: { const: 2 } }, required: ['b'] },
      { b: 1 },
    ],
  ])('%s', (_name, schema, value) => {
    const inputSchema = { ...argument(schema), $defs: { 'kind/x': { enum: ['k'] } } }
    expect(exampleArgs(inputSchema)).toEqual({ args: { a: value }, todo: [] })
  })

  test.each<[string, unknown]>([
    ['a text that could be anything', { type: 'string' }],
    ['a text with a pattern', { type: 'string', pattern: '^[a-f]+$' }],
    ['nothing', true],
    ['a reference to elsewhere', { $ref: 'https://example.com/schema' }],
    ['a reference to itself', { $ref: '#/properties/a' }],
    ['an example that a suite would take for a variable', { type: 'string', default: '$' + '{HOME}' }],
  ])('but %s needs a person', (_name, schema) => {
    expect(exampleArgs(argument(schema)).todo).toEqual(['a'])
  })

  test('an id needs a person even where it is a number, and a search takes any word', () => {
    const properties = {
      order_id: { type: 'integer' },
      query: { type: 'string' },
      deep: { type: 'object', properties: { userId: { type: 'number' } }, required: ['userId'] },
    }
    expect(exampleArgs({ type: 'object', properties, required: ['order_id', 'query', 'deep'] })).toEqual({
      args: { order_id: 0, query: 'test', deep: { userId: 0 } },
      todo: ['order_id', 'deep.userId'],
    })
  })

  test.each([undefined, null, true, { type: 'object' }])('a schema like %j has no arguments', (schema) => {
    expect(exampleArgs(schema)).toEqual({ args: {}, todo: [] })
  })
})

const tool = (name: string, annotations?: object, inputSchema: unknown = { type: 'object' }) =>
  ({ name, inputSchema, ...(annotations ? { annotations } : {}) }) as ListedTool

function suiteOf(tools: ListedTool[]) {
  const made = firstSuite(tools)
  const read = readSuite(made.text, 'first.yml')
  if (!read.ok) throw new Error(read.problems.map(({ message }) => message).join('\n') + made.text)
  return { ...made, suite: read.value }
}

describe('a first suite', () => {
  test('is valid, with a case for each tool that reads', () => {
    const { suite, ready, todo, text } = suiteOf([
      tool('anything', { readOnlyHint: true }),
      tool('get_order', undefined, argument({ type: 'string' })),
    ])
    expect(suite.cases.map(({ name }) => name)).toEqual(['anything answers', 'get_order answers'])
    expect([suite.reads, ready, [...todo]]).toEqual([
      ['get_order'],
      ['anything answers'],
      [['get_order', ['a']]],
    ])
    expect(text).toContain('args: {"a":"TODO"} # TODO: "a"\n')
    expect(text.match(/TODO: /g)).toHaveLength(1)
  })

  test.each<[string, object | undefined, boolean]>([
    ['get_order', undefined, true],
    ['listOrders', undefined, true],
    ['github.search-issues', undefined, true],
    ['order', undefined, false],
    ['get_or_create_order', undefined, false],
    ['reset_list', undefined, false],
    ['get_order', { readOnlyHint: false }, false],
    ['get_order', { destructiveHint: true }, false],
    ['issue_reward', undefined, false],
  ])('takes %s with %j for a tool that reads by its name: %s', (name, annotations, reads) => {
    const { guessed, writers } = suiteOf([tool(name, annotations), tool('other', { readOnlyHint: true })])
    expect([guessed, writers]).toEqual(reads ? [[name], []] : [[], [name]])
  })

  test('has the cases of tools that write as comments, which are valid once they are none', () => {
    const { text, suite } = suiteOf([
      tool('read', { readOnlyHint: true }),
      tool('pay', undefined, argument({ const: 1 })),
    ])
    expect(suite.cases).toHaveLength(1)
    const uncommented = readSuite(text.replaceAll(/^# ( {2}.*)$/gm, '$1'), 'first.yml')
    expect(uncommented.ok && uncommented.value.cases[1]).toMatchObject({
      tool: 'pay',
      writes: true,
      args: { a: 1 },
    })
  })

  test('cannot be broken out of by the names and values of a server', () => {
    const odd = 'get_x\n  - { name: evil } #'
    const { suite } = suiteOf([
      tool(odd, undefined, {
        type: 'object',
        properties: { 'k\n#': { default: 'v\n- x: 1' } },
        required: ['k\n#'],
      }),
      tool('set_y\n- z: 1'),
    ])
    expect(suite.cases.map((entry) => [entry.tool, entry.writes])).toEqual([[odd, false]])
    expect(suite.cases[0]?.args).toEqual({ 'k\n#': 'v\n- x: 1' })
  })
})
