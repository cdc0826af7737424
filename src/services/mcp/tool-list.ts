import { z } from 'zod'

/**
 * One page as it comes: unknown keys stay, and one odd tool does not take the others with it. An answer without a list is
 * no list: it must not look as if all tools were gone.
 */
const page = z.looseObject({ tools: z.array(z.unknown()), nextCursor: z.string().nullish() })

const MAX_PAGES = 50

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
  /** Two tools of one name: which one a client calls is chance, so this fails the contract. */
  duplicates: string[]
  /** Whatever was odd about the list, said to the reader of the report. */
  notes: string[]
}

/** Reads all pages of `tools/list`. `ask` sends one request; it may reject, and then so does this. */
export async function readToolList(
  ask: (params: Record<string, unknown>) => Promise<unknown>,
): Promise<ToolListing> {
  const raw: unknown[] = []
  const notes: string[] = []
  const seen = new Set<string>()
  let cursor: string | undefined
  for (let count = 1; ; count += 1) {
    const { tools, nextCursor } = page.parse(await ask(cursor === undefined ? {} : { cursor }))
    raw.push(...tools)
    if (!nextCursor) break
    if (seen.has(nextCursor)) {
      notes.push('tools/list repeats its cursor; the pages after it were not read')
      break
    }
    if (count === MAX_PAGES) {
      notes.push(`tools/list has more than ${MAX_PAGES} pages; the rest was not read`)
      break
    }
    seen.add(nextCursor)
    cursor = nextCursor
  }
  return { ...sort(raw, notes), notes }
}

function sort(raw: unknown[], notes: string[]): { tools: ListedTool[]; duplicates: string[] } {
  const tools = raw.filter((tool): tool is ListedTool => {
    const name = (tool as { name?: unknown } | null)?.name
    if (typeof name === 'string' && name !== '') return true
    notes.push('tools/list holds an entry without a name; it was left out')
    return false
  })
  const names = tools.map(({ name }) => name)
  const duplicates = [...new Set(names.filter((name, index) => names.indexOf(name) !== index))]
  return { tools, duplicates }
}
