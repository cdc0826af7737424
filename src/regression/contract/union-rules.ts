import { isObject, type JsonObject } from './json.ts'
import { allTypes, type TypeName } from './keywords.ts'
import { isNullOnly, isPlain } from './normalise.ts'
import { pairBranches } from './pairing.ts'
import type { Located, Schema } from './schema.ts'
import { locateWithin, type Walk } from './walk.ts'

/** `anyOf` together with the other keywords of the two schemas. */
export function compareUnions(walk: Walk, before: Schema, after: Schema, path: string): void {
  const [old, next] = [partsOf(before, 'anyOf'), partsOf(after, 'anyOf')]
  if (old.length > 0 && next.length > 0) compareBranches(walk, old, next, path)
  else if (next.length > 0) {
    const covered = next.some((branch) => walk.fits(before.origin, branch))
    const message = 'The value must now satisfy one of several schemas.'
    walk.report('anyof-introduced', path, message, covered ? { severity: 'safe' } : {})
  } else if (old.length > 0) {
    const covered = old.some((branch) => walk.fits(after.origin, branch))
    const message = 'The value no longer has to satisfy one of several schemas.'
    walk.report('anyof-dropped', path, message, covered ? { severity: 'safe' } : {})
  }
}

/**
 * A union on one side and a plain schema on the other: the plain one counts as a union of its types (or of its values), so that
 * `string` becoming `anyOf: [string, number]` is an added branch. Returns false for any other pair.
 */
export function compareWithUnion(walk: Walk, before: Schema, after: Schema, path: string): boolean {
  if (isUnion(before) === isUnion(after)) return false
  const plain = isUnion(before) ? after : before
  if (isContested(before) || isContested(after)) return false
  if (plain.words.anyOf !== undefined || plain.types.size === 0 || plain.types.size === allTypes.length)
    return false
  const split = branchesOf(plain)
  if (plain === before) compareBranches(walk, split, partsOf(after, 'anyOf'), path)
  else compareBranches(walk, partsOf(before, 'anyOf'), split, path)
  return true
}

function isUnion(schema: Schema): boolean {
  const names = Object.keys(schema.words)
  return names.length === 1 && names[0] === 'anyOf' && schema.types.size === allTypes.length
}

function isContested({ contested }: Schema): boolean {
  return Object.keys(contested).length > 0
}

function branchesOf(plain: Schema): Located[] {
  const branch = (own: JsonObject): Located => ({ ...locateWithin(plain, own), tidied: true })
  const orNull = plain.types.has('null') ? [null] : []
  if (plain.values !== undefined)
    return [...plain.values.values(), ...orNull].map((value) => branch({ ...plain.words, const: value }))
  const names = [...plain.types].filter(
    (type: TypeName) => !(type === 'integer' && plain.types.has('number')),
  )
  return names.map((type) => branch(type === 'null' ? { type } : { ...plain.words, type }))
}

function compareBranches(
  walk: Walk,
  before: readonly Located[],
  after: readonly Located[],
  path: string,
): void {
  const [old, next] = [nullApart(walk, before), nullApart(walk, after)]
  const { pairs, removed, added } = pairBranches(walk, old, next)
  for (const { before, after } of pairs) walk.compare(before, after, path)
  for (const branch of removed) {
    const covered = walk.side === 'output' || next.some((other) => walk.fits(branch, other))
    reportBranch(walk, branch, 'removed', covered, path)
  }
  for (const branch of added) {
    const covered = walk.side === 'input' || old.some((other) => walk.fits(branch, other))
    reportBranch(walk, branch, 'added', covered, path)
  }
}

/** Null within a list of types becomes an alternative of its own, since it may be in another one on the other side. */
function nullApart(walk: Walk, branches: readonly Located[]): readonly Located[] {
  const rest = branches.map((branch) => withoutNull(walk, branch))
  const first = branches.find((branch, index) => rest[index] !== branch)
  if (first === undefined) return branches
  const orNull = { ...first, node: { type: 'null' } }
  return [...rest.filter((branch) => !isNullOnly(walk.look(branch))), orNull]
}

function withoutNull(walk: Walk, branch: Located): Located {
  const { node } = branch
  if (!isObject(node) || !Array.isArray(node.type) || !node.type.includes('null')) return branch
  const schema = walk.look(branch)
  if (!schema.types.has('null') || schema.types.size === 1 || !isPlain(schema)) return branch
  const { nullable: _also, ...rest } = node
  return { ...branch, node: { ...rest, type: node.type.filter((type) => type !== 'null') } }
}

function reportBranch(
  walk: Walk,
  branch: Located,
  event: 'added' | 'removed',
  covered: boolean,
  path: string,
): void {
  const options = covered ? { severity: 'safe' as const } : {}
  if (!isNullOnly(walk.look(branch))) {
    walk.report(`anyof-branch-${event}`, path, `One of the alternatives was ${event}.`, options)
  } else if (event === 'added') walk.report('null-gained', path, 'The value may now be null.', options)
  else walk.report('null-lost', path, 'The value may no longer be null.', options)
}

/** `oneOf` is compared as a whole, since an edit of one branch can make a value match two of them, which rejects it. */
export function compareOneOf(walk: Walk, before: Schema, after: Schema, path: string): void {
  const [old, left] = [partsOf(before, 'oneOf'), partsOf(after, 'oneOf')]
  if (old.length === 0 && left.length === 0) return
  const changed = old.filter((branch) => {
    const index = left.findIndex((other) => walk.distance(branch, other) === 0)
    if (index >= 0) left.splice(index, 1)
    return index < 0
  })
  if (changed.length + left.length > 0)
    walk.report('oneof-edited', path, 'The alternatives of `oneOf` changed.')
}

export function partsOf(schema: Schema, keyword: 'allOf' | 'anyOf' | 'oneOf'): Located[] {
  const parts = schema.words[keyword]
  return Array.isArray(parts) ? parts.map((node) => locateWithin(schema, node)) : []
}
