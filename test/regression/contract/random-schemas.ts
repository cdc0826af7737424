/** Random schemas, edits and values for the soundness test. All chance comes from one seed, so that a failure can be seen again. */

export type Json = unknown
export type Node = { [keyword: string]: Json }
export type Chance = {
  below(limit: number): number
  pick<T>(list: readonly T[]): T
  once(oneIn: number): boolean
}

/** The generator mulberry32: small, quick and good enough to choose among branches. */
export function chanceOf(seed: number): Chance {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number): number => Math.floor(next() * limit)
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T
  return { below, pick, once: (oneIn) => below(oneIn) === 0 }
}

const names: readonly string[] = ['a', 'b', 'c', 'x1', 'x2']
const texts: readonly string[] = ['', 'a', 'b', 'ab', 'ba', 'aab', 'xyz', 'a long text']
const atoms: readonly Json[] = [...texts, 0, 1, 2, 3, 5, 10, -1, 1.5, true, false, null]

export function randomSchema(chance: Chance, depth: number): Node | boolean {
  if (chance.once(25)) return chance.once(2)
  const kinds = depth <= 0 ? leaves : [...leaves, ...branches, ...branches]
  return chance.pick(kinds)(chance, depth - 1)
}

type Kind = (chance: Chance, depth: number) => Node

const maybe = (chance: Chance, oneIn: number, part: () => Node): Node => (chance.once(oneIn) ? part() : {})

const leaves: readonly Kind[] = [
  (chance) => ({
    type: chance.pick<Json>(['string', 'string', ['string', 'null'], ['string', 'integer']]),
    ...maybe(chance, 3, () => ({ minLength: chance.below(3) })),
    ...maybe(chance, 3, () => ({ maxLength: 1 + chance.below(4) })),
    ...maybe(chance, 4, () => ({ pattern: chance.pick(['^a', 'b$', 'a']) })),
  }),
  (chance) => ({
    type: chance.pick<Json>(['integer', 'number', 'number', ['integer', 'null'], ['number', 'string']]),
    ...maybe(chance, 3, () => ({ minimum: chance.below(4) - 1 })),
    ...maybe(chance, 3, () => ({ maximum: 2 + chance.below(4) })),
    ...maybe(chance, 4, () => ({ exclusiveMinimum: chance.pick([0, 0.5, 1]) })),
    ...maybe(chance, 4, () => ({ exclusiveMaximum: chance.pick([3, 4.5, 6]) })),
    ...maybe(chance, 5, () => ({ multipleOf: chance.pick([1, 2, 3, 6]) })),
  }),
  (chance) => ({ enum: [...new Set([chance.pick(atoms), chance.pick(atoms), chance.pick(atoms)])] }),
  (chance) => ({ type: 'string', enum: [...new Set([chance.pick(texts), chance.pick(texts)])] }),
  (chance) => ({ const: chance.pick(atoms) }),
  (chance) => ({
    type: chance.pick<Json>(['boolean', 'null', 'integer', 'object', 'array', ['boolean', 'null']]),
  }),
  (chance) => maybe(chance, 2, () => ({ type: 'object' })),
  () => ({ $ref: '#/$defs/node' }),
]

function members(chance: Chance, depth: number): Node {
  const chosen = names.filter(() => chance.once(2))
  return Object.fromEntries(chosen.map((name) => [name, randomSchema(chance, depth)]))
}

