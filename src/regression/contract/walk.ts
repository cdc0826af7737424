import { childPath, type SchemaSide, type Severity } from './change.ts'
import { equalAndClosed } from './json.ts'
import { createNormaliser, type Normalise } from './normalise.ts'
import { type SchemaRule, schemaRules } from './rules.ts'
import type { Located, Schema } from './schema.ts'

/**
 * One difference between two schemas. `holds`: the promise of this side is still kept. For example, a changed default is worth
 * a warning although no value is rejected.
 */
export type Difference = {
  rule: SchemaRule
  path: string
  severity: Severity
  holds: boolean
  message: string
}

type ReportOptions = { severity?: Severity; holds?: boolean }

/** The input of the rule families: the side being compared, a way to report, and a way back into the comparison. */
export type Walk = {
  side: SchemaSide
  look: Normalise
  report(rule: SchemaRule, path: string, message: string, options?: ReportOptions): void
  compare(before: Located, after: Located, path: string): void
  /** The number of differences between two schemas; 0 means that they are equivalent. */
  distance(before: Located, after: Located): number
  /** Whether `wide` provably accepts everything that `narrow` accepts. */
  fits(narrow: Located, wide: Located): boolean
}

/** Compares two normalised schemas, reporting to the walk. */
export type Comparison = (walk: Walk, before: Schema, after: Schema, path: string) => void

type Shared = { look: Normalise; budget: { left: number }; open: Set<string>; comparison: Comparison }

/** The most pairs of schemas in one walk; a real schema needs a few hundred, a malicious one has billions. */
const pairLimit = 20_000
const depthLimit = 200

/** Walks two schemas together and returns the differences, in the order of the schema. */
export function walkSchemas(
  before: Located,
  after: Located,
  side: SchemaSide,
  comparison: Comparison,
): readonly Difference[] {
  const shared = {
    look: createNormaliser(),
    budget: { left: pairLimit },
    open: new Set<string>(),
    comparison,
  }
  const found = collect(shared, side === 'input' ? '<' : '>', before, after, '')
  if (shared.budget.left >= 0) return found
  return [...found.filter(({ rule }) => rule !== 'schema-too-complex'), tooComplex('')]
}

function tooComplex(path: string): Difference {
  const message = 'The schema is too complex to be compared in full.'
  return { rule: 'schema-too-complex', path, severity: 'breaking', holds: false, message }
}

/**
 * What a walk tries to prove: that the old fits into the new (input), the new into the old (output), or that they are equal.
 */
type Claim = '<' | '>' | '='

function collect(shared: Shared, claim: Claim, before: Located, after: Located, path: string): Difference[] {
  const found: Difference[] = []
  const side = claim === '>' ? 'output' : 'input'
  const walk: Walk = {
    side,
    look: shared.look,
    report(rule, at, message, options = {}) {
      const severity = options.severity ?? schemaRules[rule][side]
      const holds = options.holds ?? (severity === 'safe' || severity === 'info')
      found.push({ rule, path: at, severity, holds, message })
    },
    compare: (old, next, at) => compareOnce(shared, walk, claim, old, next, at),
    distance: (old, next) => collect(shared, '=', old, next, '').length,
    fits: (narrow, wide) => collect(shared, '<', narrow, wide, '').every(({ holds }) => holds),
  }
  walk.compare(before, after, path)
  return found
}

/**
 * A pair that is already being compared further up is assumed to match. Every round of a recursive schema goes one level deeper
 * into the value, so by induction over the depth the assumption is sound, and a difference is reported where the pair was first
 * met.
 */
function compareOnce(
  shared: Shared,
  walk: Walk,
  claim: Claim,
  before: Located,
  after: Located,
  path: string,
): void {
  shared.budget.left -= 1
  if (shared.budget.left < 0 || shared.open.size > depthLimit) {
    walk.report('schema-too-complex', path, tooComplex(path).message)
    return
  }
  if (before.document.dialect === after.document.dialect && equalAndClosed(before.node, after.node)) return
  const [old, next] = [shared.look(before), shared.look(after)]
  const key = claim === '>' ? `${next.id}<${old.id}` : `${old.id}${claim}${next.id}`
  if (shared.open.has(key)) return
  shared.open.add(key)
  shared.comparison(walk, old, next, path)
  shared.open.delete(key)
}

/** A schema inside another one. An absent keyword that takes a schema means the same as `true`. */
export function locateWithin(schema: Schema, node: unknown): Located {
  return { node: node === undefined ? true : node, document: schema.document }
}

/** Places without a name: each item of an array, each value of a map. */
export function belowAny(path: string): string {
  return childPath(path, '*')
}
