import type { ListedTool } from '../services/mcp.ts'
import { toolsOf } from './case-run.ts'
import { caseMayWrite } from './read-only-tools.ts'
import type { Suite, SuiteCase } from './suite-schema.ts'

/** The cases of a run: all of them, or the selected ones. */
export function casesToRun({ suite, only }: { suite: Suite; only?: string[] }): SuiteCase[] {
  return suite.cases.filter(({ name }) => !only || only.includes(name))
}

/** Whether a case can be repeated: neither the case nor its tools write. */
export function isRepeatable(entry: SuiteCase, tools: ReadonlyMap<string, ListedTool>): boolean {
  return !entry.writes && toolsOf(entry).every((tool) => !caseMayWrite(entry, tools.get(tool)))
}

/**
 * The tools that repeatable cases call. Only these need a minimum of samples and are checked for latency: a tool that only
 * `reconcile` or cases that write call is called once and can never have enough samples.
 */
export function measuredTools(
  cases: readonly SuiteCase[],
  tools: ReadonlyMap<string, ListedTool>,
): Set<string> {
  return new Set(cases.filter((entry) => isRepeatable(entry, tools)).flatMap(toolsOf))
}
