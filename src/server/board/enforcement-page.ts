import { html } from 'hono/html'
import { plural } from '../../decision/markdown.ts'
import type { Diagnosis } from '../../doctor/diagnosis.ts'
import type { LastRun } from '../../doctor/last-run.ts'
import type { Markup } from '../../html/inline-markdown.ts'
import type { KnownRepository } from '../../store/board/open-pulls.ts'
import { notListed, text, timeTag } from './parts.ts'

/**
 * The findings that a person may see: those of repositories that they can read, of the accounts of these, and of the App. What was found
 * on the machine of the bot is for its operator.
 */
export function findingsFor(found: Diagnosis[], repositories: KnownRepository[]): Diagnosis[] {
  const names = new Set(repositories.map(({ owner, repo }) => `${owner}/${repo}`.toLowerCase()))
  const accounts = new Set(repositories.map(({ owner }) => owner.toLowerCase()))
  return found.filter(({ repository }) => {
    const place = repository.toLowerCase()
    if (place === 'the app') return names.size > 0
    return names.has(place) || accounts.has(place)
  })
}

const kinds: { severity: Diagnosis['severity']; title: string; state: string }[] = [
  { severity: 'error', title: 'Errors', state: 'failed' },
  { severity: 'warning', title: 'Warnings', state: 'waiting' },
  { severity: 'unknown', title: 'Could not be read', state: 'waiting' },
  { severity: 'information', title: 'Notes', state: 'passed' },
]

/** So many findings of a kind are shown. */
const most = 100

/** What the daily check found. */
export function enforcementPage(last: LastRun | undefined, repositories: KnownRepository[]): Markup {
  if (!last || last.planned)
    return html`<p>The daily check has not run yet. It runs for the first time an hour after the start. <code>release-gate doctor</code> checks now.</p>`
  const found = findingsFor(last.remember, repositories)
  const drift = found.filter(({ severity }) => severity === 'error' || severity === 'warning').length
  return html`<p class="standing ${drift > 0 ? 'failed' : 'passed'}">${
    drift > 0 ? `${plural(drift, 'finding')} to fix` : 'GitHub enforces the gate as far as it can be read'
  } <span class="muted">as of ${timeTag(new Date(last.at))}</span></p>
${kinds.map(({ severity, title, state }) => {
  const own = found.filter((one) => one.severity === severity)
  if (own.length === 0) return ''
  return html`<section aria-labelledby="${severity}"><h2 id="${severity}">${title} <span class="count">${own.length}</span></h2>
<ul class="pulls">${own.slice(0, most).map((one) => findingItem(one, state))}</ul>${notListed(own.length - most, 'finding', 'The operator sees all of them with release-gate doctor.')}</section>`
})}`
}

function findingItem({ repository, what, fix }: Diagnosis, state: string): Markup {
  return html`<li class="${state}"><strong>${text(repository, 140)}</strong><span class="check">${text(what, 400)}</span>${
    fix ? html`<span class="who">Fix: ${text(fix, 400)}</span>` : ''
  }</li>`
}
