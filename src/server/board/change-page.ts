import { html } from 'hono/html'
import { plural } from '../../decision/markdown.ts'
import { inlineMarkdown, type Markup } from '../../html/inline-markdown.ts'
import type { ChangeView } from './change-view.ts'
import { badge, changePath, outside, shortTime, stateWords, text, timeTag } from './parts.ts'
import type { Replay, ReplayedGate } from './replay.ts'
import { gateName } from './timeline.ts'
import type { TimelineEntry } from './timeline-records.ts'
import { type Fact, type WhyNode, whyOf } from './why.ts'

type Named = { name: string; number: number }

/** The page of one change. `github`: where GitHub's own pages are. */
export function changePage(view: ChangeView, github: string): Markup {
  const { change, stored, merged } = view
  const named = { name: `${change.owner}/${change.repo}`, number: change.number }
  return html`<p class="meta">${outside(`${github}/${named.name}/pull/${named.number}`, `${named.name}#${named.number}`)}${
    stored
      ? html` by <strong>${text(stored.snapshot.author?.login ?? '(deleted account)', 60)}</strong>, <code>${text(stored.snapshot.head.ref, 80)}</code> into <code>${text(stored.baseRef, 80)}</code>`
      : ''
  }</p>
${stored ? standing(view, merged) : ''}
${stored && stored.snapshot.state === 'open' ? whyPart(view) : ''}
${reviewPart(view)}
${timelinePart(view, named)}`
}

/** What the page of a change is called. */
export function changeTitle({ stored, change }: ChangeView): string {
  return stored ? text(stored.snapshot.title, 160) : `${change.owner}/${change.repo}#${change.number}`
}

function standing({ stored }: ChangeView, merged: boolean): Markup | string {
  if (!stored) return ''
  const { state, report, headSha, snapshot } = stored
  if (snapshot.state !== 'open' || merged)
    return html`<p class="standing">${snapshot.state === 'merged' || merged ? 'Merged' : 'Closed without a merge'}</p>`
  return html`<p class="standing ${state}">${badge(state)} ${text(report.title, 140)} <span class="muted">at <code>${headSha.slice(0, 7)}</code></span></p>`
}

function whyPart({ stored, freeze, readAt, zone }: ChangeView): Markup | string {
  if (!stored) return ''
  const { nodes, policy, override } = whyOf(stored, freeze)
  const open = nodes.filter(({ state }) => state !== 'passed').length
  const heading = open > 0 ? 'Why is it blocked?' : 'Why is it ready?'
  const read = readAt ?? new Date(stored.snapshot.takenAt)
  return html`<section aria-labelledby="why"><h2 id="why">${heading}</h2>
<p class="muted">Facts read from GitHub ${timeTag(read, zone)}. Decided ${timeTag(stored.decidedAt, zone)}. ${inlineMarkdown(policy.what)}.${
    override ? html` ${inlineMarkdown(override)}` : ''
  }</p>
${nodes.length > 0 ? html`<ul class="tree">${nodes.map((node) => nodeItem(node, read, zone))}</ul>` : html`<p>The policy is invalid, so no gate was evaluated.</p>`}</section>`
}

function nodeItem(
  { title, state, headline, reason, who, when, details, facts }: WhyNode,
  read: Date,
  zone: string,
): Markup {
  return html`<li class="${state}"><details${state === 'passed' ? '' : html` open`}><summary>${badge(state)} <strong>${title}</strong>: ${text(headline, 140)}</summary>
<p>${inlineMarkdown(reason)}</p>
${who || when ? html`<ul>${who ? html`<li>Who: ${inlineMarkdown(who)}</li>` : ''}${when ? html`<li>When: ${inlineMarkdown(when)}</li>` : ''}</ul>` : ''}
${details.length > 0 ? html`<h3>Details</h3><ul>${details.map((line) => html`<li>${inlineMarkdown(line)}</li>`)}</ul>` : ''}
${facts.length > 0 ? html`<h3>Facts, read ${shortTime(read, zone)}</h3><ul class="facts">${facts.map((fact) => factItem(fact, zone))}</ul>` : ''}
</details></li>`
}

function factItem({ what, at }: Fact, zone: string): Markup {
  return html`<li>${inlineMarkdown(what)}${at ? html` <span class="muted">${shortTime(at, zone)}</span>` : ''}</li>`
}

function reviewPart({ review, zone }: ChangeView): Markup | string {
  if (!review) return ''
  const { number, url, dueAt } = review
  return html`<p>Review after the merge: ${outside(url, `#${number}`)}${dueAt ? html`, due ${timeTag(dueAt, zone)}` : ''}.</p>`
}