const branches: readonly Kind[] = [
  (chance, depth) => ({
    type: 'object',
    properties: members(chance, depth),
    ...maybe(chance, 2, () => ({ required: names.filter(() => chance.once(3)) })),
    ...maybe(chance, 2, () => ({
      additionalProperties: chance.pick([false, false, true, randomSchema(chance, depth)]),
    })),
    ...maybe(chance, 5, () => ({
      patternProperties: { [chance.pick(['^x', '1$', '^a'])]: randomSchema(chance, depth) },
    })),
    ...maybe(chance, 6, () => ({
      propertyNames: chance.pick<Json>([{ maxLength: 1 }, { pattern: '^[abc]' }, { enum: [...names] }]),
    })),
    ...maybe(chance, 6, () => ({ minProperties: chance.below(2) })),
    ...maybe(chance, 6, () => ({ maxProperties: 2 + chance.below(3) })),
    ...maybe(chance, 6, () => ({ dependentRequired: { [chance.pick(names)]: [chance.pick(names)] } })),
    ...maybe(chance, 8, () => ({
      dependentSchemas: { [chance.pick(names)]: { required: [chance.pick(names)] } },
    })),
  }),
  (chance, depth) => ({
    type: 'array',
    ...maybe(chance, 2, () => ({ items: randomSchema(chance, depth) })),
    ...maybe(chance, 3, () => ({ prefixItems: [randomSchema(chance, depth), randomSchema(chance, depth)] })),
    ...maybe(chance, 4, () => ({ minItems: chance.below(3) })),
    ...maybe(chance, 4, () => ({ maxItems: 1 + chance.below(3) })),
    ...maybe(chance, 5, () => ({ uniqueItems: chance.once(2) })),
    ...maybe(chance, 5, () => ({ contains: randomSchema(chance, depth) })),
    ...maybe(chance, 8, () => ({ minContains: chance.below(3) })),
    ...maybe(chance, 8, () => ({ maxContains: 1 + chance.below(2) })),
    ...maybe(chance, 12, () => ({ unevaluatedItems: false })),
  }),
  (chance, depth) => ({ anyOf: [randomSchema(chance, depth), randomSchema(chance, depth)] }),
  (chance, depth) => ({ anyOf: [randomSchema(chance, depth), { type: 'null' }] }),
  (chance, depth) => ({
    oneOf: [randomSchema(chance, depth), chance.once(2) ? { type: 'null' } : randomSchema(chance, depth)],
  }),
  (chance, depth) => ({
    allOf: [randomSchema(chance, depth), ...(chance.once(2) ? [randomSchema(chance, depth)] : [])],
  }),
  (chance, depth) => ({ ...asNode(randomSchema(chance, depth)), not: randomSchema(chance, depth) }),
  (chance, depth) => ({
    ...asNode(randomSchema(chance, depth)),
    anyOf: [{ required: ['a'] }, { required: ['b'] }],
  }),
  (chance, depth) => ({
    ...asNode(randomSchema(chance, depth)),
    if: randomSchema(chance, 0),
    ...(chance.once(2) ? { else: randomSchema(chance, depth) } : keyed('then', randomSchema(chance, depth))),
  }),
  (chance, depth) => ({
    type: 'object',
    allOf: [{ properties: members(chance, depth) }],
    properties: members(chance, depth),
    unevaluatedProperties: false,
  }),
]

export function keyed(key: string, value: Json): Node {
  return { [key]: value }
}

function asNode(schema: Node | boolean): Node {
  return typeof schema === 'object' ? schema : {}
}

/** A whole document: the schema, and under `$defs/node` one that may refer to itself, always a step further down in the value. */
export function randomDocument(chance: Chance): Node {
  const { $ref: _loop, ...root } = asNode(randomSchema(chance, 3))
  const list = { type: 'array', items: { $ref: '#/$defs/node' } }
  const tree = {
    type: 'object',
    properties: { a: { $ref: '#/$defs/node' }, b: chance.pick(leaves)(chance, 0) },
  }
  return { ...root, $defs: { node: chance.pick<Node>([list, tree, { type: ['string', 'null'] }]) } }
}

/** The document with one to three small edits, as a release makes them. */
export function edited(chance: Chance, document: Node): Node {
  const copy = structuredClone(document)
  for (let edits = chance.pick([1, 1, 1, 2, 3]); edits > 0; edits -= 1)
    edit(chance, chance.pick(nodesOf(copy)))
  return copy
}

