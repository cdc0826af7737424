import { html } from 'hono/html'
import { formatTime, formatTimeShort } from '../../decision/calendar.ts'
import { durationInWords } from '../../decision/duration.ts'
import { oneLine, plural } from '../../decision/markdown.ts'
import type { Markup } from '../../html/inline-markdown.ts'

/** Small parts that several pages of the board share. */

export type NamedPull = { name: string; number: number }

/** The page of a change. Names of GitHub hold nothing that a path would have to escape, and other names are escaped. */
export function changePath({ name, number }: NamedPull): string {
  const [owner = '', repo = ''] = name.split('/')
  return `/changes/${encodeURIComponent(owner)}/${encodeURIComponent(repo)}/${number}`
}

export function timeTag(at: Date, zone = 'UTC'): Markup {
  return html`<time datetime="${at.toISOString()}">${formatTime(at, zone)}</time>`
}

export function shortTime(at: Date, zone = 'UTC'): Markup {
  return html`<time datetime="${at.toISOString()}">${formatTimeShort(at, zone)}</time>`
}

/** How long it takes until a time, in words. The script of the board keeps it up to date. */
export function countdown(to: Date, now: Date): Markup {
  const left = Math.max(0, to.getTime() - now.getTime())
  return html`<span data-until="${to.toISOString()}" data-now="${now.toISOString()}">${roughly(left)}</span>`
}

/** Minutes are enough from an hour on, and hours from two days on. */
export function roughly(milliseconds: number): string {
  const minute = 60_000
  const unit = milliseconds < 60 * minute ? 1_000 : milliseconds < 48 * 60 * minute ? minute : 60 * minute
  return durationInWords(Math.floor(milliseconds / unit) * unit)
}

/** Text that people wrote, on one line. The template escapes it. */
export function text(written: string, limit = 160): string {
  return oneLine(written, limit) || '(empty)'
}

/** An address outside of the board. Whatever is not plain http or https is shown as text. */
export function outside(url: string, label: string): Markup {
  return isWebAddress(url) ? html`<a href="${url}" rel="noreferrer noopener">${label}</a>` : html`${label}`
}

function isWebAddress(url: string): boolean {
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)
}

/** A number with the word that belongs to it, as a small tile. */
export function tile(count: number, label: string, { state, href }: { state: string; href: string }): Markup {
  return html`<li><a class="tile ${state}" href="${href}"><strong>${count}</strong> <span>${label}</span></a></li>`
}

/** How many of a list are left out, and where they are; nothing where all are shown. */
export function notListed(more: number, one: string, where = '', many?: string): Markup | string {
  if (more <= 0) return ''
  return html`<p class="hint">${more} more ${plural(more, one, many).replace(/^\d+ /, '')} ${more === 1 ? 'is' : 'are'} not listed.${where && ` ${where}`}</p>`
}

/** A table that scrolls sideways where the screen is narrow, reachable by keyboard. */
export function table(caption: string, head: string[], rows: (Markup | string | number)[][]): Markup {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table>
<caption>${caption}</caption>
<thead><tr>${head.map((cell) => html`<th scope="col">${cell}</th>`)}</tr></thead>
<tbody>${rows.map(
    ([first, ...cells]) =>
      html`<tr><th scope="row">${first}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`,
  )}</tbody>
</table></div>`
}

export const stateWords = { passed: 'Passed', waiting: 'Waiting', failed: 'Failed' } as const

/** A state as a word with a mark, never by color alone. */
export function badge(state: keyof typeof stateWords): Markup {
  return html`<span class="badge ${state}">${stateWords[state]}</span>`
}