function timelinePart({ entries, older, zone }: ChangeView, named: Named): Markup {
  if (entries.length === 0)
    return html`<section aria-labelledby="timeline"><h2 id="timeline">Timeline</h2><p>There are no records of this change, or they were removed after the time for which records are kept.</p></section>`
  const path = changePath(named)
  return html`<section aria-labelledby="timeline"><h2 id="timeline">Timeline</h2>
<p class="muted">Newest first. Every line comes from a record of the hash chain. A replay decides again from the facts in the record. <a href="${path}/replay">Replay all</a></p>
<ol class="timeline">${entries.map((entry) => entryItem(entry, path, zone))}</ol>
${older === undefined ? '' : html`<p><a rel="next" href="${path}?before=${older}">Older records</a></p>`}</section>`
}

function entryItem(
  { at, seq, kind, what, details, state, isDecision, link }: TimelineEntry,
  path: string,
  zone: string,
): Markup {
  return html`<li class="${kind} ${state ?? ''}"><div class="stamp">${shortTime(at, zone)} <span>Record ${seq}</span>${
    isDecision ? html` <a href="${path}/replay/${seq}" aria-label="Replay record ${seq}">Replay</a>` : ''
  }</div>
<div>${inlineMarkdown(what)}${link ? html` ${outside(link.url, link.text)}` : ''}${
    details.length > 0 ? html`<ul>${details.map((line) => html`<li>${inlineMarkdown(line)}</li>`)}</ul>` : ''
  }</div></li>`
}

/** One record decided again. `intact`: its content is what its hash covers. */
export type ReplayedRecord = { seq: number; at: Date; hash: string; intact: boolean; replay: Replay }

export function replayPage(named: Named, { seq, at, hash, intact, replay }: ReplayedRecord): Markup {
  return html`<p><a href="${changePath(named)}">${named.name}#${named.number}</a>, record ${seq} of ${timeTag(at)}</p>
<p>${intact ? 'Its content matches its hash' : 'Its content does NOT match its hash: it was changed'}: <code class="hash">${hash}</code></p>
${outcome(replay)}`
}

function outcome(replay: Replay): Markup {
  if (replay.kind === 'not possible') return html`<p class="standing waiting">${replay.why}</p>`
  const { same, recorded, now, gates } = replay
  return html`<p class="standing ${same ? 'passed' : 'failed'}">${
    same
      ? html`Same result: ${badge(now)}`
      : html`Different result: recorded ${badge(recorded)}, now ${badge(now)}. This version of release-gate decides differently.`
  }</p>
<ul class="tree">${gates.map(gateItem)}</ul>`
}

function gateItem({ gate, recorded, now, same }: ReplayedGate): Markup {
  const shown = recorded ?? now
  if (!shown) return html``
  const { state, title, reason } = shown
  return html`<li class="${state}">${badge(state)} <strong>${gateName(gate)}</strong>: ${text(title, 140)}
<p>${inlineMarkdown(reason)}</p>
${same ? '' : html`<p class="error">${now ? html`Now: ${stateWords[now.state]}, ${text(now.title, 140)}` : 'This gate is not part of the result now.'}${recorded ? '' : ' It was not recorded.'}</p>`}</li>`
}

/** The records of one page of a timeline, decided again. */
export function replaysPage(named: Named, replayed: ReplayedRecord[], older: number | undefined): Markup {
  const path = changePath(named)
  const decided = replayed.filter(({ replay }) => replay.kind === 'replayed')
  const same = decided.filter(({ replay, intact }) => intact && replay.kind === 'replayed' && replay.same)
  const differ = decided.length - same.length
  const changed = replayed.filter(({ intact }) => !intact).length
  const isSame = differ === 0 && changed === 0
  const result = [
    differ === 0
      ? `${plural(decided.length, 'recorded decision')} replayed to the same result.`
      : `${differ} of ${plural(decided.length, 'recorded decision')} did not replay to the same result.`,
    ...(changed > 0
      ? [
          `${plural(changed, 'record')} ${changed === 1 ? 'does not match its hash' : 'do not match their hashes'}.`,
        ]
      : []),
  ].join(' ')
  return html`<p><a href="${path}">${named.name}#${named.number}</a></p>
<p class="standing ${isSame ? 'passed' : 'failed'}">${result}</p>
<ul class="tree">${replayed.map((record) => replayItem(record, path))}</ul>
${older === undefined ? '' : html`<p><a rel="next" href="${path}/replay?before=${older}">Older records</a></p>`}`
}

function replayItem({ seq, at, intact, replay }: ReplayedRecord, path: string): Markup {
  const { state, word } = intact
    ? answerOf(replay)
    : { state: 'failed', word: 'Its content does not match its hash' }
  return html`<li class="${state}"><a href="${path}/replay/${seq}">Record ${seq}</a> <span class="muted">${shortTime(at)}</span> ${word}</li>`
}

function answerOf(replay: Replay): { state: string; word: string } {
  if (replay.kind === 'not possible') return { state: 'waiting', word: replay.why }
  const [then, now] = [replay.recorded, replay.now].map((state) => stateWords[state].toLowerCase())
  return replay.same
    ? { state: 'passed', word: `Same result: ${now}` }
    : { state: 'failed', word: `Different result: ${then} then, ${now} now` }
}
