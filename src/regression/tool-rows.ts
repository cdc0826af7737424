import type { ListedTool } from '../services/mcp.ts'
import type { CallRecord } from './calls.ts'
import { mayWrite } from './read-only-tools.ts'
import type { ToolRow } from './report-schema.ts'
import { percentile, type Samples } from './statistics.ts'

/** Totals per tool. Percentiles only for read-only tools, whose calls are repeated. */
export function toolRows(
  records: readonly CallRecord[],
  tools: ReadonlyMap<string, ListedTool>,
  before: Readonly<Record<string, number>>,
): ToolRow[] {
  const byTool = Map.groupBy(records, ({ tool }) => tool)
  return [...byTool].map(([tool, calls]) => {
    const times = latencies(calls)
    const last = before[tool]
    return {
      tool,
      readOnly: !mayWrite(tools.get(tool)),
      calls: calls.length,
      passed: count(calls, ({ expected }) => expected),
      toolErrors: count(calls, ({ kind, expected }) => !expected && kind === 'tool_error'),
      protocolErrors: count(calls, ({ kind, expected }) => !expected && kind === 'protocol_error'),
      transportErrors: count(calls, ({ kind, expected }) => !expected && kind === 'transport_error'),
      expectedErrors: count(calls, ({ kind, expected }) => expected && kind !== 'ok'),
      flaky: count(calls, ({ attempt, expected }) => attempt > 1 && expected),
      n: times.length,
      ...percentiles(times),
      ...(last === undefined ? {} : { before: last }),
    }
  })
}

/** What was measured of each tool. */
export function samplesOf(records: readonly CallRecord[]): Samples[] {
  return [...Map.groupBy(records, ({ tool }) => tool)].map(([tool, calls]) => {
    const times = latencies(calls)
    return { tool, n: times.length, ...percentiles(times) }
  })
}

/**
 * Whether a call counts as failed for the error rate, in one of the three columns. A tool that needs input has not failed, and
 * neither has an answer where an error is expected; their cases fail.
 */
export function isError({ kind, expected }: CallRecord): boolean {
  return !expected && kind !== 'ok' && kind !== 'needs_input'
}

/**
 * The latencies of a tool: of its good answers and of everything that went wrong. A call without an answer counts with the time
 * waited for it. Expected errors are often faster than answers, so they count only if there is nothing else.
 */
export function latencies(calls: readonly CallRecord[]): number[] {
  const telling = calls.filter(({ kind, expected }) => kind === 'ok' || !expected)
  const standing = telling.some(({ kind }) => kind === 'ok') ? telling : calls
  return standing.map(({ ms }) => ms)
}

function percentiles(times: readonly number[]): Pick<ToolRow, 'p50' | 'p95' | 'p99'> {
  const [p50, p95, p99] = [50, 95, 99].map((p) => percentile(times, p))
  return p50 === undefined || p95 === undefined || p99 === undefined ? {} : { p50, p95, p99 }
}

function count(calls: readonly CallRecord[], test: (call: CallRecord) => boolean): number {
  return calls.filter(test).length
}
