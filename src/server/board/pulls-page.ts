import { html } from 'hono/html'
import { plural } from '../../decision/markdown.ts'
import type { Markup } from '../../html/inline-markdown.ts'
import { pullList, sections } from './now-page.ts'
import { text } from './parts.ts'
import type { PullCard } from './pull-card.ts'

/** Which open pull requests are listed: of one state, waiting for somebody, or with some text in them. */
export type PullFilter = { state: string; person: string; words: string; page: number }

const perPage = 100

/** A filter from the query of an address. Whatever makes no sense filters nothing. */
export function filterOf(query: Record<string, string | undefined>): PullFilter {
  const state = sections.some((section) => section.state === query.state) ? (query.state ?? '') : ''
  const page = /^[1-9]\d{0,5}$/.test(query.page ?? '') ? Number(query.page) : 1
  return { state, person: (query.for ?? '').slice(0, 100), words: (query.q ?? '').slice(0, 200), page }
}

export function filtered(cards: PullCard[], { state, person, words }: PullFilter): PullCard[] {
  const wanted = words.toLowerCase().split(/\s+/)
  return cards.filter((card) => {
    const { title, author, name, number, check } = card
    const content = `${title} ${author} ${name}#${number} ${check}`.toLowerCase()
    return (
      (state === '' || card.state === state) &&
      (person === '' || card.awaited.includes(person)) &&
      wanted.every((word) => content.includes(word))
    )
  })
}

export function pullsPage(cards: PullCard[], filter: PullFilter): Markup {
  const found = filtered(cards, filter)
  const pages = Math.max(1, Math.ceil(found.length / perPage))
  const page = Math.min(filter.page, pages)
  const shown = found.slice((page - 1) * perPage, page * perPage)
  return html`<form class="filter" method="get" action="/pulls" role="search">
<p><label for="q">Text</label><input id="q" type="search" name="q" value="${filter.words}" maxlength="200"></p>
<p><label for="state">State</label><select id="state" name="state"><option value="">All</option>${sections.map(
    ({ state, title }) =>
      html`<option value="${state}"${state === filter.state ? html` selected` : ''}>${title}</option>`,
  )}</select></p>
${filter.person ? html`<input type="hidden" name="for" value="${filter.person}">` : ''}
<button>Filter</button></form>
<p>${plural(found.length, 'open pull request')}${filter.person ? html` waiting for <strong>${text(filter.person, 100)}</strong>` : ''}${
    pages > 1 ? `, page ${page} of ${pages}` : ''
  }. ${filter.person || filter.state || filter.words ? html`<a href="/pulls">Show all</a>` : ''}</p>
${pullList(shown)}
${pager(filter, page, pages)}`
}

function pager(filter: PullFilter, page: number, pages: number): Markup | string {
  if (pages === 1) return ''
  const to = (target: number, label: string, rel: string) =>
    html`<li><a rel="${rel}" href="/pulls?${queryOf({ ...filter, page: target })}">${label}</a></li>`
  return html`<nav aria-label="Pages"><ul class="pager">${page > 1 ? to(page - 1, 'Previous', 'prev') : ''}${
    page < pages ? to(page + 1, 'Next', 'next') : ''
  }</ul></nav>`
}

function queryOf({ state, person, words, page }: PullFilter): string {
  const given = Object.entries({ state, for: person, q: words, page: String(page) })
  return new URLSearchParams(given.filter(([, value]) => value !== '')).toString()
}
