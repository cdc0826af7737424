import { LRUCache } from 'lru-cache'
import { type RunReport, runReportSchema } from '../../regression/report-schema.ts'
import { type ReleaseRun, reportsOf } from '../../store/board/releases.ts'
import type { Queryable } from '../../store/database.ts'

/** One tool in one run. Times in milliseconds; `errors` is the number of failed calls. */
export type ToolAtRelease = {
  tool: string
  calls: number
  errors: number
  p50: number | undefined
  p95: number | undefined
}

/** What a page shows of a report. */
export type ReleaseReport = {
  tools: ToolAtRelease[]
  changes: Pick<RunReport['contract']['changes'][number], 'severity' | 'tool' | 'message' | 'waived'>[]
  moreChanges: number
}

/** One release, or the newest run that belongs to none yet. `report` is missing where it cannot be read. */
export type Release = ReleaseRun & { report: ReleaseReport | undefined }

/** Evidence never changes, so what was read from a report is kept. */
const known = new LRUCache<string, { report: ReleaseReport | undefined }>({ max: 2_000 })

/** So many changes of one release are shown: a rewritten server has thousands. */
const changesShown = 20

export async function withReports(db: Queryable, runs: ReleaseRun[]): Promise<Release[]> {
  const missing = runs.map(({ runId }) => runId).filter((runId) => !known.has(runId))
  for (const [runId, text] of await reportsOf(db, missing)) known.set(runId, { report: reportIn(text) })
  return runs.map((run) => ({ ...run, report: known.get(run.runId)?.report }))
}

function reportIn(text: string): ReleaseReport | undefined {
  const read = runReportSchema.safeParse(JSON.parse(text))
  if (!read.success) return undefined
  const { tools, contract } = read.data
  const notable = contract.changes.filter(({ severity }) => severity !== 'info')
  return {
    tools: tools.map(({ tool, calls, toolErrors, protocolErrors, transportErrors, p50, p95 }) => ({
      tool,
      calls,
      errors: toolErrors + protocolErrors + transportErrors,
      p50,
      p95,
    })),
    changes: notable.slice(0, changesShown).map(({ severity, tool, message, waived }) => ({
      severity,
      tool,
      message,
      ...(waived ? { waived } : {}),
    })),
    moreChanges: Math.max(0, notable.length - changesShown),
  }
}

/** One tool over the releases: for each of them in order, its numbers, or undefined where it was not measured. */
export type ToolSeries = { tool: string; points: (ToolAtRelease | undefined)[] }

/** Every tool over the releases, the slowest at the newest one first. */
export function toolSeries(releases: Release[]): ToolSeries[] {
  const names = new Set(releases.flatMap(({ report }) => report?.tools.map(({ tool }) => tool) ?? []))
  const series = [...names].map((tool) => ({
    tool,
    points: releases.map(({ report }) => report?.tools.find((row) => row.tool === tool)),
  }))
  return series.sort(
    (a, b) => (newest(b)?.p95 ?? -1) - (newest(a)?.p95 ?? -1) || a.tool.localeCompare(b.tool),
  )
}

function newest({ points }: ToolSeries): ToolAtRelease | undefined {
  return points.findLast((point) => point !== undefined)
}
