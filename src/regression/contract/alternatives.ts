import { typeOf } from './finite.ts'
import type { JsonObject } from './json.ts'
import { allTypes, type TypeName } from './keywords.ts'
import { isNullOnly, isPlain } from './normalise.ts'
import type { Located, Schema } from './schema.ts'
import { locateWithin, type Walk } from './walk.ts'

/** The alternatives of a schema, in one form: what one author nests or repeats in each of them, another writes once. */

export function partsOf(schema: Schema, keyword: 'allOf' | 'anyOf' | 'oneOf'): Located[] {
  const parts = schema.words[keyword]
  return Array.isArray(parts) ? parts.map((node) => locateWithin(schema, node)) : []
}

/** Whether a schema is nothing but its `anyOf`. */
export function isUnion(schema: Schema): boolean {
  const names = Object.keys(schema.words)
  return names.length === 1 && names[0] === 'anyOf' && schema.types.size === allTypes.length
}

/** The most alternatives that nested ones may become: references that double them at each level are left as they are. */
const mostAlternatives = 200

/** The alternatives of `anyOf`, nested ones included, for the types that the schema around them accepts. */
export function alternativesOf(walk: Walk, schema: Schema): readonly Located[] {
  const direct = partsOf(schema, 'anyOf')
  const all = flat(walk, direct, { left: mostAlternatives }) ?? direct
  if (schema.types.size === allTypes.length) return all
  const possible = all.filter((branch) => [...walk.look(branch).types].some((type) => schema.types.has(type)))
  return (possible.length > 0 ? possible : all).map((branch) => ofTypes(walk, branch, schema.types))
}

function flat(walk: Walk, branches: readonly Located[], parts: { left: number }): Located[] | undefined {
  const found: Located[] = []
  for (const branch of branches) {
    parts.left -= 1
    const schema = walk.look(branch)
    const inner = isNested(schema) ? flat(walk, partsOf(schema, 'anyOf'), parts) : [branch]
    if (parts.left < 0 || inner === undefined) return undefined
    found.push(...inner)
  }
  return found
}

/** What a schema says beside its `anyOf` would be lost with it. */
function isNested(schema: Schema): boolean {
  const beside = [schema.notes, schema.ignored, schema.contested].flatMap(Object.keys)
  return isUnion(schema) && beside.length + schema.malformed.length === 0 && schema.unresolved === undefined
}

/** The part of a schema that accepts these types, where its keywords are about each type separately. */
function ofTypes(walk: Walk, branch: Located, types: ReadonlySet<TypeName>): Located {
  const schema = walk.look(branch)
  const kept = [...schema.types].filter((type) => types.has(type))
  if (kept.length === schema.types.size || !isPlain(schema)) return branch
  const { notes, words, values } = schema
  const listed = [...(values?.values() ?? [])].filter((value) => types.has(typeOf(value)))
  const orNull = kept.includes('null') ? nullOf([schema]) : {}
  const own: JsonObject = {
    ...orNull,
    type: [...kept.filter((type) => type !== 'null'), orNull.type ?? []].flat(),
  }
  if (values !== undefined) own.enum = [...listed, ...(kept.includes('null') ? [null] : [])]
  return { ...locateWithin(schema, { ...notes, ...words, ...own }), tidied: true }
}

/** Null alone. By `nullable` only if none of the schemas that accept it has the type. */
export function nullOf(schemas: readonly Schema[]): JsonObject {
  return schemas.every(({ nullable }) => nullable === true) ? { type: [], nullable: true } : { type: 'null' }
}

const allButNull: ReadonlySet<TypeName> = new Set(allTypes.filter((type) => type !== 'null'))

/** Null among the types of an alternative becomes one of its own, since it may be in another one on the other side. */
export function nullApart(walk: Walk, branches: readonly Located[]): readonly Located[] {
  const holders = branches.filter((branch) => {
    const schema = walk.look(branch)
    return schema.types.has('null') && schema.types.size < allTypes.length && isPlain(schema)
  })
  const [first] = holders
  const isAlone = (branch: Located): boolean => isNullOnly(walk.look(branch))
  if (first === undefined || holders.every(isAlone)) return branches
  const own = { ...locateWithin(walk.look(first), nullOf(holders.map(walk.look))), tidied: true as const }
  const alone = branches.find((branch) => isAlone(branch) && walk.look(branch).nullable === undefined)
  const rest = branches.filter((branch) => !isAlone(branch))
  const apart = rest.map((branch) => (holders.includes(branch) ? ofTypes(walk, branch, allButNull) : branch))
  return [...apart, alone ?? own]
}
