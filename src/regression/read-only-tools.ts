import type { ListedTool } from '../services/mcp.ts'
import type { Suite, SuiteCase } from './suite-schema.ts'

/** Which tools only read: as the server declares, or as the suite declares where the server says nothing. */

type Tools = ReadonlyMap<string, ListedTool>

/** A tool writes unless it declares otherwise: missing annotations mean destructive. */
export function mayWrite(tool: ListedTool | undefined): boolean {
  return tool?.annotations?.readOnlyHint !== true
}

/** The same within a case, which can declare that it only reads. */
export function caseMayWrite({ reads }: Pick<SuiteCase, 'reads'>, tool: ListedTool | undefined): boolean {
  return mayWrite(tool) && (!reads || saysThatItWrites(tool) !== undefined)
}

/** How the server contradicts a suite that declares the tool read-only. No suite overrides it. */
export function saysThatItWrites(tool: ListedTool | undefined): string | undefined {
  const { readOnlyHint, destructiveHint } = tool?.annotations ?? {}
  if (readOnlyHint === false) return 'readOnlyHint: false'
  return readOnlyHint !== true && destructiveHint === true ? 'destructiveHint: true' : undefined
}

/** The tools with the suite's declarations added: those listed under `reads` count as if they had the hint. */
export function withReads(tools: readonly ListedTool[], reads: Suite['reads']): Map<string, ListedTool> {
  const declared = new Set(reads)
  return new Map(
    tools.map((tool) => {
      const counts = declared.has(tool.name) && saysThatItWrites(tool) === undefined
      return [
        tool.name,
        counts ? { ...tool, annotations: { ...tool.annotations, readOnlyHint: true } } : tool,
      ]
    }),
  )
}

/** Notes in the report about the suite's declarations. `tools` are as the server lists them. */
export function readsNotes({ reads, cases }: Suite, tools: Tools): string[] {
  const said = reads.filter((name) => mayWrite(tools.get(name)) && tools.has(name))
  const trusted = said.filter((name) => saysThatItWrites(tools.get(name)) === undefined)
  const refused = said.filter((name) => !trusted.includes(name))
  const unlisted = reads.filter((name) => !tools.has(name))
  const some = cases.filter((entry) => entry.reads).map(({ name }) => name)
  return [
    ...(trusted.length > 0
      ? [`the suite declares that these tools only read; the server does not say so: ${trusted.join(', ')}`]
      : []),
    ...(some.length > 0 ? [`the suite declares that these cases only read: ${some.join(', ')}`] : []),
    ...refused.map(
      (name) =>
        `reads: ${name} is called as a tool that writes, since it declares ${saysThatItWrites(tools.get(name))}`,
    ),
    ...unlisted.map((name) => `reads: the server does not list ${name}`),
  ]
}
