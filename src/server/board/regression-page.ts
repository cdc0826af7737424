import { html } from 'hono/html'
import { plural } from '../../decision/markdown.ts'
import type { Markup } from '../../html/inline-markdown.ts'
import { millis } from '../../regression/latency-chart.ts'
import type { KnownRepository } from '../../store/board/open-pulls.ts'
import type { TestedServer } from '../../store/board/releases.ts'
import { badge, shortTime, table, text } from './parts.ts'
import { latencyPlot } from './plot.ts'
import { type Release, type ToolAtRelease, type ToolSeries, toolSeries } from './releases.ts'

/** So many tools are drawn; the others are counted. */
const most = 24

export type ServerEntry = { server: TestedServer; repository: KnownRepository }

export function regressionPath({ owner, repo }: KnownRepository, server: string): string {
  return `/regression/${[owner, repo, server].map(encodeURIComponent).join('/')}`
}

/** Every server that regressions were run on. */
export function regressionsPage(entries: ServerEntry[]): Markup {
  if (entries.length === 0)
    return html`<p>No regression was run yet. A policy asks for one with the gate <code>staging_regression</code>.</p>`
  return html`<ul class="pulls">${entries.map(
    ({ server: { server, runs, latest }, repository }) =>
      html`<li><a href="${regressionPath(repository, server)}">${repository.owner}/${repository.repo} on ${text(server, 60)}</a>
<span class="meta">${plural(runs, 'run')}, the newest ${shortTime(latest)}</span></li>`,
  )}</ul>`
}

/** Latency, errors and contract changes of one server over its releases. */
export function regressionPage(releases: Release[]): Markup {
  if (releases.length === 0) return html`<p>No release was tested on this server yet.</p>`
  const labels = releases.map(labelOf)
  const series = toolSeries(releases)
  const shown = series.slice(0, most)
  return html`<section aria-labelledby="latency"><h2 id="latency">Latency and errors by tool</h2>
<p class="muted">Milliseconds, oldest release first. <span class="key p95">p95</span> <span class="key p50">p50</span> <span class="key failures">calls failed</span></p>
<div class="plots">${shown.map((one) => toolPart(one, labels))}</div>
${series.length > most ? html`<p>${series.length - most} more tools are not drawn.</p>` : ''}</section>
<section aria-labelledby="contract"><h2 id="contract">Releases and contract changes</h2>
<ol class="timeline" reversed>${releases.toReversed().map(releaseItem)}</ol></section>`
}

function labelOf({ headSha, releasedAt }: Release): string {
  const commit = headSha.slice(0, 7)
  return releasedAt ? `${releasedAt.toISOString().slice(0, 10)} ${commit}` : `${commit}, not released`
}

function toolPart({ tool, points }: ToolSeries, labels: string[]): Markup {
  const name = text(tool, 80)
  const last = points.findLast((point) => point !== undefined)
  return html`<figure><figcaption><strong>${name}</strong>${last?.p95 === undefined ? '' : ` p95 ${millis(last.p95)}`}</figcaption>
${latencyPlot(points, labels)}
<details><summary>Numbers<span class="visually-hidden"> of ${name}</span></summary>${table(
    `Latency and errors of ${name}`,
    ['Release', 'p50', 'p95', 'Errors', 'Calls'],
    points.map((point, index) => [labels[index] ?? '', ...cells(point)]),
  )}</details></figure>`
}

function cells(point: ToolAtRelease | undefined): (string | number)[] {
  if (!point) return ['not tested', 'not tested', 'not tested', 'not tested']
  const time = (value: number | undefined) => (value === undefined ? 'not measured' : millis(value))
  return [time(point.p50), time(point.p95), point.errors, point.calls]
}

const verdicts = { passed: 'passed', failed: 'failed', inconclusive: 'waiting' } as const

function releaseItem(release: Release): Markup {
  const { headSha, verdict, summary, releasedAt, startedAt, report } = release
  const changes = report?.changes ?? []
  return html`<li class="${verdicts[verdict]}"><div class="stamp">${shortTime(releasedAt ?? startedAt)} <code>${headSha.slice(0, 7)}</code>${
    releasedAt ? '' : html` <span>not released</span>`
  }</div>
<div>${badge(verdicts[verdict])} ${text(summary, 300)}
${
  report === undefined
    ? html`<p>Its report cannot be read.</p>`
    : changes.length === 0
      ? html`<p class="muted">No contract changes.</p>`
      : html`<ul>${changes.map(
          ({ severity, tool, message, waived }) =>
            html`<li><strong>${severity}</strong> <code>${text(tool, 80)}</code>: ${text(message, 300)}${waived ? html` (waived: ${text(waived, 200)})` : ''}</li>`,
        )}</ul>`
}${report && report.moreChanges > 0 ? html`<p>${plural(report.moreChanges, 'more change')} in the report.</p>` : ''}</div></li>`
}
