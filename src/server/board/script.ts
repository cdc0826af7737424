/**
 * The script of the board. Pages are complete without it; it counts down, and shows a page again when the server says that something
 * changed. A form that somebody fills in is never taken away.
 */
export const boardScript = `'use strict'
const started = Date.now()
function words(ms) {
  const unit = ms < 3600000 ? 1000 : ms < 172800000 ? 60000 : 3600000
  let rest = Math.floor(ms / unit) * unit / 1000
  const parts = []
  for (const [name, size] of [['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1]]) {
    const count = Math.floor(rest / size)
    rest -= count * size
    if (count) parts.push(count + ' ' + name + (count === 1 ? '' : 's'))
  }
  return parts.join(' ') || '0 seconds'
}
let loaded = started
const reached = new Set()
function tick() {
  for (const each of document.querySelectorAll('[data-until]')) {
    const now = Date.parse(each.dataset.now) + Date.now() - loaded
    const left = Date.parse(each.dataset.until) - now
    if (left <= 0 && !reached.has(each.dataset.until)) {
      reached.add(each.dataset.until)
      setTimeout(refresh, 1000)
    }
    const text = words(Math.max(0, left))
    if (each.textContent !== text) each.textContent = text
  }
}
setInterval(tick, 1000)

const live = document.querySelector('main[data-live]')
const note = document.querySelector('#updated')
const outdated = 'This page is no longer updated. Reload it, or sign in again.'
function tell(text) {
  if (!note) return
  note.textContent = text
  note.classList.toggle('visually-hidden', text === 'Updated.')
}
const isBusy = () => document.activeElement?.closest('main form, dialog[open]')
let loading = false
let again = false
async function refresh() {
  if (isBusy()) { tell('There is newer data. Reload the page to see it.'); return }
  if (loading) { again = true; return }
  loading = true
  try {
    const response = await fetch(location.href, { headers: { accept: 'text/html' }, redirect: 'manual' })
    if (!response.ok) { tell(outdated); return }
    const page = new DOMParser().parseFromString(await response.text(), 'text/html')
    const next = page.querySelector('main')
    const current = document.querySelector('main')
    if (!next || isBusy()) return
    const open = new Set([...current.querySelectorAll('details')].map((each, index) => each.open ? index : -1))
    const focused = document.activeElement?.getAttribute('href')
    next.querySelectorAll('details').forEach((each, index) => { each.open = open.has(index) })
    current.replaceChildren(...next.childNodes)
    if (focused) [...current.querySelectorAll('a')].find((each) => each.getAttribute('href') === focused)?.focus({ preventScroll: true })
    loaded = Date.now()
    tell('Updated.')
  } catch {
    tell(outdated)
  } finally {
    loading = false
    if (again) { again = false; refresh() }
  }
}
function listen() {
  const events = new EventSource('/events?version=' + encodeURIComponent(live.dataset.live))
  events.addEventListener('changed', (event) => { live.dataset.live = event.lastEventId; refresh() })
  events.addEventListener('open', () => { if (note.textContent === outdated) refresh() })
  events.addEventListener('error', () => {
    // The browser reconnects a stream that was cut; one that was refused has to be asked for again.
    if (events.readyState !== EventSource.CLOSED) return
    tell(outdated)
    setTimeout(listen, 30000)
  })
}
if (live && live.dataset.live) listen()
`
