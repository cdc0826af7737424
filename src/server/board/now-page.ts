import { html } from 'hono/html'
import { plural } from '../../decision/markdown.ts'
import { inlineMarkdown, type Markup } from '../../html/inline-markdown.ts'
import type { RunningRegression } from '../../store/board/open-pulls.ts'
import type { Health, Limits, NowView } from './now-view.ts'
import {
  changePath,
  countdown,
  notListed,
  outside,
  roughly,
  shortTime,
  text,
  tile,
  timeTag,
} from './parts.ts'
import type { PullCard, PullState } from './pull-card.ts'
import type { WindowCard } from './windows.ts'

/** What each state is called, and what it means, in the order of the page. */
export const sections: { state: PullState; title: string; hint: string }[] = [
  { state: 'green', title: 'Green', hint: 'The check is green, so these can be merged now.' },
  {
    state: 'queued',
    title: 'Queued for green',
    hint: "Every gate passes. GitHub's rate limit holds these back until others have merged.",
  },
  { state: 'ready', title: 'Ready', hint: 'These turn green when the release window opens.' },
  { state: 'waiting', title: 'Waiting', hint: 'Someone must act first.' },
  { state: 'failed', title: 'Blocked', hint: 'Something needs fixing, or could not be checked.' },
]

/** So many pull requests of a state are on the first page; the list has all of them. */
const most = 15

export function nowPage(view: NowView): Markup {
  if (view.repositories.length === 0)
    return html`<p>None of the repositories that you can read on GitHub has a release policy yet.</p>`
  const of = (state: PullState) => view.cards.filter((card) => card.state === state)
  return html`<section aria-labelledby="window"><h2 id="window" class="visually-hidden">Release window</h2>
${windowsPart(view)}</section>
<nav aria-label="Pull requests by state"><ul class="tiles">${sections.map(({ state, title }) =>
    tile(of(state).length, title, { state, href: `/pulls?state=${state}` }),
  )}</ul></nav>
<div class="columns">
<div>${sections.map((section) => pullSection(section, of(section.state)))}${pendingPart(view)}</div>
<div>${freezePart(view)}${regressionPart(view.running)}${healthPart(view.health, view.at)}</div>
</div>`
}

function windowsPart({ windows, at }: NowView): Markup {
  if (windows.length === 0)
    return html`<p>No policy has a release window, so changes can merge at any time.</p>`
  const shown = windows.slice(0, 6)
  const rest = windows.length - shown.length
  return html`${shown.map((window) => windowPart(window, at))}${
    rest > 0
      ? html`<p>${plural(rest, 'more release window')} ${rest === 1 ? 'is' : 'are'} not shown here.</p>`
      : ''
  }`
}

function windowPart(window: WindowCard, at: Date): Markup {
  const { frozen, open, rule, holiday, repositories } = window
  const state = frozen ? 'failed' : open ? 'passed' : 'waiting'
  return html`<article class="window ${state}">
<p class="headline">${headline(window, at)}</p>
${frozen ? freezeText(frozen, window.zone) : ''}
<p>${nextText(window)} <span class="muted">${rule}.${holiday && !open ? ` Holiday: ${text(holiday, 60)}.` : ''}</span></p>
<p class="muted">${namesText(repositories)}</p>
</article>`
}

function headline({ frozen, open, opensAt, closesAt }: WindowCard, at: Date): Markup {
  if (frozen) return html`Releases are frozen`
  if (open) return closesAt ? html`Open: closes in ${countdown(closesAt, at)}` : html`Open all week`
  return opensAt
    ? html`Closed: opens in ${countdown(opensAt, at)}`
    : html`Closed: no window opens within two years`
}

function nextText({ frozen, open, opensAt, closesAt, zone }: WindowCard): Markup {
  if (open) return closesAt ? html`Until ${timeTag(closesAt, zone)}.` : html``
  if (opensAt) return html`${frozen ? 'Then it opens' : 'It opens'} automatically ${timeTag(opensAt, zone)}.`
  return frozen ? html`It opens again only after the freeze is lifted.` : html``
}

function freezeText({ reason, by, since, until }: NonNullable<WindowCard['frozen']>, zone: string): Markup {
  const who = by ? html`By <strong>${text(by, 60)}</strong>` : html`By the policy`
  return html`<p>${who}${since ? html` since ${timeTag(since, zone)}` : ''}, ${
    until ? html`until ${timeTag(until, zone)}` : 'until it is lifted'
  }: <q>${text(reason, 200)}</q></p>`
}

function namesText(names: string[]): string {
  const shown = names.slice(0, 5).join(', ')
  return names.length > 5
    ? `${shown} and ${plural(names.length - 5, 'more repository', 'more repositories')}`
    : shown
}

function pullSection({ state, title, hint }: (typeof sections)[number], cards: PullCard[]): Markup {
  if (cards.length === 0 && state !== 'ready') return html``
  const rest = cards.length - most
  return html`<section aria-labelledby="${state}"><h2 id="${state}">${title} <span class="count">${cards.length}</span></h2>
<p class="hint">${cards.length === 0 ? 'Nothing is ready for the next window yet.' : hint}</p>
${state === 'waiting' ? awaitedPart(cards) : ''}
${pullList(cards.slice(0, most))}
${rest > 0 ? html`<p><a href="/pulls?state=${state}">All ${cards.length} in this state</a></p>` : ''}</section>`
}

