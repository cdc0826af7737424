import { z } from 'zod'
import { faultError } from './faults.ts'
import type { Strict } from './strict.ts'

/**
 * One page as it comes: unknown keys stay, and one odd tool does not take the others with it. An answer without a list is
 * not a list: it must not look as if all tools were gone.
 */
const page = z.looseObject({ tools: z.array(z.unknown()), nextCursor: z.string().nullish() })

/** Real lists have a page or two. */
const MAX_PAGES = 200

export type ToolAnnotations = {
  readOnlyHint?: boolean
  destructiveHint?: boolean
  idempotentHint?: boolean
  openWorldHint?: boolean
}

/** A tool exactly as the server listed it. */
export type ListedTool = {
  name: string
  description?: string
  inputSchema?: unknown
  outputSchema?: unknown
  annotations?: ToolAnnotations
  [key: string]: unknown
}

export type ToolListing = {
  tools: ListedTool[]
  /** Oddities of the list, for the report. */
  notes: string[]
  /** Why a strict client refuses the list beside its tools: an entry without a name, an odd cursor. */
  malformed?: string[]
}

/**
 * Reads all pages of `tools/list`. `ask` sends one request; it may reject, and then so does this. A list of which the end is never
 * seen is not a list: half of it must not be compared with the whole of another.
 */
export async function readToolList(
  ask: (params: Record<string, unknown>) => Promise<unknown>,
  strict?: Pick<Strict, 'page'>,
): Promise<ToolListing> {
  const raw: unknown[] = []
  const malformed = new Set<string>()
  const seen = new Set<string>()
  let cursor: string | undefined
  for (let count = 1; ; count += 1) {
    const read = page.parse(await ask(cursor === undefined ? {} : { cursor }))
    raw.push(...read.tools)
    for (const problem of strict?.page(read) ?? []) malformed.add(problem)
    if (!read.nextCursor) break
    cursor = read.nextCursor
    if (seen.has(cursor)) throw endless(`repeats the cursor ${shown(cursor)}`)
    if (count === MAX_PAGES) throw endless(`has a next cursor, ${shown(cursor)}, after ${MAX_PAGES} pages`)
    seen.add(cursor)
  }
  const notes: string[] = []
  const tools = named(raw, notes)
  if (notes.length > 0) malformed.add(`${notes.length} of its entries have no name`)
  return { tools, notes, malformed: [...malformed] }
}

function endless(how: string): Error {
  return faultError({ cause: 'malformed', message: `tools/list does not end: it ${how}` })
}

function shown(cursor: string): string {
  return JSON.stringify(cursor.length > 80 ? `${cursor.slice(0, 79)}…` : cursor)
}

function named(raw: unknown[], notes: string[]): ListedTool[] {
  return raw.filter((tool): tool is ListedTool => {
    const name = (tool as { name?: unknown } | null)?.name
    if (typeof name === 'string' && name !== '') return true
    notes.push('tools/list contains an entry without a name, which was left out')
    return false
  })
}

/** Names that several tools have: which one a client calls is chance, so this fails the contract. */
export function duplicateNames(tools: readonly { name: string }[]): string[] {
  const names = tools.map(({ name }) => name)
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))]
}
