import type { RegressionSettings } from '../decision/regression-settings.ts'
import type { ListedTool } from '../services/mcp.ts'
import { withGate } from './adjust-report.ts'
import { coverageGate, errorGate } from './gate-results.ts'
import { latencyGate } from './latency-gate.ts'
import { tighten } from './limits.ts'
import { limitsOfPolicy } from './policy-limits.ts'
import { withReads } from './read-only-tools.ts'
import { measuredTools } from './repeatable.ts'
import type { RunGateName, RunReport } from './report-schema.ts'
import { covering } from './suite-file.ts'
import type { Suite } from './suite-schema.ts'

type Settings = Pick<RegressionSettings, 'limits' | 'coverage'>

/** The settings that decide what a run finds, as text that is kept with it and compared; `drill`: the folder of the runbooks that it runs. */
export function settingsOfRun({ limits, coverage }: Settings, drill?: string): string {
  const { errors, p95, per_tool, total } = limits
  return JSON.stringify({ errors, p95, per_tool, total, coverage, drill })
}

/** The folder of the runbooks that a run with these settings ran. */
export function drillOf(settings: string | null): string | undefined {
  const { drill } = JSON.parse(settings ?? '{}') as { drill?: string }
  return drill
}

/** What needs calls, and is inconclusive with too few of them. */
const counting: readonly RunGateName[] = ['errors', 'latency']

/** Whether a run came as far as its limits. One that did not says the same under any others. */
export function reachedLimits({ gates }: RunReport): boolean {
  return (
    !gates.some(({ gate, verdict }) => gate === 'connection' && verdict === 'inconclusive') &&
    gates.some(({ gate }) => gate === 'errors')
  )
}

/** The report under other settings, from its counts; `tools` are those that the run listed. */
export function underSettings(
  report: RunReport,
  suite: Suite,
  tools: readonly ListedTool[],
  settings: Settings,
): RunReport {
  const covered = covering(suite, settings)
  const { limits } = tighten(limitsOfPolicy(settings), suite.gates)
  const seen = { tools: withReads(tools, suite.reads), cases: report.cases, samples: report.tools }
  const kept = { ...report, gates: report.gates.filter(({ gate }) => gate !== 'coverage') }
  return [
    ...coverageGate(covered, report.notCovered),
    errorGate(report.errors, limits),
    latencyGate(seen, limits, suite.cases),
  ].reduce(withGate, kept)
}

/** Whether a run lacks nothing but calls: a new one would make more. */
export function lacksCalls({ verdict, gates }: RunReport): boolean {
  const open = gates.filter((gate) => gate.verdict === 'inconclusive')
  return verdict === 'inconclusive' && open.every(({ gate }) => counting.includes(gate))
}

/** Whether every tool that would be measured is among those that were: a name may have been redacted. */
export function isMeasured(report: RunReport, suite: Suite, tools: readonly ListedTool[]): boolean {
  const known = new Set(report.tools.map(({ tool }) => tool))
  return [...measuredTools(suite.cases, withReads(tools, suite.reads))].every((tool) => known.has(tool))
}
