import { Hono } from 'hono'
import { html } from 'hono/html'
import { csrfField, csrfToken } from './csrf.ts'
import type { Viewer } from './session.ts'

/** Light and dark, readable at 375 px. */
const style = `
:root { color-scheme: light dark; --line: #8886; --accent: light-dark(#0b57d0, #a8c7fa); --bad: light-dark(#b3261e, #ff8a80) }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 64rem; padding: 1rem 1rem 4rem; font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: anywhere;
  background: light-dark(#fff, #1b1b1f); color: light-dark(#1b1b1f, #e8e8ec) }
header { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: center; border-bottom: 1px solid var(--line); padding-bottom: .5rem }
header form { margin-left: auto }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 1rem 0 }
a { color: var(--accent) }
.done { font-weight: 600 }
label { display: block; font-weight: 600; margin: .75rem 0 .25rem }
input[type=text], input[type=datetime-local] { width: 100%; max-width: 40rem; font: inherit; padding: .5rem .6rem; border: 1px solid #777; border-radius: .3rem; background: light-dark(#fff, #2a2a30); color: inherit }
.hint { margin: .25rem 0 0; font-size: .9rem }
.error { color: var(--bad); font-weight: 600 }
button, .button { display: inline-block; font: inherit; font-weight: 600; padding: .5rem 1rem; border: 0; border-radius: .4rem; background: light-dark(#0b57d0, #a8c7fa); color: light-dark(#fff, #062e6f); text-decoration: none; cursor: pointer; margin-top: .75rem }
header button { background: none; color: var(--accent); padding: 0; margin: 0; text-decoration: underline; font-weight: 400 }
:focus-visible { outline: .2rem solid var(--accent); outline-offset: .15rem }
`

export type Markup = ReturnType<typeof html>

/** One page of the board. Without `viewer`, a page that everybody can see. */
export function page({ title, viewer }: { title: string; viewer?: Viewer }, content: Markup): Markup {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} – release-gate</title>
<link rel="stylesheet" href="/assets/board.css">
</head>
<body>
<header><a href="/">release-gate</a>${viewer ? signOutForm(viewer) : ''}</header>
<main>
<h1>${title}</h1>
${content}
</main>
</body>
</html>`
}

/** The field that every form of the board carries. */
export function csrfInput(viewer: Viewer): Markup {
  return html`<input type="hidden" name="${csrfField}" value="${csrfToken(viewer)}">`
}

function signOutForm(viewer: Viewer): Markup {
  return html`<form method="post" action="/sign-out">${csrfInput(viewer)}Signed in as <strong>${viewer.login}</strong> <button>Sign out</button></form>`
}

/** Files that pages load. They hold nothing that is secret. */
export function assetRoutes(): Hono {
  return new Hono().get('/assets/board.css', (context) =>
    context.body(style, 200, {
      'content-type': 'text/css; charset=utf-8',
      'cache-control': 'public, max-age=300',
    }),
  )
}
