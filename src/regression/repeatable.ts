import type { ListedTool } from '../services/mcp.ts'
import { toolsOf } from './case-run.ts'
import { writesIn } from './reads.ts'
import type { Suite, SuiteCase } from './suite-schema.ts'

/** The cases of a run: all of them, or those that were named. */
export function casesToRun({ suite, only }: { suite: Suite; only?: string[] }): SuiteCase[] {
  return suite.cases.filter(({ name }) => !only || only.includes(name))
}

/** Whether a case may be called again and again: it writes nothing, by its own word and by that of its tools. */
export function isRepeatable(entry: SuiteCase, tools: ReadonlyMap<string, ListedTool>): boolean {
  return !entry.writes && toolsOf(entry).every((tool) => !writesIn(entry, tools.get(tool)))
}

/**
 * The tools that repeatable cases call. Only these are held to the sample floors and to the latency (rule "Measuring"):
 * what is called by reconcile alone, or within a case that writes, is called once and can never have samples enough.
 */
export function measuredTools(
  cases: readonly SuiteCase[],
  tools: ReadonlyMap<string, ListedTool>,
): Set<string> {
  return new Set(cases.filter((entry) => isRepeatable(entry, tools)).flatMap(toolsOf))
}
