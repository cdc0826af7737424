import { createHash } from 'node:crypto'
import { html, raw } from 'hono/html'

/** Light and dark, readable at 375 px. */
const style = `
:root { color-scheme: light dark; --line: #8886; --accent: light-dark(#0b57d0, #7aa7ff); --bad: light-dark(#b3261e, #ff8a80) }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 46rem; padding: 1.5rem 1rem 4rem; font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: anywhere;
  background: light-dark(#fff, #1b1b1f); color: light-dark(#1b1b1f, #e8e8ec) }
h1 { font-size: 1.6rem; line-height: 1.25; margin: .5rem 0 1rem }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem }
a { color: var(--accent) }
ol.steps { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; list-style-position: inside; margin: 0 0 1.5rem; padding: 0; font-size: .9rem }
ol.steps [aria-current] { font-weight: 700 }
label, legend { display: block; font-weight: 600 }
fieldset { border: 1px solid var(--line); border-radius: .4rem; margin: 0 0 1.25rem; padding: .75rem 1rem 1rem }
fieldset label { font-weight: 400 }
input[type=text], input[type=url] { width: 100%; font: inherit; padding: .5rem .6rem; border: 1px solid #777; border-radius: .3rem; background: light-dark(#fff, #2a2a30); color: inherit }
input[aria-invalid=true] { border: 2px solid var(--bad) }
.hint { margin: .25rem 0 0; font-size: .9rem }
.error { color: var(--bad); font-weight: 600 }
.note { border-left: .3rem solid #b58105; padding: .25rem .75rem; margin: 1rem 0 }
button, .button { display: inline-block; font: inherit; font-weight: 600; padding: .6rem 1.1rem; border: 0; border-radius: .4rem; background: light-dark(#0b57d0, #a8c7fa); color: light-dark(#fff, #062e6f); text-decoration: none; cursor: pointer }
:focus-visible { outline: .2rem solid var(--accent); outline-offset: .15rem }
code, pre { font: .9em ui-monospace, monospace }
pre { white-space: pre-wrap; padding: .75rem; border: 1px solid var(--line); border-radius: .4rem }
dl { margin: 0 } dt { font-weight: 600 } dd { margin: 0 0 .5rem }
li { margin-bottom: .35rem }
`

const styleHash = createHash('sha256').update(style).digest('base64')

/** Allows this stylesheet and forms that go to this page or to GitHub's; nothing else is loaded or run. */
export function contentSecurityPolicy(github: string): string {
  return [
    `default-src 'none'`,
    `style-src 'sha256-${styleHash}'`,
    `form-action 'self' ${github}`,
    `frame-ancestors 'none'`,
    `base-uri 'none'`,
  ].join('; ')
}

export type Markup = ReturnType<typeof html>

const steps = ['Describe', 'Review', 'Create on GitHub', 'Install and require'] as const

/** One page of the setup. `step` counts from 1; undefined: a page beside the steps, such as an error. */
export function layout(title: string, step: number | undefined, content: Markup): Markup {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} – release-gate setup</title>
<style>${raw(style)}</style>
</head>
<body>
<nav aria-label="Progress"><ol class="steps">${steps.map((name, index) => progress(name, index + 1 === step))}</ol></nav>
<main>
<h1>${title}</h1>
${content}
</main>
</body>
</html>`
}

function progress(name: string, current: boolean): Markup {
  return current ? html`<li aria-current="step">${name}</li>` : html`<li>${name}</li>`
}
