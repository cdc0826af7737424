import type { Chance, Json, Node } from './random-schemas.ts'

/** A value that the schema probably accepts; one in four is then disturbed, to stand near the edge of what it accepts. */
export function randomValue(chance: Chance, document: Node): Json {
  const value = sample(chance, document, document, 4)
  return chance.once(4) ? disturbed(chance, value) : value
}

const anything: readonly Json[] = [
  '',
  'a',
  'ab',
  'aab',
  0,
  1,
  2.5,
  6,
  true,
  null,
  {},
  [],
  { a: 'a' },
  ['a', 1],
  { x1: 1, zz: 2 },
]

function isNode(value: Json): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function sample(chance: Chance, schema: Json, document: Node, depth: number): Json {
  if (!isNode(schema) || depth <= 0) return chance.pick(anything)
  if (typeof schema.$ref === 'string')
    return sample(chance, (document.$defs as Node).node, document, depth - 1)
  if (Object.hasOwn(schema, 'const')) return schema.const
  if (Array.isArray(schema.enum)) return chance.pick(schema.enum)
  const parts = [
    ...choice(chance, schema.anyOf),
    ...choice(chance, schema.oneOf),
    ...list(schema.allOf),
    ...condition(chance, schema),
  ]
  const values = parts.map((part) => sample(chance, part, document, depth - 1))
  const own =
    schema.type === undefined && !isNode(schema.properties) && values.length > 0
      ? []
      : [sampleType(chance, schema, document, depth)]
  const all = [...values, ...own]
  return all.every(isNode) ? Object.assign({}, ...all) : all.at(-1)
}

function list(value: Json): Json[] {
  return Array.isArray(value) ? value : []
}

function choice(chance: Chance, branches: Json): Json[] {
  return list(branches).length > 0 ? [chance.pick(list(branches))] : []
}

function condition(chance: Chance, schema: Node): Json[] {
  return [schema.then, schema.else].filter((part) => part !== undefined && chance.once(2))
}

function sampleType(chance: Chance, schema: Node, document: Node, depth: number): Json {
  const types =
    schema.type === undefined
      ? ['object', 'array', 'string', 'number', 'null', 'boolean']
      : [schema.type].flat()
  switch (chance.pick(types)) {
    case 'object':
      return sampleObject(chance, schema, document, depth)
    case 'array':
      return sampleArray(chance, schema, document, depth)
    case 'string':
      return sampleText(chance, schema)
    case 'integer':
      return Math.round(sampleNumber(chance, schema))
    case 'number':
      return sampleNumber(chance, schema)
    case 'boolean':
      return chance.once(2)
    default:
      return null
  }
}

function sampleText(chance: Chance, schema: Node): string {
  const text = chance.pick(['', 'a', 'b', 'ab', 'aab', 'abab', 'xyz'])
  const least = Number(schema.minLength ?? 0)
  return text.padEnd(least, 'b').slice(0, Number(schema.maxLength ?? 9))
}

function sampleNumber(chance: Chance, schema: Node): number {
  const low = Number(schema.exclusiveMinimum ?? schema.minimum ?? -2)
  const high = Number(schema.exclusiveMaximum ?? schema.maximum ?? low + 8)
  const step = Number(schema.multipleOf ?? 0)
  const value = low + chance.pick([0, 0.5, 1, 1.5, 2, 3, 6]) * Math.max(0, Math.min(1, high - low))
  return step > 0 ? Math.ceil(value / step) * step : value
}

function sampleObject(chance: Chance, schema: Node, document: Node, depth: number): Node {
  const properties = isNode(schema.properties) ? schema.properties : {}
  const required = list(schema.required).map(String)
  const extra =
    schema.additionalProperties === false ? [] : ['a', 'c', 'x1', 'x2', 'zz'].filter(() => chance.once(4))
  const linked = isNode(schema.dependentRequired)
    ? Object.values(schema.dependentRequired).flat().map(String)
    : []
  const keys = new Set([
    ...Object.keys(properties).filter(() => !chance.once(3)),
    ...required,
    ...extra,
    ...linked,
  ])
  const patterns = Object.entries(isNode(schema.patternProperties) ? schema.patternProperties : {})
  return Object.fromEntries(
    [...keys].map((key) => {
      const byPattern = patterns.find(([pattern]) => new RegExp(pattern).test(key))?.[1]
      const part = Object.hasOwn(properties, key)
        ? properties[key]
        : (byPattern ?? schema.additionalProperties)
      return [key, sample(chance, part, document, depth - 1)]
    }),
  )
}

function sampleArray(chance: Chance, schema: Node, document: Node, depth: number): Json[] {
  const prefix = list(schema.prefixItems)
  const least = Number(schema.minItems ?? 0)
  const length = Math.min(least + chance.below(4), Number(schema.maxItems ?? 9))
  const items = Array.from({ length }, (_, index) =>
    sample(
      chance,
      prefix[index] ?? (chance.once(3) ? (schema.contains ?? schema.items) : schema.items),
      document,
      depth - 1,
    ),
  )
  return items
}

function disturbed(chance: Chance, value: Json): Json {
  if (Array.isArray(value) && value.length > 0) {
    return value.flatMap((item) =>
      chance.once(3) ? chance.pick([[], [item, item], [chance.pick(anything)]]) : [item],
    )
  }
  if (!isNode(value)) return chance.pick(anything)
  const kept = Object.entries(value).filter(() => !chance.once(4))
  const added = chance.once(2)
    ? [[chance.pick(['a', 'b', 'c', 'x1', 'x9', 'zz']), chance.pick(anything)]]
    : []
  return Object.fromEntries([...kept, ...added])
}
