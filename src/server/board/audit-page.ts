import { html } from 'hono/html'
import { plural } from '../../decision/markdown.ts'
import { urgentShareThreshold } from '../../decision/urgent-share.ts'
import { inlineMarkdown, type Markup } from '../../html/inline-markdown.ts'
import type { MonthOfMerges, ShownLanding } from '../../store/board/audit-overview.ts'
import type { AnchorView, AuditView, ChainView, ExceptionView } from './audit-view.ts'
import { changePath, notListed, outside, shortTime, table, text, timeTag } from './parts.ts'

const exported = 'An export has all of them.'

/** `github`: where GitHub's own pages are. */
export function auditPage(view: AuditView, github: string): Markup {
  const { chains, anchors, months, exceptions, deferred, at } = view
  return html`<section aria-labelledby="chain"><h2 id="chain">Records</h2>
${chains.length > 0 ? chains.map(chainPart) : html`<p>There are no records yet.</p>`}
${anchorsPart(anchors, github)}</section>
<section aria-labelledby="urgent"><h2 id="urgent">Urgent changes by month</h2>${sharePart(months)}</section>
<section aria-labelledby="exceptions"><h2 id="exceptions">Exceptions</h2>
${
  exceptions.first.length > 0
    ? html`<ul class="pulls">${exceptions.first.map((one) => exceptionItem(one, github))}</ul>${notListed(exceptions.more, 'exception', exported)}`
    : html`<p>No merge bypassed the gate.</p>`
}</section>
<section aria-labelledby="deferred"><h2 id="deferred">Open reviews of urgent merges and exceptions</h2>
${
  deferred.first.length > 0
    ? html`<ul class="pulls">${deferred.first.map((one) => deferredItem(one, at))}</ul>${notListed(deferred.more, 'review', exported)}`
    : html`<p>None.</p>`
}</section>
<section aria-labelledby="exports"><h2 id="exports">Exports</h2>
<form class="filter" method="get" action="/audit/export">
<p><label for="from">From (UTC)</label><input id="from" type="date" name="from"></p>
<p><label for="to">To (exclusive)</label><input id="to" type="date" name="to"></p>
<p><label for="format">Format</label><select id="format" name="format"><option value="ndjson">NDJSON: every record</option><option value="csv">CSV: a table of the changes</option></select></p>
<button>Download</button></form>
<p class="hint">An export holds the records of the repositories that you can read. The chain of hashes covers all repositories of an account: to verify a whole chain, the operator runs <code>release-gate audit export</code>.</p></section>`
}

function chainPart({ account, head, verified, broken }: ChainView): Markup {
  if (broken)
    return html`<p class="standing failed">The chain of <strong>${text(account, 60)}</strong> is broken at record ${broken.seq}, found ${timeTag(broken.at)}: ${text(broken.why, 300)}</p>`
  if (!verified)
    return html`<p class="standing waiting"><strong>${text(account, 60)}</strong> has ${plural(head.seq, 'record')}, not verified yet; this runs daily.</p>`
  const since = head.seq - verified.seq
  return html`<p class="standing passed">The chain of <strong>${text(account, 60)}</strong> is verified up to record ${verified.seq}, ${timeTag(verified.at)}.${
    since > 0 ? ` ${plural(since, 'newer record')} will be verified within a day.` : ''
  }</p>`
}

function anchorsPart(anchors: AnchorView[], github: string): Markup {
  if (anchors.length === 0)
    return html`<p>No anchor was written yet: once a day, the head of each chain is written into an issue on GitHub.</p>`
  return table(
    'Anchors outside of this database',
    ['Written', 'Record', 'Hash', 'Issue'],
    anchors.map(({ at, seq, hash, issue }) => [
      shortTime(at),
      seq,
      html`<code class="hash">${hash.slice(0, 16)}</code>`,
      issueOf(issue, github),
    ]),
  )
}

function issueOf(issue: AnchorView['issue'], github: string): Markup {
  if (!issue) return html`In a repository that you cannot read`
  const { repository, number } = issue
  return outside(`${github}/${repository}/issues/${number}`, `${repository}#${number}`)
}

function sharePart(months: MonthOfMerges[]): Markup {
  if (months.length === 0) return html`<p>Nothing was merged yet.</p>`
  return table(
    'Merges by month, in UTC',
    ['Month', 'Merges', 'Urgent', 'Share of urgent', 'Exceptions'],
    months.map(({ month, merged, urgent, exceptions }) => {
      const share = merged === 0 ? 0 : urgent / merged
      const percent = `${Math.round(share * 1000) / 10}%`
      const bar = html`<meter min="0" max="1" high="${urgentShareThreshold}" optimum="0" value="${share}" aria-hidden="true"></meter>`
      return [month, merged, urgent, html`${bar} ${percent}`, exceptions]
    }),
  )
}

function exceptionItem(exception: ExceptionView, github: string): Markup {
  const { owner, repo, number, landedAt, recordSeq, bypassed } = exception
  const name = `${owner}/${repo}`
  const what =
    number === null
      ? html`<span>A push to ${outside(`${github}/${name}`, name)}</span>`
      : html`<a href="${changePath({ name, number })}">${name}#${number}</a>`
  return html`<li class="failed">${what} <span class="meta">${shortTime(landedAt)}, record ${recordSeq}</span>
${bypassed.slice(0, 5).map((line) => html`<span class="who">${inlineMarkdown(line)}</span>`)}${
  bypassed.length > 5 ? html`<span class="who">${bypassed.length - 5} more</span>` : ''
}</li>`
}

function deferredItem(
  { owner, repo, number, urgent, dueAt, issueNumber, issueUrl }: ShownLanding,
  at: Date,
): Markup {
  const name = `${owner}/${repo}`
  const isOverdue = dueAt !== null && dueAt < at
  return html`<li class="${isOverdue ? 'failed' : 'waiting'}">${
    number === null
      ? html`<span>A push to ${name}</span>`
      : html`<a href="${changePath({ name, number })}">${name}#${number}</a>`
  } <span class="meta">${urgent ? 'urgent' : 'exception'}</span>
<span class="check">${dueAt ? html`${isOverdue ? 'Overdue since' : 'Due'} ${timeTag(dueAt)}` : 'No due date'}${
    issueUrl && issueNumber
      ? html`, ${outside(issueUrl, `review #${issueNumber}`)}`
      : ', the issue is not opened yet'
  }</span></li>`
}
