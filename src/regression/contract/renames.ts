import type { RawTool } from './change.ts'
import { canonical, deeperThan, equal, isObject } from './json.ts'
import { diffSchemas } from './schema-diff.ts'

type Renames = { pairs: [RawTool, RawTool][]; removed: RawTool[]; added: RawTool[] }

/** Pairs each removed tool with an added one of equal schemas, that of the same description before any other. */
export function pairRenamed(removed: readonly RawTool[], added: readonly RawTool[]): Renames {
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
