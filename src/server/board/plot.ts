import { scaleLinear, scalePoint } from 'd3-scale'
import { line } from 'd3-shape'
import { html } from 'hono/html'
import type { Markup } from '../../html/inline-markdown.ts'
import { millis } from '../../regression/latency-chart.ts'
import type { ToolAtRelease } from './releases.ts'

const [width, height] = [320, 120]
const margin = { top: 12, right: 12, bottom: 22, left: 48 }

/**
 * The latency of one tool over releases, p95 as a line and p50 below it, with a mark below each release in which calls failed. The table
 * beside it says the same, so screen readers skip the picture.
 */
export function latencyPlot(points: (ToolAtRelease | undefined)[], labels: string[]): Markup {
  const most = Math.max(1, ...points.flatMap((point) => [point?.p95 ?? 0, point?.p50 ?? 0]))
  const y = scaleLinear([0, most], [height - margin.bottom, margin.top]).nice(3)
  const keys = labels.map((_, index) => String(index))
  const x = scalePoint(keys, [margin.left, width - margin.right]).padding(0.5)
  const at = (index: number) => x(String(index)) ?? margin.left
  const path = (pick: 'p50' | 'p95') => {
    const known = points.map((point, index) => ({ index, value: point?.[pick] }))
    const drawn = line<(typeof known)[number]>()
      .defined(({ value }) => value !== undefined)
      .x(({ index }) => round(at(index)))
      .y(({ value = 0 }) => round(y(value)))
    return drawn(known) ?? ''
  }
  const dots = points.map((point, index) =>
    point?.p95 === undefined
      ? ''
      : html`<circle class="p95" cx="${round(at(index))}" cy="${round(y(point.p95))}" r="2.5"/>`,
  )
  const failures = points.map((point, index) =>
    point && point.errors > 0
      ? html`<path class="failures" d="M${round(at(index)) - 4} ${height - 4}h8l-4-8z"/>`
      : '',
  )
  const ticks = y.ticks(3).map(
    (tick) => html`<path class="grid" d="M${margin.left} ${round(y(tick))}H${width - margin.right}"/>
<text x="${margin.left - 6}" y="${round(y(tick)) + 4}" text-anchor="end">${millis(tick)}</text>`,
  )
  return html`<svg class="plot" viewBox="0 0 ${width} ${height}" aria-hidden="true" focusable="false">${ticks}
<path class="p50" d="${path('p50')}"/><path class="p95" d="${path('p95')}"/>${dots}${failures}</svg>`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
