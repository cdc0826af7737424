import { createHash } from 'node:crypto'
import { Hono } from 'hono'
import { html } from 'hono/html'
import type { Markup } from '../../html/inline-markdown.ts'
import { csrfField, csrfToken } from './csrf.ts'
import { boardScript } from './script.ts'
import type { Viewer } from './session.ts'
import { boardStyle } from './style.ts'

export type { Markup } from '../../html/inline-markdown.ts'

const links = [
  ['/', 'Now'],
  ['/pulls', 'Pull requests'],
  ['/regression', 'Regression'],
  ['/audit', 'Audit'],
  ['/enforcement', 'Enforcement'],
] as const

/**
 * `current`: the link of the navigation that the page belongs to. `live`: the version of what it shows, where the script is to show it
 * again when that changes.
 */
export type PageOptions = { title: string; viewer?: Viewer; current?: string; live?: string }

/** One page of the board. Without `viewer`, a page that everybody can see. */
export function page({ title, viewer, current, live }: PageOptions, content: Markup): Markup {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} – release-gate</title>
<link rel="stylesheet" href="${style.path}">
${live === undefined ? '' : html`<script src="${script.path}" defer></script>`}
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header><a class="brand" href="/">release-gate</a>${viewer ? html`${navigation(current)}${signOutForm(viewer)}` : ''}</header>
<main id="content"${live === undefined ? '' : html` data-live="${live}"`}>
<h1>${title}</h1>
${content}
</main>
${live === undefined ? '' : html`<p id="updated" class="visually-hidden" role="status"></p>`}
</body>
</html>`
}

function navigation(current: string | undefined): Markup {
  return html`<nav aria-label="Pages of the board"><ul>${links.map(([href, label]) =>
    href === current
      ? html`<li><a href="${href}" aria-current="page">${label}</a></li>`
      : html`<li><a href="${href}">${label}</a></li>`,
  )}</ul></nav>`
}

/** The field that every form of the board carries. */
export function csrfInput(viewer: Viewer): Markup {
  return html`<input type="hidden" name="${csrfField}" value="${csrfToken(viewer)}">`
}

function signOutForm(viewer: Viewer): Markup {
  return html`<form method="post" action="/sign-out">${csrfInput(viewer)}Signed in as <strong>${viewer.login}</strong> <button>Sign out</button></form>`
}

type Asset = { path: string; type: string; body: string }

const style = asset('css', 'text/css; charset=utf-8', boardStyle)
const script = asset('js', 'text/javascript; charset=utf-8', boardScript)

/** The name holds the content's hash, so that a browser may keep it for ever. */
function asset(extension: string, type: string, body: string): Asset {
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 12)
  return { path: `/assets/board-${hash}.${extension}`, type, body }
}

/** Files that pages load. They hold nothing that is secret. */
export function assetRoutes(): Hono {
  const app = new Hono()
  for (const { path, type, body } of [style, script])
    app.get(path, (context) =>
      context.body(body, 200, {
        'content-type': type,
        'cache-control': 'public, max-age=31536000, immutable',
      }),
    )
  return app
}
