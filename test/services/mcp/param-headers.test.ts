import { Client } from '@modelcontextprotocol/client'
import { describe, expect, test, vi } from 'vitest'
import { strictModernOf } from '../../../src/services/mcp/modern.ts'

/** Tools that the client of SDK 2.x leaves out of its list for their `x-mcp-header`. */

const strict = await strictModernOf()
const object = (properties: object, more: object = {}) => ({ type: 'object', properties, ...more })
const header = (name: unknown, type: unknown = 'string') => ({ type, 'x-mcp-header': name })

/** Whether the SDK's own client keeps the tool. */
function isKept(inputSchema: object): boolean {
  const client: object = Object.create(Client.prototype, {
    getProtocolEra: { value: () => 'modern' },
    transport: { value: {} },
  })
  const page = { tools: [{ name: 'pay', inputSchema }] }
  const quiet = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
  ;(client as { _excludeInvalidXMcpHeaderTools: (of: object) => void })._excludeInvalidXMcpHeaderTools(page)
  quiet.mockRestore()
  return page.tools.length === 1
}

const problemsOf = (inputSchema: object) => strict.tool({ name: 'pay', inputSchema })

describe('a tool that the newer client drops is refused', () => {
  test.each<[string, object, string]>([
    ['a number', object({ amount: header('Amount', 'number') }), 'properties.amount'],
    ['an object', object({ amount: header('Amount', 'object') }), 'properties.amount'],
    ['several types', object({ amount: header('Amount', ['string', 'null']) }), 'properties.amount'],
    ['no type', object({ amount: { 'x-mcp-header': 'Amount' } }), 'properties.amount'],
    ['no token', object({ amount: header('Two words') }), 'properties.amount'],
    ['an empty name', object({ amount: header('') }), 'properties.amount'],
    ['a name that is not text', object({ amount: header(7) }), 'properties.amount'],
    ['two of one name in other case', object({ a: header('Same'), b: header('same') }), 'properties.b'],
    ['the root', { ...object({}), 'x-mcp-header': 'Root' }, 'inputSchema'],
    ['items', object({ list: { type: 'array', items: header('Each') } }), 'properties.list.items'],
    ['a branch', object({ a: { anyOf: [{ type: 'null' }, header('A')] } }), 'properties.a.anyOf[1]'],
    ['a definition', object({}, { $defs: { a: header('A') } }), '$defs.a'],
    [
      'a property below a branch',
      object({}, { allOf: [object({ a: header('A') })] }),
      'allOf[0].properties.a',
    ],
    ['additional properties', object({}, { additionalProperties: header('Any') }), 'additionalProperties'],
  ])('%s', (_, inputSchema, where) => {
    expect(isKept(inputSchema)).toBe(false)
    expect(problemsOf(inputSchema)).toEqual([expect.stringContaining(where)])
  })

  test.each<[string, object]>([
    [
      'a text, an integer and a boolean',
      object({ a: header('A'), b: header('B', 'integer'), c: header('C', 'boolean') }),
    ],
    ['a property of a property', object({ at: object({ city: header('City') }) })],
    ['a property that is only called so', object({ 'x-mcp-header': { type: 'string' } })],
    ['a value that only looks so', object({ a: { type: 'object', default: header('A', 'number') } })],
    ['a null', object({ a: { type: 'string', not: null } })],
    ['none', object({ a: { type: 'number' } })],
  ])('and one with %s is not', (_, inputSchema) => {
    expect(isKept(inputSchema)).toBe(true)
    expect(problemsOf(inputSchema).filter((text) => text.includes('x-mcp-header'))).toEqual([])
  })
})
