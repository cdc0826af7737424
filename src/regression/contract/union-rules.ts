import { alternativesOf, isUnion, nullApart, nullOf, partsOf } from './alternatives.ts'
import type { JsonObject } from './json.ts'
import { allTypes, type TypeName } from './keywords.ts'
import { isNullOnly, isPlain } from './normalise.ts'
import { areAlike, pairBranches } from './pairing.ts'
import type { Located, Schema } from './schema.ts'
import { locateWithin, type Walk } from './walk.ts'

/** `anyOf` together with the other keywords of the two schemas. */
export function compareUnions(walk: Walk, before: Schema, after: Schema, path: string): void {
  const [old, next] = [alternativesOf(walk, before), alternativesOf(walk, after)]
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
  if (plain === before) compareBranches(walk, split, alternativesOf(walk, after), path)
  else compareBranches(walk, alternativesOf(walk, before), split, path)
  return true
}

function isContested({ contested }: Schema): boolean {
  return Object.keys(contested).length > 0
}

/** Null is left without keywords, which are about other types, unless some of them are about every type. */
function branchesOf(plain: Schema): Located[] {
  const branch = (own: JsonObject): Located => ({ ...locateWithin(plain, own), tidied: true })
  const besideNull = isPlain(plain) ? {} : plain.words
  const orNull = plain.types.has('null') ? [branch({ ...besideNull, ...nullOf([plain]) })] : []
  if (plain.values !== undefined)
    return [...[...plain.values.values()].map((value) => branch({ ...plain.words, const: value })), ...orNull]
  const names = [...plain.types].filter(
    (type: TypeName) => type !== 'null' && !(type === 'integer' && plain.types.has('number')),
  )
  return [...names.map((type) => branch({ ...plain.words, type })), ...orNull]
}

function compareBranches(
  walk: Walk,
  before: readonly Located[],
  after: readonly Located[],
  path: string,
): void {
  const [old, next] = [nullApart(walk, before), nullApart(walk, after)]
  const paired = pairBranches(walk, old, next)
  const kept = paired.pairs.filter((pair) => !isElsewhere(walk, pair, old, next))
  const moved = paired.pairs.filter((pair) => !kept.includes(pair))
  for (const { before, after } of kept) walk.compare(before, after, path)
  for (const branch of [...paired.removed, ...moved.map(({ before }) => before)]) {
    const covered = walk.side === 'output' || next.some((other) => walk.fits(branch, other))
    reportBranch(walk, branch, 'removed', covered, path)
  }
  for (const branch of [...paired.added, ...moved.map(({ after }) => after)]) {
    const covered = walk.side === 'input' || old.some((other) => walk.fits(branch, other))
    reportBranch(walk, branch, 'added', covered, path)
  }
}

/** Whether two alternatives that look alike differ in what counts, while another one covers it: then one was added beside it. */
function isElsewhere(
  walk: Walk,
  { before, after }: { before: Located; after: Located },
  old: readonly Located[],
  next: readonly Located[],
): boolean {
  const isInput = walk.side === 'input'
  const [narrow, wide, others] = isInput ? [before, after, next] : [after, before, old]
  const covers = (other: Located) =>
    areAlike(walk, walk.look(narrow), walk.look(other)) && walk.fits(narrow, other)
  return !walk.fits(narrow, wide) && others.some(covers)
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