const inSchemas = new Set([
  'items',
  'additionalProperties',
  'not',
  'if',
  'then',
  'else',
  'contains',
  'propertyNames',
])
const inLists = new Set(['anyOf', 'oneOf', 'allOf', 'prefixItems'])
const inMaps = new Set(['properties', 'patternProperties', 'dependentSchemas', '$defs'])

function nodesOf(node: Json): Node[] {
  if (typeof node !== 'object' || node === null || Array.isArray(node)) return []
  const found = Object.entries(node).flatMap(([key, value]: [string, Json]): Node[] => {
    if (inSchemas.has(key)) return nodesOf(value)
    if (inLists.has(key)) return (value as Json[]).flatMap(nodesOf)
    return inMaps.has(key) ? Object.values(value as Node).flatMap(nodesOf) : []
  })
  return [node as Node, ...found]
}

function edit(chance: Chance, node: Node): void {
  const other = asNode(randomSchema(chance, 1))
  const keys = Object.keys(node).filter((key) => key !== '$defs')
  const key = keys.length > 0 ? chance.pick(keys) : 'description'
  chance.pick<() => void>([
    () => delete node[key],
    () => tweak(chance, node, key),
    () => tweak(chance, node, key),
    () => tweak(chance, node, key),
    () => tweak(chance, node, 'properties' in node ? 'properties' : key),
    () => mix(chance, node, other),
    () => mix(chance, node, chance.pick(branches)(chance, 0)),
    () => wrap(node, { anyOf: [{ ...node }, other] }),
    () => wrap(node, { anyOf: [other, { ...node }] }),
    () => wrap(node, { allOf: [{ ...node }, other] }),
    () => wrap(node, { anyOf: [{ ...node }, { type: 'null' }] }),
    () => wrap(node, other),
  ])()
}

function wrap(node: Node, next: Node): void {
  const { $defs: definitions, ...rest } = next
  const own = node.$defs
  for (const key of Object.keys(node)) delete node[key]
  Object.assign(
    node,
    rest,
    own === undefined && definitions === undefined ? {} : { $defs: own ?? definitions },
  )
  for (const part of [...((node.anyOf as Node[]) ?? []), ...((node.allOf as Node[]) ?? [])]) {
    if (typeof part === 'object') delete part.$defs
  }
}

function mix(chance: Chance, node: Node, other: Node): void {
  const keys = Object.keys(other).filter((key) => key !== '$ref' && key !== 'then' && key !== 'else')
  if (keys.length === 0) return
  const key = chance.pick(keys)
  node[key] = other[key]
}

function tweak(chance: Chance, node: Node, key: string): void {
  const value = node[key]
  if (typeof value === 'number')
    node[key] = Math.max(key === 'multipleOf' ? 1 : 0, value + chance.pick([-1, 1, 2]))
  else if (typeof value === 'boolean') node[key] = !value
  else if (key === 'type')
    node.type = chance.pick<Json>([[...new Set([value, 'null'].flat())], 'string', 'number', 'integer'])
  else if (key === 'enum') tweakList(chance, value as Json[], chance.pick(atoms))
  else if (key === 'required') tweakList(chance, value as Json[], chance.pick(names))
  else if (inLists.has(key)) tweakList(chance, value as Json[], randomSchema(chance, 1))
  else if (inMaps.has(key) && key !== '$defs') tweakMap(chance, value as Node)
}

function tweakList(chance: Chance, list: Json[], addition: Json): void {
  if (chance.once(2) && list.length > 1) list.splice(chance.below(list.length), 1)
  else if (!list.includes(addition)) list.push(addition)
}

function tweakMap(chance: Chance, map: Node): void {
  const name = chance.pick([...Object.keys(map), ...names])
  if (chance.once(2) && name in map) delete map[name]
  else map[name] = randomSchema(chance, 1)
}
