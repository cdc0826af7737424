import type { ToolRow } from './report-schema.ts'

const WIDTH = 32

/**
 * p95 of each tool as text bars, next to the last release if known, on one scale. Empty if nothing was measured. Names come
 * from the server and are truncated and sanitized.
 */
export function latencyChart(rows: readonly ToolRow[], limit: number): string {
  const shown = rows.filter((row): row is ToolRow & { p95: number } => row.readOnly && row.p95 !== undefined)
  if (shown.length === 0) return ''
  const most = Math.max(...shown.flatMap(({ p95, before = 0 }) => [p95, before]), 1)
  const width = Math.min(30, Math.max(...shown.map(({ tool }) => tool.length)))
  return shown
    .flatMap(({ tool, p95, before }) => {
      const name = plain(tool).slice(0, width).padEnd(width)
      const now = `${name} now    ${bar(p95, most)} ${millis(p95)}${p95 > limit ? ' over the limit' : ''}`
      return before === undefined
        ? [now]
        : [now, `${' '.repeat(width)} before ${bar(before, most)} ${millis(before)}`]
    })
    .join('\n')
}

function bar(value: number, most: number): string {
  const full = Math.max(1, Math.round((value / most) * WIDTH))
  return `${'█'.repeat(full)}${'·'.repeat(WIDTH - full)}`
}

/** Formats milliseconds for people: `0.8 ms`, `120 ms`, `3.25 s`. */
export function millis(value: number): string {
  if (value >= 1000) return `${(value / 1000).toFixed(2)} s`
  return value >= 10 ? `${Math.round(value)} ms` : `${value.toFixed(1)} ms`
}

function plain(text: string): string {
  return text.replace(/[^\x20-\x7e]|[`]/g, '?')
}
