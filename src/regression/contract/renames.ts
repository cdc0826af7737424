import type { RawTool } from './change.ts'
import { canonical, deeperThan, equal, isObject } from './json.ts'
import { diffSchemas } from './schema-diff.ts'

type Renames = { pairs: [RawTool, RawTool][]; added: RawTool[] }

/**
 * Pairs each removed tool with an added one: of equal schemas, that of the same description before any other, and then the one that is
 * most like it in its name, its description and the names of its arguments.
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

/** 0 where nobody would take one for the other: they must share half of their arguments, and half of their name or the description. */
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

/** The share of what either has that both have; two empty ones share everything. */
function overlap(left: readonly string[], right: readonly string[]): number {
  const all = new Set([...left, ...right])
  if (all.size === 0) return 1
  return [...all].filter((item) => left.includes(item) && right.includes(item)).length / all.size
}

/** Beyond this a pairing says nothing any more: so many tools of one shape cannot be told apart. */
const mostCandidates = 20

/** What equal schemas have in common at a glance, to spare most comparisons. */
function outline(tool: RawTool): string {
  const [input, output] = [tool.inputSchema, tool.outputSchema].map((schema) => {
    const properties = isObject(schema) && isObject(schema.properties) ? Object.keys(schema.properties) : []
    return [schema === undefined, properties.sort()]
  })
  return canonical([input, output])
}

/** Wording aside, the two take and give the same. */
function haveEqualSchemas(old: RawTool, next: RawTool): boolean {
  if (deeperThan(old, 96) || deeperThan(next, 96)) return false
  const changes = [
    ...diffSchemas(old.inputSchema ?? true, next.inputSchema ?? true, 'input'),
    ...diffSchemas(old.outputSchema ?? true, next.outputSchema ?? true, 'output'),
  ]
  return changes.every(({ rule }) => /-(?:description|annotation)-changed$/.test(rule))
}
