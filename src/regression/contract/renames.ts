import type { RawTool } from './change.ts'
import { canonical, deeperThan, equal, isObject } from './json.ts'
import { diffSchemas } from './schema-diff.ts'

type Renames = { pairs: [RawTool, RawTool][]; added: RawTool[] }

/**
 * Pairs each removed tool with an added one: among equal schemas, first the one with the same description, then the one with
 * the most similar name, description and argument names.
 */
export function pairRenamed(removed: readonly RawTool[], added: readonly RawTool[]): Renames {
  const equalOnes = pairEqual(removed, added)
  const pairs = [...equalOnes.pairs, ...pairAlike(equalOnes.removed, equalOnes.added)]
  const taken = new Set(pairs.map(([, next]) => next))
  return { pairs, added: added.filter((tool) => !taken.has(tool)) }
}

function pairEqual(removed: readonly RawTool[], added: readonly RawTool[]): Renames & { removed: RawTool[] } {
  const free = new Map<string, RawTool[]>()
  for (const tool of added) free.set(outline(tool), [...(free.get(outline(tool)) ?? []), tool])
  const pairs: Renames['pairs'] = []
  const gone = removed.filter((old) => {
    const candidates = (free.get(outline(old)) ?? [])
      .slice(0, mostCandidates)
      .filter((next) => haveEqualSchemas(old, next))
    const match = candidates.find((next) => equal(old.description, next.description)) ?? candidates[0]
    if (match === undefined) return true
    pairs.push([old, match])
    free.set(
      outline(old),
      (free.get(outline(old)) ?? []).filter((tool) => tool !== match),
    )
    return false
  })
  const taken = new Set(pairs.map(([, next]) => next))
  return { pairs, removed: gone, added: added.filter((tool) => !taken.has(tool)) }
}

function pairAlike(removed: readonly RawTool[], added: readonly RawTool[]): [RawTool, RawTool][] {
  if (removed.length * added.length > mostComparisons) return []
  const choices = removed
    .flatMap((old) => added.map((next) => ({ old, next, likeness: likeness(old, next) })))
    .filter(({ likeness }) => likeness > 0)
    .sort((left, right) => right.likeness - left.likeness)
  const pairs: [RawTool, RawTool][] = []
  const taken = new Set<RawTool>()
  for (const { old, next } of choices) {
    if (taken.has(old) || taken.has(next)) continue
    taken.add(old).add(next)
    pairs.push([old, next])
  }
  return pairs
}

const mostComparisons = 10_000

/**
 * 0 if they are not plausibly the same tool: they must share half of their arguments, and half of their name or the
 * description.
 */
function likeness(old: RawTool, next: RawTool): number {
  const args = overlap(argumentsOf(old), argumentsOf(next))
  const name = overlap(wordsOf(old.name), wordsOf(next.name))
  const isDescribedAlike = old.description !== undefined && equal(old.description, next.description)
  if (args < 0.5 || (name < 0.5 && !isDescribedAlike)) return 0
  return args + name + Number(isDescribedAlike)
}

function argumentsOf({ inputSchema }: RawTool): string[] {
  return isObject(inputSchema) && isObject(inputSchema.properties) ? Object.keys(inputSchema.properties) : []
}

/** `getUserName`, `get_user_name` and `get-user-name` are the same three words. */
function wordsOf(name: string): string[] {
  const spaced = name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, ' ')
  return spaced
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '')
}

/** The share of common elements among all elements; 1 for two empty sets. */
function overlap(left: readonly string[], right: readonly string[]): number {
  const all = new Set([...left, ...right])
  if (all.size === 0) return 1
  return [...all].filter((item) => left.includes(item) && right.includes(item)).length / all.size
}

/** With more tools of the same shape than this, pairing them is meaningless. */
const mostCandidates = 20

/** A cheap key that equal schemas share, to avoid most comparisons. */
function outline(tool: RawTool): string {
  const [input, output] = [tool.inputSchema, tool.outputSchema].map((schema) => {
    const properties = isObject(schema) && isObject(schema.properties) ? Object.keys(schema.properties) : []
    return [schema === undefined, properties.sort()]
  })
  return canonical([input, output])
}

/** The two have the same input and output, apart from wording. */
function haveEqualSchemas(old: RawTool, next: RawTool): boolean {
  if (deeperThan(old, 96) || deeperThan(next, 96)) return false
  const changes = [
    ...diffSchemas(old.inputSchema ?? true, next.inputSchema ?? true, 'input'),
    ...diffSchemas(old.outputSchema ?? true, next.outputSchema ?? true, 'output'),
  ]
  return changes.every(({ rule }) => /-(?:description|annotation)-changed$/.test(rule))
}