/** People and teams who are waited for, those with the most changes first. */
function awaitedPart(cards: PullCard[]): Markup | string {
  const counts = new Map<string, number>()
  for (const name of cards.flatMap(({ awaited }) => awaited)) counts.set(name, (counts.get(name) ?? 0) + 1)
  if (counts.size === 0) return ''
  const named = [...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).slice(0, 12)
  return html`<p class="chips"><span>Waiting for</span> ${named.map(
    ([name, count]) =>
      html`<a class="chip" href="/pulls?state=waiting&amp;for=${encodeURIComponent(name)}">${text(name, 60)} <span class="count">${count}</span></a> `,
  )}</p>`
}

/** Open pull requests, each with the one thing that it needs. */
export function pullList(cards: PullCard[]): Markup | string {
  if (cards.length === 0) return ''
  return html`<ul class="pulls">${cards.map(pullItem)}</ul>`
}

function pullItem(card: PullCard): Markup {
  const { name, number, title, author, state, check, who } = card
  return html`<li class="${state}"><a href="${changePath(card)}">${text(title, 120)}</a>
<span class="meta">${name}#${number} by ${text(author, 60)}</span>
<span class="check">${text(check, 140)}</span>${
    who && (state === 'waiting' || state === 'failed')
      ? html`<span class="who">${inlineMarkdown(who)}</span>`
      : ''
  }</li>`
}

function pendingPart({ pending }: NowView): Markup | string {
  if (pending.length === 0) return ''
  return html`<section aria-labelledby="pending"><h2 id="pending">Not checked yet <span class="count">${pending.length}</span></h2>
<ul class="pulls">${pending
    .slice(0, most)
    .map(
      ({ owner, repo, number, problem }) =>
        html`<li class="failed"><span>${owner}/${repo}#${number}</span><span class="check">${problem ? text(problem, 140) : 'Its first check is on its way.'}</span></li>`,
    )}</ul>${notListed(pending.length - most, 'pull request')}</section>`
}

/** Where people freeze a repository or an account, or end that. Who may is asked when they do. */
function freezePart({ repositories }: NowView): Markup {
  const names = repositories.map(({ owner, repo }) => `${owner}/${repo}`).sort()
  const accounts = [...new Set(repositories.map(({ owner }) => owner))].sort()
  const links = (query: Record<string, string>) => {
    const scope = new URLSearchParams(query).toString()
    return html`<a href="/freeze?${scope}">Freeze</a> or <a href="/unfreeze?${scope}">unfreeze</a>`
  }
  return html`<section aria-labelledby="freezes"><h2 id="freezes">Freeze releases</h2>
<ul class="plain">${names.slice(0, most).map((name) => html`<li>${name}: ${links({ repository: name })}</li>`)}${accounts
    .slice(0, most)
    .map((account) => html`<li>All of ${account}: ${links({ organization: account })}</li>`)}</ul>
${notListed(names.length - most, 'repository', '', 'repositories')}${notListed(accounts.length - most, 'account')}</section>`
}

function regressionPart(running: RunningRegression[]): Markup {
  const items = running
    .slice(0, most)
    .map(
      ({ owner, repo, number, headSha, url }) =>
        html`<li><a href="${changePath({ name: `${owner}/${repo}`, number })}">${owner}/${repo}#${number}</a> at <code>${headSha.slice(0, 7)}</code>${
          url ? html`, ${outside(url, 'progress')}` : ''
        }</li>`,
    )
  return html`<section aria-labelledby="running"><h2 id="running">Staging regression</h2>
${items.length > 0 ? html`<ul>${items}</ul>` : html`<p>No run is in progress.</p>`}${notListed(running.length - most, 'run')}
<p><a href="/regression">Latency and contract by release</a></p></section>`
}

function healthPart({ looks, due, oldestSeconds, running, givenUp, limits }: Health, at: Date): Markup {
  const { oldest, never, unseen } = looks
  const late = unseen + never
  return html`<section aria-labelledby="health"><h2 id="health">Health of the bot</h2><dl class="facts">
<dt>Last hourly check</dt><dd>${
    oldest ? html`${roughly(Math.max(0, at.getTime() - oldest.getTime()))} ago` : 'None yet'
  }${late > 0 ? `; ${plural(late, 'repository', 'repositories')} not checked yet or could not be checked` : ''}</dd>
<dt>Backlog</dt><dd>${due === 0 ? 'None' : html`${plural(due, 'due job')}, the oldest for ${roughly(oldestSeconds * 1000)}`}${
    running > 0 ? `; ${running} running` : ''
  }</dd>
<dt>Given up</dt><dd>${givenUp === 0 ? 'None' : html`${plural(givenUp, 'job')}; the operator sees them with <code>release-gate queue ls</code>`}</dd>
${limits.slice(0, 5).map((limit) => limitPart(limit))}
</dl>${notListed(limits.length - 5, 'account')}</section>`
}

function limitPart({ account, writesLastHour, writesAnHour, requests, pausedUntil }: Limits): Markup {
  const left = requests ? `; ${requests.remaining} of ${requests.limit} requests left` : ''
  return html`<dt>Limits of ${text(account, 60)}</dt><dd>${writesLastHour} of ${writesAnHour} writes used in the last hour${left}${
    pausedUntil ? html`; paused until ${shortTime(pausedUntil)}` : ''
  }</dd>`
}
